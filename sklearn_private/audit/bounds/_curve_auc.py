r"""A test of a whole privacy curve by the area under the ROC curve: for claims of any family.

An event claims (epsilon', delta(epsilon'))-DP for every epsilon'. Each point keeps the error rates
of every test above two lines, so the least false negatives at FP = a are

.. math:: f(a) = \max_{\epsilon'} \max(1 - \delta - e^{\epsilon'} a, \;
          e^{-\epsilon'} (1 - \delta - a), \; 0),

and the area is at most :math:`1 - \int_0^1 f` [1]_. It shows more than one threshold does, since
every score counts, but refutes the curve and not the one point of it that a user asked for. The
bound of epsilon is what the area shows of any (epsilon, delta)-DP mechanism: there the integral is
:math:`(1 - \delta)^2 / (1 + e^\epsilon)`.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, proposition 6.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ._auc import AreaBound


@dataclass(frozen=True)
class CurveAUC(AreaBound):
    """Test a privacy curve by an area.

    Parameters
    ----------
    claim : Claim
        What is tested.
    alpha : float
        Probability that the area is overestimated.
    """

    name: ClassVar[str] = "privacy curve, AUC"

    @property
    def tests(self) -> Any:
        """The claim that a violation refutes, in words."""
        return self.claim.curve

    @property
    def largest_area(self) -> float:
        """The largest area that the claim allows."""
        return self.claim.largest_area

    def judge(self, area: float) -> tuple[Any, Any]:
        """Return the share of the claim that an area shows, and the lower bound of epsilon."""
        odds = (1 - self.claim.delta) ** 2 / (1 - area) - 1
        epsilon = math.log(odds) if odds > 1 else 0.0
        return (area - 0.5) / (self.largest_area - 0.5), epsilon
