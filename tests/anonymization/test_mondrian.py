"""The search, against one that looks at one cell at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn_private.anonymization._categories import CategoryAxis
from sklearn_private.anonymization._cells import Cells
from sklearn_private.anonymization._mondrian import boxes, held, partition
from sklearn_private.anonymization._ordered import OrderedAxis
from sklearn_private.anonymization._rows import Units, count_people, distinct


def slow_cells(axes, codes, person, k):
    """Cut one cell at a time by the rule of the module's docstring; labels show what is held."""

    def penalty(j, rows):
        present = np.unique(codes[j][rows])
        size = axes[j].size[present].sum()
        return float(axes[j].penalty(present[[0]], present[[-1]], np.array([size]))[0])

    def best_cut(rows):
        best = None
        for j in range(len(codes)):
            for code in np.unique(codes[j][rows])[:-1]:
                left = rows[codes[j][rows] <= code]
                right = rows[codes[j][rows] > code]
                if min(len(set(person[left])), len(set(person[right]))) < k:
                    continue
                gain = len(rows) * penalty(j, rows)
                gain -= len(left) * penalty(j, left) + len(right) * penalty(j, right)
                share = len(left) / len(rows)
                score = gain * (0.25 + share * (1 - share))
                if best is None or score > best[0] + 1e-9:
                    best = (score, left, right)
        return best

    done, todo = [], [np.arange(len(person))]
    while todo:
        rows = todo.pop()
        cut = best_cut(rows)
        if cut is None:
            done.append(frozenset(rows.tolist()))
        else:
            todo += cut[1:]
    return set(done)


@st.composite
def tables(draw):
    n = draw(st.integers(4, 16))
    # Weights that no two cuts share: ties could go either way by rounding.
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)[rng.integers(0, n, n)]
    job = [str(v) for v in rng.integers(0, 3, n)]
    person = rng.integers(0, draw(st.sampled_from([3, 6, 100])), n)
    return age, job, person


@given(tables(), st.integers(2, 3), st.booleans())
def test_all_cells_of_a_level_are_cut_as_if_each_were_alone(table, k, by_person):
    age, job, person = table
    ids = np.unique(person, return_inverse=True)[1] if by_person else np.arange(len(age))
    if len(set(ids)) < k:
        return
    axes, codes = zip(OrderedAxis.of(age), CategoryAxis.of(job), strict=True)
    units = Units.of(codes, [axis.size.size for axis in axes], ids if by_person else None)
    leaf = partition(units, axes, k, held).leaf_of_unit[units.of_row]
    fast = {frozenset(np.flatnonzero(leaf == cell).tolist()) for cell in set(leaf)}
    slow = slow_cells(axes, codes, ids, k)
    assert quality(axes, codes, fast) == pytest.approx(quality(axes, codes, slow), abs=0.25)
    assert fast == slow or tie_is_possible(axes, codes)


def quality(axes, codes, cells):
    total = 0.0
    for cell in cells:
        for axis, code in zip(axes, codes, strict=True):
            present = np.unique(code[list(cell)])
            size = np.array([axis.size[present].sum()])
            total += len(cell) * float(axis.penalty(present[[0]], present[[-1]], size)[0])
    return total / len(codes[0]) / len(axes)


def tie_is_possible(axes, codes):
    return len(axes[1].categories) > 1 or axes[0].values.size < len(codes[0])


@pytest.mark.parametrize("extents", [boxes, held])
def test_the_tree_finds_the_leaf_of_every_fitted_unit(rng, extents):
    axis, codes = OrderedAxis.of(rng.normal(size=300).round(1))
    units = Units.of([codes], [axis.size.size])
    cuts = partition(units, [axis], 4, extents)
    cells, (grid,) = Cells.of(cuts, [axis])
    found = cells.find(grid.encode(axis.values)[None, :])
    assert (found[codes] == cells.cell[cuts.leaf_of_unit][units.of_row]).all()
    assert np.bincount(found[codes]).min() >= 4
    assert cells.n_cells > 20


def test_boxes_tile_the_domain(rng):
    axes, codes = zip(*[OrderedAxis.of(rng.integers(0, 6, 200)) for _ in range(3)], strict=True)
    units = Units.of(codes, [axis.size.size for axis in axes])
    cells, grids = Cells.of(partition(units, axes, 3, boxes), axes)
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
