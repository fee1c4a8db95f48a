"""The client map of quadratic models: columns and products of two columns.

A column with the public range [low, high] is first centred and scaled to u in [-1, 1], so that
products of columns in any units are of size 1, and no digits are lost between a square and its
linear term. The products are of the values themselves, and rounded to their own grid afterwards:
rounding does not add up.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from ...exceptions import GuaranteeError
from ._grid import Grid

ALONE = -1


@dataclass(frozen=True, eq=False)
class Products:
    """Columns u_i and products u_i u_j, each on a grid.

    Parameters
    ----------
    ranges : Grid
        Public ranges of the columns.
    pairs : ndarray of shape (n_columns, 2), dtype int64
        The two columns of each product; the second is -1 for a column alone.
    """

    kind: ClassVar[str] = "products"
    publishes: ClassVar[str] = "grid of the columns"

    ranges: Grid
    pairs: np.ndarray

    @property
    def n_features(self) -> Any:
        """Columns of X."""
        return self.ranges.n_features

    @property
    def n_columns(self) -> int:
        """Whole numbers of an encoded row."""
        return len(self.pairs)

    @property
    def levels(self) -> Any:
        """The largest whole number."""
        return self.ranges.levels

    @property
    def names(self) -> Any:
        """Names of the columns of X, or None."""
        return self.ranges.names

    @property
    def clip(self) -> Any:
        """Whether a value outside its range is moved to the end of it, or refused."""
        return self.ranges.clip

    @cached_property
    def grid(self) -> Grid:
        """The grid of the products."""
        first, second = self.pairs.T
        low = np.where(first == second, 0.0, -1.0)
        return Grid(low, np.ones(len(self.pairs)), self.ranges.precision_bits, clip=True)

    @property
    def centre(self) -> Any:
        """Middle of each range."""
        return self.ranges.low / 2 + self.ranges.high / 2

    @property
    def half_width(self) -> np.ndarray:
        """Half the width of each range; 1 for a constant column."""
        half = self.ranges.high / 2 - self.ranges.low / 2
        return np.where(half > 0, half, 1.0)

    def rows(self, X: ArrayLike) -> Any:
        """Return rows as finite numbers, their columns checked."""
        return self.ranges.rows(X)

    def n_outside(self, X: ArrayLike) -> Any:
        """Return how many values lie outside the ranges of their columns."""
        return self.ranges.n_outside(X)

    def expand(self, X: ArrayLike) -> Any:
        """Return the products of rows inside the ranges, shape (n_samples, n_columns)."""
        u = (X - self.centre) / self.half_width
        first, second = self.pairs.T
        return u[:, first] * np.where(second == ALONE, 1.0, u[:, np.maximum(second, 0)])

    def encode(self, X: ArrayLike) -> Any:
        """Return the products of rows as whole numbers."""
        return self.grid.encode(self.expand(self.ranges.inside(X)))

    def to_parts(self) -> tuple[dict[str, Any], Any]:
        """Return the map as JSON-ready fields and octets."""
        fields, payload = self.ranges.to_parts()
        return {**fields, "n_products": self.n_columns}, payload + self.pairs.astype(
            ">i4"
        ).tobytes()

    @classmethod
    def from_parts(cls, fields: Any, payload: Any) -> Self:
        """Return the map of :meth:`to_parts`, every part checked."""
        fields = dict(fields)
        n = fields.pop("n_products", None)
        if type(n) is not int or not 0 < n <= len(payload) // 8:
            raise GuaranteeError("The client describes no products. Nothing was read.")
        size = len(payload) - 8 * n
        ranges = Grid.from_parts(fields, payload[:size])
        pairs = np.frombuffer(payload[size:], ">i4").astype(np.int64).reshape(n, 2)
        good = (pairs >= [0, ALONE]).all() and (pairs < ranges.n_features).all()
        if not good:
            raise GuaranteeError("The client describes no products. Nothing was read.")
        return cls(ranges, pairs)
