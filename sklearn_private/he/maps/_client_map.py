"""What a client map is: the public half of a compiled model, from columns to whole numbers.

The client applies it in clear before it encrypts, so it may be any function of the row, costs
nothing on ciphertexts, and is known to every client. What it knows of the training rows is
therefore published, and the statement of the predictor lists it.
"""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ...exceptions import GuaranteeError
from ._grid import Grid
from ._leaves import LeafIndex
from ._products import Products
from ._steps import Steps


class ClientMap(Protocol):
    """A frozen record that turns rows into whole numbers in [0, levels].

    One class a kind of map, in a file of its own, listed in ``CLIENT_MAPS``.
    """

    kind: ClassVar[str]
    publishes: str
    names: tuple | None
    clip: bool
    n_features: int
    n_columns: int
    levels: int

    def rows(self, X: ArrayLike) -> np.ndarray:
        """Return rows that :meth:`encode` takes, their columns checked."""

    def encode(self, X: np.ndarray) -> np.ndarray:
        """Return whole numbers, shape (n_samples, n_columns), each in [0, levels]."""

    def n_outside(self, X: np.ndarray) -> int:
        """Return how many values lie outside the public range of their column."""

    def to_parts(self) -> tuple[dict, bytes]:
        """Return JSON-ready fields and octets."""

    @classmethod
    def from_parts(cls, fields: dict, payload: bytes) -> "ClientMap":
        """Return the map of :meth:`to_parts`; whatever is wrong raises ``GuaranteeError``."""


CLIENT_MAPS = {kind.kind: kind for kind in (Grid, LeafIndex, Products, Steps)}


def write_map(client_map: Any) -> tuple[dict[str, Any], Any]:
    """Return a client map as JSON-ready fields, its kind among them, and octets."""
    fields, payload = client_map.to_parts()
    return {"kind": client_map.kind, **fields}, payload


def read_map(fields: Any, payload: Any) -> Any:
    """Return the client map of :func:`write_map`, every part checked."""
    fields = dict(fields)
    kind = fields.pop("kind", None)
    if type(kind) is not str or kind not in CLIENT_MAPS:
        raise GuaranteeError("The client describes a map of no known kind. Nothing was read.")
    if CLIENT_MAPS[kind] is Steps:
        return Steps.from_parts(fields, payload, read_map)  # there is a map in it
    return CLIENT_MAPS[kind].from_parts(fields, payload)
