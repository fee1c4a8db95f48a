"""What a server program is: the secret half of a compiled model, over whole numbers.

A program says what is computed and proves its own range; it knows no scheme. A scheme says which
kinds of program it runs, and proves that they fit its ciphertexts.
"""

from typing import Any, ClassVar, Protocol

import numpy as np

from ...exceptions import GuaranteeError
from ._integer_map import IntegerMap
from ._leaf_sums import LeafSums
from ._square_network import SquareNetwork


class Program(Protocol):
    """A frozen record that turns whole numbers in [0, levels] into scores.

    One class a kind of program, in a file of its own, listed in ``PROGRAMS``.
    """

    kind: ClassVar[str]
    learnt: ClassVar[str]
    n_columns: int
    n_outputs: int
    levels: int
    reach: int

    def __call__(self, integers: np.ndarray) -> np.ndarray:
        """Return the scores of rows in clear, shape (n_samples, n_outputs)."""

    def to_parts(self) -> tuple[dict, bytes]:
        """Return JSON-ready fields and octets."""

    @classmethod
    def from_parts(cls, fields: dict, payload: bytes, layout: Any) -> "Program":
        """Return the program of :meth:`to_parts`; what is wrong raises ``GuaranteeError``."""


PROGRAMS = {kind.kind: kind for kind in (IntegerMap, LeafSums, SquareNetwork)}


def read_program(fields: Any, payload: Any, layout: Any) -> Any:
    """Return the program of a layout in a message."""
    if layout.program not in PROGRAMS:
        raise GuaranteeError("The message holds a program of no known kind. Nothing was read.")
    return PROGRAMS[layout.program].from_parts(fields, payload, layout)
