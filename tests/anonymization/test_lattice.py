"""Full-domain generalisation, against a look at every choice of levels."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_private.anonymization import information_loss
from sklearn_private.anonymization.columns._hierarchy_axis import HierarchyAxis
from sklearn_private.anonymization.hierarchies._hierarchy import Hierarchy
from sklearn_private.anonymization.methods._lattice import generalise
from sklearn_private.anonymization.tables._combinations import Units
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def problem(columns, trees, person=None):
    """Return axes and units; every row is a unit, so that classes of units are those of rows."""
    parts = [
        HierarchyAxis.from_values(column, tree) for column, tree in zip(columns, trees, strict=True)
    ]
    axes, codes = [axis for axis, _ in parts], np.array([codes for _, codes in parts])
    n = codes.shape[1]
    empty = np.empty((0, n), dtype=np.int32)
    return axes, Units(codes, np.ones(n, dtype=np.int64), person, np.arange(n), empty)


def random_problem(rng, n, with_people):
    trees = [
        Hierarchy.ordered("abcdefgh", fanout=2),
        Hierarchy.intervals([0, 1, 2, 3, 4], [2]),
        Hierarchy([["x", "*"], ["y", "*"]]),
        Hierarchy([["p", "P", "*"], ["q", "P", "*"], ["r", "R", "*"]]),
    ]
    columns = [
        rng.choice(list("abcdefghi"), n, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.04, 0.04, 0.02]),
        rng.exponential(2, n),
        rng.choice(["x", "y"], n),
        rng.choice(["p", "q", "r"], n, p=[0.5, 0.4, 0.1]),
    ]
    person = rng.integers(0, n // 2, n) if with_people else None
    columns = [c if c.dtype.kind == "f" else c.tolist() for c in columns]
    return problem(columns, trees, person)


def every_choice(units, axes, k, judge, most_suppressed):
    """Yield levels and loss of every choice that keeps the guarantee, by the definition."""
    person = np.arange(units.weight.size) if units.person is None else units.person
    for levels in product(*[range(axis.hierarchy.levels) for axis in axes]):
        columns = zip(axes, levels, units.codes, strict=True)
        nodes = np.stack([axis.hierarchy.nodes[level][code] for axis, level, code in columns])
        number = np.unique(nodes, axis=1, return_inverse=True)[1].ravel()
        kept = np.ones(number.size, dtype=bool)
        for i, holds in enumerate(judge(number, number.max() + 1)):
            member = number == i
            if len(set(person[member])) < k or not holds:
                kept[member] = False
        gone = set(person[~kept])
        if gone and not k <= len(gone) <= most_suppressed:
            continue
        if gone and not judge((~kept).astype(int), 2)[1]:
            continue
        yield levels, label_loss(axes, nodes, kept)


def label_loss(axes, nodes, kept, weight=None):
    cost = [axis.hierarchy.penalty[node] for axis, node in zip(axes, nodes, strict=True)]
    return np.average(np.where(kept, cost, 1.0).mean(axis=0), weights=weight)


def loss_of(units, axes, found, weight=None):
    columns = zip(axes, found.levels, units.codes, strict=True)
    nodes = np.stack([axis.hierarchy.nodes[level][code] for axis, level, code in columns])
    return label_loss(axes, nodes, found.class_of_unit >= 0, weight)


class Judge:
    """At least two values of a secret in a class, or none that most of a class has."""

    def __init__(self, secret, monotone):
        self.secret, self.monotone = secret, monotone

    def __call__(self, class_of_unit, n_classes):
        counts = np.zeros((n_classes, 3))
        np.add.at(counts, (class_of_unit, self.secret), 1)
        if self.monotone:
            return (counts > 0).sum(axis=1) >= 2
        return counts.max(axis=1) <= 0.55 * counts.sum(axis=1)


def holds_all(class_of_unit, n_classes):
    return np.ones(n_classes, dtype=bool)


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.sampled_from([12, 30]),
    st.integers(2, 4),
    st.sampled_from([0, 4, 10]),
    st.sampled_from([None, True, False]),
    st.booleans(),
)
def test_no_choice_of_levels_loses_less(seed, n, k, most_suppressed, monotone, with_people):
    rng = np.random.default_rng(seed)
    axes, units = random_problem(rng, n, with_people)
    judge = None if monotone is None else Judge(rng.integers(0, 3, n), monotone)
    choices = dict(every_choice(units, axes, k, judge or holds_all, most_suppressed))
    if not choices:
        with pytest.raises(GuaranteeError, match="No choice of levels"):
            generalise(units, axes, k, judge, most_suppressed)
        return
    found = generalise(units, axes, k, judge, most_suppressed)
    assert found.loss == pytest.approx(min(choices.values()))
    assert choices[found.levels] == pytest.approx(found.loss)
    assert loss_of(units, axes, found) == pytest.approx(found.loss)


def test_equal_rows_may_come_as_one_unit_with_a_weight():
    rng = np.random.default_rng(1)
    axes, rows = random_problem(rng, 300, False)
    merged = Units.of(list(rows.codes), [axis.size.size for axis in axes])
    assert merged.weight.size < rows.weight.size
    a, b = generalise(rows, axes, 5, None, 20), generalise(merged, axes, 5, None, 20)
    assert a.levels == b.levels
    assert a.loss == pytest.approx(b.loss)
    assert (a.class_of_unit == b.class_of_unit[merged.of_row]).all()


def test_most_choices_are_ruled_out_without_being_counted():
    rng = np.random.default_rng(0)
    trees = [Hierarchy.ordered(range(16), 2)] * 4
    axes, units = problem([list(map(str, rng.integers(0, 16, 2000))) for _ in trees], trees)
    found = generalise(units, axes, 10)
    assert found.n_counted < 5**4 / 4


def test_a_lattice_with_too_many_choices_is_refused():
    tree = Hierarchy.ordered(range(16), 2)
    axes, units = problem([["1", "2"]] * 9, [tree] * 9)
    with pytest.raises(InvalidParameterError, match="Give fewer quasi-identifiers"):
        generalise(units, axes, 2)


def test_combinations_beyond_64_bits_are_told_apart():
    rng = np.random.default_rng(3)
    tree = Hierarchy([[i, "*"] for i in range(1000)])
    columns = [rng.choice(["7", "990", "991"], 40).tolist() for _ in range(7)]
    axes, units = problem(columns, [tree] * 7)
    best = min(dict(every_choice(units, axes, 3, holds_all, 5)).values())
    assert generalise(units, axes, 3, None, 5).loss == pytest.approx(best)


@pytest.mark.skipif(not DATA.exists(), reason="the data of the benchmarks are not there")
def test_adult_loses_about_as_much_as_by_the_optimal_search_of_arx():
    table = pd.read_csv(DATA / "adult.csv", sep=";").drop(columns="salary-class")
    trees = {
        name: Hierarchy.from_table(DATA / "hierarchies" / f"{name}.csv") for name in table.columns
    }
    columns = [table[name].astype(str).tolist() for name in table]
    axes, units = problem(columns, list(trees.values()))
    units = Units.of(list(units.codes), [axis.size.size for axis in axes])
    found = generalise(units, axes, 10, None, len(table) // 20)
    people = np.bincount(found.class_of_unit + 1, units.weight)
    assert people[0] <= len(table) // 20
    assert people[1:].min() >= 10
    classes = found.class_of_unit[units.of_row]
    table["age"] = table["age"].astype(float)
    assert loss_of(units, axes, found, units.weight) == pytest.approx(found.loss)
    assert information_loss(table, classes, hierarchies=trees) <= found.loss
    ages_by_range = {name: tree for name, tree in trees.items() if name != "age"}
    # ARX 3.9.2 with the same limits: .319 and .361, judged by the same function, which neither of
    # the two searches minimises.
    assert information_loss(table, classes) < 1.02 * 0.319
    assert information_loss(table, classes, hierarchies=ages_by_range) < 1.02 * 0.361
