"""Other rows than features and targets, and another unit than a row.

A statistic may be written for any object that has ``weight``, ``n_rows``, ``clipped(limits)`` and,
where sums are hidden without limits, ``magnitudes()``. :class:`Cells` are rows of categories.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .._checks import Checks
from ..exceptions import InvalidParameterError
from ._statistic import Limits, Scale, Site, statistic


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows of categories: whole numbers from 0 below public sizes, never one column a category.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows, n_columns)
        For each row and column the position of its category in a list that everybody knows.
    sizes : tuple of int
        Number of categories of each column.
    y : ndarray of shape (n_rows,)
        Targets, or positions of labels.
    weight : ndarray of shape (n_rows,)
        How much each row counts, at least 0.
    site : Site
        Where the rows are.

    Raises
    ------
    InvalidParameterError
        If a code is not below the size of its column.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.sums import Cells, Sites, cell_counts
    >>> rows = Cells(np.array([[0, 2], [1, 2], [1, 0]]), (2, 3), np.zeros(3), np.ones(3))
    >>> Sites([rows]).sum(cell_counts, (0, 1))[0].tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    """

    codes: np.ndarray
    sizes: tuple[int, ...]
    y: np.ndarray
    weight: np.ndarray
    site: Site = field(default_factory=Site)

    def __post_init__(self) -> None:
        known = (self.codes >= 0) & (self.codes < np.array(self.sizes))
        if not known.all():
            column = int(np.flatnonzero(~known.all(axis=0))[0])
            raise InvalidParameterError(
                f"Column {column} of Cells holds a code outside of its {self.sizes[column]} "
                "categories. Declare every category."
            )

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.codes)

    def clipped(self, limits: Limits) -> Cells:
        """Return rows with weights of at most 1 and targets within their norm."""
        y = np.clip(self.y, -limits.target_norm, limits.target_norm)
        return replace(self, y=y, weight=np.clip(self.weight, 0.0, 1.0))

    def magnitudes(self) -> np.ndarray:
        """Return the largest magnitudes: of each column, of targets and of weights."""
        parts = np.zeros(len(self.sizes)), np.abs(self.y).max(initial=0.0), self.weight.max()
        return np.append(parts[0], parts[1:])


def _sizes(scale: Scale, *broadcast: Any) -> tuple[float]:
    return (1.0,)


@statistic(
    bound=lambda limits, *broadcast: (1.0,),
    apart=math.sqrt(2) * (1 + 1e-15),  # two rows are in the same cell, or in two
    opens="counts",
    unit=_sizes,
    bits=40,
)
def cell_counts(rows: Cells, columns: Sequence[int], n_labels: int = 0) -> tuple[np.ndarray]:
    """Return how many rows are in each cell of some columns, and of each label.

    Parameters
    ----------
    rows : Cells
        Of one site.
    columns : sequence of int
        The axes of the table of counts.
    n_labels : int, default=0
        How many labels there are: one more axis, the last one. 0 leaves it out.

    Returns
    -------
    tuple of one ndarray
        Of the sizes of the columns (and the number of labels).
    """
    shape = [rows.sizes[column] for column in columns]
    axes = [rows.codes[:, column] for column in columns]
    if n_labels:
        shape, axes = [*shape, n_labels], [*axes, rows.y.astype(np.intp)]
    at = np.ravel_multi_index(axes, shape)
    return (np.bincount(at, rows.weight, minlength=math.prod(shape)).reshape(shape),)


@statistic(
    # A row is in one cell of each column.
    bound=lambda limits, sizes, n_labels=0: (math.sqrt(len(sizes)),),
    apart=math.sqrt(2) * (1 + 1e-15),
    opens="counts",
    unit=_sizes,
    bits=40,
)
def column_counts(rows: Cells, sizes: Sequence[int], n_labels: int = 0) -> tuple[np.ndarray]:
    """Return how many rows are in each category of each column, and of each label.

    Parameters
    ----------
    rows : Cells
        Of one site.
    sizes : sequence of int
        Number of categories of each column.
    n_labels : int, default=0
        How many labels there are: 0 counts all rows together.

    Returns
    -------
    tuple of one ndarray of shape (sum of sizes, max(n_labels, 1))
        The categories of the first column first.
    """
    counts = [
        cell_counts(rows, (column,), n_labels)[0].reshape(size, -1)
        for column, size in enumerate(sizes)
    ]
    return (np.concatenate(counts),)


@dataclass(frozen=True)
class SiteLimits:
    """What is publicly known where the protected unit is a site: its whole answer is clipped.

    Parameters
    ----------
    site_norm : float
        Largest L2 norm of what a site adds to an output: a bound that statistics may use.
    n_sites : int
        How many sites there are.

    Notes
    -----
    Rows are left as they are. Each output of a site is scaled down to the bound that its statistic
    declares for one unit, so that bound serves clipping, noise and the range of the ring.
    """

    site_norm: float
    n_sites: int
    rows_per_unit = 1
    row_norm = math.inf
    target_norm = math.inf

    def __post_init__(self) -> None:
        check = Checks(self)
        check.real("site_norm", above=0)
        check.integer("n_sites", at_least=1)

    @property
    def n_rows(self) -> int:
        """How many addends there are: one a site."""
        return self.n_sites


def clip_answer(outputs: Sequence[np.ndarray], bounds: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return outputs of which each is scaled down to its bound in L2 norm."""
    shrink = 1 - 1e-12  # a clipped norm is rounded to below its bound
    return tuple(
        output * (bound * shrink / max(float(np.linalg.norm(output)), bound))
        for output, bound in zip(outputs, bounds, strict=True)
    )
