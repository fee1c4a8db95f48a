r"""Functions of one column as public features: smooth ones of a number, one for each category.

A number falls into one of ``N_BINS`` equal bins of its public range. The functions on the bins are
those that a Gaussian process with the kernel

.. math:: k(u, v) = (e^{-(u - v)^2 / 2 l^2} + u v) / 2, \qquad u, v \in [-1, 1],

holds probable: its first eigenvectors, each times the root of its eigenvalue. So an L2 penalty, or
noise, costs rough functions more than smooth ones, and a straight line least. Gradient steps on
these features are what boosting by smooth functions of one column takes.

Everything is public: the kernel, the bins and the categories. A row has at most unit length in
every column, and is divided by the square root of their number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..rows import Categories, Range

N_BINS = 32
N_SMOOTH = 6  # functions of a numeric column
_LENGTH = 0.25  # l, of a range that is 2 long


@dataclass(frozen=True, kw_only=True)
class AdditiveBasis:
    """Public features of every column; in place of bounds on the rows.

    Parameters
    ----------
    columns : sequence of Range and Categories
        What each column may hold.
    intercept : float
        Value of the constant column; 0 leaves it out.
    """

    columns: Sequence[Range | Categories]
    intercept: float

    norm: float = 1.0
    source: str = "domain=, from the caller"

    @cached_property
    def tables(self) -> list[np.ndarray]:
        """For each column its features by bin, of shape (n_bins + 1, n_functions); last: none."""
        scale = math.sqrt(len(self.columns))
        return [np.vstack([t, np.zeros(t.shape[1])]) / scale for t in map(_table, self.columns)]

    @property
    def scale(self) -> np.ndarray:
        """Units of the features: they have none."""
        return np.ones(sum(table.shape[1] for table in self.tables))

    @property
    def row_norm(self) -> float:
        """The bound on the norm of a design row, the constant column included."""
        return math.hypot(self.norm, self.intercept) * (1 + 1e-15)  # rounded up

    def design(self, codes: np.ndarray) -> np.ndarray:
        """Return the features of rows given by their bins, a constant column last if there is one.

        Parameters
        ----------
        codes : ndarray of int of shape (n_rows, n_columns)
            The bin of each value; -1 for none.
        """
        blocks = [table[column] for table, column in zip(self.tables, codes.T, strict=True)]
        constant = [np.full((len(codes), 1), self.intercept)] if self.intercept else []
        return np.hstack(blocks + constant) * (1 - 1e-12)  # rounded to below the bound

    def shapes(self, w: np.ndarray) -> tuple[list[np.ndarray], float]:
        """Return each column's function by bin (the last entry: for none), and the intercept.

        Parameters
        ----------
        w : ndarray of shape (n_functions,) or (n_functions + 1,)
            Coefficients of the features, and of the constant column.
        """
        edges = np.cumsum([0, *(table.shape[1] for table in self.tables)])
        pairs = zip(self.tables, edges[:-1], edges[1:], strict=True)
        functions = [table @ w[start:end] for table, start, end in pairs]
        return functions, float(self.intercept * w[edges[-1]]) if self.intercept else 0.0


def codes_of(columns: Sequence[Range | Categories], values: Sequence[np.ndarray]) -> np.ndarray:
    """Return the bin or category of every value: (n_rows, n_columns), -1 for none."""
    return np.column_stack(
        [
            column.bins(held, N_BINS) if isinstance(column, Range) else column.codes(held)
            for column, held in zip(columns, values, strict=True)
        ]
    )


def _table(column):
    return _smooth() if isinstance(column, Range) else np.eye(len(column.values))


@lru_cache(maxsize=1)
def _smooth():
    """Return the smooth functions by bin: (N_BINS, N_SMOOTH), rows of norm at most 1."""
    u = (2 * np.arange(N_BINS) + 1) / N_BINS - 1
    kernel = (np.exp(-((u[:, None] - u) ** 2) / (2 * _LENGTH**2)) + np.outer(u, u)) / 2
    values, vectors = np.linalg.eigh(kernel)
    features = vectors[:, -N_SMOOTH:] * np.sqrt(values[-N_SMOOTH:])
    return features / np.linalg.norm(features, axis=1).max()
