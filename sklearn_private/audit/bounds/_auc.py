r"""The area under the ROC curve of two samples: its estimate, a lower limit, and bounds by it.

The estimate is the Mann-Whitney statistic, and its variance DeLong's [1]_: the variance of each
score's mean rank among the scores of the other side. A normal interval for the logit of the area
keeps its level better than one for the area itself, since the estimated error falls as the area
comes near 1. Where the samples are all but separated that error says little; but the area is 1 with
probability at most :math:`A^n`, n being the size of the smaller sample, so no lower limit above
:math:`\alpha^{1/n}` is given.

.. [1] E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated
   receiver operating characteristic curves", Biometrics 44, 1988.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr, ndtri, owens_t

POWER = 0.9
"""How probable it is that what is called detectable would have been flagged."""

LARGEST_EFFECT = 40.0  # standard deviations, which separate samples of any size


def delong(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the area under the ROC curve, and its variance.

    Parameters
    ----------
    first, second : ndarray of shape (n_first,), (n_second,)
        Scores of the two sides.

    Returns
    -------
    area : float
        Share of pairs in which the second score is the larger one; ties count half.
    variance : float
        DeLong's estimate.
    """
    below = _rank(second, first) / len(first)
    above = 1 - _rank(first, second) / len(second)
    variance = below.var(ddof=1) / len(second) + above.var(ddof=1) / len(first)
    return float(below.mean()), float(variance)


def mean_area(trials: Any) -> tuple[float, float]:
    """Return the mean area over independent trials, and its variance.

    Parameters
    ----------
    trials : sequence of (ndarray, ndarray)
        Scores of the two sides, each trial with its own statistic.

    Returns
    -------
    area, variance : float
    """
    areas, variances = zip(*(delong(*trial) for trial in trials), strict=True)
    return sum(areas) / len(areas), sum(variances) / len(variances) ** 2


def n_scores(trials: Any) -> Any:
    """Return the number of scores of the smaller side, over all trials."""
    return min(sum(len(trial[side]) for trial in trials) for side in (0, 1))


def lower_limit(trials: Any, alpha: float) -> float:
    """Return a lower limit of the mean area under the ROC curve.

    Parameters
    ----------
    trials : sequence of (ndarray, ndarray)
        Scores of the two sides.
    alpha : float
        Probability that the limit is above the area.

    Returns
    -------
    float
    """
    area, variance = mean_area(trials)
    separated = alpha ** (1 / n_scores(trials))
    if not 0 < area < 1:
        return separated if area else 0.0
    margin = ndtri(alpha) * math.sqrt(variance) / (area * (1 - area))
    return min(separated, float(expit(logit(area) + margin)))


def seen_effect(trials: Any) -> Any:
    """Return the distance of two unit normal laws that are told apart as well as the sides."""
    return effect(min(mean_area(trials)[0], 1 - 1 / n_scores(trials)))


def effect(area: float) -> Any:
    """Return the distance of two unit normal laws with this area under their ROC curve."""
    return math.sqrt(2) * float(ndtri(area))


def area_of(effect: Any) -> float:
    """Return the area under the ROC curve of two unit normal laws at a distance."""
    return float(ndtr(effect / math.sqrt(2)))


@dataclass(frozen=True)
class AreaBound:
    """What bounds by an area have in common: there is no threshold to pick.

    Parameters
    ----------
    claim : Claim
        What is tested.
    alpha : float
        Probability that what is bounded from below lies below its bound.
    """

    claim: object
    alpha: float

    def rule(self, first: Any, second: Any) -> float:
        """Return 0: scores are taken as they are."""
        return 0.0

    def measure(self, trials: Any) -> Any:
        """Return the share of the claim that is shown, and the lower bound of epsilon."""
        return self.judge(lower_limit(trials, self.alpha))

    @lru_cache(maxsize=64)  # noqa: B019 (bounds are values: equal ones share an entry)
    def needed_effect(self, n: int) -> Any:
        """Return the distance of two unit normal laws that is flagged by ``n`` scores a side."""
        return needed_effect(self.largest_area, n, self.alpha)


def needed_effect(area: float, n: int, alpha: float) -> float:
    """Return the distance of two unit normal laws that is shown to exceed an area.

    Parameters
    ----------
    area : float
        Largest area that the claim allows.
    n : int
        Scores a side.
    alpha : float
        Error of the lower limit.

    Returns
    -------
    float
        The least distance whose lower limit is above ``area`` with probability ``POWER``;
        infinity where there is none.
    """
    if area >= alpha ** (1 / n):
        return math.inf
    margin = ndtri(1 - alpha) + ndtri(POWER)

    def excess(distance):
        true = area_of(distance)
        return logit(true) - margin * _error(distance, n) / (true * (1 - true)) - logit(area)

    # Beyond this distance the samples are all but separated, and the limit is another one.
    most = effect(1 - 1 / n)
    return brentq(excess, 0.0, most) if excess(most) > 0 else most


def _error(distance, n):
    """Return the standard error of the area under the ROC curve of two normal laws."""
    area, h = area_of(distance), distance / math.sqrt(2)
    # Two scores of one side are both on the right side of one of the other: they correlate by 1/2.
    both = ndtr(h) - 2 * owens_t(h, 1 / math.sqrt(3))
    return math.sqrt((area * (1 - area) + 2 * (n - 1) * (both - area**2)) / n**2)


def _rank(scores, others):
    """Return how many of ``others`` lie below each score; ties count half."""
    others = np.sort(others)
    return (np.searchsorted(others, scores) + np.searchsorted(others, scores, "right")) / 2
