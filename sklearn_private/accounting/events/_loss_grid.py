"""The grid of privacy loss distributions."""

from typing import Final

INTERVAL: Final = 1e-4
TAIL: Final = 1e-22  # Mass beyond which a loss is counted as infinite.
