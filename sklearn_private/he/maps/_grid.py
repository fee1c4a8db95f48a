"""The client map of plain columns: each on a public grid.

A column with the public range [low, high] is put on a grid of ``2**precision_bits`` values, so that
a row becomes a vector of whole numbers in [0, L], L = ``2**precision_bits - 1``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from ...exceptions import GuaranteeError, RangeError
from ._rows import numeric_rows, read_names


@dataclass(frozen=True, eq=False)
class Grid:
    """The public grid on which each column is rounded.

    Parameters
    ----------
    low, high : ndarray of shape (n_features,)
        The range of each column.
    precision_bits : int
        Base-2 logarithm of the number of grid values of a column.
    names : tuple of str or None
        Names of the columns, for messages.
    clip : bool
        Whether a value outside its range is moved to the end of it, or refused.
    """

    kind: ClassVar[str] = "grid"
    publishes: ClassVar[str] = "grid of the columns"

    low: np.ndarray
    high: np.ndarray
    precision_bits: int
    names: tuple | None = None
    clip: bool = False

    @classmethod
    def around(
        cls,
        rows: Any,
        precision_bits: Any,
        names: Sequence[str] | None = None,
        *,
        clip: bool = True,
    ) -> Self:
        """Return a grid on ranges learnt from rows, with room for others of their kind.

        A column whose values span r gets r / 2 on either side, and both ends are then rounded
        outward to a multiple of a power of two above r / 8. So a range says where the values
        lie, and not what the smallest and the largest of them are.
        """
        low, high = rows.min(axis=0), rows.max(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            span = high - low
            span = np.where(span > 0, span, np.where(low != 0, np.abs(low), 1.0))
            step = np.ldexp(1.0, np.frexp(span)[1] - 3)  # in (r / 8, r / 4]
            low = np.floor((low - span / 2) / step) * step
            high = np.ceil((high + span / 2) / step) * step
        return cls(low, high, precision_bits, names, clip)

    @property
    def n_features(self) -> int:
        """Number of columns, which is also how many whole numbers a row becomes."""
        return len(self.low)

    n_columns = n_features

    @property
    def levels(self) -> Any:
        """The largest grid value."""
        return 2**self.precision_bits - 1

    @property
    def step(self) -> Any:
        """Distance of two neighbouring grid values, in units of the column."""
        return (self.high - self.low) / self.levels

    def rows(self, X: ArrayLike) -> Any:
        """Return rows as finite numbers, their columns checked."""
        return numeric_rows(X, self.n_features, self.names)

    def inside(self, X: ArrayLike) -> Any:
        """Return rows clipped to the ranges, or refuse those that lie outside."""
        if self.clip:
            return np.clip(X, self.low, self.high)
        outside = ((self.low > X) | (self.high < X)).any(axis=0)
        if outside.any():
            raise RangeError(self._out_of_range(int(outside.argmax()), int(outside.sum())))
        return X

    def encode(self, X: ArrayLike) -> Any:
        """Return finite rows as whole numbers.

        Raises
        ------
        RangeError
            If a value lies outside the range of its column and is not to be clipped; the message
            names the column and its public range, not the value.
        """
        X = self.inside(X)
        step = np.where(self.step > 0, self.step, 1.0)  # a constant column is at 0
        return np.minimum(np.rint((X - self.low) / step), self.levels).astype(np.int64)

    def n_outside(self, X: ArrayLike) -> int:
        """Return how many values lie outside the ranges of their columns."""
        return int(((self.low > X) | (self.high < X)).sum())

    def _out_of_range(self, column, n_columns):
        name = f"Column {self.names[column]!r}" if self.names else f"Column {column}"
        others = f" (and {n_columns - 1} more columns)" if n_columns > 1 else ""
        return (
            f"{name} of X{others} holds a value outside its public range "
            f"[{self.low[column]:g}, {self.high[column]:g}]. Nothing was encrypted. "
            "Fit HEPredictor with wider bounds=, or with out_of_range='clip'."
        )

    def to_parts(self) -> tuple[Any, Any]:
        """Return the grid as JSON-ready fields and octets."""
        fields = {
            "precision_bits": self.precision_bits,
            "names": list(self.names or ()),
            "clip": self.clip,
        }
        return fields, self.low.astype(">f8").tobytes() + self.high.astype(">f8").tobytes()

    @classmethod
    def from_parts(cls, fields: Any, payload: Any) -> Self:
        """Return the grid of :meth:`to_parts`, every part checked."""
        bits, clip = fields.get("precision_bits"), fields.get("clip")
        good = set(fields) == {"precision_bits", "names", "clip"} and type(bits) is int
        if not good or not 1 <= bits <= 24 or type(clip) is not bool or len(payload) % 16:
            raise GuaranteeError("The client describes no grid. Nothing was read.")
        low, high = np.frombuffer(payload, ">f8").astype(np.float64).reshape(2, -1)
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
            raise GuaranteeError("The client has a range that is none. Nothing was read.")
        return cls(low, high, bits, read_names(fields["names"], len(low)), clip)
