"""The rule by which a ledger admits charges: a privacy filter.

Fits are chosen after earlier fits were seen, so a ledger must hold under fully adaptive
composition. Each of these bounds does, once its limit is fixed in advance:

* **pure**: the epsilons of pure mechanisms add up;
* **Gaussian**: the mu² of Gaussian mechanisms add up [1]_;
* **Rényi**: the divergences at one order add up [2]_; the order is the one at which the budget
  admits the most Gaussian work;
* **basic**: the (epsilon, delta) claims add up [3]_.

Which of the first three still admits a charge may depend on earlier answers. Let an outcome be in
S_i if bound i held along its history. The process stopped at bound i is (epsilon, delta_i)-DP and
agrees with ours on S_i, so ours is (epsilon, sum of delta_i)-DP. Pure composition needs no delta;
the other two get 19/40 of delta each, and explicit deltas (samplers, converted claims) 1/20.

The first charge was chosen before anything was seen. It may therefore decide, once, between those
three and basic composition, with the whole delta: the three are taken if they admit it. So a fit
that asks for the whole budget, (epsilon, delta), is admitted, and nothing after it.

.. [1] A. Smith, A. Thakurta, "Fully adaptive composition for Gaussian differential privacy", 2022.
.. [2] V. Feldman, T. Zrnic, "Individual privacy accounting via a Rényi filter", NeurIPS 2021.
.. [3] R. Rogers et al., "Privacy odometers and filters", NeurIPS 2016.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from dp_accounting import DpEvent

from ..curves import best_order, conversion, gaussian_mu
from ..curves import epsilon as epsilon_of
from ..events import gaussian_dp, pure_epsilon, renyi, split_deltas

_GAUSSIAN_SHARE = _RENYI_SHARE = 19 / 40
_EXPLICIT_SHARE = 1 / 20
_ROUNDING = 1 + 1e-9  # Sums of many floats may exceed their limit by rounding alone.


class Cost(NamedTuple):
    """What charges cost under each bound; costs add up, field by field.

    Parameters
    ----------
    pure, mu_squared, renyi : float
        Infinity where the bound does not apply.
    explicit : float
        Delta that is not a matter of the bounds.
    epsilon, delta : float
        The claim, for basic composition.
    """

    pure: float = 0.0
    mu_squared: float = 0.0
    renyi: float = 0.0
    explicit: float = 0.0
    epsilon: float = 0.0
    delta: float = 0.0


class Filter:
    """Admits charges against a budget.

    Parameters
    ----------
    epsilon, delta : float
        The budget.
    order : float, optional
        The order at which Rényi divergences are added: that of earlier charges; that of
        :func:`renyi_order` where there are none.
    """

    def __init__(self, epsilon: float, delta: float, order: float | None = None) -> None:
        self.epsilon, self.delta = epsilon, delta
        self._mu_squared = gaussian_mu(epsilon, delta * _GAUSSIAN_SHARE) ** 2 if delta else 0.0
        self._order = renyi_order(epsilon, delta) if order is None else order
        slope = conversion(self._order, delta * _RENYI_SHARE) if delta else math.inf
        self._renyi = epsilon - slope

    def cost(self, event: DpEvent, claim: tuple[float, float], neighboring: str) -> Cost:
        """Return what an event costs.

        Parameters
        ----------
        event : dp_accounting.DpEvent
            The mechanisms of the charge.
        claim : tuple of float
            Its (epsilon, delta), for basic composition.
        neighboring : str
            The relation of the ledger.

        Returns
        -------
        Cost
        """
        event, explicit = split_deltas(event)
        mu = gaussian_dp(event)
        return Cost(
            pure_epsilon(event, neighboring),
            math.inf if mu is None else mu * mu,
            renyi(event, self._order, neighboring),
            explicit,
            *claim,
        )

    def admits(self, costs: Sequence[Cost]) -> bool:
        """Return whether charges fit, given the :class:`Cost` of each, in order."""
        total = Cost(*map(math.fsum, zip(*costs, strict=True)))
        if self._three(costs[0]):
            return self._three(total)
        return total.epsilon <= self.epsilon * _ROUNDING and total.delta <= self.delta * _ROUNDING

    def _three(self, total: Cost) -> bool:
        if total.explicit > self.delta * _EXPLICIT_SHARE:
            return False
        return (
            total.pure <= self.epsilon * _ROUNDING
            or total.mu_squared <= self._mu_squared
            or total.renyi <= self._renyi
        )


def renyi_order(epsilon: float, delta: float) -> float:
    """Return the order at which a budget admits nearly the most Gaussian work."""
    return best_order(epsilon, delta * _RENYI_SHARE) if delta else 2.0


def smallest_budget(
    charges: list[tuple[DpEvent, tuple[float, float]]],
    delta: float,
    *,
    limit: float,
    neighboring: str,
) -> float:
    """Return the smallest epsilon whose filter at ``delta`` admits the charges.

    Parameters
    ----------
    charges : list of (dp_accounting.DpEvent, tuple of float)
        Events and their (epsilon, delta) claims, in order.
    delta : float
        Delta of the budget.
    limit : float
        An epsilon that is known to admit them.
    neighboring : str
        The relation.

    Returns
    -------
    float
    """

    def admits(budget: float) -> bool:
        rule = Filter(budget, delta)
        price = functools.cache(lambda event, claim: rule.cost(event, claim, neighboring))
        return rule.admits([price(event, claim) for event, claim in charges])

    low, high = 0.0, limit
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if admits(middle) else (middle, high)
    if len(charges) == 1:  # Then the whole delta may go to the exact curve.
        high = min(high, epsilon_of(charges[0][0], delta=delta, neighboring=neighboring))
    return high
