"""Audit releases that are already there: from any library, or simulated.

Each half of the releases picks a test, and the other half makes it. The two are measured together,
as one test at the whole error: given the half that picked, a half has the rates and the area that
the claim bounds, and the errors of the two halves are uncorrelated to first order, since what picks
on one side estimates on the other. (What is left is a correlation of the order of the number of
values over the number of fits and the squared distance; the false alarms of the whole procedure are
measured in ``benchmarks/epsilon_audit.py``.) Where the halves pick different bounds, each makes a
test of its own at half the error. The check for repeated releases has an error below 10^-6.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from dp_accounting import DpEvent
from numpy.typing import ArrayLike

from .. import accounting
from .._checks import Checks
from ..exceptions import GuaranteeError, InvalidParameterError
from ._result import LARGEST_DETECTABLE, EpsilonAuditResult
from .bounds import ClopperPearson, CurveAUC, GaussianAUC, GaussianThreshold
from .trials import STATISTICS, Claim, choose, detectable, halves, repeats, swapped_trials, usable

FRESH = "fresh noise: releases of earlier fits come back"
LEAST_FITS = 40  # a side, so that no half of a half is too small to estimate a direction


def audit_releases(
    first: ArrayLike,
    second: ArrayLike,
    *,
    epsilon: float,
    delta: float,
    neighboring: str = "replace_one",
    event: DpEvent | None = None,
    confidence: float = 0.999,
    statistics: Sequence[str] | Callable[..., Any] | None = None,
    owner: str = "releases",
    pair: str = "as given",
) -> EpsilonAuditResult:
    """Test a claim on releases that were made from two neighbouring data sets.

    Parameters
    ----------
    first, second : array-like of shape (n_fits, n_values)
        What independent runs of the same mechanism released, one run a row. The order of the rows
        must not matter: each half picks a test, and the other half makes it.
    epsilon, delta : float
        The claim.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The relation in which the two data sets are neighbours.
    event : dp_accounting.DpEvent, default=None
        The mechanism that the claim names. Its whole privacy curve is then tested, which shows far
        more than the one point; Gaussian noise is tested as mu-GDP.
    confidence : float, default=0.999
        Probability that a claim which holds is not called a violation.
    statistics : sequence of str or callable, default=None
        What is measured: names of built-in statistics, or functions from releases of shape
        (n, n_values) to n numbers. None tries all built-in ones.
    owner, pair : str
        What is audited, on which data: for the result.

    Returns
    -------
    EpsilonAuditResult

    Raises
    ------
    InvalidParameterError
        If an argument breaks its rule.
    GuaranteeError
        If the two sides have different shapes, which tells them apart.

    Examples
    --------
    >>> import numpy as np
    >>> from dp_accounting import GaussianDpEvent
    >>> from sklearn_private.audit import audit_releases
    >>> rng = np.random.default_rng(0)
    >>> first, second = rng.normal(size=(2, 500, 3))
    >>> second[:, 0] += 2.0  # the claim below is of a distance of 1
    >>> audit_releases(first, second, epsilon=4.38, delta=1e-5, event=GaussianDpEvent(1.0)).verdict
    'violation'
    """
    first, second = _sides(first, second)
    claim = _checked_claim(epsilon, delta, neighboring, event, confidence)
    functions = resolve_statistics(statistics, first)
    bounds = [bound(claim, 1 - confidence) for bound in _bounds(claim)]
    parts = halves(first, second)
    choices = [choose(half, functions, bounds) for half in parts]
    bound, trials = pooled_test(choices, swapped_trials(choices, parts))
    share, lower_bound = bound.measure(trials)
    smallest = detectable(bound, trials)
    stale = claim.has_density and repeats(first, second)
    return EpsilonAuditResult(
        owner=owner,
        verdict=_verdict(stale or share > 1, smallest),
        epsilon_lower_bound=lower_bound,
        claimed_epsilon=claim.epsilon,
        delta=claim.delta,
        neighboring=neighboring,
        confidence=float(confidence),
        n_fits=min(len(first), len(second)),
        statistic=" and ".join(dict.fromkeys(choice.statistic for choice in choices)),
        bound=bound.name,
        tests=FRESH if stale else bound.tests,
        share=share,
        detectable=smallest,
        pair=pair,
    )


def resolve_statistics(statistics: Any, first: np.ndarray) -> dict[str, Callable[..., Any]]:
    """Return named functions that look at releases of both sides and return a scoring function.

    Parameters
    ----------
    statistics : sequence of str or callable, or None
        As in :func:`audit_releases`.
    first : ndarray of shape (n_fits, n_values)
        Releases: statistics that need more of them are left out, unless asked for.

    Returns
    -------
    dict of str to callable

    Raises
    ------
    InvalidParameterError
        If one is neither a function nor the name of a built-in one.
    """
    if statistics is None:
        return {name: f for name, f in STATISTICS.items() if usable(name, first[::4])}
    functions = {}
    for one in statistics:
        if callable(one):
            functions[getattr(one, "__name__", repr(one))] = lambda *sides, score=one: score
        elif one in STATISTICS:
            functions[one] = STATISTICS[one]
        else:
            raise InvalidParameterError(
                f"A statistic must be a function or one of {', '.join(STATISTICS)}. "
                f"Got {one!r} instead."
            )
    return functions


def _bounds(claim):
    if claim.mu is None:
        return CurveAUC, ClopperPearson
    return GaussianAUC, GaussianThreshold, ClopperPearson


def pooled_test(choices: list[Any], trials: list[Any]) -> tuple[object, Any]:
    """Return one bound and the trials that it measures.

    Parameters
    ----------
    choices : list of two Choice
        What each half picked.
    trials : list of two (ndarray, ndarray)
        The scores that each of them gives to the other half.

    Returns
    -------
    bound : object
    trials : list of (ndarray, ndarray)
    """
    if choices[0].bound == choices[1].bound:
        return choices[0].bound, trials
    # The halves disagree on the bound, so each makes a test of its own, at half the error.
    tests = [
        (replace(choice.bound, alpha=choice.bound.alpha / 2), [trial])
        for choice, trial in zip(choices, trials, strict=True)
    ]
    return max(tests, key=lambda test: test[0].measure(test[1])[0])


def _verdict(refuted, detectable):
    if refuted:
        return "violation"
    return "consistent" if detectable <= LARGEST_DETECTABLE else "inconclusive"


def _sides(first, second):
    sides = [np.asarray(side, dtype=np.float64) for side in (first, second)]
    if any(side.ndim != 2 or len(side) < LEAST_FITS for side in sides):
        raise InvalidParameterError(
            f"An audit needs releases of shape (n_fits, n_values), with n_fits >= {LEAST_FITS}. "
            f"Got the shapes {sides[0].shape} and {sides[1].shape} instead."
        )
    if sides[0].shape[1] != sides[1].shape[1] or not all(np.isfinite(side).all() for side in sides):
        raise GuaranteeError(
            "The releases of the two sides differ in shape, or hold NaN or infinity. That alone "
            "tells neighbours apart: no claim holds."
        )
    return sides


def _checked_claim(epsilon, delta, neighboring, event, confidence):
    check = Checks("audit_releases")
    check.real(epsilon=epsilon, above=0)
    check.real(delta=delta, at_least=0, below=1)
    check.choice(neighboring=neighboring, among=accounting.NEIGHBORING)
    check.real(confidence=confidence, at_least=0.5, below=1)
    if event is not None:
        # A composition that was given as a list becomes one of a tuple, which can be hashed.
        event = accounting.event_from_dict(accounting.event_to_dict(event))
    return Claim(float(epsilon), float(delta), neighboring, event)
