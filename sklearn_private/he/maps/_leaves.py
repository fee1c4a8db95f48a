"""The client map of trees: which leaf of each tree a row reaches.

The client knows where every tree splits, and walks down in clear. What it does not know is what
the leaves are worth. So comparisons cost nothing on ciphertexts, and a leaf that is reached is one
among few, which is encrypted as a vector of zeros and one 1.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ...exceptions import GuaranteeError
from ._rows import numeric_rows, read_names

_LEAF = -1


@dataclass(frozen=True, eq=False)
class LeafIndex:
    """Where trees split, all nodes in a row, a tree behind the other.

    Parameters
    ----------
    roots : ndarray of shape (n_trees,), dtype int64
        Node at the top of each tree.
    feature : ndarray of shape (n_nodes,), dtype int64
        Column that a node looks at; -1 at a leaf.
    threshold : ndarray of shape (n_nodes,), dtype float64
        A row goes left if its value, in single precision as in scikit-learn, is at most this.
    left, right : ndarray of shape (n_nodes,), dtype int64
        Nodes below, behind their parent; at a leaf, ``left`` is its number within the tree.
    n_features : int
        Columns of a row.
    n_leaves : int
        Leaves of the largest tree, at least 2.
    names : tuple of str or None
        Names of the columns.
    """

    kind: ClassVar[str] = "leaves"
    publishes: ClassVar[str] = "columns and thresholds of all splits (not the values of leaves)"
    clip: ClassVar[bool] = False

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    n_features: int
    n_leaves: int
    names: tuple | None = None

    @property
    def n_columns(self) -> int:
        """Whole numbers of an encoded row: one leaf for each tree."""
        return len(self.roots)

    @property
    def levels(self) -> Any:
        """The largest number of a leaf."""
        return self.n_leaves - 1

    def rows(self, X: ArrayLike) -> Any:
        """Return rows as finite numbers, their columns checked."""
        return numeric_rows(X, self.n_features, self.names)

    def n_outside(self, X: ArrayLike) -> int:
        """Return 0: every value is on some side of every threshold."""
        return 0

    def encode(self, X: ArrayLike) -> Any:
        """Return the number of the leaf that each row reaches in each tree."""
        with np.errstate(over="ignore"):
            X = X.astype(np.float32)
        rows = np.arange(len(X))[:, None]
        node = np.tile(self.roots, (len(X), 1))  # node: (n_samples, n_trees)
        while True:
            feature = self.feature[node]
            inner = feature != _LEAF
            if not inner.any():
                return self.left[node]
            goes_left = X[rows, np.maximum(feature, 0)] <= self.threshold[node]
            below = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(inner, below, node)

    def to_parts(self) -> tuple[Any, Any]:
        """Return the map as JSON-ready fields and octets."""
        fields = {
            "n_features": self.n_features,
            "n_leaves": self.n_leaves,
            "n_trees": len(self.roots),
            "names": list(self.names or ()),
        }
        integers = self.roots, self.feature, self.left, self.right
        octets = b"".join(array.astype(">i4").tobytes() for array in integers)
        return fields, octets + self.threshold.astype(">f8").tobytes()

    @classmethod
    def from_parts(cls, fields: Any, payload: Any) -> Any:
        """Return the map of :meth:`to_parts`, every part checked."""
        sizes = [fields.get(name) for name in ("n_features", "n_leaves", "n_trees")]
        good = set(fields) == {"n_features", "n_leaves", "n_trees", "names"}
        if not good or not all(type(n) is int and 0 < n < 1 << 31 for n in sizes):
            raise _no_trees()
        n_features, n_leaves, n_trees = sizes
        n_nodes, rest = divmod(len(payload) - 4 * n_trees, 20)
        if rest or n_nodes < n_trees:
            raise _no_trees()
        integers = np.frombuffer(payload, ">i4", n_trees + 3 * n_nodes).astype(np.int64)
        roots, feature, left, right = np.split(integers, n_trees + n_nodes * np.arange(3))
        threshold = np.frombuffer(payload, ">f8", n_nodes, 4 * len(integers)).astype(np.float64)
        names = read_names(fields["names"], n_features)
        made = cls(roots, feature, threshold, left, right, n_features, n_leaves, names)
        if not made._is_sound():
            raise _no_trees()
        return made

    def _is_sound(self):
        """Return whether every walk ends at a leaf, since each step goes to a later node."""
        node, leaf = np.arange(len(self.feature)), self.feature == _LEAF
        children = np.stack([self.left, self.right])
        good = np.where(
            leaf,
            (self.left >= 0) & (self.left < self.n_leaves),
            ((children > node) & (children < len(node))).all(axis=0),
        )
        return bool(
            good.all()
            and ((self.feature >= _LEAF) & (self.feature < self.n_features)).all()
            and ((self.roots >= 0) & (self.roots < len(node))).all()
            and np.isfinite(self.threshold).all()
        )


def _no_trees():
    return GuaranteeError("The client describes no trees. Nothing was read.")
