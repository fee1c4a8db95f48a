"""Rényi differential privacy of an event at one order, for composition that may be adaptive.

The Rényi divergences of a fully adaptive composition add up at any fixed order as long as their
sum stays below a bound fixed in advance [1]_; at order a and divergence r the result is
(epsilon, delta)-DP with [2]_

    epsilon = r + log(1 - 1/a) - log(a·delta) / (a - 1).

.. [1] V. Feldman, T. Zrnic, "Individual privacy accounting via a Rényi filter", NeurIPS 2021.
.. [2] C. Canonne, G. Kamath, T. Steinke, "The discrete Gaussian for differential privacy",
   NeurIPS 2020, Proposition 12.
"""

import functools
import math

import numpy as np
from dp_accounting import dp_event
from dp_accounting.rdp import rdp_privacy_accountant
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

from ...exceptions import InvalidParameterError
from ..events import (
    ORDERS,
    ObjectivePerturbationEvent,
    OneOfEvent,
    leaves,
    log_delta,
    mechanisms,
    repeated_renyi,
    smallest,
)
from ._losses import RELATIONS
from ._pure import pure_epsilon, pure_renyi, pure_sum


def renyi(event, order, neighboring):
    """Return the Rényi divergence of an event at ``order``, infinity where none is known.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        One mechanism or a composition; explicit deltas must have been taken out.
    order : float
        Above 1.
    neighboring : str
        The relation.

    Returns
    -------
    float
    """
    return sum(count * _of_leaf(leaf, order, neighboring) for leaf, count in leaves(event))


class RenyiCurve:
    """The curve that the Rényi divergences of an event imply, at the best order for each point.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        A composition, explicit deltas taken out.
    neighboring : str
        The relation.
    extra : float
        These deltas together.

    Raises
    ------
    InvalidParameterError
        If the divergences of a mechanism are not known.
    """

    def __init__(self, event, neighboring, extra):
        self._divergence = lambda order: renyi(event, order, neighboring)
        self._values = np.array([self._divergence(order) for order in ORDERS])
        self._pure = pure_sum(event, neighboring)
        self._extra = extra
        if np.isinf(self._values).all():
            kinds = sorted({type(leaf).__name__ for leaf in mechanisms(event)})
            raise InvalidParameterError(
                f"No Rényi divergences are known for {', '.join(kinds)} under "
                f"neighboring={neighboring!r}, and runs that are repeated a random number of times "
                "have no other price. Use Gaussian, Laplace or objective perturbation events."
            )

    def epsilon(self, delta):
        """Return the epsilon at ``delta``."""
        rest = delta - self._extra
        if rest <= 0:
            return self._pure if rest == 0 else math.inf
        prices = self._values + [conversion(order, rest) for order in ORDERS]
        found = smallest(lambda a: self._divergence(a) + conversion(a, rest), prices)
        return min(self._pure, max(0.0, found))

    def delta(self, epsilon):
        """Return the delta at ``epsilon``."""
        if epsilon >= self._pure:
            return self._extra
        logs = log_delta(self._values, ORDERS, epsilon)
        found = smallest(lambda a: log_delta(self._divergence(a), a, epsilon), logs)
        return math.exp(min(0.0, found)) + self._extra


def conversion(order, delta):
    """Return what the order costs: epsilon is the divergence plus this."""
    return math.log1p(-1 / order) - math.log(order * delta) / (order - 1)


def best_order(epsilon, delta):
    """Return the order at which (epsilon, delta) admits nearly the most Gaussian work.

    It is rounded: every process must find the same one, since divergences add up at one order
    only, and the series of sampled Gaussian noise is safe at whole orders.
    """

    def work(log_gap):
        order = 1 + math.exp(log_gap)
        return -(epsilon - conversion(order, delta)) / order

    order = 1 + math.exp(minimize_scalar(work, bounds=(-3, 16), method="bounded").x)
    steps = 16 if order < 16 else 1
    return round(order * steps) / steps


def _of_leaf(leaf, order, neighboring):
    match leaf:
        case dp_event.GaussianDpEvent() if leaf.noise_multiplier > 0:
            return order / (2 * leaf.noise_multiplier**2)
        case ObjectivePerturbationEvent():
            return leaf.shift + _positive_part(1 / leaf.noise_multiplier, order)
        case OneOfEvent():
            return max(renyi(event, order, neighboring) for event in leaf.events)
        case dp_event.RepeatAndSelectDpEvent():
            return _of_the_best_run(leaf, neighboring)(order)
        case dp_event.PoissonSampledDpEvent(event=dp_event.GaussianDpEvent()):
            return _by_accountant(leaf, order, neighboring)
    epsilon = pure_epsilon(leaf, neighboring)
    return math.inf if epsilon == math.inf else pure_renyi(epsilon, order)


@functools.lru_cache(maxsize=64)
def _of_the_best_run(leaf, neighboring):
    return repeated_renyi(
        lambda order: renyi(leaf.event, order, neighboring), leaf.mean, leaf.shape
    )


def _positive_part(mu, order):
    """Return log E[exp((order - 1)·max(0, G))] / (order - 1) for the Gaussian loss G of mu.

    It bounds the gradient part of objective perturbation at every order: that part is at most a
    sum of positive parts with any dependence, whose moments are largest when they move as one.
    """
    t = order - 1
    inside = log_ndtr(-mu / 2)
    outside = order * t * mu * mu / 2 + log_ndtr(mu / 2 + t * mu)
    return np.logaddexp(inside, outside) / t


def _by_accountant(leaf, order, neighboring):
    if neighboring == "replace_one":
        return math.inf  # dp-accounting has no Rényi bound for replaced rows under sampling.
    accountant = rdp_privacy_accountant.RdpAccountant([order], RELATIONS[neighboring])
    accountant.compose(leaf)
    # Its series can end a rounding error below 0; a negative divergence would refill a ledger.
    return max(0.0, float(accountant.rdp[0]))
