"""The program of trees: the sum of one leaf value for each tree."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from ...exceptions import GuaranteeError


@dataclass(frozen=True, eq=False)
class LeafSums:
    """Whole-number scores ``sum_t values[:, t, i_t]`` of a row i of leaves, one for each tree.

    Parameters
    ----------
    values : ndarray of shape (n_outputs, n_trees, n_leaves), dtype int64
        Value of each leaf. Trees with fewer leaves than others are filled with zeros.
    """

    kind: ClassVar[str] = "leaves"
    learnt: ClassVar[str] = (
        "totals over the trees, to the client: rows that reach a leaf give it the value of that "
        "leaf, and so does one malformed request for many leaves; a budget counts requests, not "
        "rows"
    )

    values: np.ndarray

    @property
    def n_outputs(self) -> Any:
        """Scores of a row."""
        return self.values.shape[0]

    @property
    def n_columns(self) -> Any:
        """Whole numbers of a row: one leaf for each tree."""
        return self.values.shape[1]

    @property
    def levels(self) -> Any:
        """The largest number of a leaf."""
        return self.values.shape[2] - 1

    @property
    def reach(self) -> int:
        """The largest absolute value that a score can have, a Python integer."""
        return int(np.abs(self.values).max(axis=2).sum(axis=1).max())

    def __call__(self, integers):
        """Return the whole-number scores of rows, an array of shape (n_samples, n_outputs)."""
        trees = np.arange(self.n_columns)
        return self.values[:, trees, integers].sum(axis=2).T

    def to_parts(self) -> tuple[dict[str, Any], Any]:
        """Return the program as JSON-ready fields and octets."""
        return {}, self.values.astype(">i4").tobytes()

    @classmethod
    def from_parts(cls, fields: Any, payload: Any, layout: Any) -> Self:
        """Return the program of :meth:`to_parts`, its size checked."""
        shape = layout.n_outputs, layout.n_features, layout.levels + 1
        if fields or len(payload) != 4 * shape[0] * shape[1] * shape[2]:
            raise GuaranteeError(
                "The server does not have the size of its layout. Nothing was read."
            )
        return cls(np.frombuffer(payload, ">i4").astype(np.int64).reshape(shape))
