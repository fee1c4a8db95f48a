import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from sklearn_private import DPLogisticRegression
from sklearn_private.audit.trials._neighbours import worst_case_neighbours
from sklearn_private.dp import DPRidge, DPStandardScaler
from sklearn_private.exceptions import InvalidParameterError

MODEL = DPLogisticRegression(feature_norm=2.0, classes=["no", "yes"])


def test_one_row_is_replaced():
    pair = worst_case_neighbours(MODEL, "replace_one")
    (X, y), (X2, y2) = pair.first, pair.second
    assert ((X != X2).any(axis=1) | (y != y2)).sum() == 1
    assert set(y) == {"no", "yes"}


@pytest.mark.parametrize("relation", ["zero_out", "add_remove"])
def test_one_row_is_left_out(relation):
    pair = worst_case_neighbours(MODEL, relation)
    (X, y), (X2, y2) = pair.first, pair.second
    assert len(X) == len(X2) + 1 == pair.n_rows
    assert (X[:-1] == X2).all()
    assert (y[:-1] == y2).all()


@pytest.mark.parametrize("relation", ["replace_one", "zero_out"])
def test_a_person_with_more_rows_than_are_used_is_replaced_or_left_out(relation):
    model = DPLogisticRegression(feature_norm=2.0, classes=[0, 1], rows_per_unit=3)
    pair = worst_case_neighbours(model, relation)
    (X, y, person), (X2, y2, person2) = pair.first, pair.second
    n_others = np.unique(person).size - 1
    assert np.bincount(person).tolist() == [1] * n_others + [6]
    assert (X[:n_others] == X2[:n_others]).all() and (y[:n_others] == y2[:n_others]).all()
    assert len(X2) == len(person2) == n_others + (6 if relation == "replace_one" else 0)
    assert pair.n_rows == 3 * (n_others + 1)
    assert "one person's 6" in pair.description


def clipped(row):
    return 2.0 * row / np.linalg.norm(row)


def test_gradients_of_replaced_rows_are_nearly_opposite_with_the_intercept():
    pair = worst_case_neighbours(MODEL, "replace_one")
    gradients = []
    for X, y in (pair.first, pair.second):
        assert np.linalg.norm(X[-1]) > 2.0
        residual = -0.5 if y[-1] == "yes" else 0.5  # the largest of a row that the model gets wrong
        gradients.append(residual * np.append(clipped(X[-1]), 0.35 * 2.0))
    apart = np.linalg.norm(gradients[0] - gradients[1])
    assert apart > 0.97 * 2 * np.linalg.norm(gradients[0])


def test_the_rest_of_the_data_gets_both_replaced_rows_wrong():
    pair = worst_case_neighbours(MODEL, "replace_one")
    plain = LogisticRegression(C=10.0).fit(pair.first[0][:-1], pair.first[1][:-1])
    for X, y in (pair.first, pair.second):
        assert plain.predict(clipped(X[-1])[None]) != y[-1]


def test_a_target_is_at_its_bounds_and_beyond_them_for_the_row_that_differs():
    model = DPRidge(feature_norm=2.0, target_bounds=(-3.0, 5.0))
    pair = worst_case_neighbours(model, "replace_one")
    (X, y), (X2, y2) = pair.first, pair.second
    assert ((X != X2).any(axis=1) | (y != y2)).sum() == 1
    assert set(y[:-1]) == {-3.0, 1.0, 5.0}
    assert y2[-1] < -3.0 and y[-1] > 5.0
    with pytest.raises(InvalidParameterError, match="target_bounds="):
        worst_case_neighbours(DPRidge(feature_norm=2.0), "replace_one")


def test_without_labels_replaced_rows_and_their_squares_are_far_apart():
    scaler = StandardScaler()
    scaler.get_params = lambda deep=True: {"feature_norm": 2.0}
    pair = worst_case_neighbours(scaler, "replace_one")
    (X,), (X2,) = pair.first, pair.second
    rows = clipped(X[-1]), clipped(X2[-1])
    assert np.linalg.norm(rows[0] - rows[1]) > 0.86 * 2 * 2.0
    squares = [np.outer(row, row) for row in rows]
    assert np.linalg.norm(squares[0] - squares[1]) > 0.86 * np.sqrt(2) * 2.0**2
    left_out = worst_case_neighbours(scaler, "zero_out").first[0]
    assert clipped(left_out[-1]) == pytest.approx(-clipped(left_out[0]))


def test_without_labels_a_person_owns_rows_too():
    model = DPStandardScaler(feature_norm=2.0, rows_per_unit=3)
    X, y, person = worst_case_neighbours(model, "replace_one").first
    assert y is None and np.bincount(person).max() == 6 and len(X) == len(person)


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
