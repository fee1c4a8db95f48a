"""A column with a hierarchy, as a search and as a fitted anonymizer see it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import KAnonymizer
from sklearn_private.anonymization.columns._hierarchy_axis import HierarchyAxis, HierarchyGrid
from sklearn_private.anonymization.hierarchies._hierarchy import Hierarchy
from sklearn_private.exceptions import InvalidParameterError

CITIES = Hierarchy(
    [
        ["Lyon", "France", "Europe", "*"],
        ["Nice", "France", "Europe", "*"],
        ["Porto", "Portugal", "Europe", "*"],
        ["Lima", "Peru", "America", "*"],
        ["Cusco", "Peru", "America", "*"],
    ]
)


def texts_of(labels):
    return [labels.texts[i] for i in labels.of_cell]


def test_a_class_costs_the_leaves_under_the_lowest_group_that_holds_it():
    axis, codes = HierarchyAxis.from_values(["Porto", "Lyon", "Nice", "Lima"], CITIES)
    assert codes.tolist() == [2, 0, 1, 3]
    low, high = np.array([0, 0, 0, 2, 0]), np.array([0, 1, 2, 3, 4])
    assert axis.penalty(low, high, None).tolist() == [0.0, 2 / 5, 3 / 5, 1.0, 1.0]


def test_an_interval_costs_its_share_even_alone():
    axis, codes = HierarchyAxis.from_values(np.array([5.0, 15.0]), Hierarchy.intervals([0, 10, 20]))
    assert axis.penalty(codes, codes, None).tolist() == [1 / 4, 1 / 4]


def test_values_that_are_not_listed_have_a_code_behind_all_others_that_costs_everything():
    axis, codes = HierarchyAxis.from_values(["Lyon", "Oslo", "Rome"], CITIES)
    assert codes.tolist() == [0, 5, 5]
    assert axis.size.size == 6
    assert axis.penalty(codes[1:], codes[1:], None).tolist() == [1.0, 1.0]
    grid, _ = axis.grid(np.array([0]), np.array([5]))
    assert grid.encode(["Oslo", "Cusco"]).tolist() == [5, 4]
    assert texts_of(grid.labels(np.array([5, 3]), np.array([5, 5]), numeric=False)) == ["*", "*"]


def test_where_none_was_fitted_a_value_that_is_not_listed_has_no_code():
    axis, _ = HierarchyAxis.from_values(["Lyon", "Lima"], CITIES)
    grid, _ = axis.grid(np.array([0]), np.array([3]))
    assert grid.n_codes == 5
    assert grid.encode(["Oslo", "(missing)"]).tolist() == [-1, -1]


def test_missing_values_are_a_leaf_of_their_own():
    for column, tree in (
        (["Lyon", "(missing)"], CITIES),
        (np.array([1.0, np.nan]), Hierarchy([[1, "*"], [2, "*"]])),
        (np.array([1.0, np.nan]), Hierarchy.intervals([0, 2])),
        (np.array(["2020-01-01", "NaT"], "M8[us]"), Hierarchy.dates("2020-01-01", "2020-12-31")),
    ):
        axis, codes = HierarchyAxis.from_values(column, tree)
        assert codes[1] == len(tree.leaves) == axis.size.size - 1
        labels = axis.tight_labels(codes, np.array([0, 1]), 2, numeric=False)
        assert texts_of(labels)[1] == "(missing)"


def test_a_hierarchy_that_lists_no_value_of_its_column_is_refused():
    with pytest.raises(InvalidParameterError, match="hierarchy of 'city' lists none of its values"):
        HierarchyAxis.from_values(["lyon", "nice"], CITIES, "city")


def test_cuts_lie_where_the_largest_groups_meet():
    axis, _ = HierarchyAxis.from_values(list(CITIES.leaves), CITIES)
    _, threshold = axis.grid(np.array([0, 0, 1, 0, 3]), np.array([4, 2, 3, 1, 4]))
    assert threshold.tolist() == [2, 1, 2, 0, 3]


@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(2, 4))
def test_a_threshold_parts_the_codes_of_its_cut(seed, n, fanout):
    rng = np.random.default_rng(seed)
    axis, _ = HierarchyAxis.from_values(
        [str(i) for i in range(n)], Hierarchy.ordered(range(n), fanout)
    )
    below, above = np.sort([rng.choice(n, 2, replace=False) for _ in range(10)], axis=1).T
    _, threshold = axis.grid(below, above)
    assert (below <= threshold).all()
    assert (threshold < above).all()


def test_labels_name_the_lowest_group_and_the_root_by_a_star():
    grid = HierarchyGrid(CITIES, False)
    labels = grid.labels(np.array([3, 0, 0, 1, 0]), np.array([4, 2, 1, 1, 4]), numeric=False)
    assert texts_of(labels) == ["Peru", "Europe", "France", "Nice", "*"]
    assert labels.texts == ("*", "Europe", "France", "Nice", "Peru")
    assert labels.features is None


def test_tight_labels_name_the_group_of_the_fitted_people_only():
    axis, codes = HierarchyAxis.from_values(["Lyon", "Nice", "Porto", "Lima", "Lima"], CITIES)
    labels = axis.tight_labels(codes, np.array([0, 0, 1, 2, 2]), 3, numeric=False)
    assert texts_of(labels) == ["France", "Porto", "Lima"]
    assert labels.penalty[labels.of_cell].tolist() == [2 / 5, 0.0, 0.0]


def test_features_are_equal_shares_of_the_leaves():
    grid = HierarchyGrid(CITIES, True)
    labels = grid.labels(np.array([0, 3, 5]), np.array([1, 3, 5]), numeric=True)
    assert grid.names("city") == [f"city_{leaf}" for leaf in CITIES.leaves]
    expected = [[0.5, 0.5, 0, 0, 0], [0, 0, 0, 1, 0], [0.2] * 5]
    np.testing.assert_allclose(labels.features[labels.of_cell], expected)


def test_a_hierarchy_of_many_leaves_gives_shares_of_its_groups():
    tree = Hierarchy.ordered([f"v{i}" for i in range(1000)], fanout=10)
    grid = HierarchyGrid(tree, False)
    labels = grid.labels(np.array([0, 0, 995]), np.array([0, 19, 999]), numeric=True)
    features = labels.features[labels.of_cell]
    assert features.shape == (3, 100)
    assert len(grid.names("x")) == 100
    np.testing.assert_allclose(features.sum(axis=1), 1.0)
    assert features[0, 0] == 1.0
    np.testing.assert_allclose(features[1, :10], 0.1)


def test_features_of_numbers_are_midpoint_width_and_the_share_of_missing_values():
    tree = Hierarchy([[n, f"from {n // 10 * 10}", "*"] for n in (3, 10, 14, 27)])
    grid = HierarchyGrid(tree.with_missing(), False)
    labels = grid.labels(np.array([1, 0, 4]), np.array([2, 4, 4]), numeric=True)
    assert grid.names("age") == ["age_midpoint", "age_width", "age_missing"]
    expected = [[12.0, 4.0, 0.0], [15.0, 24.0, 0.5], [15.0, 24.0, 1.0]]
    np.testing.assert_allclose(labels.features[labels.of_cell], expected)


def test_features_of_intervals_are_their_midpoint_and_width():
    grid = HierarchyGrid(Hierarchy.intervals([0, 10, 20, 40], [20]), False)
    assert grid.names("x") == ["x_midpoint", "x_width"]
    labels = grid.labels(np.array([1, 3]), np.array([1, 4]), numeric=True)
    assert labels.features[labels.of_cell][0].tolist() == [5.0, 10.0]
    assert np.isfinite(labels.features).all()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=20))
def test_every_number_is_encoded_and_labelled(values):
    axis, codes = HierarchyAxis.from_values(np.array(values), Hierarchy.intervals([0, 1], [1]))
    grid = HierarchyGrid(axis.hierarchy, axis.outside)
    assert (codes == grid.encode(np.array(values))).all()
    labels = grid.labels(codes, codes, numeric=True)
    assert np.isfinite(labels.features).all()
    assert (texts_of(labels) == np.array(axis.hierarchy.leaves)[codes]).all()


def test_cells_are_judged_by_the_groups_that_they_print(adult_table, data_folder):
    quasi = [name for name in adult_table if name != "salary-class"]
    trees = {
        name: Hierarchy.from_table(data_folder / "hierarchies" / f"{name}.csv")
        for name in quasi
        if name != "age"
    }
    anonymizer = KAnonymizer(10, quasi_identifiers=quasi, hierarchies=trees)
    loss = anonymizer.fit(adult_table[quasi]).privacy_statement_.information_loss
    assert loss < 0.178  # 0.183 where a cut is judged as if it were made at a value somebody holds
