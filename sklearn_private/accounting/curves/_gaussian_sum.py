"""The curve of Gaussian noise beside one objective perturbation."""

import math

from dp_accounting import dp_event
from scipy.optimize import brentq

from ..events import kind_of
from ._gaussian import gaussian_delta, gaussian_epsilon


class GaussianSum:
    """A shifted sum of Gaussian-DP curves, plus an explicit delta.

    Parameters
    ----------
    shift : float
        What is lost for certain; the bound holds above it only.
    terms : list of (int, float)
        Pairs (count, mu).
    extra : float
        Deltas that are added as they are.
    """

    def __init__(self, shift: float, terms: list[tuple[int, float]], extra: float) -> None:
        self.shift, self.terms, self.extra = shift, terms, extra

    def delta(self, epsilon: float) -> float:
        """Return the delta at ``epsilon``."""
        if epsilon < self.shift:
            return 1.0  # The bound holds above the shift only.
        rest = epsilon - self.shift
        return self.extra + sum(count * gaussian_delta(rest, mu) for count, mu in self.terms)

    def epsilon(self, delta: float) -> float:
        """Return the epsilon at ``delta``."""
        if self.delta(self.shift) <= delta:
            return self.shift
        if delta <= self.extra:
            return math.inf
        if len(self.terms) == 1:
            return self.shift + gaussian_epsilon(delta - self.extra, self.terms[0][1])
        width = 1.0
        while self.delta(self.shift + width) > delta:
            width *= 2
        gap = lambda rest: math.log(max(self.delta(self.shift + rest), 1e-300) / delta)  # noqa: E731
        return self.shift + brentq(gap, 0.0, width, xtol=1e-14, rtol=1e-13) * (1 + 1e-12)


def gaussian_sum(parts: list[tuple[dp_event.DpEvent, int]]) -> GaussianSum | None:
    """Return the closed form of a composition, None where it has none.

    Parameters
    ----------
    parts : list of (dp_accounting.DpEvent, int)
        Mechanisms and how often each was run.
    """
    mu_squared, extra = 0.0, 0.0
    shifted = []  # at most one may have several Gaussian losses
    for leaf, count in parts:
        kind = kind_of(leaf)
        rest, delta = kind.without_delta(leaf)
        if isinstance(rest, dp_event.NoOpDpEvent):
            extra += count * delta
        elif (mu := kind.mu(leaf)) is not None:
            mu_squared += count * mu * mu
        elif (losses := kind.gaussian_losses(leaf)) is not None:
            shifted += [losses] * count
        else:
            return None
    if not shifted:
        return GaussianSum(0.0, [(1, math.sqrt(mu_squared))], extra)
    if len(shifted) > 1:
        return None
    ((shift, terms),) = shifted
    terms = [(n, math.hypot(mu, math.sqrt(mu_squared))) for n, mu in terms]
    return GaussianSum(shift, terms, extra)
