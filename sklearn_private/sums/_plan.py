"""How much noise a fit of several noisy sums takes.

T sums of noise multiplier z are together exactly sqrt(T)/z-GDP, whatever each made of the ones
before [1]_; what the sampler misses of the ideal law adds to delta. The whole fit is one event,
which is charged before the first sum.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, corollary 2.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from dp_accounting import ComposedDpEvent, GaussianDpEvent, SelfComposedDpEvent

from .. import accounting
from ..mechanisms import gaussian_tv


@dataclass(frozen=True)
class Plan:
    """The public settings of one noisy fit.

    Parameters
    ----------
    noise_multiplier : float
        Noise of each sum over its sensitivity.
    n_rounds : int
        Number of sums.
    event : dp_accounting.DpEvent
        What all of them cost together.
    """

    noise_multiplier: float
    n_rounds: int
    event: object


@lru_cache(maxsize=256)
def plan(epsilon, delta, *, neighboring, n_rounds, n_numbers):
    """Return the least noise with which all sums of a fit meet (epsilon, delta).

    Parameters
    ----------
    epsilon, delta : float
        The claim.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The neighbouring relation.
    n_rounds : int
        Number of sums.
    n_numbers : int
        Length of all of them together.

    Returns
    -------
    Plan
    """
    sampler = accounting.EpsilonDeltaEvent(0.0, (1 + math.exp(epsilon)) * gaussian_tv(n_numbers))

    def event(noise_multiplier):
        rounds = SelfComposedDpEvent(GaussianDpEvent(noise_multiplier), n_rounds)
        return ComposedDpEvent((rounds, sampler))

    multiplier = accounting.calibrate(event, epsilon=epsilon, delta=delta, neighboring=neighboring)
    return Plan(multiplier, n_rounds, event(multiplier))
