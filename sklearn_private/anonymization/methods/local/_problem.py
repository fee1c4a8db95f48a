"""A problem as local recoding sees it: rows, and which classes of them may be published."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...columns import class_penalties
from ...tables import count_people, distinct


@dataclass(frozen=True, eq=False)
class Task:
    """What the search works on, and what it must keep.

    Parameters
    ----------
    problem : Problem
        The table, each row of which is a unit, equal or not.
    """

    problem: object

    @property
    def codes(self) -> Any:
        """The columns, of shape (n_columns, n_rows)."""
        return self.problem.units.codes

    @property
    def k(self) -> Any:
        """Fewest people in a class."""
        return self.problem.k

    @cached_property
    def n_codes(self) -> list[Any]:
        """Number of codes of each column."""
        return [axis.size.size for axis in self.problem.axes]

    @cached_property
    def combination(self) -> Any:
        """The number of the combination of codes that each row holds."""
        return distinct(self.codes, self.n_codes)[1]

    @property
    def is_judged(self) -> Any:
        """Whether a class of k rows may have to be refused."""
        return self.problem.rules is not None or self.problem.units.person is not None

    @cached_property
    def longest(self) -> Any:
        """Most rows of a class that the search looks at."""
        if not self.is_judged:
            return 2 * self.k - 1  # two classes cost no more than one that is larger
        n_rows, person = self.combination.size, self.problem.units.person
        n_people = n_rows if person is None else np.unique(person).size
        return 3 * self.k * n_rows // n_people - 1

    def holds(self, line: str) -> Any:
        """Tell which classes of a line may be published; the line may hold some rows only."""
        problem, rows, places, n_classes = self.problem, line.rows, line.places, line.starts.size
        person = problem.units.person
        person = None if person is None else person[rows]
        good = count_people(places, n_classes, person) >= problem.k
        if problem.rules is not None:
            own = [replace(column, codes=column.codes[rows]) for column in problem.rules.sensitive]
            weight = problem.units.weight[rows]
            rules = replace(problem.rules, sensitive=tuple(own), weight=weight, person=person)
            good &= rules.judge(places, n_classes)
        return good

    def cost(self, line: str) -> float:
        """Return the cost of the classes of a line of all rows: rows times penalties."""
        classes, sizes = line.class_of_row(), line.sizes
        penalties = (
            class_penalties(axis, code, classes)
            for axis, code in zip(self.problem.axes, self.codes, strict=True)
        )
        return float(sum(penalty @ sizes for penalty in penalties))
