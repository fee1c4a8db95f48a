"""What a sensitive column holds, as the constraints see it: values, their counts, an order, a tree.

Where a person has several rows, a value counts once for each person who has it; somebody with two
values counts in both, so that the shares of a class are those of its (person, value) pairs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from ...exceptions import InvalidParameterError
from ..hierarchies import Hierarchy
from ..tables import MISSING, count_people, kind_of, read_distinct, show


@dataclass(frozen=True, eq=False)
class Sensitive:
    """A sensitive column of a table.

    Parameters
    ----------
    name : str
        Its name.
    values : tuple of str of length n_values
        The printed values, in their order (numbers and times) or sorted; a missing number or time
        comes last.
    codes : ndarray of int of shape (n_rows,)
        The value of each row.
    counts : ndarray of int of shape (n_values,)
        People of the table with each value.
    ordered : bool
        Whether the values are numbers or times.
    hierarchy : Hierarchy or None
        The tree over the values, for the hierarchical distance.
    """

    name: str
    values: tuple
    codes: np.ndarray
    counts: np.ndarray
    ordered: bool
    hierarchy: Hierarchy | None

    @classmethod
    def of(
        cls,
        column: Any,
        name: str,
        person: np.ndarray | None = None,
        hierarchy: Hierarchy | None = None,
    ) -> Self:
        """Read a column.

        Parameters
        ----------
        column : narwhals.Series or ndarray of shape (n_rows,)
            The column.
        name : str
            Its name.
        person : ndarray of int of shape (n_rows,), default=None
            Whose row it is, numbered from 0. None where each row is a person.
        hierarchy : Hierarchy, default=None
            The tree over the values.
        """
        kind = kind_of(column) or "category"
        values, codes = read_distinct(column, kind, name)
        if kind != "category":
            values = [show(v) if v == v else MISSING for v in values]
        counts = count_people(codes, len(values), person)
        return cls(name, tuple(values), codes, counts, kind != "category", hierarchy)

    def refuse_without_order(self) -> None:
        """Refuse a column without an order.

        Raises
        ------
        InvalidParameterError
            If its values are neither numbers nor times.
        """
        if not self.ordered:
            raise InvalidParameterError(
                f"The ordered distance needs numbers or times, and the sensitive column "
                f"{self.name!r} holds neither. Choose another distance, or convert the column."
            )

    @cached_property
    def tree(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """The levels of the hierarchy, for sums over its nodes.

        Returns
        -------
        order : ndarray of shape (n_values,)
            The values, so that those under one node stand side by side.
        starts : list of ndarray
            For each level from the leaves to the root, where the children of each of its nodes
            begin among the nodes of the level below (of the leaves: among ``order``).

        Raises
        ------
        InvalidParameterError
            If there is no hierarchy.
        """
        if self.hierarchy is None:
            raise InvalidParameterError(
                f"The hierarchical distance needs a hierarchy of the sensitive column {self.name!r}"
                ", and there is none. Give one in 'hierarchies', or choose another distance."
            )
        nodes = self._nodes()
        order = np.lexsort(nodes)
        starts, below = [], np.arange(order.size)
        for level in nodes[:, order]:
            first = np.flatnonzero(np.diff(level, prepend=-1))
            starts.append(np.searchsorted(below, first))
            below = first
        return order, starts

    def _nodes(self):
        """Return the node above each value at each level, from its leaf to the root."""
        tree, values = self.hierarchy, list(self.values)
        if tree.edges is not None:  # the leaves are intervals
            dtype = np.array(tree.edges).dtype
            nothing = "NaT" if dtype.kind == "M" else "nan"
            values = np.array([nothing if v == MISSING else v for v in values]).astype(dtype)
        leaf = tree.encode(values)
        nodes = tree.nodes[:, leaf]
        # Values that the hierarchy does not list are as far from one another as from all others.
        alone = np.flatnonzero(leaf == len(tree.leaves))
        nodes[:-1, alone] = len(tree.names) + alone
        return nodes
