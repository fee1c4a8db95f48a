"""How many guesses to make, and how many of them are right.

The highest scores are guessed to be of canaries in the data, and as many of the lowest ones of
canaries that are not; of the rest nothing is said. More guesses are more evidence, but the surest
ones are the best, so the number matters, and it has to be fixed before the coins are looked at.
(Trying several numbers and correcting for that costs a fifth of epsilon at 1,000 canaries.) It is
the number that would find the smallest lack of noise with ideal scores: normal ones, of variance 1,
and mu higher for a canary that is in the data.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import binom, rankdata

_SHARES = np.array([0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5])
_FOUND_IN = 0.9  # of all audits
_LARGEST_FACTOR = 64.0
_PRECISION = 1.01


def planned_guesses(family: Any, n_canaries: int, mu: float, confidence: float) -> int:
    """Return how many guesses find most, by a plan that no data enters.

    Parameters
    ----------
    family : AnyMechanism, GaussianFamily or CurveFamily
        The claim.
    n_canaries : int
        Canaries.
    mu : float
        The claim as Gaussian DP.
    confidence : float
        Of the audit.

    Returns
    -------
    int
        An even number, from 2 to ``n_canaries``.
    """
    guesses = 2 * np.unique(np.maximum((_SHARES * n_canaries).astype(int), 1))
    apart = Separation(mu)
    factors = [detectable_factor(family, n_canaries, n, apart, confidence) for n in guesses]
    if min(factors) < math.inf:
        return int(guesses[np.argmin(factors)])
    # Nothing would refute the claim: then show as much of it as possible.
    correct = np.array([likely_correct(n_canaries, n, mu, 0.5) for n in guesses])
    shares = family.share((n_canaries, guesses, correct), confidence)
    return int(guesses[np.argmax(shares)])


@dataclass(frozen=True)
class Separation:
    """How far scores of canaries in the data and out of it are apart, in standard deviations.

    Parameters
    ----------
    now : float
        In the run that was audited.
    noise_share : float, default=1.0
        What the *claimed* noise alone would add to the scores, over the variance they have. The
        rest is of other rows, and stays if the noise is less. Above 1, the noise is less than was
        claimed; then the scores would be closer together with the claimed one.
    """

    now: float
    noise_share: float = 1.0

    def with_noise_over(self, factor: float) -> float:
        """Return how far they are apart where noise is so many times less than claimed."""
        variance = max(1 - self.noise_share, 0.0) + self.noise_share / factor**2
        return self.now / math.sqrt(variance)


def detectable_factor(
    family: Any, n_canaries: int, n_guesses: int, apart: Separation, confidence: float
) -> float:
    """Return how many times too small noise must be, so that nine audits of ten refute the claim.

    Parameters
    ----------
    family : AnyMechanism, GaussianFamily or CurveFamily
        The claim.
    n_canaries, n_guesses : int
        Canaries, and guesses about them.
    apart : Separation
        How far the scores of canaries in the data and out of it are apart.
    confidence : float
        Of the audit.

    Returns
    -------
    float
        Infinity where no noise would be small enough.
    """

    def found(factor):
        mu = apart.with_noise_over(factor)
        correct = likely_correct(n_canaries, n_guesses, mu, 1 - _FOUND_IN)
        return bool(family.refutes(1.0, (n_canaries, n_guesses, correct), confidence))

    if apart.now <= 0 or not found(_LARGEST_FACTOR):
        return math.inf
    low, high = 1 / _LARGEST_FACTOR, _LARGEST_FACTOR
    while high / low > _PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def likely_correct(n_canaries: int, n_guesses: int, mu: float, chance: float) -> int:
    """Return how many guesses are right, at least, of ideal scores.

    Parameters
    ----------
    n_canaries, n_guesses : int
        Canaries, and guesses about them.
    mu : float
        How much higher scores are of canaries in the data, in standard deviations.
    chance : float
        Probability that fewer are right.

    Returns
    -------
    int
    """
    tail = n_guesses / n_canaries  # of a mixture that is symmetric about mu / 2
    t = brentq(lambda t: ndtr(mu - t) + ndtr(-t) - tail, -1.0, mu + 40.0) if tail < 1 else mu / 2
    right = ndtr(mu - t) / (ndtr(mu - t) + ndtr(-t))
    return int(binom.ppf(chance, n_guesses, right))


def count_correct(scores: np.ndarray, included: np.ndarray, n_guesses: int) -> int:
    """Return how many of the surest guesses are right.

    Parameters
    ----------
    scores : ndarray of shape (n_canaries,)
        Higher says: in the data. Ties are ordered as the canaries are.
    included : ndarray of bool of shape (n_canaries,)
        The coins.
    n_guesses : int
        An even number: half of them say in, half say out.

    Returns
    -------
    int
    """
    order = np.argsort(scores, kind="stable")
    k = n_guesses // 2
    return int(included[order[len(order) - k :]].sum() + (~included[order[:k]]).sum())


def separation(scores: np.ndarray, included: np.ndarray) -> float:
    """Return how much higher the scores are of canaries in the data, in standard deviations.

    Parameters
    ----------
    scores : ndarray of shape (n_canaries,)
        Scores.
    included : ndarray of bool of shape (n_canaries,)
        The coins.

    Returns
    -------
    float
        Of normal scores with the same area under the ROC curve; 0 or less shows nothing.
    """
    n_in, n_out = int(included.sum()), int((~included).sum())
    if not n_in or not n_out:
        return 0.0
    pairs_won = rankdata(scores)[included].sum() - n_in * (n_in + 1) / 2
    area = np.clip(pairs_won / (n_in * n_out), 0.5 / (n_in * n_out), 1 - 0.5 / (n_in * n_out))
    return float(np.sqrt(2) * ndtri(area))
