"""From scores of canaries to a verdict about a claim."""

from dataclasses import replace

import numpy as np
from dp_accounting import DpEvent
from numpy.typing import ArrayLike

from sklearn_private import accounting
from sklearn_private._checks import Checks
from sklearn_private.exceptions import InvalidParameterError

from ._families import family_of
from ._guesses import (
    Separation,
    count_correct,
    detectable_factor,
    planned_guesses,
    separation,
)
from ._result import OneRunAuditResult

LARGEST_DETECTABLE = 2.0  # As in sklearn_private.audit: beyond, an audit says nothing of a claim.
LEAST_CANARIES = 20


def audit_scores(
    scores: ArrayLike,
    included: ArrayLike,
    *,
    epsilon: float,
    delta: float,
    event: DpEvent | None = None,
    neighboring: str = "zero_out",
    confidence: float = 0.95,
    n_guesses: int | None = None,
    noise_variance: float | None = None,
    owner: str = "scores",
) -> OneRunAuditResult:
    """Look for proof that one run lost more privacy than it claims.

    Works for the canaries of any library: who made the scores does not matter, as long as they
    depend on the coins through the output of the run alone.

    Parameters
    ----------
    scores : array-like of shape (n_canaries,)
        One number a canary, higher if it looks as if it was in the data.
    included : array-like of bool of shape (n_canaries,)
        Whether it was, by a fair coin of its own.
    epsilon, delta : float
        The claim.
    event : dp_accounting.DpEvent, default=None
        The mechanism of the claim, whose whole curve is tested. None tests (epsilon, delta) alone,
        which shows less.
    neighboring : {"zero_out", "add_remove"}, default="zero_out"
        The neighbouring relation of the claim. Coins that leave a canary out do not test
        ``"replace_one"``.
    confidence : float, default=0.95
        Probability that a claim which holds is not called a violation.
    n_guesses : int, default=None
        How many guesses to make: the surest ones, half of them in, half of them out. Fix it before
        looking. None plans it from the claim.
    noise_variance : float, default=None
        Variance that the claimed noise alone would give the scores, on average over canaries. It
        says which lack of noise would have been found. None takes all of their variance.
    owner : str, default="scores"
        What is audited, for the result.

    Returns
    -------
    OneRunAuditResult

    Raises
    ------
    InvalidParameterError
        If an argument breaks its rule.

    Examples
    --------
    >>> import numpy as np
    >>> from dp_accounting import GaussianDpEvent
    >>> from torch_private.audits import audit_scores
    >>> rng = np.random.default_rng(0)
    >>> included = rng.random(1000) < 0.5
    >>> scores = rng.normal(size=1000) + 2.0 * included  # ideal canaries of 2-GDP
    >>> event = GaussianDpEvent(0.5)
    >>> result = audit_scores(scores, included, epsilon=9.1, delta=1e-5, event=event)
    >>> result.verdict, 4 < result.epsilon_lower_bound < 9.1
    ('inconclusive', True)
    """
    _check_claim(epsilon, delta, neighboring, confidence)
    scores, included = _checked_scores(scores, included)
    _check_guesses(n_guesses, len(scores))
    family = family_of(epsilon, delta, neighboring, event)
    m = len(scores)
    if n_guesses is None:
        mu = accounting.gaussian_mu(epsilon, delta)
        n_guesses = planned_guesses(family, m, mu, confidence)
    n_correct = count_correct(scores, included, n_guesses)
    share = float(family.share((m, n_guesses, n_correct), confidence))
    apart = Separation(separation(scores, included))
    if noise_variance is not None:
        apart = replace(apart, noise_share=noise_variance / _variance(scores, included))
    detectable = detectable_factor(family, m, n_guesses, apart, confidence)
    return OneRunAuditResult(
        owner=owner,
        verdict=_verdict(share, detectable),
        epsilon_lower_bound=float(family.epsilon(share)),
        claimed_epsilon=float(epsilon),
        delta=float(delta),
        neighboring=neighboring,
        confidence=float(confidence),
        n_canaries=m,
        n_guesses=n_guesses,
        n_correct=n_correct,
        bound=family.name,
        tests=family.tests,
        share=share,
        detectable=detectable,
    )


_CHECK = Checks("audit_scores")


def _check_claim(epsilon, delta, neighboring, confidence):
    _CHECK.real(epsilon=epsilon, above=0)
    _CHECK.real(delta=delta, above=0, below=1)
    _CHECK.real(confidence=confidence, at_least=0.5, below=1)
    _CHECK.choice(neighboring=neighboring, among=("zero_out", "add_remove"))


def _check_guesses(n_guesses, most):
    _CHECK.integer(n_guesses=n_guesses, at_least=2, at_most=most, optional=True)
    if n_guesses is not None and n_guesses % 2:
        rule = "even: half of the guesses say in, half say out"
        raise _CHECK.invalid("n_guesses", rule, value=n_guesses)


def _checked_scores(scores, included):
    scores, included = np.asarray(scores, dtype=float), np.asarray(included)
    if scores.ndim != 1 or included.shape != scores.shape or len(scores) < LEAST_CANARIES:
        raise InvalidParameterError(
            f"'scores' and 'included' must hold one value for each of {LEAST_CANARIES} canaries or "
            f"more. Got the shapes {scores.shape} and {included.shape}."
        )
    if included.dtype != bool or not np.isfinite(scores).all():
        raise InvalidParameterError("'included' must hold booleans, and 'scores' finite numbers.")
    return scores, included


def _variance(scores, included):
    """Return the variance of scores about the mean of their side; never 0."""
    sides = [side - side.mean() for side in (scores[included], scores[~included]) if len(side)]
    return max(float(np.concatenate(sides).var()), np.finfo(float).tiny)


def _verdict(share, detectable):
    if share > 1:
        return "violation"
    return "consistent" if detectable <= LARGEST_DETECTABLE else "inconclusive"
