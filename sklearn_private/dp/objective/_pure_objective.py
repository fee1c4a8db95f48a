r"""Objective perturbation with pure epsilon, for delta = 0.

The setting is that of :mod:`sklearn_private.dp.objective._gaussian_objective`, with noise of
density proportional to exp(-\|b\| / eta) instead of a Gaussian [1]_. The privacy loss is that of
the determinants plus

.. math:: (\|b + g\| - \|b\|) / \eta \le \|g\| / \eta,

where g is the difference of two neighbours' gradients: of norm at most R under zero-out and
add-remove (one gradient) and 2R under replace-one (two). So

.. math:: \epsilon = m \log(1 + \beta / \lambda) + J m R / \eta + \epsilon_{out}

for neighbours that differ by m rows, with beta = R²/4 and J = 1 or 2. Under replace-one the
determinants count once, not twice as in [1]_: the Hessians of neighbours share all other rows, and
the ratio of the determinants of two updates of rank m, each of norms at most beta, is at most
(1 + beta / lambda)^m. The distance between the solver's answer and the exact minimum, at most
(tau + rho) / lambda, is hidden under exact discrete Laplace noise, which spends epsilon_out.

.. [1] K. Chaudhuri, C. Monteleoni, A. Sarwate, "Differentially private empirical risk
   minimization", JMLR 12, 2011.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from dp_accounting import ComposedDpEvent, LaplaceDpEvent

from ... import accounting
from ...mechanisms import continuous_spherical, continuous_spherical_error, laplace
from ._gaussian_objective import (
    DETERMINANT_SHARE,
    MAX_EPSILON,
    TOLERANCE,
    Perturbation,
    curvature_bound,
)

OUTPUT_SHARE = 0.01  # of epsilon, for the output noise


@dataclass(frozen=True, kw_only=True)
class PureObjectivePerturbation(Perturbation):
    """Spherical noise in the objective, and Laplace noise on the output.

    Parameters
    ----------
    output_epsilon : float
        What the output noise spends; ``output_sensitivity`` is an L1 norm.
    """

    name: ClassVar[str] = "objective perturbation with pure epsilon and output noise"
    pure: ClassVar[bool] = True

    output_epsilon: float

    def noise_norm(self, n_features: int) -> float:
        """Return the root of the mean squared norm of b, which has a Gamma(n_features) law."""
        return self.noise_scale * math.sqrt(n_features * (n_features + 1))

    def objective_noise(self, n_features: int, rng: object) -> Any:
        """Return b."""
        return continuous_spherical(self.noise_scale, n_features, rng)

    def hide(self, w: np.ndarray, rng: object) -> Any:
        """Return the solver's answer plus output noise."""
        return laplace(w, sensitivity=self.output_sensitivity, epsilon=self.output_epsilon, rng=rng)


def calibrate_pure(
    epsilon: float,
    *,
    row_norm: float,
    n_features: int,
    neighboring: str,
    min_l2: float = 0.0,
    rows_per_unit: int = 1,
    curvature: Callable[..., Any] = curvature_bound,
) -> PureObjectivePerturbation:
    """Return the least noise that meets epsilon with delta = 0.

    Parameters
    ----------
    epsilon : float
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
        m: rows by which neighbours differ.
    curvature : callable, default=curvature_bound
        From a row norm to the bound on the norm of its Hessian.

    Returns
    -------
    PureObjectivePerturbation
    """
    epsilon = min(epsilon, MAX_EPSILON)
    beta = curvature(row_norm)
    l2 = max(beta / math.expm1(DETERMINANT_SHARE * epsilon / rows_per_unit), min_l2)
    output_epsilon = OUTPUT_SHARE * epsilon
    objective_epsilon = epsilon * (1 - 1e-12) - output_epsilon
    n_gradients = rows_per_unit * (2 if neighboring == "replace_one" else 1)
    left = objective_epsilon - rows_per_unit * math.log1p(beta / l2)
    noise_scale = n_gradients * row_norm / left
    tolerance = TOLERANCE * row_norm
    rho = continuous_spherical_error(noise_scale, n_features)
    return PureObjectivePerturbation(
        l2=l2,
        noise_scale=noise_scale,
        tolerance=tolerance,
        output_sensitivity=math.sqrt(n_features) * 2 * (tolerance + rho) / l2,
        output_epsilon=output_epsilon,
        event=ComposedDpEvent(
            (
                accounting.EpsilonDeltaEvent(objective_epsilon, 0.0),
                LaplaceDpEvent(1 / output_epsilon),
            )
        ),
    )
