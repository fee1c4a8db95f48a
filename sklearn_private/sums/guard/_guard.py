"""One guard for all sums: refuse those that few enough rows stand behind to be read from them.

What can be isolated (:class:`Reach`) must hold

* for *first moments*, ``MIN_ROWS`` rows: in each column with values, in each class, and among those
  that stand apart in a column;
* for *second moments* of d columns, 5 (d + 1) rows, and a warning below 10 (d + 1): two of them are
  simultaneously diagonal in d + 1 rows or fewer, and least squares on all rounds of a fit reads a
  few more;
* for second moments, no row that has all but a hundredth of the sum of squares along a direction:
  some combination of columns would be that row;
* for all sums together, more unknown numbers than were opened: with n rows of d numbers, at most
  (n - 1) d. Then any small change of one row is made up for by changes of the others, and nothing
  that was opened tells which of them is true (``docs/proofs/who_can_reconstruct_what.md``). So a
  fit that needs many rounds needs more rows.

A site asks the guard before it answers, in every round, whoever asked. The same numbers say, in the
statement, who can compute what.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...exceptions import GuaranteeError, InvalidParameterError
from ...statements import Finding
from .._statistic import Opens, Statistic, strongest
from ._reach import Reach
from ._size import SiteSize

MIN_ROWS = 10
_PER_COLUMN = 5
_COMFORTABLE = 10
_LARGEST_LEVERAGE = 0.99


def rows_needed(opens: Opens, n_numbers: int, n_columns: int) -> int:
    """Return how many rows must stand behind what is opened.

    Parameters
    ----------
    opens : {"counts", "first moments", "second moments"}
        What is opened.
    n_numbers : int
        How many numbers a fit is expected to open.
    n_columns : int
        Number of features.
    """
    match opens:
        case "counts":
            return 1
        case "first moments":
            least = MIN_ROWS
        case "second moments":
            least = max(MIN_ROWS, _PER_COLUMN * (n_columns + 1))
    return max(least, 1 + math.ceil(n_numbers / n_columns))


def n_simulated(most: int, n_rows: int, needed: int, *, hidden: bool) -> int:
    """Return how many sites to make up, at most ``most``: no more than the guard lets pass.

    Two of the sites that hide their sums can be isolated, and single ones of those that do not.
    """
    enough = n_rows * (2 if hidden else 1) // needed
    return max(min(most, enough), 3 if hidden else 1)


@dataclass(frozen=True)
class Words:
    """What the roles and parameters of a fit are called.

    Parameters
    ----------
    owner : str
        The class that fits.
    reader : str
        Who sees what is opened, such as ``"the coordinator"``.
    coalition : str
        Who may put together what they know, with ``{t}`` for their number.
    member, members : str
        What one site is called, and several.
    parameter : str
        The parameter that takes the place of the rule.
    ways_out : str
        How to go on.
    """

    owner: str
    reader: str
    coalition: str
    member: str
    members: str
    parameter: str
    ways_out: str


@dataclass(eq=False)
class Guard:
    """Decides for whatever can be isolated whether its sums may be opened.

    Parameters
    ----------
    asks : sequence of callable
        The statistics that the program declares; they say what they open.
    sizes : sequence of SiteSize
        What each site says of its rows.
    reach : Reach
        What can be isolated.
    n_columns : int
        Number of features.
    words : Words
        For messages.
    min_rows : int, default=None
        Takes the place of the whole rule. Fewer rows than the rule demands can then be read, and
        the findings say so.
    n_numbers : int, default=0
        How many numbers the program is expected to open.
    trusted : bool, default=False
        Whether the reader may see exact sums, since it is who adds noise to them: only the number
        of rows then counts.
    alone : bool, default=False
        Whether the site that is here decides by its own rows, since it takes no other's word.
    """

    asks: Sequence[Statistic]
    sizes: Sequence[SiteSize]
    reach: Reach
    n_columns: int
    words: Words
    min_rows: int | None = None
    n_numbers: int = 0
    trusted: bool = False
    alone: bool = False
    n_opened: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.opens = strongest(self.asks)
        weight = np.array([size.weight for size in self.sizes])
        squares = np.array([size.squares for size in self.sizes])
        deciding = Reach(len(self.sizes)) if self.alone else self.reach
        effective = deciding.effective(weight, squares)
        self._n_unknown = len(self.sizes[0].apart)  # numbers a row, the target included
        self._values, self._classes = np.split(effective, [self._n_unknown])
        self._apart = deciding.least(np.array([size.apart for size in self.sizes], dtype=float))
        # Hidden sums are judged in the total: what a coalition isolates has fewer rows than that.
        self._leverage = max(size.leverage for size in self.sizes)

    @property
    def n_samples(self) -> int:
        """Rows of all sites together."""
        return sum(size.n_rows for size in self.sizes)

    @property
    def n_rows(self) -> int:
        """Rows, or effective rows, that stand at least behind what can be isolated."""
        return int(min(self._values.min() * (1 + 1e-9), 2.0**53))

    @property
    def _groups_count(self) -> bool:
        return self.opens != "counts" and not self.trusted

    @property
    def needed(self) -> int:
        """How many rows the rule demands."""
        return rows_needed(self.opens, self.n_numbers, self.n_columns)

    def check(self) -> None:
        """Raise where too few rows stand behind what the program opens."""
        least = self.needed if self.min_rows is None else self.min_rows
        if self.n_rows < least:
            raise self._refusal(f"Got {self.n_rows}", least, self._why())
        if self.min_rows is None and self._groups_count:
            self._check_groups()

    def _check_groups(self) -> None:
        if min(self._classes, default=np.inf) < MIN_ROWS:
            few = int(min(self._classes))
            reason = "the first gradient and the sum of all rows give the sum of each class"
            raise self._refusal(f"Got {few} of one class", MIN_ROWS, reason)
        if self._apart.min() < MIN_ROWS:
            column, few = int(self._apart.argmin()), int(self._apart.min())
            what = f"column {column}" if column < self.n_columns else "the target"
            reason = (
                f"no more rows differ from all others in {what}, and sums of it are sums of those "
                "rows alone; merge rare categories, clip or drop the column"
            )
            raise self._refusal(f"Got {few} that stand apart", MIN_ROWS, reason)

        if self.opens == "second moments" and self._leverage > _LARGEST_LEVERAGE:
            reason = (
                "some combination of the columns (one minus all dummies, where a rare category was "
                "dropped; the difference of two columns) is as good as zero in all other rows, so "
                "the same combination of second moments is that row; merge rare categories, clip "
                "or drop the column"
            )
            raise self._refusal("Got 1 row alone in a direction", MIN_ROWS, reason)

    def admit(self, statistic: Statistic, n_numbers: int) -> None:
        """Raise unless a site may answer one more sum.

        Parameters
        ----------
        statistic : callable
            What is asked.
        n_numbers : int
            How many numbers the answer has.
        """
        if statistic not in self.asks:
            raise GuaranteeError(
                f"{self.words.owner}: the program asked for {statistic.__name__!r}, which it does "
                "not declare. No site answered."
            )
        if statistic.opens == "counts" or self.trusted:
            return
        self.n_opened += n_numbers
        if self.min_rows is None and self.n_opened > self._room():
            raise GuaranteeError(
                f"{self.words.owner}: one more sum would open {self.n_opened} numbers about what "
                f"can be isolated, {self.n_rows} rows of {self._n_unknown}, and more than "
                f"{self._room()} can be solved for the rows. That sum was not opened. Fit with "
                f"fewer rounds (a stronger penalty, fewer columns); {self.words.ways_out}."
            )

    def _room(self) -> int:
        return (self.n_rows - 1) * self._n_unknown

    def findings(self) -> tuple[Finding, ...]:
        """Return what is to be said about how few rows there are."""
        rule = f"{self.opens} of {self.n_rows} rows and {self.n_columns} columns can be isolated"
        where = self.words.parameter
        if self.n_rows < self.needed or self._groups_are_small():
            message = f"{rule}: rows can be read from them (the rule is {self.needed} rows)"
            remedy = f"leave {where} at its default; {self.words.ways_out}"
            return (Finding.error("rows-can-be-read", message, remedy, where=where),)
        comfortable = max(self.needed, _COMFORTABLE * (self.n_columns + 1))
        if self.opens == "second moments" and self.n_rows < comfortable:
            message = f"{rule}: with what else is known of them, rows may be inferred"
            return (Finding.warning("few-rows", message, self.words.ways_out),)
        return ()

    def _groups_are_small(self) -> bool:
        small = min(self._classes, default=np.inf) < MIN_ROWS or self._apart.min() < MIN_ROWS
        alone = self.opens == "second moments" and self._leverage > _LARGEST_LEVERAGE
        return self._groups_count and bool(small or alone)

    def learns(self, n_rounds: int) -> dict[str, str]:
        """Return who can compute what, for the statement.

        Parameters
        ----------
        n_rounds : int
            Number of sums.

        Returns
        -------
        dict of str to str
            From each role to what it can compute.
        """
        words, reach = self.words, self.reach
        opened, behind = f"{self.opens} in {n_rounds} rounds", f"of {self.n_rows} rows or more"
        itself = {f"each {words.member}": "the totals and parameters of each round, and the model"}
        if reach.threshold is None:
            return {words.reader: f"the sums of each {words.member}: {opened}, {behind}", **itself}
        return {
            words.reader: f"the total of all {words.members}: {opened}",
            words.coalition.format(t=reach.threshold): (
                f"the total of the other {reach.n_left} {words.members}: {opened}, {behind}"
            ),
            **itself,
        }

    def _why(self) -> str:
        if self.opens == "second moments" and self.n_rows >= MIN_ROWS:
            return "second moments of fewer rows can be solved for these rows"
        return "the sum of one row is that row"

    def _refusal(self, got: str, least: int, why: str) -> InvalidParameterError:
        words, reach = self.words, self.reach
        who = (
            f"{words.reader} sees each {words.member}'s sums"
            if reach.threshold is None
            else f"{words.coalition.format(t=reach.threshold)} can isolate the sums of the other "
            f"{reach.n_left} {words.members}"
        )
        return InvalidParameterError(
            f"{self.words.owner} needs {least} rows (effective ones, where they have weights) "
            f"behind the {self.opens} that can be isolated. {got} (n_samples={self.n_samples}): "
            f"{who}, and {why}. Nothing was computed. Ways out: {self.words.ways_out}; or lower "
            f"{self.words.parameter}, and the statement says what can be read."
        )
