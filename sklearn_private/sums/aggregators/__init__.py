"""Who answers a sum, and who learns what."""

from ._masked import Masked
from ._noisy import Noisy, Prepaid
from ._shared import Shared
from ._sites import Sites
from ._transcript import transcript

__all__ = ["Masked", "Noisy", "Prepaid", "Shared", "Sites", "transcript"]
