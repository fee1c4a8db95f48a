"""Zero-concentrated DP: mechanisms whose Rényi divergence is at most xi + rho·order.

.. [1] M. Bun, T. Steinke, "Concentrated differential privacy: simplifications, extensions, and
   lower bounds", TCC 2016.
"""

import math

from dp_accounting.dp_event import ZCDpEvent

from .._kind import EventKind, register


@register
class ZeroConcentrated(EventKind):
    """A mechanism of which only the (xi, rho) of its divergences is known."""

    event = ZCDpEvent
    needs_divergence = True

    def pure(self, event: ZCDpEvent, neighboring: str) -> float:
        """Return xi, where divergences do not grow with the order."""
        return math.inf if event.rho else event.xi

    def renyi(self, event: ZCDpEvent, order: float, neighboring: str) -> float:
        """Return xi + rho·order."""
        return event.xi + event.rho * order

    def rho(self, event: ZCDpEvent, neighboring: str) -> float:
        """Return rho; a xi is paid by none, except for a pure mechanism."""
        return event.rho if event.xi == 0 else self.pure(event, neighboring) ** 2 / 2

    def replaced(self, event: ZCDpEvent) -> ZCDpEvent:
        """Return (3·xi, 4·rho): group privacy for two rows [1]_, Proposition 27."""
        return ZCDpEvent(4 * event.rho, 3 * event.xi)
