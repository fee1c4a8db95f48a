r"""One-feature fits of a logistic regression by objective perturbation, and the law of their noise.

A release gives back the noise that was drawn, :math:`b(w)`, by a formula that is written here
anew, from the declared bound and not from the estimator's code. Rows that lie beyond the bounds are
among the fitted ones. So the draws have another law than the stated one if the noise has another
scale, or if rows are clipped, scaled or counted in another way than declared. The draws are turned
into standard normal numbers, of which the mean and the spread are tested, each at half the error.
The output noise, which hides the tolerance of the solver, moves a draw by less than 10^-3 of its
scale.
"""

import math

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, laplace, norm
from sklearn.base import BaseEstimator

from ...exceptions import InvalidParameterError
from ..trials import (
    BEYOND,
    audit_clone,
    bounds_by_position,
    claim_of,
    class_labels,
    declared,
    draw,
    fit_once,
)
from ._densities import OneFeature

_LAW_ROWS = ((BEYOND, 1, 20), (-0.5, 1, 1))


class OneFeatureFits:
    """The form of an estimator that has one feature and no intercept.

    Parameters
    ----------
    estimator : estimator
        A logistic regression by objective perturbation.

    Attributes
    ----------
    claim : Claim
        What its fits claim.
    mechanism : OneFeature
        Its numbers, read from the statement.

    Raises
    ------
    InvalidParameterError
        If its statement names another mechanism.
    """

    def __init__(self, estimator: BaseEstimator):
        self._estimator = estimator
        norm_bound, bounds = declared(estimator, "feature_norm"), declared(estimator, "bounds")
        changes, self._centre = {"fit_intercept": False}, 0.0
        if norm_bound is None:
            low, high = np.atleast_2d(np.asarray(bounds_by_position(bounds), dtype=float))[0]
            changes["bounds"] = [(low, high)]
            self._centre, self._half, bound = (low + high) / 2, (high - low) / 2, 1.0
        else:
            self._half = bound = float(norm_bound)
        self._model = audit_clone(estimator, sum(n for *_, n in _LAW_ROWS)).set_params(**changes)
        self.claim, statement = claim_of(fit_once(self._model, self._arguments(_LAW_ROWS)))
        numbers = statement.parameters
        if not {"l2", "noise_scale"} <= set(numbers):
            raise InvalidParameterError(
                f"No density is known for the releases of {statement.owner}, whose mechanism is "
                f"{statement.mechanism!r}. Use EpsilonAudit, which needs none."
            )
        noise = norm if self.claim.delta else laplace
        self.mechanism = OneFeature(bound, numbers["l2"], numbers["noise_scale"], noise)

    def law_pvalue(self, n_fits: int, n_jobs: int | None = None) -> float:
        """Return how probable it is that the stated law gives releases as odd as those of fits.

        Parameters
        ----------
        n_fits : int
            How many.
        n_jobs : int, default=None
            Workers, as in :class:`joblib.Parallel`.

        Returns
        -------
        float
        """
        sides = (self._arguments(_LAW_ROWS),)
        (coefficients,) = draw(self._model, sides, ["coef_"], n_fits, n_jobs=n_jobs)
        mechanism = self.mechanism
        w = coefficients[:, 0] * self._half / mechanism.bound
        draws = mechanism.noise.cdf(mechanism.linear(_LAW_ROWS, w), scale=mechanism.noise_scale)
        z = ndtri(np.clip(draws, 1e-300, 1 - 1e-16))
        mean = 2 * ndtr(-abs(z.sum()) / math.sqrt(n_fits))
        square = z @ z
        spread = 2 * min(chi2.cdf(square, n_fits), chi2.sf(square, n_fits))
        return float(min(1.0, 2 * min(mean, spread)))

    def _arguments(self, rows):
        x, y, n = (np.array(column) for column in zip(*rows, strict=True))
        X = self._centre + self._half * np.repeat(x, n)[:, None]
        return X, class_labels(self._estimator)[np.repeat(y, n)]
