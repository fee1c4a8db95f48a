"""Generalisation hierarchies: trees whose leaves are values and whose inner nodes are groups.

Leaves are numbered depth first, so that the leaves under any node are neighbours. The lowest node
above a set of leaves is therefore the lowest node above its first and its last leaf, which is all
that a search has to keep of a set.
"""

import csv
import datetime
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import narwhals as nw
import numpy as np

from ...exceptions import InvalidParameterError
from ..tables import MISSING, TIME, is_missing, text_of
from . import _hierarchy_tables as tables
from . import _hierarchy_tree as tree
from ._hierarchy_tree import ROOT

_TABLED = 512  # the ancestors of all pairs of so few leaves are tabled once
_LINES = 60  # a longer tree is printed with fewer children a node


@dataclass(frozen=True, repr=False)
class Hierarchy:
    """A tree of ever coarser names for the values of a column.

    It is public: it must be written down without looking at who is in the table. Values that it
    does not list belong to its root, ``"*"``, and so do missing ones unless it lists
    ``"(missing)"``.

    Parameters
    ----------
    paths : sequence of sequences
        One path for each value: the value, the names of ever larger groups, and ``"*"``. Where a
        path is shorter than others, the value stays itself for as many levels more.
    edges : sequence of float or datetime64, default=None
        Where the leaves are intervals of numbers or times: the point between each leaf and the
        next. :meth:`intervals` and :meth:`dates` set it.

    Attributes
    ----------
    names : tuple of str of length n_nodes
        The name of each node; the leaves come first.
    n_leaves_under : ndarray of shape (n_nodes,)
        Number of leaves under each node.
    nodes : ndarray of int of shape (levels, n_leaves + 1)
        The node above each leaf at each level, itself at level 0. The last column stands for all
        values that are not listed: the root at each level.

    Raises
    ------
    InvalidParameterError
        If the paths are not those of one tree.

    Examples
    --------
    >>> from sklearn_private import Hierarchy
    >>> city = Hierarchy.from_table([
    ...     ["Lyon", "France", "*"], ["Porto", "Portugal", "*"], ["Nice", "France", "*"],
    ... ])
    >>> print(city)
    *
    ├── France
    │   ├── Lyon
    │   └── Nice
    └── Portugal
        └── Porto
    >>> city.generalise("Nice", 1), city.generalise("Oslo", 1)
    ('France', '*')
    """

    paths: tuple
    edges: tuple | None = None

    def __post_init__(self):
        paths = tree.checked([[printed(cell) for cell in path] for path in self.paths])
        names, nodes = tree.numbered(paths)
        nodes.flags.writeable = False
        for field, value in {
            "paths": paths,
            "edges": None if self.edges is None else tuple(self.edges),
            "names": names,
            "nodes": nodes,
        }.items():
            object.__setattr__(self, field, value)

    @classmethod
    def from_table(cls, rows: Any, *, sep: str = ";") -> Self:
        """Build a hierarchy from a table in the form of ARX [1]_.

        Parameters
        ----------
        rows : sequence of sequences, DataFrame or path
            One row for each value: the value, then ever coarser groups, last ``"*"``; what is
            missing behind it is skipped. A path (str or Path) names a CSV file without a header.
        sep : str, default=";"
            What separates the cells of the file.

        Returns
        -------
        Hierarchy

        Raises
        ------
        InvalidParameterError
            If the rows are not the paths of one tree.

        References
        ----------
        .. [1] https://arx.deidentifier.org/
        """
        if isinstance(rows, str | Path):
            with open(rows, newline="", encoding="utf-8-sig") as file:
                rows = [row for row in csv.reader(file, delimiter=sep) if row]
        elif nw.dependencies.is_into_dataframe(rows):
            rows = nw.from_native(rows, eager_only=True).rows()
        return cls([(row[0], *(cell for cell in row[1:] if not is_missing(cell))) for row in rows])

    @classmethod
    def intervals(cls, *edges: Sequence[float]) -> Self:
        """Build nested intervals of numbers.

        Level 0 has the intervals between the first edges, level 1 those between the second ones,
        and so on. Below the first and from the last edge on, intervals are open-ended, so that
        every number has its leaf.

        Parameters
        ----------
        *edges : sequences of numbers
            Increasing; each later one a part of the one before.

        Returns
        -------
        Hierarchy

        Raises
        ------
        InvalidParameterError
            If edges are not increasing, finite and nested.

        Examples
        --------
        >>> from sklearn_private import Hierarchy
        >>> print(Hierarchy.intervals([20, 40, 60], [40]))
        *
        ├── < 40
        │   ├── < 20
        │   └── [20, 40)
        └── >= 40
            ├── [40, 60)
            └── >= 60
        """
        edges = tables.checked_edges(edges)
        return cls(tables.intervals(edges), edges[0])

    @classmethod
    def dates(
        cls, first: Any, last: Any, units: Sequence[str] = ("month", "year", "decade")
    ) -> Self:
        """Build calendar periods.

        Parameters
        ----------
        first, last : date, datetime64 or str
            The periods cover these days and end with the coarsest unit. Earlier and later times
            have a leaf each.
        units : sequence of {"day", "month", "quarter", "year", "decade"}
            Ever coarser.

        Returns
        -------
        Hierarchy

        Raises
        ------
        InvalidParameterError
            If a unit is unknown or not coarser than the one before, or the days are in the wrong
            order.

        Examples
        --------
        >>> from sklearn_private import Hierarchy
        >>> birth = Hierarchy.dates("1980-01-01", "2009-12-31")
        >>> import numpy as np
        >>> birth.path(np.datetime64("1984-07-12"))
        ('1984-07', '1984', '1980s', '*')
        """
        return cls(*tables.dates(np.datetime64(first, "D"), np.datetime64(last, "D"), units))

    @classmethod
    def masking(
        cls, values: Sequence[str], keep: Sequence[int] | None = None, *, mark: str = "*"
    ) -> Self:
        """Build groups of codes, such as postcodes, that begin alike.

        Parameters
        ----------
        values : sequence of str
            All codes that exist, each once or more often.
        keep : sequence of int, default=None
            How many leading characters each level shows, decreasing. None: one less at each.
        mark : str, default="*"
            What stands for each hidden character.

        Returns
        -------
        Hierarchy

        Examples
        --------
        >>> from sklearn_private import Hierarchy
        >>> Hierarchy.masking(["02139", "02141", "10001"], [4, 2]).path("02139")
        ('02139', '0213*', '02***', '*')
        """
        codes = sorted({printed(value) for value in values})
        return cls(tables.masking(codes, keep, mark))

    @classmethod
    def ordered(cls, values: Any, fanout: int = 2) -> Self:
        """Build groups of neighbours in an order.

        Parameters
        ----------
        values : sequence
            Distinct values, in their order.
        fanout : int, default=2
            How many nodes share a parent.

        Returns
        -------
        Hierarchy

        Examples
        --------
        >>> from sklearn_private import Hierarchy
        >>> Hierarchy.ordered(["low", "middle", "high", "top"]).path("high")
        ('high', '[high, top]', '*')
        """
        values = [printed(value) for value in values]
        return cls(tables.grouped(values, fanout, lambda part: f"[{part[0]}, {part[-1]}]"))

    @classmethod
    def by_frequency(cls, values: Any, fanout: int = 4) -> Self:
        """Build groups of values that are about equally frequent.

        Such a hierarchy tells the order of the frequencies: build it from public data.

        Parameters
        ----------
        values : sequence
            A column, with repetitions.
        fanout : int, default=4
            How many nodes share a parent.

        Returns
        -------
        Hierarchy

        Examples
        --------
        >>> from sklearn_private import Hierarchy
        >>> Hierarchy.by_frequency(list("aaabbbcccdde"), fanout=2).path("c")
        ('c', '{c, d}', '{a, b, c, d}', '*')
        """
        values = [printed(value) for value in values]
        return cls(tables.grouped(tables.most_frequent_first(values), fanout, tables.set_name))

    @property
    def levels(self) -> int:
        """Number of levels, the values and the root among them."""
        return len(self.nodes)

    @property
    def leaves(self) -> Any:
        """The names of the leaves, depth first."""
        return self.names[: len(self.paths)]

    @property
    def root(self) -> int:
        """The node of the root."""
        return int(self.nodes[-1, 0])

    @cached_property
    def n_leaves_under(self) -> Any:
        """Number of leaves under each node."""
        count = np.zeros(len(self.names), dtype=np.int64)
        for level in self.nodes[:, :-1]:
            count[level] = np.bincount(level, minlength=count.size)[level]
        return count

    @cached_property
    def first_leaf(self) -> Any:
        """The first leaf under each node."""
        first = np.zeros(len(self.names), dtype=np.int64)
        for level in self.nodes[:, -2::-1]:
            first[level] = np.arange(level.size)[::-1]  # of several leaves the first one stays
        return first

    @cached_property
    def penalty(self) -> Any:
        """The certainty penalty of each node: its share of all leaves, and 0 for one value."""
        share = self.n_leaves_under / len(self.paths)
        if self.edges is None:  # an interval is more than one value
            share[self.n_leaves_under == 1] = 0.0
        share[self.root] = 1.0  # values that are not listed belong to it as well
        return share

    def path(self, value: Any) -> tuple[str, ...]:
        """Return the names of a value at all levels, its own first.

        Parameters
        ----------
        value : str, number, date or missing value
            Any value; the root stands for one that is not listed.

        Returns
        -------
        tuple of str of length levels
        """
        return tuple(self.names[node] for node in self.nodes[:, self._code(value)])

    def generalise(self, value: Any, level: int) -> str:
        """Return the name of a value at a level.

        Parameters
        ----------
        value : str, number, date or missing value
            Any value; the root stands for one that is not listed.
        level : int
            From 0 (the value itself) to ``levels - 1`` (the root).

        Returns
        -------
        str

        Raises
        ------
        InvalidParameterError
            If there is no such level.
        """
        whole = isinstance(level, numbers.Integral) and not isinstance(level, bool)
        if not (whole and 0 <= level < self.levels):
            raise InvalidParameterError(
                f"The 'level' parameter of Hierarchy.generalise must be an integer >= 0 and <= "
                f"{self.levels - 1}. Got {level!r} instead."
            )
        return self.names[self.nodes[level, self._code(value)]]

    def ancestor(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the lowest node above all leaves from one to another.

        Parameters
        ----------
        low, high : ndarray of int
            Leaves with ``low <= high``; ``n_leaves`` for a value that is not listed.

        Returns
        -------
        ndarray of int
            Nodes.
        """
        if self.nodes.shape[1] <= _TABLED:
            return self._ancestors[low, high]
        return self._lowest_common(low, high)

    def encode(self, values: Any) -> np.ndarray:
        """Return the leaf of each value of a column.

        Parameters
        ----------
        values : ndarray of float64 or datetime64, or list of str
            The column, as its kind is read.

        Returns
        -------
        ndarray of int
            Leaves; ``n_leaves`` for a value that is not listed.

        Raises
        ------
        InvalidParameterError
            If the leaves are intervals of another kind of values.
        """
        if self.edges is not None:
            return self._interval(values)
        if not isinstance(values, np.ndarray):
            return self._numbers(values)
        values, which = np.unique(values, return_inverse=True)
        return self._numbers([printed(value) for value in values])[which]

    def with_missing(self) -> Any:
        """Return the hierarchy with a leaf for missing values, if it lists none."""
        if MISSING in self._number:
            return self
        return Hierarchy((*self.paths, (MISSING, ROOT)), self.edges)

    @cached_property
    def _ancestors(self):
        code = np.arange(self.nodes.shape[1])
        return self._lowest_common(code[:, None], code)

    def _lowest_common(self, low, high):
        found = np.full(np.broadcast_shapes(np.shape(low), np.shape(high)), self.root)
        for level in self.nodes[-2::-1]:
            node = level[low]
            found = np.where(node == level[high], node, found)
        return found

    @cached_property
    def _number(self):
        return {name: i for i, name in enumerate(self.leaves)}

    def _numbers(self, texts):
        outside = len(self.paths)
        found = (self._number.get(text, outside) for text in texts)
        return np.fromiter(found, dtype=np.int64, count=len(texts))

    def _interval(self, values):
        edges = np.array(self.edges)
        kind = getattr(values, "dtype", edges.dtype).kind
        if not isinstance(values, np.ndarray) or (kind == "M") != (edges.dtype.kind == "M"):
            wanted = "times" if edges.dtype.kind == "M" else "numbers"
            raise InvalidParameterError(
                f"A Hierarchy of intervals of {wanted} needs a column of {wanted}. Convert the "
                "column, or list its values with Hierarchy.from_table."
            )
        codes = np.searchsorted(edges, values, side="right")
        codes[values != values] = self._number.get(MISSING, len(self.paths))
        return codes

    def _code(self, value):
        if self.edges is None:
            return self._number.get(printed(value), len(self.paths))
        if is_missing(value):
            return self._number.get(MISSING, len(self.paths))
        if isinstance(value, datetime.date | np.datetime64):
            return int(self._interval(np.array([value], dtype=TIME))[0])
        return int(self._interval(np.array([value]))[0])

    def __reduce__(self):
        return Hierarchy, (self.paths, self.edges)

    def __repr__(self):
        return f"<Hierarchy of {len(self.paths)} leaves and {self.levels} levels>"

    def __str__(self):
        paths = [[name for name, _ in groupby(path[-2::-1])] for path in self.paths]
        for most in (_LINES, 20, 10, 5, 3, 2):
            lines = [ROOT, *tree.drawn(paths, most)]
            if len(lines) <= _LINES:
                break
        return "\n".join(lines)


def printed(value: Any) -> Any:
    """Return the text of a value, the same in whatever type it comes."""
    return MISSING if is_missing(value) else text_of(value)
