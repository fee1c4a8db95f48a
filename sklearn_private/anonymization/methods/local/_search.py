"""A local search for cheap classes: the classes in a line, and the best cuts of the line.

In each round the classes are put in a line such that neighbours are similar, and the rows of each
class such that those come first that would suit the class before it, and those last that would
suit the one behind. The line is then cut again by dynamic programming (:mod:`._line_cuts`). The
present classes are one of the ways to cut it, so a round never raises the cost, and it may move
rows, move cuts along chains of classes, merge and split, all at once.

Lines differ from round to round. Classes are sorted by the codes of one of their rows, column by
column, and columns of few codes tend to come first, since neighbours agree in the first columns.
The choices come from a fixed sequence, so that a result can be repeated.

Constraints are judged on classes that were not there before. Where one of them fails, the stretch
of line between the nearest cuts that both ways have in common is cut as before. All in all a round
costs what the cuts cost, and a few sorts.
"""

from typing import Any

import numpy as np

from ._line_cuts import Line, recut
from ._penalties import column_of


class Search:
    """Rounds of the search, from one way to cut the table into classes.

    Parameters
    ----------
    task : Task
        What must be kept.
    line : Line
        Classes that keep it.

    Attributes
    ----------
    line : Line
        The best classes so far.
    """

    def __init__(self, task: Any, line: Line):
        self.task, self.line = task, line
        self._columns = [column_of(axis) for axis in task.problem.axes]
        self._rng = np.random.default_rng(0)  # the lines are fixed, and need no secret

    def improve(self, n_rounds: Any) -> Any:
        """Search for some rounds, and return the cost of the classes found."""
        for _ in range(n_rounds):
            moves = self._moves()
            if not moves.any():
                break
            chain = self._arranged(self._chained(self.line.take(np.flatnonzero(moves))))
            self.line = self._recut(chain, self.line.take(np.flatnonzero(~moves)))
        return self.task.cost(self.line)

    def _moves(self):
        """Tell which classes take part: those that could be cut otherwise with profit.

        Of several classes of rows that are all equal, one is enough to help others.
        """
        task, line = self.task, self.line
        held = task.combination[line.rows]
        lowest = np.minimum.reduceat(held, line.starts)
        equal = lowest == np.maximum.reduceat(held, line.starts)
        spare = np.flatnonzero(equal)
        spare = np.delete(spare, np.unique(lowest[spare], return_index=True)[1])
        moves = line.sizes <= task.longest
        moves[spare] = False
        return moves

    def _chained(self, line):
        """Put similar classes side by side."""
        rng, n_classes = self._rng, line.starts.size
        inside = (rng.random(n_classes) * line.sizes).astype(np.int64)
        codes = self.task.codes[:, line.rows[line.starts + inside]]
        # A race in which a column of c codes comes next with a chance in proportion to 1 / c².
        order = np.argsort(rng.exponential(size=len(codes)) * np.square(self.task.n_codes))
        return line.take(np.lexsort(codes[order[::-1]]))

    def _arranged(self, line):
        """Put the rows of each class between what is before it and what is behind it."""
        codes, place = self.task.codes[:, line.rows], line.places
        before, behind = np.maximum(place - 1, 0), np.minimum(place + 1, line.starts.size - 1)
        pull = np.zeros(place.size)
        for column, code in zip(self._columns, codes, strict=True):
            pull += column.rise(code, line.starts, before) - column.rise(code, line.starts, behind)
        return Line(line.rows[np.lexsort([pull, place])], line.starts)

    def _recut(self, line, rest):
        """Cut a line again, and return it with the classes that stay as they are behind it."""
        task = self.task
        codes = task.codes[:, line.rows]
        new = recut(self._columns, codes, line.starts, task.k, task.longest)
        if task.is_judged:
            good = np.ones(new.size, dtype=bool)
            fresh = np.flatnonzero(~are_among(line.starts, new, line.rows.size))
            if fresh.size:
                good[fresh] = task.holds(Line(line.rows, new).take(fresh))
            new = reverted(line.starts, new, good)
        return Line(line.rows, new).followed_by(rest)


def are_among(old: Any, new: Any, n_rows: int) -> bool:
    """Tell which of the new classes of a line of ``n_rows`` rows are old ones, by their starts."""
    stop_of_old = np.full(n_rows, -1)
    stop_of_old[old] = np.append(old[1:], n_rows)
    return stop_of_old[new] == np.append(new[1:], n_rows)


def reverted(old: np.ndarray, new: np.ndarray, good: Any) -> np.ndarray:
    """Undo the cuts that make bad classes.

    Parameters
    ----------
    old, new : ndarray of int
        Where the classes of a line start before and after.
    good : ndarray of bool, of the shape of ``new``
        Which new classes may stay.

    Returns
    -------
    ndarray of int
        Where the classes start: as in ``new``, but as in ``old`` between the nearest common
        starts on either side of a bad class.
    """
    common = np.intersect1d(old, new)
    stretch_of_old, stretch_of_new = (np.searchsorted(common, s, "right") - 1 for s in (old, new))
    bad = np.zeros(common.size, dtype=bool)
    bad[stretch_of_new[~good]] = True
    return np.sort(np.concatenate([old[bad[stretch_of_old]], new[~bad[stretch_of_new]]]))
