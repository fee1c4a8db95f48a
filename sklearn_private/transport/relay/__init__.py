"""The coordinator: it waits for all sites, and carries their messages."""

from ._coordinate import coordinate
from ._relay import Adder, Relay, Relayed

__all__ = ["Adder", "Relay", "Relayed", "coordinate"]
