"""The exact privacy curve of Gaussian noise.

A mechanism is mu-GDP when telling its neighbours apart is no easier than telling N(0, 1) from
N(mu, 1) [1]_. The Gaussian mechanism with noise multiplier z is 1/z-GDP exactly, and mechanisms
with mu_1, mu_2, ... compose to sqrt(mu_1² + mu_2² + ...) exactly. The curve, [2]_ Theorem 8, is

    delta(epsilon) = Phi(mu/2 - epsilon/mu) - exp(epsilon)·Phi(-mu/2 - epsilon/mu).

With a = epsilon/mu - mu/2 and b = epsilon/mu + mu/2 one has exp(epsilon)·phi(b) = phi(a), hence
delta = phi(a)·(R(a) - R(b)) with Mills' ratio R, a form that does not cancel in the tails.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022.
.. [2] B. Balle, Y.-X. Wang, "Improving the Gaussian mechanism for differential privacy", ICML 2018.
"""

import math

from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtr

_TIGHT = 1e-13  # relative tolerance of the root searches


def gaussian_delta(epsilon: float, mu: float) -> float:
    """Return delta(epsilon) of a mu-GDP mechanism.

    Parameters
    ----------
    epsilon : float
        At least 0.
    mu : float
        At least 0; 0 is no loss at all.

    Returns
    -------
    float
    """
    if mu == 0:
        return 0.0
    a, b = epsilon / mu - mu / 2, epsilon / mu + mu / 2
    if a < -20:  # Mills' ratio overflows far to the left, where nothing cancels
        return float(ndtr(-a) - math.exp(epsilon + log_ndtr(-b)))
    difference = math.sqrt(math.pi / 2) * (erfcx(a / math.sqrt(2)) - erfcx(b / math.sqrt(2)))
    return float(math.exp(-a * a / 2) / math.sqrt(2 * math.pi) * difference)


def gaussian_epsilon(delta: float, mu: float) -> float:
    """Return the smallest epsilon at ``delta`` of a mu-GDP mechanism.

    Parameters
    ----------
    delta : float
        In [0, 1].
    mu : float
        At least 0.

    Returns
    -------
    float
        Infinity where ``delta`` is 0 and ``mu`` is not.
    """
    if gaussian_delta(0.0, mu) <= delta:
        return 0.0
    if delta == 0:
        return math.inf
    high = mu * mu / 2 + mu * math.sqrt(2 * math.log(1 / delta)) + 1e-9
    log_gap = lambda epsilon: _log(gaussian_delta(epsilon, mu)) - math.log(delta)  # noqa: E731
    return brentq(log_gap, 0.0, high, xtol=1e-15, rtol=_TIGHT) * (1 + 1e-12)


def gaussian_mu(epsilon: float, delta: float) -> float:
    """Return the largest mu whose curve passes below (epsilon, delta).

    Parameters
    ----------
    epsilon, delta : float
        Both at least 0, delta below 1; not both 0.

    Returns
    -------
    float
    """
    log_gap = lambda log_mu: _log(gaussian_delta(epsilon, math.exp(log_mu))) - math.log(delta)  # noqa: E731
    if delta == 0:
        return 0.0
    high = 1.0
    while log_gap(high) < 0:
        high += 1.0
    return math.exp(brentq(log_gap, -60.0, high, xtol=1e-14)) * (1 - 1e-12)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -1e6
