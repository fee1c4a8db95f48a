"""Newton's method on sums, halving its steps: a full one may overshoot.

A step is taken where the objective falls by at least a small part of what the gradient promises
[1]_; each trial is one sum, which brings the gradient and the Hessian of the next step with it.

Near the optimum the Hessian hardly changes. From there on sums are gradients alone, and steps use
the last Hessian: that opens 2 / n_parameters as many numbers, and each step still wins digits. The
method ends where the squared Newton decrement g·H⁻¹·g, which does not depend on the units of the
columns, is below 10^-12 (of the sum of losses) with a new Hessian, whose step squares the error, or
below 10^-18 with an older one.

.. [1] S. Boyd, L. Vandenberghe, "Convex optimization", Cambridge, 2004, sections 9.2 and 9.5.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ...exceptions import SolverError
from .._aggregator import Aggregator
from .._statistic import Statistic
from ._symmetric import solve, symmetric

TOLERANCE = 1e-12
_KEPT_TOLERANCE = 1e-18
_NEAR = 1e-3  # the decrement from which on the Hessian is kept
_PROGRESS = 0.1  # of the decrement: with less progress a new Hessian is asked for
_FLAT = 1e-3  # of the largest coefficient, in units of the columns
_SUFFICIENT = 1e-4
_ROUNDING = 1e-13  # of the objective: differences below are not seen
_MAX_HALVINGS = 50


def newton(
    aggregator: Aggregator,
    statistic: Statistic,
    slope: Statistic,
    *broadcast: Any,
    penalty: Callable[[Any], np.ndarray],
    start: np.ndarray,
    max_rounds: int,
) -> tuple[np.ndarray, int]:
    """Minimise a sum of convex losses plus an L2 penalty.

    Parameters
    ----------
    aggregator : Aggregator
        Answers the sums.
    statistic : callable
        From ``(rows, w, *broadcast)`` to the loss, the count of rows, the gradient and the upper
        triangle of the Hessian.
    slope : callable
        The same without the Hessian.
    *broadcast : object
        What else the statistics need.
    penalty : callable
        From the count of rows to the L2 penalty of each parameter, an ndarray of shape (n,).
    start : ndarray of shape (n,)
        Where to start.
    max_rounds : int
        Most steps; a :class:`~sklearn.exceptions.ConvergenceWarning` says when they are used up.

    Returns
    -------
    w : ndarray of shape (n,)
    n_steps : int
    """

    def at(w: np.ndarray, kept: _Point | None = None) -> _Point:
        asked = statistic if kept is None else slope
        loss, count, gradient, *curvature = aggregator.sum(asked, w, *broadcast)
        l2 = penalty(count)
        hessian = symmetric(curvature[0]) + np.diag(l2) if kept is None else kept.hessian
        return _Point(w, float(loss) + l2 @ w**2 / 2, gradient + l2 * w, hessian, kept is not None)

    point, before = at(start), np.inf
    columns = np.sqrt(np.diag(point.hessian))
    for n_steps in range(1, max_rounds + 1):
        step = solve(point.hessian, point.gradient)
        decrement = point.gradient @ step
        if decrement <= (_KEPT_TOLERANCE if point.kept else TOLERANCE):
            _warn_of_no_optimum(step * columns, point.w * columns)
            return point.w - step, n_steps
        if point.kept and decrement > _PROGRESS * before:
            point, before = at(point.w), np.inf
            continue
        keep = point if decrement <= _NEAR else None
        point, before = _descend(at, point, step, decrement, keep), decrement
    warnings.warn(
        f"Newton's method did not converge in {max_rounds} steps. Raise max_iter, regularise more, "
        "or standardise the columns.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return point.w, max_rounds


def _warn_of_no_optimum(step: np.ndarray, w: np.ndarray) -> None:
    """Warn where the last step is long although it gains nothing: w grows without end."""
    if np.abs(step).max() > _FLAT * max(np.abs(w).max(), np.finfo(float).tiny):
        warnings.warn(
            "The loss falls for ever as coefficients grow (classes are separable, or nearly so), "
            "so they have no optimum and the ones found are arbitrary. Regularise (a finite C, "
            "alpha above 0), or drop columns.",
            ConvergenceWarning,
            stacklevel=3,
        )


def newton_numbers(n_features: int) -> int:
    """Return how many numbers :func:`newton` opens where it needs 7 Hessians and 3 gradients."""
    gradient = n_features + 3  # with that of the intercept, the loss and the count
    return 7 * (gradient + (n_features + 1) * (n_features + 2) // 2) + 3 * gradient


@dataclass
class _Point:
    """A point, what is known there, and whether the Hessian is that of an earlier one."""

    w: np.ndarray
    objective: float
    gradient: np.ndarray
    hessian: np.ndarray
    kept: bool


def _descend(
    at: Callable[..., _Point],
    point: _Point,
    step: np.ndarray,
    decrement: float,
    keep: _Point | None,
) -> _Point:
    """Return the first point along ``step`` whose objective is low enough."""
    length = 1.0
    for _ in range(_MAX_HALVINGS):
        trial = at(point.w - length * step, keep)
        allowed = _ROUNDING * abs(point.objective) - _SUFFICIENT * length * decrement
        if trial.objective <= point.objective + allowed:
            return trial
        length /= 2
    raise SolverError(
        "Newton's method found no step that lowers the objective: nothing was fitted."
    )
