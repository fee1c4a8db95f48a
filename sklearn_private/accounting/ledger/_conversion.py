"""Claims of one neighbouring relation under another."""

import math

from ..curves import curve_of
from ..curves import epsilon as epsilon_of
from ..events import EpsilonDeltaEvent


def as_replace_one(event, delta, neighboring):
    """Return the bound that holds when a row is removed and another one added.

    An (e, d) claim becomes (2·e, (1 + exp(e))·d).
    """
    claim = (2 * _epsilon_within(event, delta, neighboring), delta)
    return EpsilonDeltaEvent(*claim), claim


def _epsilon_within(event, delta, neighboring):
    """Return e(d) for the largest d at which (1 + exp(e(d)))·d is at most ``delta``."""
    if delta == 0:
        return epsilon_of(event, delta=0, neighboring=neighboring)
    curve, inner = curve_of(event, neighboring), delta
    for _ in range(60):  # The fixed point d = delta / (1 + exp(e(d))) is reached from above.
        epsilon = curve.epsilon(inner)
        if epsilon > 700:
            break
        if (1 + math.exp(epsilon)) * inner <= delta:
            return epsilon
        inner = delta / (1 + math.exp(epsilon)) * (1 - 1e-9)
    return math.inf
