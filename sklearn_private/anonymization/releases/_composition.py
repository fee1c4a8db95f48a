"""Two releases about the same people say more together than each by itself.

Somebody who knows the quasi-identifiers of a person finds the person's class in each release. If
the person is in both, the person's row in the first class has a row with the same published values
in the second one. What remains are the rows of one class whose values occur in the other: the
intersection attack [1]_. It needs no flaw in either release.

The owner of the tables knows who is in which class, so that no label has to be understood here. An
attacker may know less, where labels overlap and leave several classes; one who reasons about many
people at once may learn more.

.. [1] S. R. Ganta, S. P. Kasiviswanathan, A. Smith, "Composition attacks and auxiliary information
   in data privacy", KDD 2008.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ...statements import Finding
from ..metrics._view import View, common_codes
from ..tables import distinct
from ._check_release import printed


@dataclass(frozen=True, eq=False)
class CompositionCheck:
    """What two releases tell together; ``print`` shows it.

    Attributes
    ----------
    passed : bool
        Whether nobody is left with fewer than ``k`` candidate rows or one possible value.
    findings : tuple of Finding
        What is wrong, and what to do about it.
    k : int
        Fewest candidate rows.
    n_people, n_changed : int
        People in both releases; those among them whose other values differ between the two, whom
        this attack does not find.
    below_k : ndarray of int
        Their positions in the first table: people with fewer than ``k`` candidate rows.
    certain : dict of column to ndarray of int
        People of whom a sensitive value is certain, likewise.
    """

    findings: tuple
    k: int
    n_people: int
    n_changed: int
    below_k: np.ndarray
    certain: dict

    @property
    def passed(self) -> bool:
        return not self.findings

    def __str__(self):
        head = f"{'passed' if self.passed else 'failed'}: {self.n_people} people in both releases"
        return "\n".join([head, *printed(self.findings)])


def check_releases(
    first: Any,
    second: Any,
    *,
    quasi_identifiers: list[Any],
    sensitive: list[Any],
    k: int | None = None,
    subject_id: Any = None,
) -> CompositionCheck:
    """Check what two releases about the same people tell together.

    Parameters
    ----------
    first, second : DataFrame or array-like
        The releases before they are shuffled and before ids are dropped, such as the output of
        ``transform``. One row a person.
    quasi_identifiers : list
        Columns of both that are known from elsewhere; equal labels make a class.
    sensitive : list
        Sensitive columns of both.
    k : int, default=None
        Fewest candidate rows of a person. None: the people in the smallest class of either.
    subject_id : str (or int), default=None
        Column of both that says whose row it is. None: row ``i`` of both is about the same person.

    Returns
    -------
    CompositionCheck

    Raises
    ------
    InvalidParameterError
        If a column does not exist, somebody has two rows, or there is no ``subject_id`` and the
        tables differ in length.

    Notes
    -----
    All columns that both tables have beside the quasi-identifiers and the id are compared, since
    all of them link the rows of a person.

    Examples
    --------
    Each release has two diseases in every class; together they tell those of two people.

    >>> from sklearn_private.anonymization import check_releases
    >>> first = [["< 40", "flu"], ["< 40", "HIV"], [">= 40", "flu"], [">= 40", "cold"]]
    >>> second = [["north", "flu"], ["south", "HIV"], ["south", "flu"], ["north", "cold"]]
    >>> found = check_releases(first, second, quasi_identifiers=[0], sensitive=[1])
    >>> print(found)
    failed: 4 people in both releases
    error: 2 of 4 people are left with fewer than 2 candidate rows
    error: the value of 1 is certain for 2 of 4 people
    >>> found.certain[1]
    array([0, 2])
    """
    one, two = (
        View.of(check_releases, part, None, quasi_identifiers, subject_id, sensitive)
        for part in (first, second)
    )
    here, there = _same_people(one, two)
    values = _Values.of(one, two)
    same = values.one[here] == values.two[there]
    here, there = here[same], there[same]
    pairs = _Pairs.of(one.classes.of_row[here], two.classes.of_row[there], one, two, values)
    k = int(min(one.people.min(), two.people.min())) if k is None else k
    below = here[pairs.candidates[pairs.of_person] < k]
    certain = {
        name: here[pairs.certain(codes)[pairs.of_person]]
        for name, codes in values.sensitive.items()
    }
    findings = _findings(same.size, k, below, certain)
    return CompositionCheck(findings, k, same.size, int((~same).sum()), below, certain)


@dataclass(frozen=True, eq=False)
class _Values:
    """What the rows of both tables show beside the quasi-identifiers, as numbers.

    ``one`` and ``two`` are equal where all of these columns are, and -1 in ``two`` where no row of
    the first table has the same; ``sensitive`` holds the code of each sensitive column, by number.
    """

    one: np.ndarray
    two: np.ndarray
    sensitive: dict

    @classmethod
    def of(cls, one, two):
        hidden = (*one.roles.quasi, one.roles.subject)
        linked = [
            name
            for i, name in enumerate(one.table.columns)
            if i not in hidden and name in two.table.columns
        ]
        known, codes = np.ones(len(two.table), dtype=bool), {}
        for name in linked:
            columns = (view.table.column(view.table.columns.index(name)) for view in (one, two))
            codes[name] = common_codes(*columns, name)
            known &= codes[name][1] >= 0
        zero = np.zeros(len(one.table) + known.sum(), dtype=np.int64)
        both = [zero, *(np.concatenate([ours, theirs[known]]) for ours, theirs in codes.values())]
        first, number = distinct(both, [int(column.max()) + 1 for column in both])
        theirs = np.full(len(two.table), -1)
        theirs[known] = number[len(one.table) :]
        places = dict(zip(codes, both[1:], strict=True))
        by_number = {name: places[name][first] for name in one.sensitive}
        return cls(number[: len(one.table)], theirs, by_number)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of classes that somebody is in, and the values that occur in both of each pair.

    ``of_person`` is the pair of each person; ``candidates`` the rows of a pair, of the release
    that leaves fewer; ``owner`` and ``value`` list the common values of all pairs.
    """

    of_person: np.ndarray
    candidates: np.ndarray
    owner: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, class_one, class_two, one, two, values):
        pair, of_person = distinct([class_one, class_two], [one.people.size, two.people.size])
        n = int(values.one.max()) + 1
        keys_one, rows_one = np.unique(one.classes.of_row * n + values.one, return_counts=True)
        shared = values.two >= 0
        keys_two = two.classes.of_row[shared] * n + values.two[shared]
        keys_two, rows_two = np.unique(keys_two, return_counts=True)
        ends = np.searchsorted(keys_one, np.arange(one.people.size + 1) * n)
        start, stop = ends[class_one[pair]], ends[class_one[pair] + 1]
        owner = np.repeat(np.arange(pair.size), stop - start)
        before = np.cumsum(stop - start) - (stop - start)
        place = np.arange(owner.size) + (start - before)[owner]
        value = keys_one[place] % n
        wanted = class_two[pair][owner] * n + value
        found = np.minimum(np.searchsorted(keys_two, wanted), keys_two.size - 1)
        hit = keys_two[found] == wanted
        owner, value = owner[hit], value[hit]
        left = [
            np.bincount(owner, rows, pair.size)
            for rows in (rows_one[place[hit]], rows_two[found[hit]])
        ]
        return cls(of_person, np.minimum(*left), owner, value)

    def certain(self, codes):
        """Tell in which pairs all common values have the same code."""
        size = int(codes.max()) + 1
        kinds = np.unique(self.owner * size + codes[self.value]) // size
        return np.bincount(kinds, minlength=self.candidates.size) == 1


def _same_people(one, two):
    """Return the positions in both tables of the people who are in both."""
    if one.roles.subject is None:
        if len(one.table) != len(two.table):
            raise InvalidParameterError(
                f"The 'subject_id' parameter of {one.owner} must name the column that says whose "
                f"row it is, since the tables have {len(one.table)} and {len(two.table)} rows. "
                "Got None instead."
            )
        return (np.arange(len(one.table)),) * 2
    name = one.table.columns[one.roles.subject]
    ours, theirs = common_codes(
        one.table.column(one.roles.subject), two.table.column(two.roles.subject), name
    )
    place = np.full(int(ours.max()) + 1, -1)
    place[ours] = np.arange(ours.size)
    there = np.flatnonzero(theirs >= 0)
    if place.size < ours.size or np.unique(theirs[there]).size < there.size:
        raise InvalidParameterError(
            f"{one.owner} needs one row a person, and the column {name!r} repeats ids. Keep "
            "one row of each person."
        )
    return place[theirs[there]], there


def _findings(n_people, k, below, certain):
    remedy = "publish one of the two tables only, or both with the same classes"
    found = []
    if below.size:
        message = f"{below.size} of {n_people} people are left with fewer than {k} candidate rows"
        found.append(Finding.error("releases-narrow-down", message, remedy, where="releases"))
    for name, people in certain.items():
        if people.size:
            message = f"the value of {name} is certain for {people.size} of {n_people} people"
            found.append(Finding.error("releases-tell-a-value", message, remedy, where=str(name)))
    return tuple(found)
