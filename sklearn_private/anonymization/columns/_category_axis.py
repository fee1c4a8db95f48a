"""Quasi-identifiers without an order: sets of categories.

Categories are ordered by frequency, ties by name, so that a cut sets rare ones apart from frequent
ones. Where labels must not name what fewer than ``k`` people share, such categories are merged into
one code behind all others, called ``"(other)"``; so are, always, those that are called like it or
like the label that says nothing, ``"*"``. A value that was not fitted belongs to the last code.
"""

from dataclasses import dataclass
from itertools import pairwise, repeat

import numpy as np

from ..hierarchies import ROOT
from ..tables import count_people, distinct
from ._labels import Labels

OTHER = "(other)"
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
    def of(cls, column, *, fewest=0, person=None):
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
        axis, rank = cls.ranked(names, np.bincount(codes, minlength=len(names)), people, fewest)
        return axis, rank[codes]

    @classmethod
    def ranked(cls, names, rows, people, fewest=0):
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

    def penalty(self, low, high, size):
        """Return the certainty penalty of sets of codes from their extremes and their sizes."""
        del low, high  # a set costs its size, wherever it lies
        return _penalty(size, self.size.sum())

    def placed(self, below, above):
        """Return the code behind which each cut between two codes is made."""
        del above  # what lies between belongs to the upper side
        return below

    def grid(self, below, above):
        """Return the grid of cuts between these pairs of codes, and the threshold of each cut."""
        return CategoryGrid(self.categories, self.size), self.placed(below, above)

    def tight_labels(self, codes, cells, n_cells, *, numeric):
        """Return labels that show the categories of the fitted people in each cell."""
        n, text = self.size.size, _writer(self)
        pairs = np.unique(cells * n + codes)
        ends = np.searchsorted(pairs, np.arange(n_cells + 1) * n).tolist()
        sorted_codes = (pairs % n).tolist()
        held = [tuple(sorted_codes[a:b]) for a, b in pairwise(ends)]
        sets = sorted(set(held))
        number = {codes: i for i, codes in enumerate(sets)}
        of_cell = np.array([number[codes] for codes in held], dtype=np.int64)
        texts = [text(list(codes)) for codes in sets]
        penalty = _penalty(np.array([len(codes) for codes in sets]), n)
        return Labels.of(texts, of_cell, penalty, _features(sets, n) if numeric else None)


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
    def n_codes(self):
        """Number of codes."""
        return self.size.size

    def encode(self, texts):
        """Return the code of each printed value."""
        number = {name: i for i, name in enumerate(self.categories)}
        other = repeat(self.n_codes - 1)
        return np.fromiter(map(number.get, texts, other), dtype=np.int64, count=len(texts))

    def names(self, name):
        """Return the names of the numeric features of column ``name``."""
        return [f"{name}_{part}" for part in _names(self)]

    def labels(self, low, high, *, numeric):
        """Return labels that show the categories of each cell."""
        n = self.n_codes
        first, of_cell = distinct([low, high], [n, n])
        low, high = low[first], high[first]
        sets = [np.arange(*ends) for ends in zip(low, high + 1, strict=True)]
        # A cell that is the whole domain takes unseen values too, so it names none.
        text = _writer(self)
        texts = ["*" if len(codes) == n else text(codes) for codes in sets]
        total = np.concatenate([[0.0], np.cumsum(self.size)])
        penalty = _penalty(total[high + 1] - total[low], total[-1])
        return Labels.of(texts, of_cell, penalty, _features(sets, n) if numeric else None)


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
        if len(codes) == 1:
            return names[codes[0]]
        if len(codes) == len(names):
            return "*"
        return "{" + ", ".join(ordered[np.sort(rank[codes])]) + "}"

    return text


def _features(sets, n_codes):
    """Return one row a label: equal shares for the categories it may stand for."""
    features = np.zeros((len(sets), n_codes))
    for row, codes in zip(features, sets, strict=True):
        row[list(codes)] = 1 / len(codes)
    return features
