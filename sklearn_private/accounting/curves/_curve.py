"""epsilon, delta and calibration: which curve prices which composition.

=============================================  =====================================================
a composition of                               is priced by
=============================================  =====================================================
Gaussian noise                                 the exact Gaussian-DP curve
one objective perturbation and Gaussian noise  a sum of such curves, shifted by log-determinants
anything, at delta = 0                         the sum of the largest losses
the best of a random number of runs            Rényi divergences
the rest                                       privacy loss distributions of ``dp-accounting``
=============================================  =====================================================

An :class:`~sklearn_private.accounting.EpsilonDeltaEvent` with epsilon 0 adds its delta.
"""

import math

from dp_accounting import dp_event
from scipy.optimize import brentq

from ...exceptions import InvalidParameterError
from ..events import (
    EpsilonDeltaEvent,
    ObjectivePerturbationEvent,
    OneOfEvent,
    check_event,
    check_neighboring,
    leaves,
    mechanisms,
    split_deltas,
)
from ._gaussian import gaussian_delta, gaussian_epsilon
from ._losses import LossDistribution
from ._pure import pure_sum
from ._renyi import RenyiCurve

_BY_DIVERGENCE = (OneOfEvent, dp_event.RepeatAndSelectDpEvent)


def epsilon(event, *, delta, neighboring="replace_one"):
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
        return pure_sum(event, neighboring)
    return curve_of(event, neighboring).epsilon(delta)


def delta(event, *, epsilon, neighboring="replace_one"):
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
    if pure_sum(event, neighboring) <= epsilon:
        return 0.0
    return min(1.0, curve_of(event, neighboring).delta(epsilon))


def calibrate(make_event, *, epsilon, delta, neighboring="replace_one", rtol=1e-9):
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
    price = _price_at(make_event, epsilon, delta, neighboring)
    low, high = _bracket(price)
    root = brentq(price, low, high, xtol=rtol / 2)
    return math.exp(root + rtol)


class _Sum:
    """A shifted sum of Gaussian-DP curves, plus an explicit delta."""

    def __init__(self, shift, terms, extra):
        self.shift, self.terms, self.extra = shift, terms, extra

    def delta(self, epsilon):
        if epsilon < self.shift:
            return 1.0  # The bound holds above the shift only.
        rest = epsilon - self.shift
        return self.extra + sum(count * gaussian_delta(rest, mu) for count, mu in self.terms)

    def epsilon(self, delta):
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


class _Nothing:
    """The curve of a release without any protection."""

    def epsilon(self, delta):
        return math.inf

    def delta(self, epsilon):
        return 1.0


def curve_of(event, neighboring):
    """Return the curve that prices an event: an object with ``epsilon(delta)``, ``delta(epsilon)``.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        Already checked.
    neighboring : str
        Already checked.

    Returns
    -------
    object
    """
    for leaf in mechanisms(event):
        if _is_bare(leaf):
            return _Nothing()
        if isinstance(leaf, ObjectivePerturbationEvent):
            _refuse_other_rows(leaf, neighboring)
    parts = list(leaves(event))
    if any(isinstance(leaf, _BY_DIVERGENCE) for leaf, _ in parts):
        bounded, extra = split_deltas(event)
        return RenyiCurve(bounded, neighboring, extra)
    objectives, mu_squared, extra, others = [], 0.0, 0.0, False
    for leaf, count in parts:
        match leaf:
            case dp_event.GaussianDpEvent():
                mu_squared += count / leaf.noise_multiplier**2
            case EpsilonDeltaEvent(epsilon=0):
                extra += count * leaf.delta
            case ObjectivePerturbationEvent():
                objectives += [leaf] * count
            case _:
                others = True
    if others or len(objectives) > 1:
        return LossDistribution(parts, neighboring)
    if not objectives:
        return _Sum(0.0, [(1, math.sqrt(mu_squared))], extra)
    terms = [(n, math.hypot(mu, math.sqrt(mu_squared))) for n, mu in objectives[0].gaussian_terms()]
    return _Sum(objectives[0].shift, terms, extra)


def _refuse_other_rows(leaf, neighboring):
    if leaf.replaced != (neighboring == "replace_one"):
        raise InvalidParameterError(
            f"{leaf} says replaced={leaf.replaced}, which is not the neighboring={neighboring!r} "
            "that it is priced under: its noise would count twice, or half."
        )


def _is_bare(leaf):
    leaf = getattr(leaf, "event", leaf)  # that of a sampled mechanism
    noiseless = getattr(leaf, "noise_multiplier", None) == 0
    return noiseless or isinstance(leaf, dp_event.NonPrivateDpEvent)


def _price_at(make_event, target_epsilon, target_delta, neighboring):
    """Return log(price / target) as a function of log(noise parameter)."""

    def price(log_parameter):
        event = make_event(math.exp(log_parameter))
        if target_delta == 0:
            found, target = epsilon(event, delta=0, neighboring=neighboring), target_epsilon
        else:
            found = delta(event, epsilon=target_epsilon, neighboring=neighboring)
            target = target_delta
        return math.log(min(max(found, 1e-300), 1e300) / max(target, 1e-300))

    return price


def _bracket(price, reach=60):
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


def check_number(name, value, at_most=math.inf):
    """Raise unless ``value`` is a number from 0 to ``at_most``."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= at_most
    if not good and not (hasattr(value, "item") and 0 <= value.item() <= at_most):
        rule = ">= 0" + ("" if at_most == math.inf else f" and <= {at_most}")
        raise InvalidParameterError(f"{name} must be a number {rule}. Got {value!r} instead.")
