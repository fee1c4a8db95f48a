"""Who answers a sum, and who learns what."""

from ._masked import Masked
from ._network import ADDERS, MOST_FORWARDED, Apart, Together
from ._noisy import Noisy, Prepaid
from ._shared import Shared
from ._sites import Sites
from ._transcript import transcript

__all__ = [
    "ADDERS",
    "MOST_FORWARDED",
    "Apart",
    "Masked",
    "Noisy",
    "Prepaid",
    "Shared",
    "Sites",
    "Together",
    "transcript",
]
