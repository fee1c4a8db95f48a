"""Declared bounds: what one clipped row adds to every output."""

import numpy as np
import pytest

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.sums import Limits, Rows, location, statistic
from sklearn_private.sums._labels import label_counts
from sklearn_private.sums.programs._gram import gram
from sklearn_private.sums.programs._logistic import log_loss
from sklearn_private.sums.programs._moments import moments
from sklearn_private.sums.programs._poisson import deviance, deviance_slope
from sklearn_private.sums.programs.noisy._logistic import log_loss_slope
from sklearn_private.sums.programs.noisy._newton import second_moment
from sklearn_private.sums.programs.noisy._softmax import softmax_slope

LIMITS = Limits(row_norm=3.0, n_rows=100, target_norm=2.0)
W = np.array([0.3, -1.2, 0.8, 0.5])  # three coefficients and that of the constant column

CASES = {
    "location": (location, ()),
    "moments": (moments, (np.array([0.5, -2.0, 1.0]),)),
    "gram": (gram, (np.array([0.5, -2.0, 1.0, 0.7]),)),
    "label_counts": (label_counts, (3,)),
    "log_loss": (log_loss, (W, 0.7, 1)),
    "log_loss_slope": (log_loss_slope, (W, 0.7, 1.0)),
    "log_loss_slope, clipped": (log_loss_slope, (0.1 * W, 0.7, 0.5)),
    "softmax_slope": (softmax_slope, (np.outer(W, [1.0, -1.0, 0.3]), 0.7, 1.1)),
    "second_moment": (second_moment, (0.7,)),
    "deviance": (deviance, (W, 0.7, 2.0)),
    "deviance, small cap": (deviance, (0.1 * W, 0.7, 0.05)),
    "deviance_slope": (deviance_slope, (W, 0.7, 2.0)),
}


def rows_at_the_limit(n, labels):
    """Return single rows far outside the limits, in the worst directions and random ones."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    X[:2] = W[:3], -W[:3]
    X[2:4] = [-0.5, 2.0, -1.0], [0.5, -2.0, 1.0]
    y = rng.integers(0, 2, n).astype(float) if labels else rng.normal(size=n) * 5
    for x, target in zip(100 * X, y, strict=True):
        yield Rows(x[None], np.array([target]), np.array([7.0])).clipped(LIMITS)


def largest(function, broadcast):
    """Return the largest norm that a row adds, for each output, over its bound."""
    labels = function in (label_counts, log_loss, log_loss_slope, softmax_slope)
    if function in (deviance, deviance_slope):
        rows = (Rows(r.X, abs(r.y), r.weight) for r in rows_at_the_limit(400, labels))
    else:
        rows = rows_at_the_limit(400, labels)
    norms = [[np.linalg.norm(output) for output in function(row, *broadcast)] for row in rows]
    return np.max(norms, axis=0) / np.array(function.bound(LIMITS, *broadcast))


@pytest.mark.parametrize("function, broadcast", CASES.values(), ids=CASES)
def test_one_row_adds_no_more_than_the_declared_bound(function, broadcast):
    assert largest(function, broadcast).max() <= 1


@pytest.mark.parametrize("function, broadcast", CASES.values(), ids=CASES)
def test_no_bound_is_loose_by_more_than_its_number_of_terms(function, broadcast):
    assert largest(function, broadcast).min() > 0.1


def farthest_apart(function, *broadcast):
    """Return the largest distance between what two rows add, over the bound."""
    added = [function(row, *broadcast)[0].ravel() for row in rows_at_the_limit(60, labels=True)]
    (bound,) = function.bound(LIMITS, *broadcast)
    return max(np.linalg.norm(a - b) for a in added for b in added) / bound


def test_two_squares_are_no_further_apart_than_declared_and_two_gradients_are():
    assert second_moment.apart == pytest.approx(np.sqrt(2), rel=1e-12)
    assert 1.3 < farthest_apart(second_moment, 0.7) <= second_moment.apart
    assert np.sqrt(2) < farthest_apart(log_loss_slope, 0 * W, 0.7, 0.5) <= 2
    assert np.sqrt(2) < farthest_apart(softmax_slope, np.zeros((4, 3)), 0.7, 1.1) <= 2


def test_a_bound_that_forgets_the_square_is_seen():
    def forgetful(limits, w, constant, positive):
        loss, count, slope, curvature = log_loss.bound(limits, w, constant, positive)
        return loss, count, slope, np.sqrt(curvature / 4)

    planted = statistic(bound=forgetful)(lambda *args: log_loss(*args))
    assert largest(planted, (0 * W, 0.7, 1)).max() > 1


def test_rows_are_clipped_in_norm_target_and_weight():
    rows = Rows(np.array([[3.0, 4.0], [0.3, 0.4]]), np.array([-9.0, 0.5]), np.array([5.0, 0.5]))
    clipped = rows.clipped(Limits(row_norm=1.0, n_rows=2, target_norm=2.0))
    assert np.linalg.norm(clipped.X, axis=1) == pytest.approx([1.0, 0.5])
    assert (np.linalg.norm(clipped.X, axis=1) <= 1).all()
    assert clipped.y.tolist() == [-2.0, 0.5]
    assert clipped.weight.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 1.0, 1e150])
def test_a_clipped_norm_never_rounds_above_its_limit(scale):
    X = scale * np.random.default_rng(0).normal(size=(2000, 7))
    clipped = Rows(X, np.zeros(2000), np.ones(2000)).clipped(Limits(1 / 3, 2000)).X
    assert (np.linalg.norm(clipped, axis=1) <= 1 / 3).all()


@pytest.mark.parametrize(
    "values",
    [
        {"row_norm": 0.0, "n_rows": 1},
        {"row_norm": np.inf, "n_rows": 1},
        {"row_norm": 1.0, "n_rows": 0},
        {"row_norm": 1.0, "n_rows": 1, "rows_per_unit": 0},
        {"row_norm": 1.0, "n_rows": 1, "target_norm": -1.0},
        {"row_norm": 1.0, "n_rows": 1, "target_norm": np.nan},
    ],
)
def test_bad_limits_are_refused(values):
    with pytest.raises(InvalidParameterError, match="parameter of Limits must be"):
        Limits(**values)
