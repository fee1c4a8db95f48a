"""How much noise a run takes, and what so many of its steps cost.

The noise of a sampled run has no closed form: each price is a convolution of privacy loss
distributions on a grid of 10^-4, up to 2 s, and a root finder asks for a dozen. Here the dozen are
taken on a coarser grid, from a first guess by the central limit theorem of Gaussian DP [1]_, and
the noise that is found so is priced once exactly. If that is above the target, or more than 0.1 %
below, the ratio of both prices corrects the aim. So the noise that is taken always has an exact
price at or below the target.

.. [1] Z. Bu et al., "Deep learning with Gaussian differential privacy", HDSR 2020.
"""

import math
from dataclasses import dataclass
from typing import Any

from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.privacy_accountant import NeighboringRelation
from scipy.optimize import brentq

from sklearn_private import accounting
from sklearn_private.exceptions import InvalidParameterError

_UNUSED = 1e-3  # Share of epsilon that the search may leave.
_MOST_PRICES = 8
_LARGEST = 200.0  # The grids of a larger epsilon fill the memory, and it promises nothing.
_FOUND = {}  # A search over models asks for the same noise in every fold.
_RELATIONS = {
    "zero_out": NeighboringRelation.REPLACE_SPECIAL,
    "replace_one": NeighboringRelation.REPLACE_ONE,
}


@dataclass(frozen=True)
class Plan:
    """The public settings of one run, fixed before its first step.

    Parameters
    ----------
    epsilon, delta : float
        The budget.
    neighboring : {"zero_out", "replace_one"}
        The relation.
    noise_multiplier : float
        Noise of each step over the sensitivity of the relation.
    sampler : object
        Which rows each step sees, and the event that this is.
    n_steps : int
        Steps of the whole run.
    """

    epsilon: float
    delta: float
    neighboring: str
    noise_multiplier: float
    sampler: object
    n_steps: int

    @property
    def event(self) -> Any:
        """The whole run as an event."""
        return self.sampler.event(self.noise_multiplier, self.n_steps)

    @property
    def noise_per_row(self) -> Any:
        """Noise of each step over the bound on one row's part of the sum."""
        return self.noise_multiplier * rows_moved(self.neighboring)

    def spent(self, n_steps: int) -> Any:
        """Return the epsilon of the first ``n_steps``."""
        if not n_steps:
            return 0.0
        event = self.sampler.event(self.noise_multiplier, n_steps)
        return accounting.epsilon(event, delta=self.delta, neighboring=self.neighboring)


def rows_moved(neighboring: str) -> int:
    """Return how many clipped rows neighbours differ by: a replaced row leaves and another comes.

    Parameters
    ----------
    neighboring : {"zero_out", "replace_one"}
        The relation.

    Returns
    -------
    int
    """
    return 2 if neighboring == "replace_one" else 1


def make_plan(
    sampler: object, *, epsilon: float, delta: float, neighboring: str, n_steps: int
) -> Plan:
    """Return the plan that meets a budget with the least noise.

    Parameters
    ----------
    sampler : object
        As in :class:`Plan`.
    epsilon, delta : float
        The budget; delta is above 0.
    neighboring : {"zero_out", "replace_one"}
        The relation.
    n_steps : int
        Steps of the whole run.

    Returns
    -------
    Plan

    Raises
    ------
    InvalidParameterError
        If no amount of noise meets the budget.
    """

    def event(noise_multiplier):
        return sampler.event(noise_multiplier, n_steps)

    key = (event(1.0), epsilon, delta, neighboring)
    if key not in _FOUND:
        if isinstance(event(1.0).event, GaussianDpEvent):
            _FOUND[key] = accounting.calibrate(
                event, epsilon=epsilon, delta=delta, neighboring=neighboring
            )
        else:
            _FOUND[key] = _search(sampler, n_steps, epsilon, delta, neighboring)
    return Plan(epsilon, delta, neighboring, _FOUND[key], sampler, n_steps)


def _in_the_limit(scale, epsilon, delta, neighboring):
    """Return the noise that many steps take: all of them are one Gaussian mechanism then."""
    moved = rows_moved(neighboring)
    mu = accounting.gaussian_mu(epsilon, delta) / (scale * moved)
    return math.log1p(mu**2) ** -0.5 / moved


def _search(sampler, n_steps, target, delta, neighboring):
    """Return a noise multiplier whose exact price is at most the target, and little below."""
    if target > _LARGEST:
        raise InvalidParameterError(
            f"The 'epsilon' parameter of make_private must be at most {_LARGEST:g} where rows are "
            f"sampled. Got {target!r} instead."
        )
    guess = _in_the_limit(sampler.rate * math.sqrt(n_steps), target, delta, neighboring)
    aim = target * (1 - _UNUSED / 2)
    best = math.inf
    for _ in range(_MOST_PRICES):
        guess = _solve_coarsely(sampler, n_steps, guess, aim, delta, neighboring)
        event = sampler.event(guess, n_steps)
        price = accounting.epsilon(event, delta=delta, neighboring=neighboring)
        if price <= target:
            best = min(best, guess)
            if price >= target * (1 - _UNUSED):
                break
        aim *= min(max(target * (1 - _UNUSED / 2) / price, 0.5), 2.0)
    if best == math.inf:
        raise InvalidParameterError(
            f"No noise was found that meets epsilon={target} at delta={delta}. Raise either."
        )
    return best


def _solve_coarsely(sampler, n_steps, guess, target, delta, neighboring):
    """Return the noise multiplier whose price on a coarse grid is nearly the target."""

    def excess(log_noise):
        # dp-accounting counts a replaced row twice by itself.
        noise = math.exp(log_noise) * rows_moved(neighboring)
        accountant = PLDAccountant(
            _RELATIONS[neighboring], value_discretization_interval=max(1e-4, target / 2000)
        )
        event = sampler.nearby_event(noise, n_steps)
        price = accountant.compose(event).get_epsilon(delta)
        return math.log(min(max(price, 1e-300), 1e300) / target)

    low = high = math.log(guess)
    width = 0.02
    while excess(low) < 0:
        low, width = low - width, 2 * width
    width = 0.02
    while excess(high) > 0:
        high, width = high + width, 2 * width
        if high > 60:
            raise InvalidParameterError(
                f"No amount of noise meets epsilon={target:.4g} at delta={delta}. Raise either."
            )
    return math.exp(brentq(excess, low, high, xtol=1e-4))
