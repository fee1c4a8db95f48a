"""Homomorphic encryption: a fitted model evaluated on rows that its holder cannot read.

Where to read: how a pipeline is folded into one affine map, :mod:`.compile._affine`, and what the
client applies in clear instead, :mod:`.compile._front`; how reals become whole numbers,
:mod:`.compile._quantise`; the schemes, :mod:`.schemes._scheme`; what travels, :mod:`.protocol`.
"""

from ._predictor import HEPredictor
from .protocol import HEClient, HEServer

__all__ = ["HEClient", "HEPredictor", "HEServer"]
