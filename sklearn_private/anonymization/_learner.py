"""How an anonymizer learns: count rows, let a method find cells, keep what may be kept."""

import numpy as np
from sklearn.base import BaseEstimator

from .._checks import Checks
from ..exceptions import InvalidParameterError
from ._parameters import check_constraints, check_hierarchies
from .columns import passed_through
from .hierarchies import ROOT
from .methods import LABELS, METHODS, n_people, to_problem, truthful
from .releases import anonymity_statement, columns_without_detail
from .tables import (
    N_ROWS,
    Counts,
    Roles,
    Table,
    Tally,
    by_clock,
    kind_of,
    order_of,
    read_distinct,
    source_of,
    zone_of,
)

_LEARNT = ("_tally", "cells_", "grids_", "labels_", "privacy_statement_")


class Learner(BaseEstimator):
    """The private half of :class:`KAnonymizer`, whose parameters it reads."""

    def __getstate__(self):
        state = super().__getstate__().copy()
        state.pop("_tally", None)  # counts of distinct rows are no release
        return state

    def _check_parameters(self):
        check = Checks(self)
        check.integer("k", at_least=2)
        check.choice("method", among=tuple(METHODS))
        check.choice("labels", among=tuple(LABELS))
        check.choice("output", among=("labels", "numeric"))
        check.real("max_suppression", at_least=0, below=1)
        check_constraints(self)

    def _learn(self, X):
        """Fit; return the view of the table, and the cell of each row if it is known already."""
        self._check_parameters()
        for name in _LEARNT:  # what a failed fit leaves must not pass for one that succeeded
            vars(self).pop(name, None)
        source = source_of(X)
        if not self._knows_fitted_rows_only:
            self._tally, table = self._count(source)
            self._settle(self._tally.total())
            return table, None
        if not source.is_whole:
            self._refuse_fitted_rows_only("fit from a table that is not in memory")
        table = self._begin(source.head, reset=True)
        places = self._counted
        columns = self._by_clock(table.column(i) for i in places)
        counts = Counts.of_each_row(columns, [table.columns[i] for i in places])
        return table, self._settle(counts)

    def _learn_more(self, X):
        """Add rows to those that were counted so far, and learn from all of them."""
        self._check_parameters()
        self._refuse_fitted_rows_only("partial_fit")
        if hasattr(self, "labels_") and not hasattr(self, "_tally"):
            raise InvalidParameterError.unreleased(
                "KAnonymizer has no counts of the rows that it learned from: copies and pickles "
                "keep none.",
                "Begin with a clone.",
            )
        self._tally, _ = self._count(source_of(X), getattr(self, "_tally", None))
        counts = self._tally.total()
        if n_people(counts, self._roles) >= self.k:
            self._settle(counts)

    def _begin(self, head, *, reset):
        """Read the parts of columns off rows of the table; return the view of these rows."""
        table = Table.validated(self, head, reset=reset)
        if reset:
            self._roles, self._columns = Roles.of(self, table), table.columns
            self._zones = [zone_of(table.column(i)) for i in self._counted]
            self._orders = [order_of(table.column(i)) for i in self._roles.quasi]
        check_hierarchies(self, table, self._roles)
        if self.output == "numeric":
            passed_through(table, self._roles)  # what cannot be passed through is refused here
        return table

    @property
    def _counted(self):
        return self._roles.counted(sensitive=len(self.constraints) > 0)

    def _count(self, source, tally=None):
        """Add the rows of a source to a tally; return both it and the view of the source's head."""
        table = self._begin(source.head, reset=tally is None)
        if tally is None:
            names = [table.columns[i] for i in self._counted]
            # Of columns of objects all rows must tell the kind, not those of the first piece.
            known = [kind_of(table.column(i)) if source.is_whole else None for i in self._counted]
            tally = Tally(names, known)
        for columns, weight in source.counted(table, self._counted):
            tally.add(self._by_clock(columns), weight)
        return tally, table

    def _by_clock(self, columns):
        """Return the counted columns, times as clocks in the zone of each show them."""
        parts = zip(columns, self._zones, self._counted, strict=True)
        return [by_clock(column, zone, self._columns[i]) for column, zone, i in parts]

    def _settle(self, counts):
        """Learn from counts, and return the cell of each of their entries."""
        method, roles = METHODS[self.method], self._roles
        problem = to_problem(
            self,
            roles,
            self._columns,
            counts,
            orders=self._orders,
            by_row=method.by_row,
            by_level=method.by_level,
        )
        found = method.learn(problem)
        self.cells_, self.grids_, self.labels_ = found.cells, found.grids, found.labels
        self.quasi_identifiers_ = [self._columns[i] for i in roles.quasi]
        self._kinds = [kind or "category" for kind in counts.kinds[: len(roles.quasi)]]
        self._suppressed = found.suppressed
        cells, units = found.cell_of_unit, problem.units
        self.privacy_statement_ = self._statement(
            cells, units.weight, units.person, cells != found.suppressed
        )
        return cells

    def _find(self, table, *, fitted):
        """Return the cell of each row, and whether its values are none that were fitted.

        ``fitted`` is that of :func:`truthful`. A bounded number of rows is read at a time.
        """
        cells, unseen = np.empty(len(table), dtype=np.int32), np.zeros(len(table), dtype=bool)
        n_boxes = self.cells_.n_boxes
        for start in range(0, len(table), N_ROWS):
            rows = table.rows(start, start + N_ROWS)
            codes = np.empty((len(self.grids_), len(rows)), dtype=np.int32)
            for j, (i, kind) in enumerate(zip(self._roles.quasi, self._kinds, strict=True)):
                name = table.columns[i]
                column = by_clock(rows.column(i), self._zones[j], name)
                values, number = read_distinct(column, kind, name)
                codes[j] = self.grids_[j].encode(values)[number]
            found = truthful(self.labels_, self.cells_.find(codes), codes, n_boxes, fitted=fitted)
            cells[start : start + N_ROWS] = found
            unseen[start : start + N_ROWS] = (codes < 0).any(axis=0) & (found == n_boxes)
        return cells, unseen

    @property
    def _knows_fitted_rows_only(self):
        return METHODS[self.method].by_row

    def _refuse_fitted_rows_only(self, what):
        if self._knows_fitted_rows_only:
            raise InvalidParameterError(
                f"KAnonymizer with method={self.method!r} has no {what}: it finds classes of the "
                "rows of one table, and no rule for others. Use fit_transform or release with "
                "that table, or method='mondrian'."
            )

    def _refuse_elsewhere(self, X):
        if not source_of(X).is_whole:
            raise InvalidParameterError(
                f"KAnonymizer cannot give back rows of a {type(X).__name__}, which is no table in "
                "memory. Use fit, and then transform_file."
            )

    def _statement(self, cells, weight, person, kept, findings=()):
        """Return the statement about rows, or units of them, of which ``kept`` say something."""
        silent = [
            name
            for name, part in zip(self.quasi_identifiers_, self.labels_, strict=True)
            if kept.any()
            and {part.texts[i] for i in np.unique(part.of_cell[cells[kept]])} == {ROOT}
        ]
        loss = np.mean([part.penalty[part.of_cell] for part in self.labels_], axis=0)[cells]
        return anonymity_statement(
            self,
            self._roles,
            self._columns,
            (*findings, *columns_without_detail(silent)),
            n_people=_people(weight, person, slice(None)),
            n_suppressed=_people(weight, person, ~kept),
            information_loss=float(weight @ np.where(kept, loss, 1.0) / max(1, weight.sum())),
        )


def _people(weight, person, which):
    """Count the people with some of the rows."""
    return int(weight[which].sum()) if person is None else np.unique(person[which]).size
