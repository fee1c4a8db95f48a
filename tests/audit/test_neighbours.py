import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from sklearn_private import DPLogisticRegression
from sklearn_private.audit._neighbours import worst_case_neighbours
from sklearn_private.exceptions import InvalidParameterError

MODEL = DPLogisticRegression(feature_norm=2.0, classes=["no", "yes"])


def test_one_row_is_replaced():
    pair = worst_case_neighbours(MODEL, "replace_one")
    (X, y), (X2, y2) = pair.first, pair.second
    assert (X != X2).any(axis=1).sum() == 1
    assert (y == y2).all()
    assert set(y) == {"no", "yes"}


@pytest.mark.parametrize("relation", ["zero_out", "add_remove"])
def test_one_row_is_left_out(relation):
    pair = worst_case_neighbours(MODEL, relation)
    (X, y), (X2, y2) = pair.first, pair.second
    assert len(X) == len(X2) + 1 == pair.n_rows
    assert (X[:-1] == X2).all()
    assert (y[:-1] == y2).all()


def test_replaced_rows_are_nearly_opposite_and_beyond_the_bound():
    pair = worst_case_neighbours(MODEL, "replace_one")
    rows = np.array([pair.first[0][-1], pair.second[0][-1]])
    norms = np.linalg.norm(rows, axis=1)
    assert (norms > 2.0).all()
    assert np.linalg.norm(rows[0] / norms[0] - rows[1] / norms[1]) > 1.8


@pytest.mark.parametrize("bounds", [(0.0, 100.0), [(0.0, 100.0)] * 3, {"a": (0.0, 100.0)}])
def test_bounds_of_columns_are_reached_at_their_corners(bounds):
    model = DPLogisticRegression(bounds=bounds, classes=[0, 1])
    X = worst_case_neighbours(model, "replace_one").first[0]
    assert X[-1].max() > 100
    assert ((X[:-1] >= 0) & (X[:-1] <= 100)).all()
    assert X.shape[1] == {tuple: 10, list: 3, dict: 1}[type(bounds)]


@pytest.mark.parametrize("estimator", [LogisticRegression(), LinearRegression()])
def test_without_declared_bounds_neighbours_are_asked_for(estimator):
    with pytest.raises(InvalidParameterError, match=r"Give neighbours=\(\(X, y\), \(X2, y2\)\)"):
        worst_case_neighbours(estimator, "replace_one")
