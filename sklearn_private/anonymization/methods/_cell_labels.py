"""What the labels of cells show: the cell, what its people support, or their extremes.

Labels that say more than the cell need not be true of a new row in it. The cells are therefore
numbered twice over: first with the labels of what was fitted in them, then, behind the one cell
whose label says nothing, with the labels of the cells themselves. A row takes the first of these
three that is true of it (:func:`truthful`).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..tables import least_held, sums
from ._cell_tree import Cells


def cell_labels(problem: Any, cuts: Any) -> tuple[Any, Any, Any]:
    """Return the cells, the grids, and labels that show the cut points around each cell."""
    cells, grids = Cells.from_cuts(cuts, [axis.grid for axis in problem.axes])
    ends = zip(grids, *_boxes(cells, grids), strict=True)
    labels = [grid.labels(low, high, numeric=problem.numeric) for grid, low, high in ends]
    return cells, grids, _with_root(labels, grids, cells, problem)


def supported_labels(problem: Any, cuts: Any) -> tuple[Any, Any, Any]:
    """Return the cells, the grids, and labels that end where k people of the table do."""
    of_unit, columns, kept = _published(problem, cuts)
    if cuts.suppressed.any():  # then those who are left support the labels
        columns = [
            (axis.among(_people(problem.units, codes, kept, axis.size.size)), codes)
            for axis, codes in columns
        ]
    cells, grids = Cells.from_cuts(cuts, [axis.supported_grid for axis, _ in columns])
    labels = [
        axis.supported_labels(grid, box, codes, of_unit, numeric=problem.numeric)
        for (axis, codes), grid, *box in zip(columns, grids, *_boxes(cells, grids), strict=True)
    ]
    return cells, grids, _with_root(labels, grids, cells, problem)


def tight_labels(problem: Any, cuts: Any) -> tuple[Any, Any, Any]:
    """Return the cells, the grids, and labels that show the extremes of the people in each cell."""
    of_unit, columns, _ = _published(problem, cuts)
    grids_of = [
        partial(axis.tight_grid, codes=codes, cells=of_unit, n_cells=int(of_unit.max()) + 1)
        for axis, codes in columns
    ]
    cells, grids = Cells.from_cuts(cuts, grids_of)
    labels = [
        axis.inner_labels(grid, box, codes, of_unit, numeric=problem.numeric)
        for (axis, codes), grid, *box in zip(columns, grids, *_boxes(cells, grids), strict=True)
    ]
    return cells, grids, _with_root(labels, grids, cells, problem)


LABELS = {"supported": supported_labels, "cell": cell_labels, "tight": tight_labels}


def _published(problem, cuts):
    """Return the box of each unit that is in one, and each axis with the codes of these units.

    Units are in the order of their boxes, and ``kept`` are their positions among all.
    """
    cell_of_unit = cuts.cell_of_leaf[cuts.leaf_of_unit]
    kept = np.argsort(cell_of_unit, kind="stable")
    kept = kept[: kept.size - int(cuts.suppressed[cuts.leaf_of_unit].sum())]  # these come last
    columns = list(zip(problem.axes, problem.units.codes[:, kept], strict=True))
    return cell_of_unit[kept], columns, kept


def _people(units, codes, kept, n_codes):
    """Return how many of the people of some units hold each code, each at the least of theirs."""
    if units.person is None:
        return sums(codes, n_codes, units.weight[kept])
    return least_held(codes, units.person[kept], n_codes)


def _boxes(cells, grids):
    return cells.boxes([grid.n_codes for grid in grids])


def _with_root(labels, grids, cells, problem):
    """Return labels with that of the cell behind the boxes, which says nothing."""
    features = [None] * len(grids)
    if problem.numeric:
        ends = [(np.array([0]), np.array([grid.n_codes - 1])) for grid in grids]
        features = [
            grid.labels(*end, numeric=True).features[0]
            for grid, end in zip(grids, ends, strict=True)
        ]
    parts = zip(labels, features, strict=True)
    return [part.with_root(row, cells.n_boxes) for part, row in parts]


def truthful(
    labels: Sequence[Any], boxes: np.ndarray, codes: np.ndarray, n_boxes: int, *, fitted: bool
) -> np.ndarray:
    """Return the cell of each row whose labels are true of the row.

    Parameters
    ----------
    labels : sequence of Labels
        The labels of each quasi-identifier.
    boxes : ndarray of int of shape (n_rows,)
        The box of each row; ``n_boxes`` where it is in none.
    codes : ndarray of int of shape (n_columns, n_rows)
        The codes of the rows; -1 where a value is none that was fitted.
    n_boxes : int
        Number of boxes.
    fitted : bool
        Whether the rows may be told what their box says of the fitted people in it: because they
        are these people, or because a model asks, and not a reader.

    Returns
    -------
    ndarray of int of shape (n_rows,)
        In the numbers of the cells of ``labels``.
    """
    cells = boxes
    if not fitted and labels[0].of_cell.size > n_boxes + 1:
        inside = boxes == n_boxes
        inside |= np.all([part.hold(boxes, code) for part, code in _each(labels, codes)], axis=0)
        cells = np.where(inside, boxes, boxes + n_boxes + 1)
    rows = np.flatnonzero((codes < 0).any(axis=0))
    if rows.size:
        good = [
            part.hold(cells[rows], code[rows]) | (code[rows] >= 0)
            for part, code in _each(labels, codes)
        ]
        cells = cells.copy()
        cells[rows[~np.all(good, axis=0)]] = n_boxes
    return cells


def alike(cells: np.ndarray, n_boxes: int) -> np.ndarray:
    """Return cells of which no two are of one box, where rows are published together.

    A box with a row of which only its own label is true gives this label to all of its rows.

    Parameters
    ----------
    cells : ndarray of int of shape (n_rows,)
        What :func:`truthful` returned.
    n_boxes : int
        Number of boxes.

    Returns
    -------
    ndarray of int of shape (n_rows,)
    """
    is_whole = np.zeros(2 * n_boxes + 1, dtype=bool)
    is_whole[cells[cells > n_boxes] - n_boxes - 1] = True
    return np.where(is_whole[cells], cells + n_boxes + 1, cells)


def _each(labels, codes):
    return zip(labels, codes, strict=True)
