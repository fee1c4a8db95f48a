r"""The density of a one-feature objective perturbation, and the loss between two of them.

For rows x_i with labels y_i in {0, 1} the release is the minimum of the perturbed objective,

.. math:: w^* = \arg\min_w \sum_i \log(1 + e^{x_i w}) - y_i x_i w + \tfrac{\lambda}{2} w^2 + b w.

Where it is w, the noise was :math:`b(w) = -(\sum_i (p_i - y_i) x_i + \lambda w)` with p_i the
logistic function of x_i w, and b falls at the rate :math:`H(w) = \lambda + \sum_i p_i (1 - p_i)
x_i^2`. So the density of w* at w is that of the noise at b(w), times H(w) [1]_: one number a point,
for any noise.

.. [1] K. Chaudhuri, C. Monteleoni, A. Sarwate, "Differentially private empirical risk
   minimization", JMLR 12, 2011, section 3.3.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import laplace, norm

N_POINTS = 100_001
_REACH = {norm: 12.0, laplace: 45.0}  # scales of the noise, beyond which lies less than 1e-19


@dataclass(frozen=True)
class OneFeature:
    """The numbers of a one-feature objective perturbation.

    Parameters
    ----------
    bound : float
        Largest absolute value of a feature; larger ones are clipped.
    l2 : float
        lambda.
    noise_scale : float
        Scale of b.
    noise : {scipy.stats.norm, scipy.stats.laplace}
        Law of b.
    """

    bound: float
    l2: float
    noise_scale: float
    noise: object

    def linear(self, rows: Any, w: np.ndarray) -> np.ndarray:
        """Return the noise b that makes ``w`` the minimum.

        Parameters
        ----------
        rows : sequence of (float, int, int)
            Feature over the bound, label, and how many such rows there are.
        w : ndarray of shape (n,)
            Releases.

        Returns
        -------
        ndarray of shape (n,)
        """
        return -self.l2 * w - sum(n * (expit(x * w) - y) * x for x, y, n in self._clipped(rows))

    def log_density(self, rows: Any, w: np.ndarray) -> Any:
        """Return the logarithm of the density of the release at each ``w``."""
        curvature = self.l2 + sum(
            n * expit(x * w) * expit(-x * w) * x * x for x, _, n in self._clipped(rows)
        )
        return np.log(curvature) + self.noise.logpdf(self.linear(rows, w), scale=self.noise_scale)

    def grid(self, *sides: Any) -> Any:
        """Return points that hold all but a negligible part of the density of each side."""
        pull = max(sum(n * abs(x) for x, _, n in self._clipped(rows)) for rows in sides)
        most = (_REACH[self.noise] * self.noise_scale + pull) / self.l2
        return np.linspace(-most, most, N_POINTS)

    def _clipped(self, rows):
        return [(self.bound * max(-1.0, min(x, 1.0)), y, n) for x, y, n in rows]


@dataclass(frozen=True)
class Loss:
    """The privacy loss between the releases of two data sets.

    Parameters
    ----------
    first, second : ndarray of shape (n_points,)
        Logarithms of their densities.
    step : float
        Distance of the points.
    """

    first: np.ndarray
    second: np.ndarray
    step: float

    def delta(self, epsilon: float) -> float:
        """Return the least delta at ``epsilon``, of the worse of both directions."""
        return max(
            float(np.maximum(np.exp(a) - np.exp(epsilon + b), 0.0).sum() * self.step)
            for a, b in ((self.first, self.second), (self.second, self.first))
        )

    @property
    def most(self) -> float:
        """The largest loss, where either density is not negligible."""
        seen = np.maximum(self.first, self.second) > math.log(1e-18)
        return float(np.abs(self.first - self.second)[seen].max())

    def epsilon(self, delta: float) -> float:
        """Return the least epsilon at ``delta``, of the worse of both directions."""
        if delta == 0:
            return self.most
        if self.delta(0.0) <= delta:
            return 0.0
        return brentq(lambda epsilon: self.delta(epsilon) - delta, 0.0, self.most)


def loss_between(mechanism: OneFeature, first: Any, second: Any) -> Loss:
    """Return the privacy loss between two data sets.

    Parameters
    ----------
    mechanism : OneFeature
        What releases.
    first, second : sequence of (float, int, int)
        Feature over the bound, label, and how many such rows there are.

    Returns
    -------
    Loss
    """
    points = mechanism.grid(first, second)
    densities = [mechanism.log_density(rows, points) for rows in (first, second)]
    return Loss(*densities, float(points[1] - points[0]))
