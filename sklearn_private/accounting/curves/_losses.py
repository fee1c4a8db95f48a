"""Privacy loss distributions of compositions that have no closed form.

``dp-accounting`` convolves the distributions that the kinds of events give [1]_; its roundings are
pessimistic. Noise multipliers are translated for it: ours are over the sensitivity of the declared
relation, and under replace-one it doubles the sensitivity of Gaussian noise itself, so a multiplier
z becomes 2z where sampling makes the relation matter. Elsewhere the relation is immaterial once the
sensitivity is counted, and the add-remove distribution is taken.

.. [1] V. Doroshenko et al., "Connect the dots: tighter discrete approximations of privacy loss
   distributions", PoPETs 2022.
"""

import math

from dp_accounting import GaussianDpEvent, dp_event
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution

from ..events import INTERVAL, kind_of


class LossDistribution:
    """The privacy loss distribution of a composition.

    Parameters
    ----------
    parts : list of (dp_accounting.DpEvent, int)
        Mechanisms and how often each was run.
    neighboring : str
        The relation.
    """

    def __init__(self, parts: list[tuple[dp_event.DpEvent, int]], neighboring: str) -> None:
        self._pld = privacy_loss_distribution.identity(INTERVAL)
        for leaf, count in parts:
            self._pld = self._pld.compose(_repeated(leaf, count, neighboring))

    def epsilon(self, delta: float) -> float:
        """Return the epsilon at ``delta``."""
        return float(self._pld.get_epsilon_for_delta(delta))

    def delta(self, epsilon: float) -> float:
        """Return the delta at ``epsilon``."""
        return float(self._pld.get_delta_for_epsilon(epsilon))


def _repeated(leaf: dp_event.DpEvent, count: int, neighboring: str) -> PrivacyLossDistribution:
    mu = kind_of(leaf).mu(leaf)
    if mu is not None:  # So many runs are one run with less noise, and are rounded once.
        leaf, count = GaussianDpEvent(1 / (mu * math.sqrt(count))), 1
    return kind_of(leaf).distribution(leaf, neighboring).self_compose(count)
