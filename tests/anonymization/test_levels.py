"""The rule that a full-domain generalisation leaves behind."""

import numpy as np

from sklearn_private.anonymization.columns._hierarchy_axis import HierarchyAxis
from sklearn_private.anonymization.hierarchies._hierarchy import Hierarchy
from sklearn_private.anonymization.methods._lattice import generalise
from sklearn_private.anonymization.methods._level_rule import Levels
from sklearn_private.anonymization.tables._combinations import Units


def problem(columns, trees):
    parts = [
        HierarchyAxis.from_values(column, tree) for column, tree in zip(columns, trees, strict=True)
    ]
    axes = [axis for axis, _ in parts]
    return axes, Units.of([codes for _, codes in parts], [axis.size.size for axis in axes])


def test_the_rule_finds_the_class_of_every_fitted_row():
    rng = np.random.default_rng(2)
    trees = [Hierarchy.ordered("abcdefgh", fanout=2), Hierarchy.intervals([0, 1, 2, 3], [2])]
    columns = [rng.choice(list("abcdefghi"), 200).tolist(), rng.exponential(2, 200)]
    axes, units = problem(columns, trees)
    found = generalise(units, axes, 4, None, 20)
    assert (found.class_of_unit < 0).any()
    rule = Levels.of(found, units, axes)
    cell = rule.find(units.codes)
    gone = found.class_of_unit < 0
    assert (cell[~gone] == found.class_of_unit[~gone]).all()
    assert (cell[gone] == rule.n_boxes).all()


def test_labels_are_the_names_at_the_level_and_stars_for_suppressed_rows():
    trees = [
        Hierarchy([["p", "P", "*"], ["q", "P", "*"], ["r", "R", "*"]]),
        Hierarchy([["x", "*"], ["y", "*"]]),
    ]
    columns = [list("pqpqrrrrpqrr"), list("xxxxyyyyyyxx")]
    axes, units = problem(columns, trees)
    found = generalise(units, axes, 4, None, 4)
    assert found.levels == (1, 0)
    rule = Levels.of(found, units, axes)
    first, second = rule.labels(numeric=False)
    cell = rule.find(units.codes)[units.of_row]
    assert [first.texts[i] for i in first.of_cell[cell]] == ["P"] * 4 + ["R"] * 4 + ["*"] * 4
    assert [second.texts[i] for i in second.of_cell[cell]] == ["x"] * 4 + ["y"] * 4 + ["*"] * 4


def test_a_new_row_whose_combination_was_not_released_gets_the_last_cell():
    trees = [Hierarchy([["a", "*"], ["b", "*"], ["c", "*"]]), Hierarchy([["x", "*"], ["y", "*"]])]
    axes, units = problem([["a", "a", "b", "b"], ["x", "x", "y", "y"]], trees)
    rule = Levels.of(generalise(units, axes, 2), units, axes)
    assert rule.levels == (0, 0)
    rows = ["a", "b", "a", "c", "z"], ["x", "y", "y", "x", "x"]
    codes = np.stack([grid.encode(row) for grid, row in zip(rule.grids, rows, strict=True)])
    assert rule.find(codes).tolist() == [0, 1, 2, 2, 2]
    labels = rule.labels(numeric=True)
    assert [labels[0].texts[i] for i in labels[0].of_cell] == ["a", "b", "*"]
    assert labels[1].features[labels[1].of_cell].tolist() == [[1, 0], [0, 1], [0.5, 0.5]]
