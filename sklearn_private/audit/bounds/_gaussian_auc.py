r"""A lower bound of mu, of Gaussian DP, from the area under the ROC curve.

The ROC curve of any test between two neighbours of a mu-GDP mechanism lies on or below that of two
unit normal laws at distance mu, so its area is at most that one's [1]_:

.. math:: AUC \le \Phi(\mu / \sqrt 2).

It needs no threshold and uses every score, so it shows nearly all of the claim; it refutes the
Gaussian claim only.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022: it follows from
   definition 4, by integrating the trade-off function.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from ... import accounting
from ._auc import AreaBound, area_of, effect


@dataclass(frozen=True)
class GaussianAUC(AreaBound):
    """Bound mu by an area, for claims of Gaussian noise alone.

    Parameters
    ----------
    claim : Claim
        What is tested; its ``mu`` is not None.
    alpha : float
        Probability that the bound is above the true mu.
    """

    name: ClassVar[str] = "Gaussian DP, AUC"

    @property
    def tests(self) -> Any:
        """The claim that a violation refutes, in words."""
        return self.claim.gaussian

    @property
    def largest_area(self) -> float:
        """The largest area that the claim allows."""
        return area_of(self.claim.mu)

    def judge(self, area: float) -> tuple[Any, Any]:
        """Return the share of the claim that an area shows, and the lower bound of epsilon."""
        mu = effect(area)
        return mu / self.claim.mu, accounting.gaussian_epsilon(self.claim.delta, max(0.0, mu))
