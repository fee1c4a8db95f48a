"""The claim that an audit tests: what a statement says about the worst test of its releases."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ... import accounting
from ...accounting import leaves
from ...exceptions import InvalidParameterError
from ...statements import DPStatement, PrivacyStatement

_N_POINTS = 25  # of the curve: their tangents lie within a thousandth of its area
_NEGLIGIBLE = 1e-9  # delta of samplers, far below what any audit sees


@dataclass(frozen=True)
class Claim:
    """A claim of differential privacy.

    Parameters
    ----------
    epsilon, delta : float
        The claim.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The neighbouring relation.
    event : dp_accounting.DpEvent, default=None
        The mechanism, whose whole curve is claimed; None claims (epsilon, delta) alone.
    """

    epsilon: float
    delta: float
    neighboring: str
    event: object = None

    @property
    def point(self) -> str:
        """(epsilon, delta) in words."""
        return f"({self.epsilon:g}, {self.delta:g})-differential privacy"

    @property
    def gaussian(self) -> str:
        """The Gaussian claim in words."""
        return f"{self.mu:.4g}-Gaussian differential privacy"

    @property
    def curve(self) -> Any:
        """The whole claim in words."""
        if self.event is None:
            return self.point
        return f"the privacy curve of the event, of which {self.point} is one point"

    @cached_property
    def mu(self) -> Any:
        """The claimed mu, of Gaussian DP; None where not all noise is Gaussian."""
        if self.event is None:
            return None
        noise, extra_delta = accounting.split_deltas(self.event)
        return (accounting.gaussian_dp(noise) or None) if extra_delta < _NEGLIGIBLE else None

    @cached_property
    def n_gaussian(self) -> Any:
        """How many Gaussian mechanisms the event is made of."""
        return sum(n for leaf, n in self._leaves if accounting.kind_of(leaf).mu(leaf) is not None)

    @cached_property
    def has_density(self) -> bool:
        """Whether the event adds noise of a continuous law (or on a lattice as fine as floats)."""
        return any(accounting.kind_of(leaf).has_density for leaf, _ in self._leaves)

    @cached_property
    def largest_area(self) -> float:
        """The largest area under the ROC curve that the claimed curve allows."""
        # Midpoints underestimate the integral of a convex function, so the area errs upwards.
        edges = np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 4001)])
        false_positive = (edges[1:] + edges[:-1]) / 2
        least = np.zeros_like(false_positive)  # of false negatives
        for epsilon, delta in self._points():
            least = np.maximum(least, 1 - delta - math.exp(epsilon) * false_positive)
            least = np.maximum(least, (1 - delta - false_positive) * math.exp(-epsilon))
        return float(1 - least @ np.diff(edges))

    @property
    def _leaves(self):
        return [] if self.event is None else list(leaves(self.event))

    def _points(self):
        if self.event is None:
            return [(self.epsilon, self.delta)]
        return [
            (e, accounting.delta(self.event, epsilon=e, neighboring=self.neighboring))
            for e in map(float, np.linspace(0.0, self.epsilon, _N_POINTS))
        ]


def claim_of(fitted: BaseEstimator) -> tuple[Claim, DPStatement]:
    """Return the claim of a fitted estimator, and the statement that makes it.

    Parameters
    ----------
    fitted : estimator
        With a ``privacy_statement_`` that holds one claim of differential privacy.

    Returns
    -------
    claim : Claim
    statement : DPStatement

    Raises
    ------
    InvalidParameterError
        If it makes no such claim, several, or one of infinite epsilon.
    """
    owner = type(fitted).__name__
    statement = getattr(fitted, "privacy_statement_", None)
    if not isinstance(statement, PrivacyStatement):
        raise InvalidParameterError(
            f"{owner} makes no privacy statement, so there is no claim to audit. Audit the "
            "step of a pipeline that makes one, or give releases to audit_releases."
        )
    claims = [part for part in statement.flatten() if isinstance(part, DPStatement)]
    if len(claims) != 1 or not math.isfinite(claims[0].epsilon):
        raise InvalidParameterError(
            f"An audit needs one claim of differential privacy with a finite epsilon. "
            f"{owner} states: {'; '.join(s.claim() for s in statement.flatten())}."
        )
    (made,) = claims
    return Claim(made.epsilon, made.delta, made.neighboring, made.event), made
