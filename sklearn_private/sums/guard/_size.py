"""How many rows stand behind the sums of one site: what the site says of itself to the guard.

Three counts that an attack needs to be small, and one share that it needs to be large:

* **rows**, by Kish's effective size [1]_: rows of weight 1e-12 hide nobody. Values that are
  missing do not count, so there is one number a column.
* **rows of each class**: the sum of all rows and the first gradient give the sum of each class.
* **rows apart**, one number a column: those that differ from what nearly all others have. A row of
  X'X is a sum of rows weighted by one column, so where a single row has a one in it (the only
  person of a category), that row of X'X *is* that person; a value 1000 times all others does the
  same.
* **the largest leverage** of a row: the share of it in the sum of squares along the direction in
  which it is largest, a constant column included. It is 1 where a combination of columns is zero in
  all other rows: one minus all dummies, for the only person of a category whose column was dropped,
  or two columns that differ in one person.

.. [1] L. Kish, "Survey sampling", Wiley, 1965, section 11.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._statistic import Rows

_PROBE = 41  # rows: where fewer than 21 of all rows stand apart, their median is the common value
_SINGULAR = 1e-10  # of the largest eigenvalue: no direction of its own
_NEGLIGIBLE = 1e-3  # of the largest: what is smaller does not blur what is read to three digits


@dataclass(frozen=True, eq=False)
class SiteSize:
    """What one site says of its rows.

    Parameters
    ----------
    n_rows : int
        How many rows there are.
    weight, squares : ndarray of shape (n_columns + n_labels,)
        The sum of weights, and of their squares, of the values that are there in each column, and
        of the rows of each class.
    apart : ndarray of shape (n_columns,)
        Rows apart from the others.
    spread : ndarray of shape (n_columns,)
        How far apart the farthest of them is.
    leverage : float
        The largest leverage of a row among those that are judged together.
    """

    n_rows: int
    weight: np.ndarray
    squares: np.ndarray
    apart: np.ndarray
    spread: np.ndarray
    leverage: float


def measure(
    sites: Sequence[Rows], n_labels: int, *, target: bool, products: bool, together: bool
) -> list[SiteSize]:
    """Return the size of every site.

    Parameters
    ----------
    sites : sequence of Rows
        The rows of each site.
    n_labels : int
        How many class labels there are; 0 where targets are no classes.
    target : bool
        Whether targets are numbers, and so one more column.
    products : bool
        Whether second moments are opened: leverages are 0 where they are not.
    together : bool
        Whether leverages are those among the rows of all sites, since only totals are opened.

    Returns
    -------
    list of SiteSize
        A row apart at one site is counted there by the spread of that site, and by the largest
        spread of all sites, of which the smaller count holds.
    """
    tables = [_columns(rows, target) for rows in sites]
    centres = [_common(table) for table in tables]
    distances = [
        np.abs(table - centre) * np.sqrt(rows.weight)[:, None]
        for table, centre, rows in zip(tables, centres, sites, strict=True)
    ]
    spreads = [np.fmax.reduce(distance, axis=0, initial=0.0) for distance in distances]
    widest = np.max(spreads, axis=0)
    leverages = _leverages(tables, [rows.weight for rows in sites], products, together)
    return [
        SiteSize(
            len(rows.y),
            *_weights(rows, table, n_labels),
            _least_positive(_count(distance, spread), _count(distance, widest)),
            spread,
            leverage,
        )
        for rows, table, distance, spread, leverage in zip(
            sites, tables, distances, spreads, leverages, strict=True
        )
    ]


def _columns(rows: Rows, target: bool) -> np.ndarray:
    return np.column_stack([rows.X, rows.y]) if target else rows.X


def _common(table: np.ndarray) -> np.ndarray:
    """Return a value of each column that all rows have, but for fewer than 21, if there is one."""
    ordered = np.sort(table[:_PROBE], axis=0)  # missing values last
    there = np.count_nonzero(~np.isnan(ordered), axis=0)
    middle = np.take_along_axis(ordered, (np.maximum(there, 1) - 1)[None] // 2, axis=0)[0]
    return np.nan_to_num(middle)


def _leverages(
    tables: list[np.ndarray], weights: list[np.ndarray], products: bool, together: bool
) -> list[float]:
    if not products:
        return [0.0] * len(tables)
    if together:
        return [_leverage(np.vstack(tables), np.concatenate(weights))] * len(tables)
    return [_leverage(*site) for site in zip(tables, weights, strict=True)]


def _leverage(table: np.ndarray, weight: np.ndarray) -> float:
    """Return the largest x' (X'X)⁻¹ x of a row, a constant column included."""
    design = np.column_stack([np.nan_to_num(table), np.ones(len(table))])  # missing: in no sum
    # Columns of largest value 1 and then of length 1, so that units decide neither rank nor range.
    largest = np.abs(design).max(axis=0)
    design = design[:, largest > 0] / largest[largest > 0]
    design *= np.sqrt(weight / weight.max())[:, None]
    design /= np.linalg.norm(design, axis=0)
    values, vectors = np.linalg.eigh(design.T @ design)
    kept = values > _SINGULAR * values[-1]
    return float((((design @ vectors[:, kept]) ** 2) / values[kept]).sum(axis=1).max())


def _count(distance: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return how many rows are not negligibly near, by column; all, where fewer rows are near."""
    far = np.count_nonzero((distance > 0) & (distance >= _NEGLIGIBLE * spread), axis=0)
    there = len(distance) - np.count_nonzero(np.isnan(distance), axis=0)
    return np.where(2 * far <= there, far, there)


def _least_positive(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where((a > 0) & (b > 0), np.minimum(a, b), np.maximum(a, b))


def _weights(rows: Rows, table: np.ndarray, n_labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of weights and of their squares, by column and then by class."""
    missing = np.isnan(table)
    labels = rows.y.astype(np.intp) if n_labels else np.zeros(len(rows.y), dtype=np.intp)

    def sums(weight: np.ndarray) -> np.ndarray:
        there = weight.sum() - weight @ missing
        classes = np.bincount(labels, weight, minlength=n_labels)[:n_labels]
        return np.concatenate([there, classes])

    return sums(rows.weight), sums(rows.weight**2)
