"""Run a private mechanism a random number of times and release the best run alone.

Releasing the best of K runs, K fixed, costs about K times one run. Where K is drawn from a law with
a long tail and stays secret, it costs two or three times one run, whatever the mean of K [1]_. Let
E be that mean. A run has Rényi divergence e(a) at order a; ``docs/proofs/selection.md`` derives
that the release has, at order a,

    truncated negative binomial K: e(a) + log(E) / (a - 1) + (1 + shape)·c,
                                   c = min over b of (1 - 1/b)·e(b) + log(1 / gamma) / b,
    Poisson K:                     log(exp(-E) + exp((a - 1)·r)) / (a - 1),
                                   r = e(a) + log(E) / (a - 1) + E·d,

where gamma is the probability at which the negative binomial halts, and d the delta of a run at
epsilon = log(1 + 1 / (a - 1)). Shape 0 is the logarithmic law and shape 1 the geometric one.
A pure epsilon becomes (2 + shape)·epsilon, or epsilon + E·tanh(epsilon / 2) under a Poisson law.

.. [1] N. Papernot, T. Steinke, "Hyperparameter tuning with Renyi differential privacy", ICLR 2022.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize_scalar

Divergence = Callable[[float], float]
"""From an order to the Rényi divergence at it."""

ORDERS = 1 + np.geomspace(1e-3, 1e5, 300)
"""Orders at which divergences are tabulated; any of them gives a bound that holds."""


def halting_probability(mean: float, shape: float) -> float:
    """Return gamma of the truncated negative binomial law with a given mean.

    Its probabilities of k = 1, 2, ... are proportional to (1 - gamma)^k·Γ(k + shape) / k!, and its
    mean is shape·(1/gamma - 1) / (1 - gamma^shape), or (1/gamma - 1) / log(1/gamma) at shape 0.

    Parameters
    ----------
    mean : float
        At least 1; at 1 there is always one run, and gamma is 1.
    shape : float
        At least 0 and finite: 0 is the logarithmic law, 1 the geometric one.

    Returns
    -------
    float
        In (0, 1].

    Examples
    --------
    >>> from sklearn_private import accounting
    >>> accounting.halting_probability(30, 1), round(accounting.halting_probability(30, 0), 5)
    (0.03333333333333333, 0.00659)
    """
    if mean == 1:
        return 1.0
    if shape == 1:
        return 1 / mean
    gap = lambda log_gamma: _log_mean(-log_gamma, shape) - math.log(mean)  # noqa: E731
    low = -1.0
    while gap(low) < 0:
        low *= 2
    return math.exp(brentq(gap, low, -1e-15, xtol=1e-15, rtol=1e-14))


def repeated_renyi(divergence: Divergence, mean: float, shape: float) -> Divergence:
    """Return the Rényi divergence of the best of K runs, as a function of the order.

    Parameters
    ----------
    divergence : callable
        From an order to the Rényi divergence of one run, in both directions.
    mean, shape : float
        The law of K; shape infinity is the Poisson law.

    Returns
    -------
    callable
        From an order above 1 to a divergence.
    """
    single = np.array([divergence(order) for order in ORDERS])
    if shape == math.inf:
        bound = _poisson(divergence, single, mean)
    else:
        bound = _negative_binomial(divergence, single, mean, shape)
    table = np.array([bound(order, e) for order, e in zip(ORDERS, single, strict=True)])
    # A divergence grows with its order, so that of any higher order is a bound too.
    table = np.minimum.accumulate(table[::-1])[::-1]

    def repeated(order: float) -> float:
        at = np.searchsorted(ORDERS, order)
        higher = table[at] if at < len(table) else math.inf
        return float(min(bound(order, divergence(order)), higher))

    return repeated


def repeated_pure(epsilon: float, mean: float, shape: float) -> float:
    """Return the pure epsilon of the best of K runs, each of which is epsilon-DP.

    Parameters
    ----------
    epsilon : float
        Of one run.
    mean, shape : float
        The law of K.

    Returns
    -------
    float
    """
    if mean == 1 and shape != math.inf:
        return epsilon
    return epsilon + mean * math.tanh(epsilon / 2) if shape == math.inf else (2 + shape) * epsilon


def log_delta(divergence: Any, order: Any, epsilon: float) -> Any:
    """Return the logarithm of delta at epsilon that a divergence at one order implies.

    Divergence and order are numbers, or arrays of one shape.
    """
    return (order - 1) * (divergence - epsilon + np.log1p(-1 / order)) - np.log(order)


def smallest(function: Divergence, values: np.ndarray) -> float:
    """Return the minimum over orders of a function with these values at ``ORDERS``, refined."""
    best = int(np.argmin(values))
    if not math.isfinite(values[best]):
        return float(values[best])
    low, high = ORDERS[max(best - 1, 0)], ORDERS[min(best + 1, len(ORDERS) - 1)]
    gap = minimize_scalar(
        lambda log_gap: function(1 + math.exp(log_gap)),
        bounds=(math.log(low - 1), math.log(high - 1)),
        method="bounded",
    )
    return float(min(gap.fun, values[best]))


def _log_mean(rate: float, shape: float) -> float:
    """Return the logarithm of the mean at gamma = exp(-rate)."""
    ratio = rate if shape == 0 else -math.expm1(-shape * rate) / shape
    return rate + math.log(-math.expm1(-rate) / ratio)


def _negative_binomial(
    divergence: Divergence, single: np.ndarray, mean: float, shape: float
) -> Callable[[float, float], float]:
    log_gamma = math.log(halting_probability(mean, shape))
    extra = lambda order, e: (1 - 1 / order) * e - log_gamma / order  # noqa: E731
    c = smallest(lambda order: extra(order, divergence(order)), extra(ORDERS, single))
    if mean == 1:
        return lambda order, e: e
    return lambda order, e: e + math.log(mean) / (order - 1) + (1 + shape) * c


def _poisson(
    divergence: Divergence, single: np.ndarray, mean: float
) -> Callable[[float, float], float]:
    def bound(order: float, e: float) -> float:
        epsilon = math.log1p(1 / (order - 1))
        values = log_delta(single, ORDERS, epsilon)
        d = math.exp(min(0.0, smallest(lambda b: log_delta(divergence(b), b, epsilon), values)))
        r = e + math.log(mean) / (order - 1) + mean * d
        return np.logaddexp(-mean, (order - 1) * r) / (order - 1)

    return bound
