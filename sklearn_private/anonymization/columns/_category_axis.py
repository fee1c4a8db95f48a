"""Quasi-identifiers without an order: sets of categories.

Categories are ordered by frequency, ties by name, so that a cut sets rare ones apart from frequent
ones. Where labels must not name what fewer than ``k`` people share, such categories are merged into
one code behind all others, called ``"(other)"``; so are, always, those that are called like it or
like the label that says nothing, ``"*"``. A value that was not fitted is one of them, and without
them has no code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import Any, Self

import numpy as np

from ..hierarchies import ROOT
from ..tables import MISSING, count_people, distinct
from ._labels import Labels, Sets
from ._penalty import distinct_keys

OTHER = "(other)"
_TRUTHS = {"True": "1", "False": "0"}  # arrays turn truth values beside a missing one into numbers
_RESERVED = (OTHER, ROOT)  # a category of this name would pass for what the label means


@dataclass(frozen=True)
class CategoryAxis:
    """The categories of a fitted column, the most frequent first.

    Parameters
    ----------
    categories : tuple of str
        Their names.
    size : ndarray of shape (n_codes,)
        How many categories each code stands for: 1 for each named one, and all that were merged
        for the code behind them, if there is one.
    """

    categories: tuple
    size: np.ndarray

    @classmethod
    def from_column(
        cls, column: list[str], *, fewest: int = 0, person: np.ndarray | None = None
    ) -> tuple[Any, Any]:
        """Return the axis of a column and the code of each row.

        Parameters
        ----------
        column : list of str of length n_rows
            Printed values.
        fewest : int, default=0
            Categories of fewer people are merged; 0 merges none.
        person : ndarray of int of shape (n_rows,), default=None
            Whose row it is. None where each row is a person.
        """
        names = sorted(set(column))
        number = {name: i for i, name in enumerate(names)}
        codes = np.fromiter(map(number.__getitem__, column), dtype=np.int64, count=len(column))
        people = count_people(codes, len(names), person)
        axis, rank = cls.from_counts(
            names, np.bincount(codes, minlength=len(names)), people, fewest
        )
        return axis, rank[codes]

    @classmethod
    def from_counts(
        cls, names: Sequence[str], rows: np.ndarray, people: np.ndarray, fewest: int = 0
    ) -> tuple[Self, Any]:
        """Return the axis of counted categories and the code of each of them.

        Parameters
        ----------
        names : sequence of str of length n_names
            Categories, sorted.
        rows, people : ndarray of int of shape (n_names,)
            How many rows and people hold each.
        fewest : int, default=0
            Categories of fewer people are merged; 0 merges none.
        """
        order = np.argsort(-rows, kind="stable")
        nameable = (people >= fewest) & [name not in _RESERVED for name in names]
        named = order[nameable[order]]
        n_merged = len(names) - named.size
        rank = np.full(len(names), named.size)
        rank[named] = np.arange(named.size)
        size = np.append(np.ones(named.size), [n_merged] * (n_merged > 0))
        return cls(tuple(names[i] for i in named), size), rank

    def penalty(self, low: Any, high: Any, size: int) -> Any:
        """Return the certainty penalty of sets of codes from their extremes and their sizes."""
        del low, high  # a set costs its size, wherever it lies
        return _penalty(size, self.size.sum())

    def placed(self, below: Any, above: Any) -> Any:
        """Return the code behind which each cut between two codes is made."""
        del above  # what lies between belongs to the upper side
        return below

    def grid(self, below: Any, above: Any) -> tuple[CategoryGrid, Any]:
        """Return the grid of cuts between these pairs of codes, and the threshold of each cut."""
        return CategoryGrid(self.categories, self.size), self.placed(below, above)

    supported_grid = grid

    def among(self, people: Any) -> Self:
        """Return the axis itself: its codes tell who supports a label."""
        del people
        return self

    def tight_grid(
        self, below: Any, above: Any, codes: np.ndarray, cells: Any, n_cells: Any
    ) -> Any:
        """Return the same: labels end where codes do."""
        del codes, cells, n_cells
        return self.grid(below, above)

    def tight_labels(self, codes: np.ndarray, cells: Any, n_cells: Any, *, numeric: Any) -> Any:
        """Return labels that show the categories of the fitted people in each cell."""
        return set_labels(self, *self._held(codes, cells, n_cells), numeric=numeric)

    def inner_labels(
        self,
        grid: CategoryGrid,
        boxes: tuple[Any, ...],
        codes: np.ndarray,
        cells: np.ndarray,
        *,
        numeric: bool,
    ) -> Any:
        """Return labels that show the categories of the fitted people, and those of whole boxes.

        The first half of the cells are the boxes by what is held in them, the second half the boxes
        as they are. Where the axis merges rare categories, those that are named are held by at
        least as many people of the table.

        Parameters
        ----------
        grid : CategoryGrid
            The grid.
        boxes : tuple of two ndarrays of int of shape (n_boxes,)
            The lowest and the highest code of each box.
        codes, cells : ndarray of int of shape (n_units,)
            The code and the box of each unit that is published.
        numeric : bool
            Whether labels need features.
        """
        held, of_held = self._held(codes, cells, boxes[0].size)
        whole, of_whole = grid.sets_of(*boxes)
        of_cell = np.append(of_held, of_whole + len(held))
        return set_labels(self, held + whole, of_cell, n_asked=len(held), numeric=numeric)

    supported_labels = inner_labels

    def _held(self, codes, cells, n_cells):
        """Return the sets of codes that are held in cells, as sorted tuples, and that of each."""
        n = self.size.size
        pairs = distinct_keys(cells * n + codes, n_cells * n)
        ends = np.searchsorted(pairs, np.arange(n_cells + 1) * n).tolist()
        sorted_codes = (pairs % n).tolist()
        held = [tuple(sorted_codes[a:b]) for a, b in pairwise(ends)]
        number = {codes: i for i, codes in enumerate(dict.fromkeys(held))}
        return list(number), np.array([number[codes] for codes in held], dtype=np.int64)


@dataclass(frozen=True)
class CategoryGrid:
    """The categories of one column: what a fitted anonymizer keeps of it.

    Parameters
    ----------
    categories : tuple of str
        Code ``i`` is category ``i``.
    size : ndarray
        How many categories each code stands for, as in :class:`CategoryAxis`.
    """

    categories: tuple
    size: np.ndarray

    @property
    def n_codes(self) -> Any:
        """Number of codes."""
        return self.size.size

    def encode(self, texts: Any) -> Any:
        """Return the code of each printed value; -1 for one that was not fitted."""
        number = {name: i for i, name in enumerate(self.categories)}
        if not self.categories or set(self.categories) <= _TRUTHS.keys() | {MISSING}:
            number |= {_TRUTHS[name]: i for name, i in number.items() if name in _TRUTHS}
        other = repeat(self.n_codes - 1 if self.n_codes > len(self.categories) else -1)
        return np.fromiter(map(number.get, texts, other), dtype=np.int64, count=len(texts))

    def names(self, name: str) -> list[Any]:
        """Return the names of the numeric features of column ``name``."""
        return [f"{name}_{part}" for part in _names(self)]

    def labels(self, low: Any, high: Any, *, numeric: Any) -> Any:
        """Return labels that show the categories of each box."""
        return set_labels(self, *self.sets_of(low, high), numeric=numeric)

    def sets_of(self, low: Any, high: Any) -> tuple[list[Any], Any]:
        """Return the sets of codes in boxes, from the lowest to the highest, and that of each."""
        first, of_box = distinct([low, high], [self.n_codes] * 2)
        ends = zip(low[first].tolist(), high[first].tolist(), strict=True)
        codes = tuple(range(self.n_codes))  # slices share its numbers
        return [codes[a : b + 1] for a, b in ends], of_box


def set_labels(
    part: CategoryAxis | CategoryGrid,
    sets: list[tuple[int, ...]],
    of_cell: np.ndarray,
    *,
    n_asked: int = 0,
    numeric: bool,
) -> Any:
    """Return labels that show sets of codes of an axis or a grid.

    Parameters
    ----------
    part : CategoryAxis or CategoryGrid
        What names the codes.
    sets : list of tuple of int
        Sets of codes, sorted.
    of_cell : ndarray of int of shape (n_cells,)
        The set of each cell.
    n_asked : int, default=0
        So many of the first sets are asked what they list.
    numeric : bool
        Whether labels need features.
    """
    order = sorted(range(len(sets)), key=sets.__getitem__)
    # codes: those of all sets, one set behind the other in this order; label: the set of each
    codes = np.fromiter(chain.from_iterable(sets[i] for i in order), dtype=np.int64)
    lengths = np.array([len(sets[i]) for i in order])
    label = np.repeat(np.arange(len(sets)), lengths)
    text, n = _writer(part), part.size.size
    texts = [text(some) for some in np.split(codes, np.cumsum(lengths)[:-1])]
    penalty = _penalty(np.bincount(label, part.size[codes], len(sets)), part.size.sum())
    features = extent = None
    if numeric:  # equal shares for the categories that a label may stand for
        features = np.zeros((len(sets), n))
        features[label, codes] = 1 / lengths[label]
    if n_asked:
        asked = (np.array(order) < n_asked)[label]
        extent = Sets(label[asked] * n + codes[asked], np.arange(len(sets)), n)
    return Labels.merged(texts, np.argsort(order)[of_cell], penalty, features, extent)


def _names(part):
    """Return the name of each code of an axis or a grid."""
    return (*part.categories, OTHER)[: part.size.size]


def _penalty(size, n_all):
    return np.where(size <= 1, 0.0, size / n_all)


def _writer(part):
    """Return a function that writes the label of a set of codes of an axis or a grid."""
    names = _names(part)
    printed = sorted(range(len(names)), key=lambda i: (names[i] == OTHER, names[i]))
    rank, ordered = np.argsort(printed), np.array(names, dtype=object)[printed]

    def text(codes):
        if len(codes) == 1 and names != (OTHER,):
            return names[codes[0]]
        if len(codes) == len(names):
            return ROOT
        return "{" + ", ".join(ordered[np.sort(rank[codes])]) + "}"

    return text
