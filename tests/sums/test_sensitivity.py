"""What rows add to each noisy statistic, by brute force over pairs and sets of rows.

A row adds at most the declared bound, and rows that replace as many others move the sum by at most
``apart`` bounds each. Declared numbers are also nearly reached, so that none is wasted.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from sklearn_private.sums import Limits, Rows
from sklearn_private.sums.programs.noisy import (
    _clusters as _noisy_clusters,
)
from sklearn_private.sums.programs.noisy import (
    _linear as _noisy_linear,
)
from sklearn_private.sums.programs.noisy import (
    _logistic as _noisy_logistic,
)
from sklearn_private.sums.programs.noisy import (
    _moments as _noisy_moments,
)
from sklearn_private.sums.programs.noisy import (
    _newton as _noisy_newton,
)
from sklearn_private.sums.programs.noisy import (
    _quantiles as _noisy_quantiles,
)
from sklearn_private.sums.programs.noisy import (
    _softmax,
)
from sklearn_private.sums.programs.noisy import (
    _spectrum as _noisy_spectrum,
)

LIMITS = Limits(row_norm=2.0, n_rows=1000, target_norm=1.0)
W = np.array([3.0, -2.0, 1.0, 0.7])
CENTRES = np.array([[0.5, 0.5, 0.0], [-1.0, 0.3, 0.2], [0.0, -0.4, 1.0]])
EDGES = [np.linspace(-1, 1, 7)] * 3

# statistic: (broadcast, kind of target)
STATISTICS = {
    _noisy_linear.joint_moment: ((0.7, 0.5), "number"),
    _noisy_linear.residual_slope: ((W, 0.7, 0.4), "number"),
    _noisy_moments.row_moments: ((2.0, 2.5), "none"),
    _noisy_moments.class_moments: ((2.0, 2.5, 3), "class"),
    _noisy_spectrum.row_total: ((2.0,), "none"),
    _noisy_spectrum.moment_around: ((np.array([0.3, -0.2, 0.4]), 1.7), "none"),
    _noisy_clusters.grid_counts: ((np.zeros(3), np.eye(3), EDGES), "none"),
    _noisy_clusters.moves: ((CENTRES, 0.6), "none"),
    _noisy_logistic.log_loss_slope: ((W, 0.7, 0.5), "two"),
    _noisy_newton.second_moment: ((0.7,), "none"),
    _noisy_quantiles.dyadic_counts: ((3, 2.0 / math.sqrt(3)), "none"),
    _softmax.softmax_slope: ((np.outer(W, [1.0, -1.0, 0.5]), 0.7, 0.9), "class"),
}
EACH = pytest.mark.parametrize("statistic", STATISTICS, ids=lambda s: s.__name__)


def rows_of(kind, n, rng):
    """Return rows at the limits: along axes, opposite to each other, short and beyond."""
    X = rng.normal(size=(n, 3)) * rng.choice([0.1, 1.0, 100.0], size=(n, 1))
    X[::5] = np.eye(3)[rng.integers(3, size=len(X[::5]))] * rng.choice([-9, 9], (len(X[::5]), 1))
    X[1::7] = -X[: len(X[1::7])]
    y = {
        "number": rng.choice([-5.0, -1.0, 0.0, 0.3, 1.0, 5.0], size=n),
        "none": np.zeros(n),
        "two": rng.integers(2, size=n).astype(float),
        "class": rng.integers(3, size=n).astype(float),
    }[kind]
    return Rows(X, y, np.ones(n)).clipped(LIMITS)


def added(statistic, rows, chosen, broadcast):
    part = replace(rows, X=rows.X[chosen], y=rows.y[chosen], weight=rows.weight[chosen])
    return np.concatenate([np.ravel(output) for output in statistic(part, *broadcast)])


def bound_of(statistic, broadcast):
    (bound,) = statistic.bound(LIMITS, *broadcast)
    return bound


@EACH
def test_no_row_adds_more_than_the_bound_and_some_nearly_reach_it(statistic):
    broadcast, kind = STATISTICS[statistic]
    rows = rows_of(kind, 600, np.random.default_rng(0))
    longest = max(np.linalg.norm(added(statistic, rows, [i], broadcast)) for i in range(600))
    assert 0.95 * bound_of(statistic, broadcast) < longest <= bound_of(statistic, broadcast)


@EACH
@pytest.mark.parametrize("n_replaced", [1, 2, 3])
def test_replaced_rows_move_a_sum_by_no_more_than_they_are_declared_apart(statistic, n_replaced):
    broadcast, kind = STATISTICS[statistic]
    rng = np.random.default_rng(1)
    rows = rows_of(kind, 200, rng)
    single = np.array([added(statistic, rows, [i], broadcast) for i in range(200)])
    allowed = statistic.apart * bound_of(statistic, broadcast)
    if n_replaced == 1:
        squares = np.einsum("ij,ij->i", single, single)
        apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * single @ single.T, 0)).max()
        assert 0.8 * allowed < apart <= allowed * (1 + 1e-9)
    for _ in range(3000):  # also sets of different sizes, as a person's rows may be
        sizes = rng.integers(0, n_replaced + 1, size=2)
        out, come = (single[rng.integers(200, size=size)].sum(axis=0) for size in sizes)
        assert np.linalg.norm(out - come) <= n_replaced * allowed * (1 + 1e-9)


@EACH
def test_a_statistic_adds_over_rows(statistic):
    broadcast, kind = STATISTICS[statistic]
    rows = rows_of(kind, 50, np.random.default_rng(2))
    whole = added(statistic, rows, slice(None), broadcast)
    parts = sum(added(statistic, rows, [i], broadcast) for i in range(50))
    assert whole == pytest.approx(parts, abs=1e-9)


def test_too_small_a_bound_would_be_seen():
    """Bounds that are planted: root 2 for 2, the count unscaled, the unit step forgotten."""
    broadcast, kind = STATISTICS[_noisy_logistic.log_loss_slope]
    rows = rows_of(kind, 200, np.random.default_rng(1))
    single = np.array(
        [added(_noisy_logistic.log_loss_slope, rows, [i], broadcast) for i in range(200)]
    )
    apart = max(np.linalg.norm(a - b) for a in single[::3] for b in single)
    assert apart > math.sqrt(2) * bound_of(_noisy_logistic.log_loss_slope, broadcast)
    broadcast, kind = STATISTICS[_noisy_clusters.moves]
    unscaled = replace(rows, X=rows.X)
    sums = added(_noisy_clusters.moves, unscaled, [0], broadcast).reshape(3, 4)
    sums[:, 0] /= broadcast[1]  # a count of 1 beside differences of at most 0.6
    assert np.linalg.norm(sums) > 0.8 * bound_of(_noisy_clusters.moves, broadcast)
