"""How much noise a fit of several noisy sums takes.

Sums of noise multipliers z_1, z_2, ... are together exactly mu-GDP with mu² = sum of 1/z_i²,
whatever each made of the ones before [1]_. So a share of the budget is a share of mu²: a sum of
share s has multiplier z / sqrt(s), where z is that of the whole. What the sampler misses of the
ideal law adds to delta. The whole fit is one event, which is charged before the first sum.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, corollary 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from dp_accounting import ComposedDpEvent, GaussianDpEvent, SelfComposedDpEvent
from dp_accounting.dp_event import DpEvent

from .. import accounting
from ..mechanisms import gaussian_tv


@dataclass(frozen=True)
class Plan:
    """The public settings of one noisy fit.

    Parameters
    ----------
    noise_multipliers : tuple of float
        Noise of each sum over its sensitivity, in the order of the sums.
    event : dp_accounting.DpEvent
        What all of them cost together.
    """

    noise_multipliers: tuple[float, ...]
    event: DpEvent

    @property
    def n_rounds(self) -> int:
        """Number of sums."""
        return len(self.noise_multipliers)

    def parameters(self) -> dict[str, object]:
        """Return the public numbers by name; one multiplier where all sums have the same."""
        alike = len(set(self.noise_multipliers)) == 1
        noise = (
            {"noise_multiplier": self.noise_multipliers[0]}
            if alike
            else {"noise_multipliers": self.noise_multipliers}
        )
        return {**noise, "n_rounds": self.n_rounds}


def equal_shares(n_rounds: int) -> tuple[float, ...]:
    """Return the shares of sums that all have the same noise."""
    return (1 / n_rounds,) * n_rounds


@lru_cache(maxsize=256)
def plan(
    epsilon: float, delta: float, *, neighboring: str, shares: Sequence[float], n_numbers: int
) -> Plan:
    """Return the least noise with which all sums of a fit meet (epsilon, delta).

    Parameters
    ----------
    epsilon, delta : float
        The claim.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The neighbouring relation.
    shares : tuple of float
        For each sum its part of the budget, above 0; together they are 1 (or scaled to it).
    n_numbers : int
        Length of all sums together.

    Returns
    -------
    Plan
    """
    whole = math.fsum(shares)
    sampler = accounting.EpsilonDeltaEvent(0.0, (1 + math.exp(epsilon)) * gaussian_tv(n_numbers))

    def multipliers(z: float) -> tuple[float, ...]:
        return tuple(z * math.sqrt(whole / share) for share in shares)

    def event(z: float) -> DpEvent:
        runs = ((alike, len(list(run))) for alike, run in groupby(multipliers(z)))
        sums = (SelfComposedDpEvent(GaussianDpEvent(alike), n) for alike, n in runs)
        return ComposedDpEvent((*sums, sampler))

    z = accounting.calibrate(event, epsilon=epsilon, delta=delta, neighboring=neighboring)
    return Plan(multipliers(z), event(z))
