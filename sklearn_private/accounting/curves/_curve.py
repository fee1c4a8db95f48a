"""epsilon, delta and calibration: which curve prices which composition.

=============================================  =====================================================
a composition of                               is priced by
=============================================  =====================================================
Gaussian noise                                 the exact Gaussian-DP curve
one objective perturbation and Gaussian noise  a sum of such curves, shifted by log-determinants
anything, at delta = 0                         the sum of the largest losses
zCDP, the best of a random number of runs      Rényi divergences
the rest                                       privacy loss distributions of ``dp-accounting``
=============================================  =====================================================

An :class:`~sklearn_private.accounting.EpsilonDeltaEvent` with epsilon 0 adds its delta.
"""

import math
from collections.abc import Callable
from typing import Protocol

from dp_accounting import dp_event
from scipy.optimize import brentq

from ...exceptions import InvalidParameterError
from ..events import (
    check_event,
    check_neighboring,
    kind_of,
    leaves,
    mechanisms,
    pure_epsilon,
    split_deltas,
)
from ._gaussian_sum import gaussian_sum
from ._losses import LossDistribution
from ._renyi import RenyiCurve


class Curve(Protocol):
    """What prices an event: the one of epsilon and delta that belongs to the other."""

    def epsilon(self, delta: float) -> float:
        """Return the epsilon at ``delta``."""
        ...

    def delta(self, epsilon: float) -> float:
        """Return the delta at ``epsilon``."""
        ...


def epsilon(event: dp_event.DpEvent, *, delta: float, neighboring: str = "replace_one") -> float:
    """Return the epsilon of an event at ``delta``.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        One mechanism or a composition. Noise multipliers are over the sensitivity of
        ``neighboring``, counted once.
    delta : float
        In [0, 1).
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The relation; it matters for sampled events only.

    Returns
    -------
    float
        Infinity where no epsilon holds.

    Examples
    --------
    >>> from dp_accounting import GaussianDpEvent
    >>> from sklearn_private import accounting
    >>> round(accounting.epsilon(GaussianDpEvent(2.0), delta=1e-6), 3)
    2.254
    """
    check_event(event)
    check_neighboring(neighboring)
    check_number("delta", delta, at_most=1)
    if delta == 0:
        return pure_epsilon(event, neighboring)
    return curve_of(event, neighboring).epsilon(delta)


def delta(event: dp_event.DpEvent, *, epsilon: float, neighboring: str = "replace_one") -> float:
    """Return the delta of an event at ``epsilon``.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        One mechanism or a composition.
    epsilon : float
        At least 0.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The relation; it matters for sampled events only.

    Returns
    -------
    float
    """
    check_event(event)
    check_neighboring(neighboring)
    check_number("epsilon", epsilon)
    if pure_epsilon(event, neighboring) <= epsilon:
        return 0.0
    return min(1.0, curve_of(event, neighboring).delta(epsilon))


def calibrate(
    make_event: Callable[[float], dp_event.DpEvent],
    *,
    epsilon: float,
    delta: float,
    neighboring: str = "replace_one",
    rtol: float = 1e-9,
) -> float:
    """Return the smallest noise parameter whose event meets (epsilon, delta).

    Parameters
    ----------
    make_event : callable
        From a noise parameter, such as a noise multiplier, to an event; more noise, less loss.
    epsilon, delta : float
        The target.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The relation.
    rtol : float, default=1e-9
        Relative tolerance of the answer, which errs to the private side.

    Returns
    -------
    float

    Raises
    ------
    InvalidParameterError
        If no amount of noise meets the target, or the target is no pair of numbers.
    """
    check_number("epsilon", epsilon)
    check_number("delta", delta, at_most=1)
    _refuse_delta_of_its_own(make_event(1.0), epsilon, delta)
    price = _price_at(make_event, epsilon, delta, neighboring)
    low, high = _bracket(price)
    root = brentq(price, low, high, xtol=rtol / 2)
    return math.exp(root + rtol)


def _refuse_delta_of_its_own(event: dp_event.DpEvent, epsilon: float, delta: float) -> None:
    """Refuse a target below what no noise lowers, such as what a sampler misses of its law."""
    own = split_deltas(event)[1]
    if own >= delta > 0:
        raise InvalidParameterError(
            f"No amount of noise meets the target epsilon={epsilon:g} at delta={delta:g}: the "
            f"event has a delta of {own:.2g} of its own, which grows with epsilon. Raise delta "
            "above it, or lower epsilon."
        )


class _Nothing:
    """The curve of a release without any protection."""

    def epsilon(self, delta: float) -> float:
        return math.inf

    def delta(self, epsilon: float) -> float:
        return 1.0


def curve_of(event: dp_event.DpEvent, neighboring: str) -> Curve:
    """Return the curve that prices an event.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        Already checked.
    neighboring : str
        Already checked.

    Returns
    -------
    Curve
    """
    for leaf in mechanisms(event):
        if _is_bare(leaf):
            return _Nothing()
        kind_of(leaf).check_relation(leaf, neighboring)
    parts = list(leaves(event))
    if any(kind_of(leaf).needs_divergence for leaf, _ in parts):
        bounded, extra = split_deltas(event)
        return RenyiCurve(bounded, neighboring, extra)
    return gaussian_sum(parts) or LossDistribution(parts, neighboring)


def _is_bare(leaf: dp_event.DpEvent) -> bool:
    leaf = getattr(leaf, "event", leaf)  # that of a sampled mechanism
    noiseless = getattr(leaf, "noise_multiplier", None) == 0
    return noiseless or isinstance(leaf, dp_event.NonPrivateDpEvent)


def _price_at(
    make_event: Callable[[float], dp_event.DpEvent],
    target_epsilon: float,
    target_delta: float,
    neighboring: str,
) -> Callable[[float], float]:
    """Return log(price / target) as a function of log(noise parameter)."""

    def price(log_parameter: float) -> float:
        event = make_event(math.exp(log_parameter))
        if target_delta == 0:
            found, target = epsilon(event, delta=0, neighboring=neighboring), target_epsilon
        else:
            found = delta(event, epsilon=target_epsilon, neighboring=neighboring)
            target = target_delta
        return math.log(min(max(found, 1e-300), 1e300) / max(target, 1e-300))

    return price


def _bracket(price: Callable[[float], float], reach: int = 60) -> tuple[float, float]:
    low = high = 0.0
    while price(high) > 0:
        high += 1.0
        if high > reach:
            raise InvalidParameterError(
                "No amount of noise meets the target (epsilon, delta): raise epsilon or delta."
            )
    while price(low) <= 0:
        low -= 1.0
        if low < -reach:
            raise InvalidParameterError(
                "The target (epsilon, delta) is met without noise: lower epsilon or delta."
            )
    return low, high


def check_number(name: str, value: object, at_most: float = math.inf) -> None:
    """Raise unless ``value`` is a number from 0 to ``at_most``."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= at_most
    if not good and not (hasattr(value, "item") and 0 <= value.item() <= at_most):
        rule = ">= 0" + ("" if at_most == math.inf else f" and <= {at_most}")
        raise InvalidParameterError(f"{name} must be a number {rule}. Got {value!r} instead.")
