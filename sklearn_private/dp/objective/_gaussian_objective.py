r"""Gaussian objective perturbation for logistic regression: how much noise, and an exact solution.

For labels y in {0, 1} and rows x of norm at most R (a constant intercept column included), release

.. math:: w^* = \arg\min_w \sum_i \log(1 + e^{x_i w}) - y_i x_i w + \tfrac{\lambda}{2}|w|^2 + b w,
          \qquad b \sim N(0, \sigma^2 I).

A row's gradient has norm at most L = R and its Hessian, of rank one, norm at most beta = R²/4: the
*square* of the row norm. With w* known exactly the privacy loss is at most log(1 + beta/lambda)
plus the loss of Gaussian noise of multiplier sigma / L (zero-out, add-remove) or sigma / 2L
(replace-one) [1]_ [2]_; ``docs/proofs/objective_perturbation.md`` derives both, and the terms that
:class:`~sklearn_private.accounting.ObjectivePerturbationEvent` adds for mixed signs.

w* is not known exactly, so what is released is a point w near it plus output noise [3]_. With a
gradient of norm at most tau at w, and a float64 b within rho of a continuous one,
\|w - w*\| <= (tau + rho) / lambda by strong convexity; the output noise hides twice that, and its
Gaussian loss is part of the event. tau holds for the exact gradient: :func:`minimise` adds a bound
of its own rounding errors, and refuses where the sum exceeds tau. None of lambda, sigma, tau and
rho depends on the data or on their number.

.. [1] D. Kifer, A. Smith, A. Thakurta, "Private convex empirical risk minimization and
   high-dimensional regression", COLT 2012.
.. [2] R. Redberg, A. Koskela, Y.-X. Wang, "Improving the privacy and practicality of objective
   perturbation for differentially private linear learners", NeurIPS 2023.
.. [3] R. Iyengar et al., "Towards practical differentially private convex optimization", S&P 2019.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from dp_accounting import ComposedDpEvent, GaussianDpEvent
from scipy.special import expit

from ... import accounting
from ...exceptions import SolverError
from ...mechanisms import CONTINUOUS_GAUSSIAN_ERROR, continuous_gaussian, gaussian, gaussian_tv

DETERMINANT_SHARE = 0.1  # of epsilon, for log(1 + beta / lambda): the rest is noise
OUTPUT_RATIO = 10.0  # output noise over objective noise, in multipliers: 0.5 % more noise in all
TOLERANCE = 1e-6  # tau over the gradient bound
MAX_EPSILON = 32.0  # beyond it, exp(epsilon) times the samplers' error would outgrow delta
MAX_ROUNDS = 200
_BLOCK = 256  # rows whose gradients are added in floating point; blocks are added exactly
_U = 2.0**-53


def curvature_bound(row_norm: Any) -> Any:
    """Return the bound on the norm of one row's Hessian: a quarter of the squared row norm."""
    return row_norm**2 / 4


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """The public numbers of one release, of any kind of noise.

    Parameters
    ----------
    l2 : float
        lambda, of the sum of losses.
    noise_scale : float
        Scale of b.
    tolerance : float
        tau.
    output_sensitivity : float
        Twice the largest distance between the released point and w*, in the norm of the noise.
    event : dp_accounting.DpEvent
        What the release costs.
    """

    n_releases: ClassVar[int] = 1
    told: ClassVar[tuple[str, ...]] = ("the solver converged",)

    name: ClassVar[str]
    pure: ClassVar[bool]

    l2: float
    noise_scale: float
    tolerance: float
    output_sensitivity: float
    event: object

    def parameters(self) -> dict[str, Any]:
        """Return the public numbers by name, but for the event."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "event"}

    def release(self, X: np.ndarray, y: np.ndarray, rng: object) -> np.ndarray:
        """Return the private coefficients of one release.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows, already clipped.
        y : ndarray of shape (n_samples,)
            Labels, 0 or 1.
        rng : SecureSource or numpy.random.Generator
            Source of noise.

        Returns
        -------
        ndarray of shape (n_features,)

        Raises
        ------
        SolverError
            If the tolerance is missed; nothing was released.
        """
        linear = self.objective_noise(X.shape[1], rng)
        return self.hide(minimise(X, y, self.l2, linear, self.tolerance), rng)


@dataclass(frozen=True, kw_only=True)
class ObjectivePerturbation(Perturbation):
    """Gaussian noise, in the objective and on the output.

    Parameters
    ----------
    output_multiplier : float
        Output noise over ``output_sensitivity``, an L2 norm.
    """

    name: ClassVar[str] = "Gaussian objective perturbation with output noise"
    pure: ClassVar[bool] = False

    output_multiplier: float

    def noise_norm(self, n_features: int) -> float:
        """Return the root of the mean squared norm of b."""
        return self.noise_scale * math.sqrt(n_features)

    def objective_noise(self, n_features: int, rng: object) -> Any:
        """Return b."""
        return continuous_gaussian(self.noise_scale, n_features, rng)

    def hide(self, w: np.ndarray, rng: object) -> Any:
        """Return the solver's answer plus output noise."""
        return gaussian(
            w,
            sensitivity=self.output_sensitivity,
            noise_multiplier=self.output_multiplier,
            rng=rng,
        )


def calibrate(
    epsilon: float,
    delta: float,
    *,
    row_norm: float,
    n_features: int,
    neighboring: str,
    min_l2: float = 0.0,
    rows_per_unit: int = 1,
    curvature: Callable[..., Any] = curvature_bound,
) -> ObjectivePerturbation:
    """Return the least noise that meets (epsilon, delta).

    Parameters
    ----------
    epsilon, delta : float
        The claim. Above ``MAX_EPSILON`` the noise is that of ``MAX_EPSILON``.
    row_norm : float
        R, the intercept column included.
    n_features : int
        Columns, the intercept column included.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.
    min_l2 : float, default=0
        Least lambda that the caller wants.
    rows_per_unit : int, default=1
        Rows by which neighbours differ.
    curvature : callable, default=curvature_bound
        From a row norm to the bound on the norm of its Hessian.

    Returns
    -------
    ObjectivePerturbation
    """
    replaced = neighboring == "replace_one"
    epsilon = min(epsilon, MAX_EPSILON)
    beta = curvature(row_norm)
    l2 = max(beta / math.expm1(DETERMINANT_SHARE * epsilon / rows_per_unit), min_l2)
    sampler_delta = (1 + math.exp(epsilon)) * gaussian_tv(n_features)
    event = _least_noise(epsilon, delta, beta / l2, rows_per_unit, sampler_delta, neighboring)
    multiplier = event.events[0].noise_multiplier
    noise_scale = multiplier * row_norm * rows_per_unit * (2 if replaced else 1)
    tolerance = TOLERANCE * row_norm
    rho = CONTINUOUS_GAUSSIAN_ERROR * noise_scale * math.sqrt(n_features)
    return ObjectivePerturbation(
        l2=l2,
        noise_scale=noise_scale,
        tolerance=tolerance,
        output_sensitivity=2 * (tolerance + rho) / l2,
        output_multiplier=OUTPUT_RATIO * multiplier,
        event=event,
    )


@lru_cache(maxsize=256)  # All are public; folds and candidates of a search ask the same again.
def _least_noise(epsilon, delta, hessian_ratio, n_rows, sampler_delta, neighboring):
    """Return the event with the least noise that meets (epsilon, delta)."""
    replaced = neighboring == "replace_one"
    sampler = accounting.EpsilonDeltaEvent(0.0, sampler_delta)

    def event(multiplier):
        objective = accounting.ObjectivePerturbationEvent(
            multiplier, hessian_ratio, replaced, n_rows
        )
        return ComposedDpEvent((objective, GaussianDpEvent(OUTPUT_RATIO * multiplier), sampler))

    return event(accounting.calibrate(event, epsilon=epsilon, delta=delta, neighboring=neighboring))


def minimise(
    X: np.ndarray, y: np.ndarray, l2: float, linear: np.ndarray, tolerance: float
) -> np.ndarray:
    """Minimise the perturbed objective by damped Newton steps, to a proven tolerance.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.
    y : ndarray of shape (n_samples,)
        Labels, 0 or 1.
    l2 : float
        lambda.
    linear : ndarray of shape (n_features,)
        b.
    tolerance : float
        Largest norm of the exact gradient at the answer.

    Returns
    -------
    ndarray of shape (n_features,)

    Raises
    ------
    SolverError
        If the gradient, with a bound of its rounding errors, stays above ``tolerance``.
    """
    w = np.zeros(X.shape[1])
    value = _objective(X, y, l2, linear, w)
    for _ in range(MAX_ROUNDS):
        gradient = _gradient(X, y, l2, linear, w)
        # The factor covers terms of second order, and the rounding of this sum.
        if 1.01 * (np.linalg.norm(gradient) + _rounding(X, l2, linear, w)) <= tolerance:
            return w
        w, value = _newton_step(X, y, l2, linear, w, value, gradient)
    raise SolverError.unreleased(
        f"The solver did not prove a gradient below {tolerance:.3g}, so the privacy proof does "
        "not hold.",
        f"With {len(X)} rows of {X.shape[1]} columns, use an epsilon nearer to 1, fewer rows, or "
        "a smaller C.",
    )


def _newton_step(X, y, l2, linear, w, value, gradient):
    """Return the next point and the objective there."""
    p = expit(X @ w)
    scaled = X * np.sqrt(p * (1 - p))[:, None]
    hessian = scaled.T @ scaled
    hessian[np.diag_indices_from(hessian)] += l2
    step = np.linalg.solve(hessian, gradient)
    slope, size = gradient @ step, 1.0
    # Armijo's rule; a step too small to change the value is a step at the floor of rounding.
    while (trial := _objective(X, y, l2, linear, w - size * step)) > value - 1e-4 * size * slope:
        size /= 2
        if size * slope <= 8 * _U * abs(value):
            trial = _objective(X, y, l2, linear, w - size * step)
            break
    return w - size * step, trial


def _objective(X, y, l2, linear, w):
    z = X @ w
    return np.logaddexp(0, z).sum() - y @ z + l2 / 2 * (w @ w) + linear @ w


def _gradient(X, y, l2, linear, w):
    residual = expit(X @ w) - y
    starts = range(0, len(X), _BLOCK)
    blocks = np.array([X[i : i + _BLOCK].T @ residual[i : i + _BLOCK] for i in starts])
    return np.array([math.fsum(column) for column in blocks.T]) + l2 * w + linear


def _rounding(X, l2, linear, w):
    """Bound the norm of the rounding error of :func:`_gradient` (standard model, u = 2^-53).

    A dot product of k terms errs by at most k·u·(1 + small) times the product of the norms; expit
    is 1/4-Lipschitz, and its own error with that of the subtraction is below 8u.
    """
    n, d = X.shape
    row = math.sqrt(np.einsum("ij,ij->i", X, X).max()) if n else 0.0
    size = np.linalg.norm(w)
    residual = 0.25 * (d + 2) * _U * row * size + 8 * _U
    sums = n * row * (residual + (_BLOCK + 2) * _U)
    return sums + 4 * _U * (n * row + l2 * size + np.linalg.norm(linear))
