"""The labels of one column: what a cell prints, what that is true of, what it tells a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..hierarchies import ROOT


@dataclass(frozen=True)
class Ranges:
    """What labels of ranges are true of: codes from one to another, and perhaps missing values.

    Parameters
    ----------
    low, high : ndarray of int of shape (n_labels,)
        The least and the greatest code.
    missing : ndarray of bool of shape (n_labels,)
        Whether the label is true of a missing value too.
    missing_code : int
        The code of a missing value.
    """

    low: np.ndarray
    high: np.ndarray
    missing: np.ndarray
    missing_code: int

    def take(self, which: np.ndarray) -> Ranges:
        """Return what some of the labels, in this order, are true of."""
        return replace(
            self, low=self.low[which], high=self.high[which], missing=self.missing[which]
        )

    def hold(self, label: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Tell of each row whether its label is true of its code."""
        inside = (self.low[label] <= code) & (code <= self.high[label])
        return inside | (self.missing[label] & (code == self.missing_code))


@dataclass(frozen=True)
class Sets:
    """What labels of sets are true of: the codes that they list.

    Parameters
    ----------
    listed : ndarray of int of shape (n_pairs,)
        ``number * n_codes + code`` of all that are listed, sorted.
    number : ndarray of int of shape (n_labels,)
        The number of each label in ``listed``.
    n_codes : int
        Number of codes.
    """

    listed: np.ndarray
    number: np.ndarray
    n_codes: int

    def take(self, which: np.ndarray) -> Sets:
        """Return what some of the labels, in this order, are true of."""
        return replace(self, number=self.number[which])

    def hold(self, label: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Tell of each row whether its label is true of its code."""
        wanted = self.number[label] * self.n_codes + code
        place = np.minimum(np.searchsorted(self.listed, wanted), self.listed.size - 1)
        return (code >= 0) & (self.listed[place] == wanted)


@dataclass(frozen=True)
class Labels:
    """The distinct labels of one column, in the order of the column.

    Parameters
    ----------
    texts : tuple of str of length n_labels
        What is printed, each once.
    of_cell : ndarray of shape (n_cells,)
        The label of each cell.
    penalty : ndarray of shape (n_labels,)
        The certainty penalty of each label, from 0 (it says all) to 1 (it says nothing).
    features : ndarray of shape (n_labels, n_features) or None
        What a model is given, if it is asked for.
    extent : Ranges, Sets or None
        Of which codes each label is true. None where nobody needs to know: labels that show a
        whole cell are true of every row in it.
    """

    texts: tuple
    of_cell: np.ndarray
    penalty: np.ndarray
    features: np.ndarray | None
    extent: Ranges | Sets | None = None

    @classmethod
    def merged(
        cls, texts: Any, of_cell: Any, penalty: Any, features: Any, extent: Any = None
    ) -> Labels:
        """Return labels of which those with the same text are merged into the first one."""
        number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        merged = np.array([number[text] for text in texts], dtype=np.int64)
        first = np.unique(merged, return_index=True)[1]
        features = None if features is None else features[first]
        extent = None if extent is None else extent.take(first)
        return cls(tuple(number), merged[of_cell], penalty[first], features, extent)

    @classmethod
    def joined(cls, ours: Labels, theirs: Labels) -> Labels:
        """Return the labels of some cells and, behind them, those of others, all of ranges."""
        texts = np.array([*ours.texts, *theirs.texts], dtype=object)
        low, high, missing = (
            np.concatenate([getattr(part.extent, name) for part in (ours, theirs)])
            for name in ("low", "high", "missing")
        )
        order = np.lexsort((missing, high, low))
        place = np.argsort(order)
        both = None
        if ours.features is not None:
            both = np.vstack([ours.features, theirs.features])[order]
        return cls.merged(
            texts[order].tolist(),
            place[np.append(ours.of_cell, theirs.of_cell + len(ours.texts))],
            np.append(ours.penalty, theirs.penalty)[order],
            both,
            Ranges(low, high, missing, ours.extent.missing_code).take(order),
        )

    def with_root(self, features: np.ndarray | None, cell: int) -> Labels:
        """Return the labels with one cell more, whose label says nothing.

        Parameters
        ----------
        features : ndarray of shape (n_features,) or None
            What a model is given for it.
        cell : int
            The number of the cell; those from it on move up by one.
        """
        texts, penalty = (*self.texts, ROOT), np.append(self.penalty, 1.0)
        of_cell = np.insert(self.of_cell, cell, len(self.texts))
        extent = self.extent
        if features is not None:
            features = np.vstack([self.features, features])
        if extent is not None:  # of what the label is true is not asked: see hold()
            extent = extent.take(np.append(np.arange(len(self.texts)), 0))
        return Labels.merged(texts, of_cell, penalty, features, extent)

    def hold(self, cell: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Tell of each row whether the label of its cell is true of its code.

        Parameters
        ----------
        cell, code : ndarray of int of shape (n_rows,)
            The cell and the code of each row; a code of -1 stands for a value that no label but
            the one that says nothing is true of.

        Returns
        -------
        ndarray of bool of shape (n_rows,)
        """
        label = self.of_cell[cell]
        held = (code >= 0) if self.extent is None else self.extent.hold(label, code)
        says_nothing = np.array([text == ROOT for text in self.texts])
        return held | says_nothing[label]
