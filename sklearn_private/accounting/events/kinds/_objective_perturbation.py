"""Objective perturbation: a convex objective with a random linear term.

Its privacy loss is at most shift + max(0, G_1, G_2, ...), with Gaussian losses G_i that may depend
on one another (``docs/proofs/objective_perturbation.md``).
"""

import math

import attr
import numpy as np
from dp_accounting import dp_event
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.pld.privacy_loss_distribution import PrivacyLossDistribution
from scipy.special import log_ndtr, ndtr

from ....exceptions import InvalidParameterError
from .._kind import EventKind, register
from .._loss_grid import INTERVAL, TAIL


@attr.s(frozen=True, slots=True, auto_attribs=True)
class ObjectivePerturbationEvent(dp_event.DpEvent):
    """Minimise a sum of losses plus (lambda / 2)·|w|² plus b·w, with b Gaussian.

    The losses are convex functions of x·w whose derivative keeps its sign for each row, as that of
    the logistic loss does; a least-squares loss has another price.

    Parameters
    ----------
    noise_multiplier : float
        Standard deviation of b over the sensitivity of the gradient, ``n_terms * L``, where L
        bounds the norm of one row's gradient.
    hessian_ratio : float
        beta / lambda, where beta bounds the norm of one row's Hessian (of rank one).
    replaced : bool
        Whether neighbours differ by rows that were replaced (replace-one) or by rows that one of
        them lacks (zero-out, add-remove).
    n_rows : int, default=1
        Rows by which neighbours differ.
    """

    noise_multiplier: float
    hessian_ratio: float
    replaced: bool
    n_rows: int = 1

    @property
    def n_terms(self) -> int:
        """Gradients by which neighbours differ: a replaced row counts twice."""
        return self.n_rows * (2 if self.replaced else 1)

    @property
    def shift(self) -> float:
        """The part of the privacy loss that the determinants of the Hessians bound."""
        return self.n_rows * math.log1p(self.hessian_ratio)

    def gaussian_terms(self) -> list[tuple[int, float]]:
        """Return (count, mu) pairs: the loss is at most ``shift`` plus the largest of these."""
        return [
            (math.comb(self.n_terms, j), j / self.n_terms / self.noise_multiplier)
            for j in range(self.n_terms + 1)
        ]


@register
class ObjectivePerturbation(EventKind):
    """Noise of continuous law in what is minimised."""

    event = ObjectivePerturbationEvent
    has_density = True

    def renyi(self, event: ObjectivePerturbationEvent, order: float, neighboring: str) -> float:
        """Return shift + log E[exp((order - 1)·max(0, G))] / (order - 1), G of the largest mu.

        It bounds the gradient part at every order: that part is at most a sum of positive parts
        with any dependence, whose moments are largest when they move as one.
        """
        mu, t = 1 / event.noise_multiplier, order - 1
        inside = log_ndtr(-mu / 2)
        outside = order * t * mu * mu / 2 + log_ndtr(mu / 2 + t * mu)
        return event.shift + float(np.logaddexp(inside, outside)) / t

    def distribution(
        self, event: ObjectivePerturbationEvent, neighboring: str
    ) -> PrivacyLossDistribution:
        """Return the distribution whose survival function is min(1, sum of Gaussian ones).

        It lies above that of the loss, so its hockey-stick expectations bound those of every
        (adaptive) composition.
        """
        terms = [(n, mu) for n, mu in event.gaussian_terms() if mu > 0]
        # There are 2^n_terms Gaussian losses; beyond so many deviations all are below TAIL.
        reach = math.sqrt(2 * (event.n_terms * math.log(2) - math.log(TAIL)))
        top = max(mu * mu / 2 + mu * reach for _, mu in terms)
        loss = np.arange(math.ceil(top / INTERVAL) + 1) * INTERVAL
        survival = np.minimum(1.0, sum(n * ndtr(mu / 2 - loss / mu) for n, mu in terms))
        survival = np.where(survival < TAIL, 0.0, survival)
        mass = np.concatenate([[1 - survival[0]], survival[:-1] - survival[1:]])
        first = math.ceil(event.shift / INTERVAL)  # Each loss is rounded up to the grid.
        masses = {first + i: float(m) for i, m in enumerate(mass) if m > 0}
        return privacy_loss_distribution.PrivacyLossDistribution.create_from_rounded_probability(
            masses, infinity_mass=TAIL, value_discretization_interval=INTERVAL
        )

    def gaussian_losses(
        self, event: ObjectivePerturbationEvent
    ) -> tuple[float, list[tuple[int, float]]]:
        """Return the shift, and the Gaussian losses."""
        return event.shift, event.gaussian_terms()

    def replaced(self, event: ObjectivePerturbationEvent) -> ObjectivePerturbationEvent | None:
        """Return the same noise over twice the gradients; the determinants count once."""
        if event.replaced:
            return None
        return attr.evolve(event, noise_multiplier=event.noise_multiplier / 2, replaced=True)

    def check_relation(self, event: ObjectivePerturbationEvent, neighboring: str) -> None:
        """Raise unless rows are replaced in both, or in neither."""
        if event.replaced != (neighboring == "replace_one"):
            raise InvalidParameterError(
                f"{event} says replaced={event.replaced}, which is not the "
                f"neighboring={neighboring!r} that it is priced under: its noise would count "
                "twice, or half."
            )
