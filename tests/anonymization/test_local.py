"""Local recoding: the cuts of a line are optimal, and no class breaks what was asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import information_loss
from sklearn_private.anonymization.columns._category_axis import CategoryAxis
from sklearn_private.anonymization.columns._hierarchy_axis import HierarchyAxis
from sklearn_private.anonymization.columns._ordered_axis import OrderedAxis
from sklearn_private.anonymization.columns._penalty import class_penalties
from sklearn_private.anonymization.hierarchies._hierarchy import Hierarchy
from sklearn_private.anonymization.methods._mondrian import observed_extents, partition
from sklearn_private.anonymization.methods._problem import Problem
from sklearn_private.anonymization.methods.local import _line_cuts as line_module
from sklearn_private.anonymization.methods.local import _start as peel_module
from sklearn_private.anonymization.methods.local._line_cuts import (
    Line,
    best_cuts,
    in_pieces,
    recut,
    window_costs,
)
from sklearn_private.anonymization.methods.local._local import local_classes, tidy
from sklearn_private.anonymization.methods.local._penalties import column_of
from sklearn_private.anonymization.methods.local._problem import Task
from sklearn_private.anonymization.methods.local._search import Search, are_among, reverted
from sklearn_private.anonymization.methods.local._start import (
    Levels,
    common_groups_first,
    generalisations,
)
from sklearn_private.anonymization.models._constraints import LDiversity
from sklearn_private.anonymization.models._judge import Rules
from sklearn_private.anonymization.models._sensitive import Sensitive
from sklearn_private.anonymization.tables._combinations import Units, count_people

TREE = Hierarchy.from_table(
    [["a", "vowel", "*"], ["e", "vowel", "*"], ["b", "stop", "*"], ["d", "stop", "*"]]
    + [["s", "sibilant", "*"]]
)


def axes_and_codes(rng, n, spread=8):
    """Return a numeric, a categorical and a hierarchical column."""
    age = rng.integers(0, spread, n).astype(float)
    job = [f"job {v}" for v in rng.integers(0, spread, n)]
    letter = list(rng.choice(list("aebds"), n))
    parts = (
        OrderedAxis.from_column(age),
        CategoryAxis.from_column(job, fewest=2),
        HierarchyAxis.from_values(letter, TREE),
    )
    axes, codes = zip(*parts, strict=True)
    return axes, np.stack(codes).astype(np.int32)


def problem_of(axes, codes, k, person=None, values=None, constraints=()):
    n = codes.shape[1]
    sensitive = np.zeros((0, n), dtype=np.int32) if values is None else values[None]
    units = Units(codes, np.ones(n, dtype=np.int64), person, np.arange(n), sensitive)
    rules = None
    if constraints:
        n_values = int(values.max()) + 1
        names = tuple(map(str, range(n_values)))
        counts = count_people(values, n_values, person)
        column = Sensitive("illness", names, values, counts, False, None)
        rules = Rules(tuple(constraints), (column,), units.weight, person)
    return Problem(axes, units, rules, k, 0, True, False)


def cost_of(axes, codes, classes):
    sizes = np.bincount(classes)
    return sum(
        float(class_penalties(axis, code, classes) @ sizes)
        for axis, code in zip(axes, codes, strict=True)
    )


def ways_to_cut(n, shortest, longest):
    """Yield the class sizes of all ways to cut ``n`` rows."""
    if n == 0:
        yield ()
    for size in range(shortest, min(n, longest) + 1):
        for rest in ways_to_cut(n - size, shortest, longest):
            yield (size, *rest)


def classes_of_starts(starts, n):
    return Line(np.arange(n), np.asarray(starts)).class_of_row()


def parts(starts, step):
    """Return the pieces of a line of 40 rows."""
    return in_pieces(np.asarray(starts), 40, step)


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3), st.integers(1, 9))
def test_the_cost_of_every_window_is_that_of_its_rows_as_a_class(seed, step, fewest, shortest):
    axes, codes = axes_and_codes(np.random.default_rng(seed), 40)
    pieces, counts = parts([0, 7, 20], step), range(fewest, fewest + 4)
    costs = window_costs([column_of(axis) for axis in axes], codes, pieces, counts, shortest)
    edges = np.append(pieces, 40)
    for i, count in enumerate(counts):
        for end in range(count, edges.size):
            rows = slice(edges[end - count], edges[end])
            n = rows.stop - rows.start
            alone = cost_of(axes, codes[:, rows], np.zeros(n, dtype=np.int64))
            assert costs[i, end] == pytest.approx(np.inf if n < shortest else alone, rel=1e-5)


def test_pieces_begin_anew_with_each_class():
    assert parts([0, 7, 20], 6).tolist() == [0, 6, 7, 13, 19, 20, 26, 32, 38]
    assert parts([0, 7, 20], 1).tolist() == list(range(40))


def test_a_column_of_many_codes_needs_no_table_of_all_pairs():
    values = np.random.default_rng(0).permutation(2000).astype(float)
    axis, codes = OrderedAxis.from_column(values)
    costs = window_costs([column_of(axis)], codes[None], np.arange(2000), range(2, 3), 2)
    width = np.abs(np.diff(values)) / np.ptp(values)
    np.testing.assert_allclose(costs[0, 2:], 2 * width, rtol=1e-6)


def test_a_row_raises_the_penalty_of_another_class_by_what_it_adds(rng):
    axes, codes = axes_and_codes(rng, 40)
    starts, other = np.array([0, 7, 20]), rng.integers(0, 3, 40)
    for axis, code in zip(axes, codes, strict=True):
        rise = column_of(axis).rise(code, starts, other)
        for row, joined in enumerate(other):
            inside = np.split(code, starts[1:])[joined]
            before, after = (
                class_penalties(axis, held, np.zeros(held.size, dtype=np.int64))[0]
                for held in (inside, np.append(inside, code[row]))
            )
            if isinstance(axis, CategoryAxis):
                assert (rise[row] > 0) == (code[row] not in inside)
            else:
                assert rise[row] == pytest.approx(after - before, abs=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 14), st.integers(1, 3))
def test_no_way_to_cut_a_line_costs_less(seed, n, k):
    n = max(n, k)
    axes, codes = axes_and_codes(np.random.default_rng(seed), n)
    columns, longest = [column_of(axis) for axis in axes], 2 * k - 1
    starts = recut(columns, codes, np.array([0]), k, longest)
    best = min(
        cost_of(axes, codes, np.repeat(np.arange(len(sizes)), sizes))
        for sizes in ways_to_cut(n, k, longest)
    )
    assert cost_of(axes, codes, classes_of_starts(starts, n)) == pytest.approx(best, abs=1e-4)


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12))
def test_blocks_are_cut_together_as_if_each_were_alone(seed, n_first, n_second):
    n = n_first + n_second
    axes, codes = axes_and_codes(np.random.default_rng(seed), n)
    columns, counts = [column_of(axis) for axis in axes], range(2, 4)

    def cuts(start, stop, *blocks):
        cost = window_costs(columns, codes[:, start:stop], np.arange(stop - start), counts, 2)
        return (start + best_cuts(cost, np.array(blocks), 2)).tolist()

    alone = cuts(0, n_first, 0, n_first) + cuts(n_first, n, 0, n_second)
    assert cuts(0, n, 0, n_first, n) == alone


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_large_classes_are_cut_between_pieces_and_cost_no_more_than_before(seed, n_classes):
    rng, k = np.random.default_rng(seed), 70  # so that pieces have two rows
    starts = np.cumsum(rng.integers(k, 2 * k, n_classes)) - k
    starts, n = starts - starts[0], int(starts[-1] - starts[0]) + k + int(rng.integers(0, k))
    axes, codes = axes_and_codes(rng, n)
    new = recut([column_of(axis) for axis in axes], codes, starts, k, 2 * k - 1)
    assert np.diff(new, append=n).min() >= k
    before, after = (cost_of(axes, codes, classes_of_starts(s, n)) for s in (starts, new))
    assert after <= before * (1 + 1e-6)


def test_the_cuts_do_not_depend_on_how_many_blocks_are_held_at_once(rng, monkeypatch):
    axes, codes = axes_and_codes(rng, 3000)
    columns, starts = [column_of(axis) for axis in axes], np.arange(0, 3000, 5)
    at_once = recut(columns, codes, starts, 5, 9)
    monkeypatch.setattr(line_module, "_ROWS", 300)
    assert recut(columns, codes, starts, 5, 9).tolist() == at_once.tolist()
    before, after = (cost_of(axes, codes, classes_of_starts(s, 3000)) for s in (starts, at_once))
    assert after < before


def test_classes_that_start_and_stop_as_before_are_not_judged_again():
    old, new = np.array([0, 4, 8, 12, 16]), np.array([0, 4, 9, 12, 14])
    assert are_among(old, new, 20).tolist() == [True, False, False, False, False]
    assert are_among(old, old, 20).all()
    assert are_among(old, np.array([0, 16]), 20).tolist() == [False, True]


def test_stretches_with_a_bad_class_are_cut_as_before():
    old, new = np.array([0, 4, 8, 12, 16]), np.array([0, 3, 8, 11, 16])
    good = np.array([True, True, True, False, True])  # the class from 11 on is bad
    assert reverted(old, new, good).tolist() == [0, 3, 8, 12, 16]
    assert reverted(old, new, np.ones(5, dtype=bool)).tolist() == new.tolist()
    assert reverted(old, new, np.zeros(5, dtype=bool)).tolist() == old.tolist()


def test_the_levels_of_a_hierarchy_are_its_nodes():
    axis, codes = HierarchyAxis.from_values(list("aebds"), TREE)
    levels = Levels.of(axis, codes, np.ones(5))
    named = [
        {frozenset(np.array(TREE.leaves)[group == g]) for g in set(group.tolist())}
        for group in levels.groups
    ]
    leaves = {frozenset(leaf) for leaf in "aebds"}
    nodes = {frozenset("ae"), frozenset("bd"), frozenset("s")}
    assert named == [leaves, nodes, {frozenset("aebds")}]
    assert levels.penalty == pytest.approx([0, 4 / 5 * 2 / 5, 1])


def test_generalisations_run_from_the_cheapest_to_the_coarsest(rng):
    axes, codes = axes_and_codes(rng, 100)
    levels = [Levels.of(a, c, np.ones(100)) for a, c in zip(axes, codes, strict=True)]
    tried = generalisations(levels)
    cost = sum(part.penalty[level] for part, level in zip(levels, tried.T, strict=True))
    assert (np.diff(cost) >= 0).all()
    assert not tried[0].any()
    assert tried[-1].tolist() == [len(part.groups) - 1 for part in levels]


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(2, 6))
def test_a_peel_leaves_at_most_one_class_too_small(seed, n, k):
    axes, codes = axes_and_codes(np.random.default_rng(seed), n, spread=4)
    sizes = np.bincount(common_groups_first(Task(problem_of(axes, codes, k))))
    assert (sizes[:-1] >= k).all()
    assert sizes.sum() == n


def test_a_peel_leaves_a_group_that_breaks_a_constraint_for_a_coarser_generalisation():
    axis, codes = OrderedAxis.from_column(np.repeat([20.0, 21.0, 60.0], 3))
    values = np.array([0, 0, 0, 1, 1, 1, 0, 1, 0])
    problem = problem_of(
        (axis,), codes[None].astype(np.int32), 3, values=values, constraints=(LDiversity(2),)
    )
    assert common_groups_first(Task(problem)).tolist() == [1] * 6 + [0] * 3


def test_a_peel_ends_with_the_coarsest_generalisation_however_little_may_be_sorted(monkeypatch):
    rng, tried = np.random.default_rng(0), []
    parts = [axes_and_codes(rng, 50) for _ in range(3)]
    axes, codes = sum((part[0] for part in parts), ()), np.vstack([part[1] for part in parts])
    task = Task(problem_of(axes, codes, 50))
    equal = peel_module._equal
    monkeypatch.setattr(peel_module, "_equal", lambda *a: tried.append(a) or equal(*a))
    monkeypatch.setattr(peel_module, "_SORTED", 0)
    assert set(common_groups_first(task).tolist()) == {0}
    assert 60 < len(tried) < len(generalisations(tried[0][0]))


def test_a_peel_takes_equal_rows_first():
    axes, codes = axes_and_codes(np.random.default_rng(3), 40)
    codes = np.repeat(codes[:, np.unique(codes, axis=1, return_index=True)[1]], 3, axis=1)
    classes = common_groups_first(Task(problem_of(axes, codes, 3)))
    assert cost_of(axes, codes, classes) == 0
    assert (np.bincount(classes) == 3).all()


@given(st.integers(0, 10_000), st.integers(8, 60), st.integers(2, 5))
def test_classes_hold_k_rows_and_cost_no_more_than_either_start(seed, n, k):
    axes, codes = axes_and_codes(np.random.default_rng(seed), n)
    problem = problem_of(axes, codes, k)
    task = Task(problem)
    classes = local_classes(problem)
    assert np.bincount(classes).min() >= k
    assert set(classes) == set(range(classes.max() + 1))
    cost = cost_of(axes, codes, classes)
    for start in (partition(problem, observed_extents).leaf_of_unit, common_groups_first(task)):
        assert cost <= task.cost(tidy(task, start)) + 1e-4


@given(st.integers(0, 10_000), st.integers(8, 60), st.booleans())
def test_a_round_never_raises_the_cost(seed, n, judged):
    rng = np.random.default_rng(seed)
    axes, codes = axes_and_codes(rng, n)
    values = rng.integers(0, 4, n)
    constraints = (LDiversity(min(3, len(set(values)))),) if judged and len(set(values)) > 1 else ()
    values = np.unique(values, return_inverse=True)[1]
    task = Task(problem_of(axes, codes, 3, values=values, constraints=constraints))
    search = Search(task, tidy(task, np.zeros(n, dtype=np.int64)))
    cost = task.cost(search.line)
    for _ in range(6):
        before, cost = cost, search.improve(1)
        assert cost <= before + 1e-4


@given(st.integers(0, 10_000), st.integers(12, 80), st.integers(2, 4), st.integers(2, 4))
def test_every_class_holds_the_constraint(seed, n, k, l):
    rng = np.random.default_rng(seed)
    axes, codes = axes_and_codes(rng, n)
    values = np.append(np.arange(l), rng.integers(0, l + 1, n - l) % (l + 1))
    values = np.unique(values, return_inverse=True)[1]
    classes = local_classes(problem_of(axes, codes, k, values=values, constraints=(LDiversity(l),)))
    assert np.bincount(classes).min() >= k
    assert all(len(set(values[classes == c])) >= l for c in set(classes))


@given(st.integers(0, 10_000), st.integers(12, 80), st.integers(2, 4))
def test_k_counts_people_where_a_person_has_several_rows(seed, n, k):
    rng = np.random.default_rng(seed)
    axes, codes = axes_and_codes(rng, n)
    person = np.append(np.arange(k), rng.integers(0, max(k, n // 3), n - k))
    person = np.unique(person, return_inverse=True)[1]
    classes = local_classes(problem_of(axes, codes, k, person=person))
    assert all(len(set(person[classes == c])) >= k for c in set(classes))


def test_equal_rows_cost_nothing_and_share_small_classes():
    axes, codes = axes_and_codes(np.random.default_rng(0), 40)
    codes = np.repeat(codes[:, :1], 40, axis=1)
    sizes = np.bincount(local_classes(problem_of(axes, codes, 4)))
    assert sizes.min() >= 4
    assert sizes.max() < 8


@pytest.mark.parametrize("n", [5, 9])
def test_fewer_than_two_classes_of_rows_are_one_class(n):
    axes, codes = axes_and_codes(np.random.default_rng(0), n)
    assert set(local_classes(problem_of(axes, codes, 5)).tolist()) == {0}


def test_a_table_without_rows_has_no_classes():
    axes, codes = axes_and_codes(np.random.default_rng(0), 5)
    assert local_classes(problem_of(axes, codes[:, :0], 5)).size == 0


def test_a_lone_row_joins_what_is_nearest_although_it_equals_nothing():
    age = np.array([30.0] * 7 + [31.0] + [70.0] * 8)
    axis, codes = OrderedAxis.from_column(age)
    classes = local_classes(problem_of((axis,), codes[None].astype(np.int32), 4))
    assert cost_of((axis,), codes[None], classes) == pytest.approx(4 / 40)


def test_the_same_table_gets_the_same_classes(rng):
    axes, codes = axes_and_codes(rng, 300)
    problem = problem_of(axes, codes, 4)
    assert local_classes(problem).tolist() == local_classes(problem).tolist()


@pytest.mark.parametrize(("by_hierarchy", "bar"), [(False, 0.0540), (True, 0.0852)])
def test_adult_loses_no_more_than_in_arx(adult_table, data_folder, by_hierarchy, bar):
    columns = [column for column in adult_table.columns if column != "salary-class"]
    trees = {}
    if by_hierarchy:
        paths = {c: data_folder / "hierarchies" / f"{c}.csv" for c in columns if c != "age"}
        trees = {c: Hierarchy.from_table(path, sep=";") for c, path in paths.items()}
    parts = [
        OrderedAxis.from_column(adult_table[c].to_numpy(dtype=float))
        if c == "age"
        else HierarchyAxis.from_values(adult_table[c].tolist(), trees[c], c)
        if by_hierarchy
        else CategoryAxis.from_column(adult_table[c].tolist())
        for c in columns
    ]
    axes, codes = zip(*parts, strict=True)
    classes = local_classes(problem_of(axes, np.stack(codes).astype(np.int32), 10))
    loss = information_loss(
        adult_table, classes, quasi_identifiers=columns, hierarchies=trees or None
    )
    assert np.bincount(classes).min() >= 10
    assert loss <= bar
