r"""Claims as families of one scale: 1 is the claim, 2 says that twice as much is lost.

A scale makes a yes-or-no test of a claim into a bound. Guesses refute all scales below some s; the
claim is refuted if s exceeds 1, and then, and only then, is the bound of epsilon above the claim.

=================  ===========================================================================
family             at scale s
=================  ===========================================================================
`AnyMechanism`     (s epsilon, delta)-DP
`GaussianFamily`   s mu-GDP: the noise is s times too small
`CurveFamily`      the curve f of an event, dilated in the same way: with
                   :math:`\mu(x) = -\Phi^{-1}(x) - \Phi^{-1}(f(x))`, which is constant for Gaussian
                   noise, :math:`f_s(x) = \Phi(-\Phi^{-1}(x) - s \mu(x))`
=================  ===========================================================================
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from dp_accounting import DpEvent
from dp_accounting.pld import PLDAccountant
from dp_accounting.privacy_accountant import NeighboringRelation
from scipy.special import ndtr, ndtri

from sklearn_private import accounting

from ._any_mechanism import one_run_p_value
from ._search import largest_refuted
from ._trade_off import refutes_curve

_RELATIONS = {
    "zero_out": NeighboringRelation.REPLACE_SPECIAL,
    "add_remove": NeighboringRelation.ADD_OR_REMOVE_ONE,
}
_N_POINTS = 60


class _Family:
    """What all families share."""

    def share(self, counts, confidence):
        """Return the largest scale that guesses refute; above 1 they refute the claim.

        Parameters
        ----------
        counts : tuple of int or array-like of int
            Canaries, guesses and correct ones.
        confidence : float
            Probability that a claim which holds is not refuted.

        Returns
        -------
        ndarray of float
        """
        return largest_refuted(lambda scale: self.refutes(scale, counts, confidence))


@dataclass(frozen=True)
class AnyMechanism(_Family):
    """(epsilon, delta)-DP, and nothing else.

    Parameters
    ----------
    claimed, delta : float
        The claim.
    """

    claimed: float
    delta: float
    name = "guesses (Steinke et al. 2023), any mechanism"

    @property
    def tests(self) -> str:
        """The claim that a violation refutes, in words."""
        return f"({self.claimed:g}, {self.delta:g})-differential privacy"

    def refutes(self, scale: Any, counts: Any, confidence: float) -> bool:
        """Return whether guesses refute a scale."""
        p_value = one_run_p_value(*counts, epsilon=scale * self.claimed, delta=self.delta)
        return p_value <= 1 - confidence

    def epsilon(self, share: float) -> float:
        """Return the lower bound of epsilon that a share of the claim is."""
        return share * self.claimed


@dataclass(frozen=True)
class GaussianFamily(_Family):
    """mu-GDP.

    Parameters
    ----------
    mu, delta : float
        The claim, and where epsilon is read off.
    """

    mu: float
    delta: float
    name = "guesses (Mahloujifar et al. 2024), Gaussian DP"

    @property
    def tests(self) -> str:
        """The claim that a violation refutes, in words."""
        return f"{self.mu:.4g}-Gaussian differential privacy"

    def refutes(self, scale: Any, counts: Any, confidence: float) -> Any:
        """Return whether guesses refute a scale."""
        mu = scale * self.mu
        return refutes_curve(lambda y: ndtr(ndtri(y) - mu), *counts, confidence)

    def epsilon(self, share: float) -> float:
        """Return the lower bound of epsilon that a share of the claim is."""
        return accounting.gaussian_epsilon(self.delta, share * self.mu) if share else 0.0


@dataclass(frozen=True)
class CurveFamily(_Family):
    """The privacy curve of an event.

    Parameters
    ----------
    points : ndarray of shape (n_points, 2)
        Pairs (epsilon, delta) of the curve. What lies between them is claimed less strictly.
    delta : float
        Where epsilon is read off.
    """

    points: np.ndarray
    delta: float
    name = "guesses (Mahloujifar et al. 2024), privacy curve"
    tests = "the privacy curve of the event"

    def refutes(self, scale: Any, counts: Any, confidence: float) -> Any:
        """Return whether guesses refute a scale."""
        return refutes_curve(lambda y: self._B(y, scale), *counts, confidence)

    def epsilon(self, share: float) -> float:
        """Return the lower bound of epsilon that a share of the claim is."""
        if not share:
            return 0.0
        x = ndtr(np.linspace(-12.0, 6.0, 4001))
        odds = (1 - self.delta - self._B(1 - x, share)) / x
        return max(0.0, math.log(odds.max()))

    def _B(self, y, scale):
        """Return the least probability on a neighbour of an event of probability y."""
        epsilon, delta = self.points[:, :, None].transpose(1, 0, 2)
        flat = np.ravel(y)
        lines = (1 - delta - np.exp(epsilon) * (1 - flat), np.exp(-epsilon) * (flat - delta))
        least = np.maximum(np.max(lines, axis=(0, 1)), 0.0).reshape(np.shape(y))
        z = ndtri(y)
        with np.errstate(invalid="ignore"):  # 0 of 0, and 1 of 1
            dilated = ndtr(z - scale * (z - ndtri(least)))
        return np.where(least > 0, np.where(np.asarray(y) < 1, dilated, 1.0), 0.0)


def family_of(
    epsilon: float, delta: float, neighboring: str, event: DpEvent | None = None
) -> AnyMechanism | GaussianFamily | CurveFamily:
    """Return the family of a claim.

    Parameters
    ----------
    epsilon, delta : float
        The claim.
    neighboring : {"zero_out", "add_remove"}
        The neighbouring relation: that of coins which leave a canary out.
    event : dp_accounting.DpEvent, default=None
        The mechanism, whose whole curve is claimed; None claims (epsilon, delta) alone.

    Returns
    -------
    AnyMechanism, GaussianFamily or CurveFamily
    """
    if event is None:
        return AnyMechanism(epsilon, delta)
    mu = accounting.gaussian_dp(event)
    if mu is not None:
        return GaussianFamily(mu, delta)
    accountant = PLDAccountant(_RELATIONS[neighboring]).compose(event)
    epsilons = np.linspace(0.0, 2 * epsilon, _N_POINTS)
    deltas = [accountant.get_delta(e) for e in epsilons]
    return CurveFamily(np.column_stack([epsilons, deltas]), delta)
