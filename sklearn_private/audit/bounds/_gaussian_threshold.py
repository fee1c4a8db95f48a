r"""A lower bound of mu, of Gaussian DP, from the error rates of a threshold.

A mu-GDP mechanism leaves every test with error rates on or above the curve of two unit normal laws
at distance mu [1]_, so [2]_

.. math:: \mu \ge \Phi^{-1}(1 - FP) - \Phi^{-1}(FN).

It shows far more than the bound for every mechanism, and refutes the Gaussian claim only.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, definition 4.
.. [2] M. Nasr et al., "Tight auditing of differentially private machine learning", USENIX 2023.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from scipy.special import ndtri

from ... import accounting
from ._rates import ThresholdBound


@dataclass(frozen=True)
class GaussianThreshold(ThresholdBound):
    """Bound mu by one threshold, for claims of Gaussian noise alone.

    Parameters
    ----------
    claim : Claim
        What is tested; its ``mu`` is not None.
    alpha : float
        Probability that the bound is above the true mu.
    """

    name: ClassVar[str] = "Gaussian DP, threshold"

    @property
    def tests(self) -> Any:
        """The claim that a violation refutes, in words."""
        return self.claim.gaussian

    def share(self, false_positive: float, false_negative: float) -> float:
        """Return the bound over the claimed mu, given upper limits of the error rates."""
        return -(ndtri(false_positive) + ndtri(false_negative)) / self.claim.mu

    def epsilon(self, share: float) -> float:
        """Return the lower bound of epsilon that a share of the claim is."""
        return accounting.gaussian_epsilon(self.claim.delta, share * self.claim.mu)
