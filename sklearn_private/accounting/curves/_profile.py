"""The price of an event in every currency that is known for it.

One (epsilon, delta) says little: the same claim may fall to half its epsilon at another delta, or
not move at all. A profile has the curve epsilon(delta), and where they hold, the one number that
says it all: mu of Gaussian DP [1]_ or rho of zero-concentrated DP [2]_.

An epsilon-DP mechanism is mu-Gaussian DP with mu = -2·Phi^-1(1 / (1 + e^epsilon)): the two
trade-off curves meet where both errors are equal, and a convex curve lies below its chords.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022.
.. [2] M. Bun, T. Steinke, "Concentrated differential privacy: simplifications, extensions, and
   lower bounds", TCC 2016.
"""

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dp_accounting import dp_event
from scipy.special import expit, ndtri

from ..events import (
    check_event,
    check_neighboring,
    kind_of,
    leaves,
    pure_epsilon,
    split_deltas,
    zero_concentrated_dp,
)
from ._curve import check_number, curve_of

DELTAS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)


@dataclass(frozen=True, kw_only=True)
class PrivacyProfile:
    """What an event costs, in several currencies.

    Parameters
    ----------
    points : tuple of (float, float)
        Pairs (delta, epsilon) of the curve.
    mu : float or None
        A mu for which the event is mu-Gaussian DP, but for ``extra_delta``; None where none is
        known. It is exact for Gaussian noise.
    rho : float or None
        A rho for which the event is rho-zero-concentrated DP, but for ``extra_delta``; None where
        none is known.
    extra_delta : float
        Deltas that add to those of ``mu`` and ``rho``, such as the error of a sampler. ``points``
        hold them already.
    """

    points: tuple[tuple[float, float], ...]
    mu: float | None
    rho: float | None
    extra_delta: float


def privacy_profile(
    event: dp_event.DpEvent,
    *,
    neighboring: str = "replace_one",
    deltas: Iterable[float] = DELTAS,
) -> PrivacyProfile:
    """Return what an event costs in every currency that is known for it.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        One mechanism or a composition.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The relation.
    deltas : iterable of float
        Where the curve is read, each in [0, 1).

    Returns
    -------
    PrivacyProfile

    Raises
    ------
    InvalidParameterError
        If no curve is known for the event.

    Examples
    --------
    >>> from dp_accounting import GaussianDpEvent
    >>> from sklearn_private import accounting
    >>> profile = accounting.privacy_profile(GaussianDpEvent(2.0), deltas=(1e-3, 1e-6))
    >>> [(delta, round(epsilon, 2)) for delta, epsilon in profile.points]
    [(0.001, 1.35), (1e-06, 2.25)]
    >>> profile.mu, profile.rho
    (0.5, 0.125)
    """
    check_event(event)
    check_neighboring(neighboring)
    points = tuple(_points(event, neighboring, deltas))
    bounded, extra_delta = split_deltas(event)
    mu, rho = _gaussian_bound(bounded, neighboring), zero_concentrated_dp(bounded, neighboring)
    return PrivacyProfile(
        points=points,
        mu=mu if math.isfinite(mu) else None,
        rho=rho if math.isfinite(rho) else None,
        extra_delta=extra_delta,
    )


def _points(
    event: dp_event.DpEvent, neighboring: str, deltas: Iterable[float]
) -> Iterator[tuple[float, float]]:
    curve = functools.cache(lambda: curve_of(event, neighboring))  # One, where it is asked at all.
    for delta in deltas:
        check_number("delta", delta, at_most=1)
        yield delta, curve().epsilon(delta) if delta else pure_epsilon(event, neighboring)


def _gaussian_bound(event: dp_event.DpEvent, neighboring: str) -> float:
    """Return a mu for which an event is mu-Gaussian DP, infinity where none is known."""
    squares = 0.0
    for leaf, count in leaves(event):
        kind = kind_of(leaf)
        mu = kind.mu(leaf)
        if mu is None:
            mu = -2 * float(ndtri(expit(-kind.pure(leaf, neighboring))))
        squares += count * mu * mu
    return math.sqrt(squares)
