"""Zero-out and add-remove events under replace-one: a row is removed, and another one is added.

The sensitivity of noise doubles, exactly: Gaussian noise that is mu-GDP for an absent row is
2·mu-GDP for a replaced one [1]_, and each mechanism of an adaptive composition may be converted by
itself. A mechanism without such a form, such as a sampled one, is taken by its claim: (epsilon,
delta) becomes (2·epsilon, (1 + e^epsilon)·delta), and the noise loses what it had beyond that point
(``docs/proofs/ledger.md``).

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, Theorem 6.
"""

import math

from dp_accounting import dp_event

from ..curves import curve_of
from ..curves import epsilon as epsilon_of
from ..events import EpsilonDeltaEvent, as_replaced


def as_replace_one(
    event: dp_event.DpEvent, delta: float, neighboring: str
) -> tuple[dp_event.DpEvent, tuple[float, float]]:
    """Return an event, and its claim at ``delta``, when a row is removed and another one added.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        Under ``neighboring``.
    delta : float
        Delta of the claim.
    neighboring : {"zero_out", "add_remove"}
        The relation of the event.

    Returns
    -------
    event : dp_accounting.DpEvent
        Under replace-one.
    claim : tuple of float
        Its (epsilon, delta).
    """
    replaced = as_replaced(event)
    if replaced is not None:
        return replaced, (epsilon_of(replaced, delta=delta, neighboring="replace_one"), delta)
    claim = (2 * _epsilon_within(event, delta, neighboring), delta)
    return EpsilonDeltaEvent(*claim), claim


def _epsilon_within(event: dp_event.DpEvent, delta: float, neighboring: str) -> float:
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
