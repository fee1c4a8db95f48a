"""The labels of one column: what a cell prints, and what it says to a model."""

from dataclasses import dataclass

import numpy as np

from ..hierarchies import ROOT


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
    """

    texts: tuple
    of_cell: np.ndarray
    penalty: np.ndarray
    features: np.ndarray | None

    @classmethod
    def of(cls, texts, of_cell, penalty, features):
        """Return labels of which those with the same text are merged into the first one."""
        number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        merged = np.array([number[text] for text in texts], dtype=np.int64)
        first = np.unique(merged, return_index=True)[1]
        features = None if features is None else features[first]
        return cls(tuple(number), merged[of_cell], penalty[first], features)

    def with_root(self, features):
        """Return the labels with one cell more, behind all others, whose label says nothing.

        Parameters
        ----------
        features : ndarray of shape (n_features,) or None
            What a model is given for it.
        """
        texts, penalty = (*self.texts, ROOT), np.append(self.penalty, 1.0)
        of_cell = np.append(self.of_cell, len(self.texts))
        if features is not None:
            features = np.vstack([self.features, features])
        return Labels.of(texts, of_cell, penalty, features)
