"""The privacy loss itself, where the density of a release is known.

Two mechanisms have one in closed form. Releases of Gaussian noise alone lose what the Gaussian-DP
curve says. Objective perturbation with one feature has the density of
:mod:`sklearn_private.audit.exact._densities`: lambda and the scale of the noise are read from the
statement, and the loss is integrated for a family of neighbours at the corners of the declared
bounds. Whether the releases follow that density is tested by fits
(:mod:`sklearn_private.audit.exact._one_feature`).
"""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

from sklearn.base import BaseEstimator

from ... import accounting
from ..._checks import Checks
from ..trials import audit_clone, claim_of, fit_once, worst_case_neighbours
from ._densities import loss_between
from ._one_feature import OneFeatureFits

_SLACK = 1e-6  # relative error of the integration
# Rows are (feature over the bound, label, how many): what neighbours share, and what differs.
# Many small rows move the minimum far without adding to the curvature, so that the noise has to be
# unlikely where the row that differs bends the objective most.
_COMMON = (
    (),
    ((1, 1, 1), (1, 0, 1)),
    ((1, 0, 9),),
    ((1, 0, 200),),
    *(((0.01, 0, n),) for n in (300, 1000, 3000)),
)
_DIFFERENT = ((1, 1, 1), (1, 0, 1), (0.5, 1, 1), (0, 1, 1))


@dataclass(frozen=True, kw_only=True, repr=False)
class ExactLoss:
    """What a mechanism loses by its density, and whether its releases follow that density.

    Parameters
    ----------
    owner : str
        What was checked.
    verdict : {"violation", "consistent"}
        ``"violation"`` if the loss exceeds the claim, or the releases have another law.
    epsilon, delta : float
        The loss: the least epsilon at the claimed delta, the least delta at the claimed epsilon.
    claimed_epsilon, claimed_delta : float
        The claim.
    law_pvalue : float or None
        How probable it is that the stated law gives releases as odd as those seen; None where
        nothing was fitted for it.
    confidence : float
        Probability that releases of the stated law are not called a violation.
    pair : str
        The neighbours with the largest loss.
    """

    owner: str
    verdict: str
    epsilon: float
    delta: float
    claimed_epsilon: float
    claimed_delta: float
    law_pvalue: float | None
    confidence: float
    pair: str

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return asdict(self)

    def __repr__(self):
        law = "not tested" if self.law_pvalue is None else f"p = {self.law_pvalue:.3g}"
        return "\n".join(
            [
                f"ExactLoss of {self.owner}: {self.verdict}",
                f"  epsilon  {self.epsilon:.4g} of {self.claimed_epsilon:g} at delta = "
                f"{self.claimed_delta:g}",
                f"  delta    {self.delta:.3g} of {self.claimed_delta:g} at epsilon = "
                f"{self.claimed_epsilon:g}",
                f"  law      {law}",
                f"  pair     {self.pair}",
            ]
        )


def exact_loss(
    estimator: BaseEstimator,
    *,
    n_fits: int = 200,
    confidence: float = 0.999,
    n_jobs: int | None = None,
) -> ExactLoss:
    """Compute the privacy loss of an estimator whose release has a known density.

    Parameters
    ----------
    estimator : estimator
        One whose claim is of Gaussian noise alone, or that is a logistic regression by objective
        perturbation with ``feature_norm`` or ``bounds``; the latter is checked with one feature and
        no intercept.
    n_fits : int, default=200
        Fits whose releases are tested against the stated law; at least 20.
    confidence : float, default=0.999
        Probability that releases of the stated law are not called a violation.
    n_jobs : int, default=None
        Workers, as in :class:`joblib.Parallel`.

    Returns
    -------
    ExactLoss

    Raises
    ------
    InvalidParameterError
        If no density is known for the estimator.

    Examples
    --------
    >>> from sklearn_private import DPLogisticRegression
    >>> from sklearn_private.audit import exact_loss
    >>> model = DPLogisticRegression(
    ...     solver="objective", feature_norm=1.0, classes=[0, 1], neighboring="zero_out"
    ... )
    >>> loss = exact_loss(model, n_fits=20)
    >>> loss.delta < loss.claimed_delta
    True
    """
    check = Checks("exact_loss")
    check.integer(n_fits=n_fits, at_least=20)
    check.real(confidence=confidence, at_least=0.5, below=1)
    pair = worst_case_neighbours(estimator, "replace_one")
    claim, _ = claim_of(fit_once(audit_clone(estimator, pair.n_rows), pair.first))
    if claim.mu is not None:
        loss, law = _GaussianLoss(claim.mu), None
        described = "any: Gaussian noise of the stated multiplier"
    else:
        fits = OneFeatureFits(estimator)
        claim, law = fits.claim, fits.law_pvalue(n_fits, n_jobs)
        loss, described = _worst(fits.mechanism, claim)
    epsilon, delta = loss.epsilon(claim.delta), loss.delta(claim.epsilon)
    # Where delta is 0, its integral is a sum of rounding errors, and epsilon decides.
    lost = epsilon > claim.epsilon * (1 + _SLACK) and delta > claim.delta * (1 + _SLACK)
    odd = law is not None and law < 1 - confidence
    return ExactLoss(
        owner=type(estimator).__name__,
        verdict="violation" if lost or odd else "consistent",
        epsilon=epsilon,
        delta=delta,
        claimed_epsilon=claim.epsilon,
        claimed_delta=claim.delta,
        law_pvalue=law,
        confidence=float(confidence),
        pair=described,
    )


@dataclass(frozen=True)
class _GaussianLoss:
    mu: float

    def epsilon(self, delta):
        return accounting.gaussian_epsilon(delta, self.mu)

    def delta(self, epsilon):
        return accounting.gaussian_delta(epsilon, self.mu)


def _worst(mechanism, claim):
    """Return the largest loss of a family of neighbours, and these in words."""
    if claim.neighboring == "replace_one":
        changes = [((a,), (b,)) for a, b in itertools.combinations(_DIFFERENT, 2)]
    else:
        changes = [((a,), ()) for a in _DIFFERENT]
    losses = {
        (common, change): loss_between(mechanism, *(common + side for side in change))
        for common, change in itertools.product(_COMMON, changes)
    }
    worst = max(losses, key=lambda pair: losses[pair].epsilon(claim.delta))
    return losses[worst], _described(*worst)


def _described(common, change):
    sides = " or ".join(_rows(side) if side else "nothing" for side in change)
    return f"{sides}, beside {_rows(common) if common else 'no other rows'}"


def _rows(rows):
    return ", ".join(f"{n} x (feature {x:g} of the bound, label {y})" for x, y, n in rows)
