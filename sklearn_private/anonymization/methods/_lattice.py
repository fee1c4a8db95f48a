"""Full-domain generalisation: one level of the hierarchy for each column, the same in all rows.

The choices of levels form a lattice. A class of a coarser choice is a union of classes of a finer
one, hence, going coarser,

* fewer people are in classes below k (a union with a class of k people has k people), so that a
  choice that suppresses too many rules out all that are finer, as in Incognito [1]_ and Flash [2]_;
* the loss of the labels before suppression grows, and suppression only adds to it, so that a
  choice whose labels cost as much as the best one found rules out all that are coarser.

The loss is that of the labels as they are printed: of the group at the chosen level, even where
the people of a class share a smaller one.

The search asks about the choice that rules out most whichever way the answer falls, until none is
open: what it returns is optimal. Classes of a choice are counted from those of the smallest finer
choice that was counted before. A constraint need not behave like k; it is judged at each choice
that could still be the best, and rules out finer ones only if it declares itself ``monotone``: a
union holds it if any of its parts does.

.. [1] K. LeFevre, D. DeWitt, R. Ramakrishnan, "Incognito: efficient full-domain k-anonymity",
   SIGMOD 2005.
.. [2] F. Kohlmayer et al., "Flash: efficient, stable and optimal k-anonymity", PASSAT 2012.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ...exceptions import GuaranteeError, InvalidParameterError
from ..tables import distinct, sums

_MOST_CHOICES = 200_000  # the search for the best of more takes minutes
_ROOM = 8  # classes that are kept to count others from, as a multiple of the finest ones
_LARGEST = 2**62  # combinations beyond this many have no number of 64 bits
_DENSE = 8  # combinations are counted in an array that has up to this many places for each


@dataclass(frozen=True)
class Generalisation:
    """The best choice of levels.

    Parameters
    ----------
    levels : tuple of int
        One a column: 0 shows leaves, the last one the root only.
    class_of_unit : ndarray of int of shape (n_units,)
        The class of each unit, from 0; -1 where it is suppressed.
    loss : float
        The certainty penalty of the labels by the hierarchies, averaged over rows and columns; a
        suppressed row costs 1.
    n_counted : int
        How many choices were counted to find it.
    """

    levels: tuple
    class_of_unit: np.ndarray
    loss: float
    n_counted: int


def generalise(
    units: Any,
    axes: Sequence[Any],
    k: int,
    judge: Callable[..., Any] | None = None,
    most_suppressed: int = 0,
) -> Generalisation:
    """Find the choice of levels with the least loss.

    Classes that are too small or break a constraint are suppressed. Suppressed rows are a class
    too: it holds ``k`` people and the constraints, or is empty.

    Parameters
    ----------
    units : Units
        The table.
    axes : sequence of HierarchyAxis
        One a column.
    k : int
        Fewest people in a class.
    judge : callable, default=None
        ``judge(class_of_unit, n_classes)`` tells which classes hold the constraints, as a boolean
        array. It may carry ``monotone = True``.
    most_suppressed : int, default=0
        Most people of whom a row may be suppressed.

    Returns
    -------
    Generalisation

    Raises
    ------
    InvalidParameterError
        If there are too many choices of levels.
    GuaranteeError
        If no choice keeps the guarantee.
    """
    search = _Search(units, axes, k, judge, most_suppressed)
    while search.any_open:
        search.count(search.most_telling())
    if search.best is None:
        raise GuaranteeError.unreleased(
            f"No choice of levels gives classes of {k} people that hold the constraints.",
            "Weaken the constraints, or raise max_suppression.",
        )
    return Generalisation(*search.best, search.n_counted)


@dataclass(frozen=True)
class _Groups:
    """The classes of one choice of levels.

    ``codes``, of shape (n_columns, n_groups), are those of one member of each class; ``rows`` and
    ``people`` are counts. ``holders`` is None where each row is a person, or the (class, person)
    pairs as two arrays.
    """

    levels: np.ndarray
    codes: np.ndarray
    rows: np.ndarray
    people: np.ndarray
    holders: tuple | None

    @classmethod
    def finest(cls, units):
        """Return the combinations of codes as classes."""
        sizes = units.codes.max(axis=1) + 1
        first, number = distinct(units.codes, sizes)
        rows = sums(number, first.size, units.weight)
        holders = None if units.person is None else (number, units.person)
        people = rows if holders is None else np.bincount(number)
        levels, codes = np.zeros(sizes.size, dtype=np.int64), units.codes[:, first]
        return cls(levels, codes, rows, people, holders)

    def merged(self, levels, number):
        """Return the classes of a coarser choice; ``number`` is that of each class of this one."""
        n_groups = int(number.max()) + 1
        member = np.empty(n_groups, dtype=np.int64)
        member[number] = np.arange(number.size)
        rows, holders = sums(number, n_groups, self.rows), None
        if self.holders is not None:
            group, person = number[self.holders[0]], self.holders[1]
            first, _ = distinct([group, person], [n_groups, int(person.max()) + 1])
            holders = group[first], person[first]
        people = rows if holders is None else np.bincount(holders[0])
        return _Groups(levels, self.codes[:, member], rows, people, holders)

    def n_people_in(self, chosen):
        """Count the people with a row in the chosen classes."""
        if self.holders is None:
            return int(self.people[chosen].sum())
        return np.unique(self.holders[1][chosen[self.holders[0]]]).size

    def loss(self, penalty, suppressed=False):
        """Return the mean over rows of the penalty of their class, 1 where it is suppressed."""
        return float(np.average(np.where(suppressed, 1.0, penalty), weights=self.rows))


class _Search:
    """What is known so far. ``open`` says which choices may still be the best."""

    def __init__(self, units, axes, k, judge, most_suppressed):
        shape = [axis.hierarchy.levels for axis in axes]
        if prod(shape) > _MOST_CHOICES:
            raise InvalidParameterError(
                f"The 'hierarchies' parameter must leave at most {_MOST_CHOICES} choices of levels "
                f"for method='lattice'. Got {prod(shape)} instead. Give fewer quasi-identifiers "
                "or levels, or take another method."
            )
        self.units, self.axes, self.k, self.judge = units, axes, k, judge
        self.most_suppressed = most_suppressed
        self.nodes = [_compact(axis) for axis in axes]
        self.n_nodes = [[int(level.max()) + 1 for level in column] for column in self.nodes]
        self.open = np.ones(shape, dtype=bool)
        self.counted = _Counted(_Groups.finest(units))
        self.best, self.least, self.n_counted = None, np.inf, 0

    @property
    def any_open(self):
        return bool(self.open.any())

    def most_telling(self):
        """Return the open choice that rules out most, be it too fine or too coarse."""
        above = _counts(self.open, above=True)
        self.counted.drop(above)
        gain = np.where(self.open, above * _counts(self.open, above=False), -1.0)
        return np.array(np.unravel_index(np.argmax(gain), gain.shape))

    def count(self, levels):
        """Count the classes of a choice and close what is thereby ruled out."""
        source = self.counted.smallest(levels)
        groups = source.merged(levels, self._numbers(levels, source.codes))
        self.counted.add(groups)
        self.n_counted += 1
        penalty = self._penalty(groups)
        small = groups.people < self.k
        self.open[tuple(levels)] = False
        if groups.n_people_in(small) > self.most_suppressed:
            self._close_finer(levels)
        elif groups.loss(penalty, small) < self.least:
            self._judge(groups, penalty, small)
        if groups.loss(penalty) >= self.least:
            self._close_coarser(levels)

    def _judge(self, groups, penalty, small):
        """Take a choice that suppresses few people if it keeps the guarantee."""
        of_unit, bad = self._numbers(groups.levels, self.units.codes), small
        if self.judge is not None:
            bad = small | ~self.judge(of_unit, small.size)
            if groups.n_people_in(bad) > self.most_suppressed:
                if getattr(self.judge, "monotone", False):
                    self._close_finer(groups.levels)
                return
        class_of_unit = np.where(bad, -1, np.cumsum(~bad) - 1)[of_unit]
        loss = groups.loss(penalty, bad)
        if loss < self.least and (not bad.any() or self._is_class(groups, bad, class_of_unit)):
            self.least = loss
            self.best = (tuple(map(int, groups.levels)), class_of_unit, loss)

    def _is_class(self, groups, bad, class_of_unit):
        """Tell whether the suppressed rows together keep the guarantee."""
        if groups.n_people_in(bad) < self.k:
            return False
        is_bad = (class_of_unit < 0).astype(np.int64)
        return self.judge is None or bool(self.judge(is_bad, 2)[1])

    def _numbers(self, levels, codes):
        """Return the class of each column of ``codes`` under a choice of levels."""
        shown = [j for j, level in enumerate(levels) if level < len(self.nodes[j]) - 1] or [0]
        keys = [np.take(self.nodes[j][levels[j]], codes[j]) for j in shown]
        return _numbered(keys, [self.n_nodes[j][levels[j]] for j in shown])

    def _penalty(self, groups):
        columns = zip(self.axes, groups.levels, groups.codes, strict=True)
        trees = ((axis.hierarchy, level, codes) for axis, level, codes in columns)
        penalties = [tree.penalty[tree.nodes[level][codes]] for tree, level, codes in trees]
        return sum(penalties) / len(self.axes)

    def _close_finer(self, levels):
        self.open[tuple(slice(level + 1) for level in levels)] = False

    def _close_coarser(self, levels):
        self.open[tuple(slice(level, None) for level in levels)] = False


class _Counted:
    """Choices that were counted, from which coarser ones are counted, within a bound of memory."""

    def __init__(self, finest):
        self.groups, self.levels = [finest], finest.levels[None]
        self.size = np.array([finest.rows.size])

    def smallest(self, levels):
        """Return the classes of the finer choice that has the fewest."""
        finer = np.flatnonzero((self.levels <= levels).all(axis=1))
        return self.groups[finer[np.argmin(self.size[finer])]]

    def add(self, groups):
        self.groups.append(groups)
        self.levels = np.vstack([self.levels, groups.levels])
        self.size = np.append(self.size, groups.rows.size)

    def drop(self, n_open_above):
        """Drop choices above which nothing is open, and the largest ones if all are too many."""
        keep = n_open_above[tuple(self.levels.T)] > 0
        order = np.argsort(self.size, kind="stable")
        keep[order] &= np.cumsum(np.where(keep, self.size, 0)[order]) <= _ROOM * self.size[0]
        keep[0] = True  # the finest one can always be counted from
        self.groups = [groups for groups, kept in zip(self.groups, keep, strict=True) if kept]
        self.levels, self.size = self.levels[keep], self.size[keep]


def _compact(axis):
    """Return the node above each code at each level, numbered from 0 in each."""
    nodes = axis.hierarchy.nodes[:, : axis.size.size]
    return [np.unique(level, return_inverse=True)[1] for level in nodes]


def _counts(flags, *, above):
    """Count the flags at each place of a lattice and at all places above (or below) it."""
    count, after = flags.astype(np.float64), flags.size
    for size in flags.shape:
        after //= size
        layers = count.reshape(-1, size, after).swapaxes(0, 1)
        for i in range(1, size):
            if above:
                layers[-1 - i] += layers[-i]
            else:
                layers[i] += layers[i - 1]
    return count


def _numbered(keys, sizes):
    """Return the number of the combination of several columns of codes below ``sizes``."""
    n_places = prod(sizes)
    if n_places > _LARGEST:
        return distinct(keys, sizes)[1]
    key = np.zeros(keys[0].size, dtype=np.int64)
    for codes, size in zip(keys, sizes, strict=True):
        key *= size
        key += codes
    if n_places > _DENSE * key.size:
        return np.unique(key, return_inverse=True)[1]
    held = np.zeros(n_places, dtype=bool)
    held[key] = True
    return (np.cumsum(held) - 1)[key]
