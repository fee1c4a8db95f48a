"""Rényi differential privacy of an event at one order, for composition that may be adaptive.

The Rényi divergences of a fully adaptive composition add up at any fixed order as long as their
sum stays below a bound fixed in advance [1]_; at order a and divergence r the result is
(epsilon, delta)-DP with [2]_

    epsilon = r + log(1 - 1/a) - log(a·delta) / (a - 1).

.. [1] V. Feldman, T. Zrnic, "Individual privacy accounting via a Rényi filter", NeurIPS 2021.
.. [2] C. Canonne, G. Kamath, T. Steinke, "The discrete Gaussian for differential privacy",
   NeurIPS 2020, Proposition 12.
"""

import math

import numpy as np
from dp_accounting import dp_event
from scipy.optimize import minimize_scalar

from ...exceptions import InvalidParameterError
from ..events import ORDERS, log_delta, mechanisms, pure_epsilon, renyi, smallest


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

    def __init__(self, event: dp_event.DpEvent, neighboring: str, extra: float) -> None:
        self._divergence = lambda order: renyi(event, order, neighboring)
        self._values = np.array([self._divergence(order) for order in ORDERS])
        self._pure = pure_epsilon(event, neighboring)
        self._extra = extra
        if np.isinf(self._values).all():
            kinds = sorted({type(leaf).__name__ for leaf in mechanisms(event)})
            raise InvalidParameterError(
                f"No Rényi divergences are known for {', '.join(kinds)} under "
                f"neighboring={neighboring!r}, and runs that are repeated a random number of times "
                "have no other price. Use Gaussian, Laplace or objective perturbation events."
            )

    def epsilon(self, delta: float) -> float:
        """Return the epsilon at ``delta``."""
        rest = delta - self._extra
        if rest <= 0:
            return self._pure if rest == 0 else math.inf
        prices = self._values + [conversion(order, rest) for order in ORDERS]
        found = smallest(lambda a: self._divergence(a) + conversion(a, rest), prices)
        return min(self._pure, max(0.0, found))

    def delta(self, epsilon: float) -> float:
        """Return the delta at ``epsilon``."""
        if epsilon >= self._pure:
            return self._extra
        logs = log_delta(self._values, ORDERS, epsilon)
        found = smallest(lambda a: log_delta(self._divergence(a), a, epsilon), logs)
        return math.exp(min(0.0, found)) + self._extra


def conversion(order: float, delta: float) -> float:
    """Return what the order costs: epsilon is the divergence plus this."""
    return math.log1p(-1 / order) - math.log(order * delta) / (order - 1)


def best_order(epsilon: float, delta: float) -> float:
    """Return the order at which (epsilon, delta) admits nearly the most Gaussian work.

    It is rounded: every process must find the same one, since divergences add up at one order
    only, and the series of sampled Gaussian noise is safe at whole orders.
    """

    def work(log_gap: float) -> float:
        order = 1 + math.exp(log_gap)
        return -(epsilon - conversion(order, delta)) / order

    order = 1 + math.exp(minimize_scalar(work, bounds=(-3, 16), method="bounded").x)
    steps = 16 if order < 16 else 1
    return round(order * steps) / steps
