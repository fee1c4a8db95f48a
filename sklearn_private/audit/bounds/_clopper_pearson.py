r"""A lower bound of epsilon from the error rates of a threshold: valid for every mechanism.

An (epsilon, delta)-DP mechanism leaves every test with [1]_

.. math:: FP + e^{\epsilon} FN \ge 1 - \delta, \qquad e^{\epsilon} FP + FN \ge 1 - \delta,

so upper limits of both rates give a lower limit of epsilon.

.. [1] P. Kairouz, S. Oh, P. Viswanath, "The composition theorem for differential privacy",
   ICML 2015, theorem 2.1.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ._rates import ThresholdBound


@dataclass(frozen=True)
class ClopperPearson(ThresholdBound):
    """Bound epsilon by one threshold.

    Parameters
    ----------
    claim : Claim
        What is tested.
    alpha : float
        Probability that the bound is above the true epsilon.
    """

    name: ClassVar[str] = "Clopper-Pearson"

    @property
    def tests(self) -> Any:
        """The claim that a violation refutes, in words."""
        return self.claim.point

    def share(self, false_positive: float, false_negative: float) -> float:
        """Return the bound over the claimed epsilon, given upper limits of the error rates."""
        correct = 1 - self.claim.delta - np.array([false_negative, false_positive])
        odds = np.maximum(correct, 1e-300) / np.array([false_positive, false_negative])
        return np.log(odds).max(axis=0) / self.claim.epsilon

    def epsilon(self, share: float) -> float:
        """Return the lower bound of epsilon that a share of the claim is."""
        return share * self.claim.epsilon
