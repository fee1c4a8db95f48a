"""Hierarchies of columns that were given none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization.columns._default_hierarchies import automatic
from sklearn_private.anonymization.columns._hierarchy_axis import HierarchyAxis

TIMES = np.array(["2001-03-05", "2003-07-09", "2019-01-01"], dtype="datetime64[us]")


def test_categories_have_two_levels_and_rare_ones_are_not_listed():
    tree = automatic(["a", "b", "c"], "category", np.array([5, 1, 2]), 2)
    assert tree.leaves == ("a", "c")
    assert tree.levels == 2


def test_a_column_of_rare_categories_is_the_root_everywhere():
    tree = automatic(["a", "b"], "category", np.array([1, 1]), 2)
    axis, codes = HierarchyAxis.from_values(["a", "b"], tree)
    assert axis.penalty(codes, codes, None).tolist() == [1.0, 1.0]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=True), min_size=1, unique=True))
def test_numbers_get_nested_intervals_of_round_ends(values):
    values = np.sort(np.array(values))
    tree = automatic(values, "number", np.ones(values.size, dtype=int), 2)
    assert 2 <= len(tree.leaves) <= 40
    assert (np.diff(tree.edges) > 0).all()


def test_intervals_double_in_width():
    values = np.arange(17.0, 91.0)
    tree = automatic(values, "number", np.ones(values.size, dtype=int), 2)
    assert tree.path(33) == ("[30, 35)", "[30, 40)", "[20, 40)", "< 40", "< 80", "*")


def test_an_extreme_value_shows_in_no_edge():
    values = np.append(np.arange(1000.0), 123_456.0)
    people = np.ones(values.size, dtype=int)
    assert max(automatic(values, "number", people, 2).edges) < 1000


def test_small_widths_are_printed_in_short():
    tree = automatic(np.linspace(0, 1, 50), "number", np.ones(50, dtype=int), 2)
    assert "[0.3, 0.35)" in tree.leaves


@pytest.mark.parametrize(
    ("n", "units"), [(3, 2), (2, 3)], ids=["years and decades", "months to years"]
)
def test_times_get_calendar_periods(n, units):
    tree = automatic(TIMES[:n], "time", np.ones(n, dtype=int), 2)
    assert tree.levels == units + 1
    codes = tree.encode(TIMES[:n])
    assert len(set(codes.tolist())) == n


@pytest.mark.parametrize("kind", ["number", "time"])
def test_a_column_that_is_always_missing_has_a_hierarchy(kind):
    column = np.array([np.nan]) if kind == "number" else np.array(["NaT"], "datetime64[us]")
    tree = automatic(column, kind, np.array([3]), 2)
    axis, codes = HierarchyAxis.from_values(column, tree)
    assert axis.hierarchy.leaves[codes[0]] == "(missing)"
