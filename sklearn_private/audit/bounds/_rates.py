"""The two error rates of a threshold: simultaneous upper limits, and what bounds make of them.

Whoever guesses "second" at or above a threshold errs on the first side (false positives) and on the
second (false negatives). Each rate has an exact Clopper-Pearson limit at half the error, so both
limits hold together, and with them everything that follows from the two. Over several trials, each
with its own statistic and threshold, errors are added up: the rates are then those of a guess that
picks a trial by a coin, which no claim allows more than any other; and a sum of draws of different
probabilities varies less than one of equal ones [1]_, so the limits still hold.

.. [1] W. Hoeffding, "On the distribution of the number of successes in independent trials", Annals
   of Mathematical Statistics 27, 1956.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import betaincinv, ndtr
from scipy.stats import binom

from ._auc import LARGEST_EFFECT, POWER

_QUANTILES = np.linspace(0.005, 0.995, 100)


def clopper_pearson(count: int, n: int, alpha: float) -> np.ndarray:
    """Return the exact upper limit of a rate of which ``count`` of ``n`` draws were seen."""
    # All draws: the limit is 1, and betaincinv would be given the parameter 0.
    limit = betaincinv(count + 1.0, np.maximum(n - count, 1e-9), 1 - alpha)
    return np.where(count >= n, 1.0, limit)


@dataclass(frozen=True)
class ThresholdBound:
    """What bounds by the error rates of one threshold have in common.

    Parameters
    ----------
    claim : Claim
        What is tested.
    alpha : float
        Probability that what is bounded from below lies below its bound.
    """

    claim: object
    alpha: float

    def rule(self, first: Any, second: Any) -> Any:
        """Return the threshold that shows most on a sample."""
        tried = np.quantile(np.concatenate([first, second]), _QUANTILES)
        wrong = len(first) - np.searchsorted(np.sort(first), tried)
        missed = np.searchsorted(np.sort(second), tried)
        return tried[np.argmax(self._shown(wrong, len(first), missed, len(second)))]

    def measure(self, trials: Any) -> tuple[float, float]:
        """Return the share of the claim that is shown, and the lower bound of epsilon.

        Parameters
        ----------
        trials : sequence of (ndarray, ndarray)
            Scores of the two sides, from which the threshold was taken off.

        Returns
        -------
        share, epsilon : float
        """
        first, second = (np.concatenate(side) for side in zip(*trials, strict=True))
        wrong, missed = np.sum(first >= 0), np.sum(second < 0)
        share = float(self._shown(wrong, len(first), missed, len(second)))
        return share, self.epsilon(max(0.0, share))

    @lru_cache(maxsize=64)  # noqa: B019 (bounds are values: equal ones share an entry)
    def needed_effect(self, n: int) -> float:
        """Return the distance of two unit normal laws that is flagged.

        Parameters
        ----------
        n : int
            Scores a side.

        Returns
        -------
        float
            The least distance, to one part in a thousand, at which the best threshold shows a
            violation with probability ``POWER`` or more; infinity where there is none.
        """
        low, high = 0.0, LARGEST_EFFECT
        if not self._flags(high, n):
            return math.inf
        while high - low > 1e-3 * high:
            middle = (low + high) / 2
            low, high = (low, middle) if self._flags(middle, n) else (middle, high)
        return high

    def _shown(self, wrong, n, missed, m):
        alpha = self.alpha / 2
        return self.share(clopper_pearson(wrong, n, alpha), clopper_pearson(missed, m, alpha))

    def _flags(self, distance, n):
        grid = np.linspace(-4.0, distance + 4.0, 200)
        # Each count is below these with half the error that POWER leaves.
        quantile = (1 + POWER) / 2
        wrong = binom.ppf(quantile, n, ndtr(-grid))
        missed = binom.ppf(quantile, n, ndtr(grid - distance))
        return np.max(self._shown(wrong, n, missed, n)) > 1
