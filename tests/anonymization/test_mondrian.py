"""The search, against one that looks at one cell at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization.columns._category_axis import CategoryAxis
from sklearn_private.anonymization.columns._ordered_axis import OrderedAxis
from sklearn_private.anonymization.methods._cell_tree import Cells
from sklearn_private.anonymization.methods._mondrian import box_extents, observed_extents, partition
from sklearn_private.anonymization.methods._problem import Problem
from sklearn_private.anonymization.tables._combinations import Units, count_people, distinct, gather


class SlowSearch:
    """Cuts one cell at a time by the rule of the module's docstring; labels show what is held."""

    def __init__(self, axes, codes, person, k):
        self.axes, self.codes, self.person, self.k = axes, codes, person, k

    def best_cut(self, rows):
        best = None
        for j, code in enumerate(self.codes):
            for last in np.unique(code[rows])[:-1]:
                sides = rows[code[rows] <= last], rows[code[rows] > last]
                if min(len(set(self.person[side])) for side in sides) < self.k:
                    continue
                gain = self.loss(j, rows) - sum(self.loss(j, side) for side in sides)
                share = len(sides[0]) / len(rows)
                score = gain * (0.25 + share * (1 - share))
                if best is None or score > best[0]:
                    best = (score, *sides)
        return best

    def loss(self, j, rows):
        present = np.unique(self.codes[j][rows])
        size = np.array([self.axes[j].size[present].sum()])
        return len(rows) * float(self.axes[j].penalty(present[[0]], present[[-1]], size)[0])

    def cells(self):
        done, todo = set(), [np.arange(len(self.person))]
        while todo:
            rows = todo.pop()
            cut = self.best_cut(rows)
            if cut is None:
                done.add(frozenset(rows.tolist()))
            else:
                todo += cut[1:]
        return done


def problem_of(axes, codes, k, person=None, rules=None, most_suppressed=0):
    units = Units.of(codes, [axis.size.size for axis in axes], person)
    return Problem(tuple(axes), units, rules, k, most_suppressed, "tight", numeric=False)


def fast_cells(axes, codes, person, k):
    problem = problem_of(axes, codes, k, person)
    leaf = partition(problem, observed_extents).leaf_of_unit[problem.units.of_row]
    return {frozenset(np.flatnonzero(leaf == cell).tolist()) for cell in set(leaf)}


@given(st.integers(0, 10_000), st.integers(4, 24), st.integers(2, 3))
def test_all_cells_of_a_level_are_cut_as_if_each_were_alone(seed, n, k):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(2, n))  # distinct numbers: no two cuts have the same score
    axes, codes = zip(*map(OrderedAxis.from_column, columns), strict=True)
    slow = SlowSearch(axes, codes, np.arange(n), k).cells()
    assert fast_cells(axes, codes, None, k) == slow


@given(st.integers(0, 10_000), st.integers(4, 16), st.integers(2, 3), st.integers(3, 20))
def test_cells_hold_k_people_and_cannot_be_cut_further(seed, n, k, n_people):
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)[rng.integers(0, n, n)]
    job = [str(v) for v in rng.integers(0, 3, n)]
    person = np.unique(rng.integers(0, n_people, n), return_inverse=True)[1]
    if len(set(person)) < k:
        return
    axes, codes = zip(OrderedAxis.from_column(age), CategoryAxis.from_column(job), strict=True)
    search = SlowSearch(axes, codes, person, k)
    for cell in fast_cells(axes, codes, person, k):
        rows = np.array(sorted(cell))
        assert len(set(person[rows])) >= k
        assert search.best_cut(rows) is None


@pytest.mark.parametrize("extents", [box_extents, observed_extents])
def test_the_tree_finds_the_leaf_of_every_fitted_unit(rng, extents):
    axis, codes = OrderedAxis.from_column(rng.normal(size=300).round(1))
    problem = problem_of([axis], [codes], 4)
    cuts = partition(problem, extents)
    cells, (grid,) = Cells.from_cuts(cuts, [axis.grid])
    found = cells.find(grid.encode(axis.values)[None, :])
    assert (found[codes] == cells.cell[cuts.leaf_of_unit][problem.units.of_row]).all()
    assert np.bincount(found[codes]).min() >= 4
    assert cells.n_cells > 20


def test_boxes_tile_the_domain(rng):
    axes, codes = zip(
        *[OrderedAxis.from_column(rng.integers(0, 6, 200)) for _ in range(3)], strict=True
    )
    cells, grids = Cells.from_cuts(
        partition(problem_of(axes, codes, 3), box_extents), [axis.grid for axis in axes]
    )
    sizes = [grid.n_codes for grid in grids]
    every = np.stack([code.ravel() for code in np.indices(sizes)])
    low, high = cells.boxes(sizes)
    inside = (low[:, None] <= every[:, :, None]) & (every[:, :, None] <= high[:, None])
    owner = inside.all(axis=0)
    assert (owner.sum(axis=1) == 1).all()
    assert (owner.argmax(axis=1) == cells.find(every)).all()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12),
    st.sampled_from([1, 2**40]),
)
def test_distinct_combinations_are_numbered_in_order_even_where_keys_would_overflow(rows, scale):
    columns = [np.array(column) * scale for column in zip(*rows, strict=True)]
    sizes = [3 * scale + 1, 2 * scale + 1]
    first, number = distinct(columns, sizes)
    ordered = sorted(set(rows))
    assert [ordered[i] for i in number] == rows
    assert [rows[i] for i in first] == ordered


def test_people_are_counted_once_a_group():
    groups, person = np.array([0, 0, 0, 2]), np.array([5, 5, 1, 5])
    assert count_people(groups, 3, person).tolist() == [2, 0, 1]
    assert count_people(groups, 3).tolist() == [3, 0, 1]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=12),
    st.sampled_from([1, 2**31 - 1]),
    st.booleans(),
)
def test_gathered_rows_are_counted_by_hand(rows, stretch, weighted):
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    weight = np.arange(1, len(rows) + 1) if weighted else None
    codes, counts = gather(columns, [4 * stretch, 3 * stretch], weight)
    expected = {}
    for i, row in enumerate(rows):
        expected[row] = expected.get(row, 0) + (i + 1 if weighted else 1)
    assert list(zip(*codes.tolist(), strict=True)) == sorted(expected)
    assert counts.tolist() == [expected[row] for row in sorted(expected)]
