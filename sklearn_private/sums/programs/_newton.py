"""Newton's method on sums, halving its steps: a full one may overshoot.

A step is taken where the objective falls by at least a small part of what the gradient promises
[1]_; each trial is one sum, which brings the gradient and the Hessian of the next step with it. The
method ends where the squared Newton decrement g·H⁻¹·g, which does not depend on the units of the
columns, falls below 10^-12 (of the sum of losses); the step that is then taken squares the error.

.. [1] S. Boyd, L. Vandenberghe, "Convex optimization", Cambridge, 2004, sections 9.2 and 9.5.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ...exceptions import SolverError
from ._symmetric import solve, symmetric

TOLERANCE = 1e-12
_SUFFICIENT = 1e-4
_ROUNDING = 1e-13  # of the objective: differences below are not seen
_MAX_HALVINGS = 50


def newton(aggregator, statistic, *broadcast, penalty, start, max_rounds):
    """Minimise a sum of convex losses plus an L2 penalty.

    Parameters
    ----------
    aggregator : Aggregator
        Answers the sums.
    statistic : callable
        From ``(rows, w, *broadcast)`` to the loss, the count of rows, the gradient and the upper
        triangle of the Hessian.
    *broadcast : object
        What else the statistic needs.
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

    def at(w):
        loss, count, slope, curvature = aggregator.sum(statistic, w, *broadcast)
        l2 = penalty(count)
        matrix = symmetric(curvature) + np.diag(l2)
        return _Point(w, float(loss) + l2 @ w**2 / 2, slope + l2 * w, matrix)

    point = at(start)
    for n_steps in range(1, max_rounds + 1):
        step = solve(point.hessian, point.gradient)
        decrement = point.gradient @ step
        if decrement <= TOLERANCE:
            return point.w - step, n_steps
        point = _descend(at, point, step, decrement)
    warnings.warn(
        f"Newton's method did not converge in {max_rounds} steps. Raise max_iter, regularise more, "
        "or standardise the columns.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return point.w, max_rounds


@dataclass
class _Point:
    w: np.ndarray
    objective: float
    gradient: np.ndarray
    hessian: np.ndarray


def _descend(at, point, step, decrement):
    """Return the first point along ``step`` whose objective is low enough."""
    length = 1.0
    for _ in range(_MAX_HALVINGS):
        trial = at(point.w - length * step)
        allowed = _ROUNDING * abs(point.objective) - _SUFFICIENT * length * decrement
        if trial.objective <= point.objective + allowed:
            return trial
        length /= 2
    raise SolverError(
        "Newton's method found no step that lowers the objective: nothing was fitted."
    )
