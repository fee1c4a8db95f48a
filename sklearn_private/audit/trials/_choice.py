"""What one half of the fits decides: the statistic, which side is large, the bound, its threshold.

Every pair of a statistic and a bound is tried within the half only: what is fitted on one part of
it is measured on the other, and the other way round, so that statistics with more to estimate have
no advantage. A pair that refutes the claim there is taken; otherwise the one with which an audit of
as many fits finds the smallest lack of noise. It is fitted again on the whole half.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..bounds import delong, n_scores, seen_effect

_TINY = 1e-9


@dataclass(frozen=True)
class Choice:
    """A test of releases.

    Parameters
    ----------
    statistic : str
        Name of the statistic.
    score : callable
        From releases to scores, larger where they look like the second side.
    bound : object
        What turns scores into a bound.
    threshold : float
        That of the bound.
    """

    statistic: str
    score: object
    bound: object
    threshold: float

    def trial(self, first: Any, second: Any) -> tuple[Any, Any]:
        """Return the scores of both sides over the threshold."""
        return self.score(first) - self.threshold, self.score(second) - self.threshold


def choose(
    half: tuple[Any, ...], statistics: dict[str, Callable[..., Any]], bounds: list[Any]
) -> Choice:
    """Return the test that shows most on one half.

    Parameters
    ----------
    half : tuple of two ndarray of shape (n, n_values)
        Releases of the two sides.
    statistics : dict of str to callable
        From releases of both sides to a function from releases to scores.
    bounds : list
        Bounds that apply to the claim.

    Returns
    -------
    Choice
    """
    parts = halves(*half)
    merits = {}
    for name, statistic in statistics.items():
        scores = [_oriented(statistic, part) for part in parts]
        for bound in bounds:
            fitted = [_fit(name, s, bound, p) for s, p in zip(scores, parts, strict=True)]
            merits[name, bound] = _merit(bound, swapped_trials(fitted, parts))
    name, bound = max(merits, key=merits.get)
    return _fit(name, _oriented(statistics[name], half), bound, half)


def halves(first: Any, second: Any) -> list[Any]:
    """Return two halves of the releases of both sides, as pairs (first, second)."""
    return [(first[i::2], second[i::2]) for i in (0, 1)]


def swapped_trials(choices: Any, halves: Any) -> list[Any]:
    """Return the trial that each choice makes on the half that it did not see."""
    return [c.trial(*half) for c, half in zip(choices, reversed(halves), strict=True)]


def detectable(bound: object, trials: Any) -> float:
    """Return how many times too small the noise must be for a violation to be found, most likely.

    Parameters
    ----------
    bound : object
        What tests.
    trials : sequence of (ndarray, ndarray)
        The scores that it tests.

    Returns
    -------
    float
        The distance that the bound needs over the distance that was seen, at least 1, both in
        standard deviations of normal laws: less noise means as much more distance.
    """
    return max(1.0, bound.needed_effect(n_scores(trials)) / max(seen_effect(trials), _TINY))


def _merit(bound, trials):
    shown, _ = bound.measure(trials)
    return max(shown, 1.0), -detectable(bound, trials), shown


def _fit(name, score, bound, half):
    return Choice(name, score, bound, bound.rule(*map(score, half)))


def _oriented(statistic, half):
    score = statistic(*half)
    if delong(*map(score, half))[0] >= 0.5:
        return score
    return lambda releases: -score(releases)
