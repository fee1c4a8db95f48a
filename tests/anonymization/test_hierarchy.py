"""Hierarchies: one tree, depth first, the same however it was made."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization.hierarchies._hierarchy import Hierarchy
from sklearn_private.exceptions import InvalidParameterError

ARX = Path(__file__).resolve().parents[3] / "shared" / "data" / "hierarchies"
CITIES = [
    ["Lyon", "France", "Europe", "*"],
    ["Lima", "Peru", "America", "*"],
    ["Porto", "Portugal", "Europe", "*"],
    ["Nice", "France", "Europe", "*"],
]


@st.composite
def trees(draw):
    """Return shuffled paths of a random tree whose depths differ."""
    paths = []

    def grow(above, depth):
        name = f"n{len(paths)}_{draw(st.integers(0, 10**6))}_{depth}"
        n_children = draw(st.integers(0, 3)) if depth < 3 else 0
        if n_children == 0:
            paths.append([name, *above])
        for _ in range(n_children):
            grow([name, *above], depth + 1)

    for _ in range(draw(st.integers(1, 4))):
        grow(["*"], 0)
    return draw(st.permutations(paths))


def test_leaves_of_a_group_are_neighbours_in_the_order_of_first_appearance():
    tree = Hierarchy.from_table(CITIES)
    assert tree.leaves == ("Lyon", "Nice", "Porto", "Lima")
    assert tree.levels == 4
    assert tree.path("Porto") == ("Porto", "Portugal", "Europe", "*")
    assert tree.generalise("Lima", 2) == "America"


@given(trees())
def test_every_node_spans_the_leaves_whose_paths_hold_it(paths):
    tree = Hierarchy(paths)
    for node, name in enumerate(tree.names):
        under = [i for i, leaf in enumerate(tree.leaves) if name in tree.path(leaf)]
        first = tree.first_leaf[node]
        assert under == list(range(first, first + tree.n_leaves_under[node]))
    assert sorted(tree.leaves) == sorted(path[0] for path in paths)


@given(trees(), st.data())
def test_the_ancestor_of_two_leaves_is_the_lowest_node_on_both_paths(paths, data):
    tree = Hierarchy(paths)
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(paths) - 1)] * 2)))
    shared = [name for name in tree.path(tree.leaves[low]) if name in tree.path(tree.leaves[high])]
    assert tree.names[tree.ancestor(low, high)] == shared[0]


def test_ancestors_are_the_same_with_and_without_a_table_of_pairs():
    rng = np.random.default_rng(0)
    tree = Hierarchy.ordered(range(700), fanout=5)
    small = Hierarchy.ordered(range(70), fanout=5)
    for hierarchy in (tree, small):
        n = len(hierarchy.leaves)
        low, high = np.sort(rng.integers(0, n, size=(2, 200)), axis=0)
        found = hierarchy.ancestor(low, high)
        first, under = hierarchy.first_leaf[found], hierarchy.n_leaves_under[found]
        assert (first <= low).all() and (high < first + under).all()
        assert (found[low == high] == low[low == high]).all()


@given(trees())
def test_copies_and_pickles_are_equal(paths):
    tree = Hierarchy(paths)
    for twin in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree)):
        assert twin == tree
        assert hash(twin) == hash(tree)
        assert (twin.nodes == tree.nodes).all()


def test_a_hierarchy_cannot_be_changed():
    tree = Hierarchy(CITIES)
    with pytest.raises(AttributeError):
        tree.paths = ()
    for twin in (tree, pickle.loads(pickle.dumps(tree))):
        with pytest.raises(ValueError, match="read-only"):
            twin.nodes[0, 0] = 1


def test_values_that_are_not_listed_belong_to_the_root():
    tree = Hierarchy(CITIES)
    assert tree.path("Oslo") == ("*",) * 4
    assert tree.generalise(None, 0) == "*"
    assert tree.encode(["Lima", "Oslo", "(missing)"]).tolist() == [3, 4, 4]
    assert tree.names[tree.ancestor(4, 4)] == "*"


def test_a_missing_value_gets_a_leaf_of_its_own_unless_it_is_listed():
    extended = Hierarchy(CITIES).with_missing()
    assert extended.path(float("nan")) == ("(missing)", "(missing)", "(missing)", "*")
    listed = Hierarchy([["a", "A", "*"], ["(missing)", "none", "*"]])
    assert listed.with_missing() is listed
    assert listed.path(None) == ("(missing)", "none", "*")


def test_on_a_short_path_a_value_stays_itself():
    tree = Hierarchy([["a", "A", "AA", "*"], ["b", "*", "*", "*"], ["c", "AA", "*", ""]])
    assert tree.path("b") == ("b", "b", "b", "*")
    assert tree.path("c") == ("c", "c", "AA", "*")


def test_whole_numbers_match_their_text_whatever_their_type():
    tree = Hierarchy([["17", "teens", "*"], [18.0, "teens", "*"], [2.5, "small", "*"]])
    for value in (17, 17.0, np.int8(17), np.float32(17), "17"):
        assert tree.generalise(value, 1) == "teens"
    assert tree.encode(np.array([17.0, 18.0, 2.5, 3.0, np.nan])).tolist() == [0, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "no value"),
        ([["a", "A"]], "'a' must end at '\\*'"),
        ([["a", "A", "*"], ["b", "A", "all"]], "'b' must end at '\\*'"),
        ([["*"]], "must end at"),
        ([["a", "A", "*"], ["a", "B", "*"]], "'a' has two paths"),
        ([["a", "X", "A", "*"], ["b", "X", "B", "*"]], "'X' at level 1 lies under 'A' and"),
        ([["X", "A", "*"], ["b", "X", "*"]], "'X' names two different groups"),
    ],
)
def test_what_is_not_one_tree_is_refused_by_name(paths, message):
    with pytest.raises(InvalidParameterError, match=message):
        Hierarchy(paths)


def test_a_row_that_is_given_twice_counts_once():
    assert Hierarchy(CITIES + CITIES[:1]) == Hierarchy(CITIES)


def test_a_level_that_does_not_exist_is_refused():
    for level in (-1, 4, 1.0, True):
        with pytest.raises(InvalidParameterError, match="'level' parameter"):
            Hierarchy(CITIES).generalise("Lyon", level)


def test_a_file_is_read_with_its_separator_and_its_byte_order_mark(tmp_path):
    file = tmp_path / "cities.csv"
    file.write_text("\n".join("|".join(row) for row in CITIES) + "\n", encoding="utf-8-sig")
    assert Hierarchy.from_table(file, sep="|") == Hierarchy(CITIES)
    assert Hierarchy.from_table(str(file), sep="|") == Hierarchy(CITIES)


def test_a_table_may_be_a_frame_with_gaps_behind_the_root():
    frame = pd.DataFrame([["a", "A", "*"], ["b", "*", None], [None, "none", "*"]])
    tree = Hierarchy.from_table(frame)
    assert tree == Hierarchy([["a", "A", "*"], ["b", "*"], ["(missing)", "none", "*"]])


@pytest.mark.skipif(not ARX.exists(), reason="the data of the benchmarks are not there")
def test_the_files_of_arx_load():
    levels = {file.stem: Hierarchy.from_table(file).levels for file in ARX.glob("*.csv")}
    assert levels["age"] == 5
    assert levels["race"] == 2
    country = Hierarchy.from_table(ARX / "native-country.csv")
    assert country.generalise("Holand-Netherlands", 1) == "Europe"
    assert Hierarchy.from_table(ARX / "age.csv").path(20) == ("20", "15-19", "10-19", "0-19", "*")


@given(st.lists(st.integers(-50, 50), min_size=1, unique=True).map(sorted), st.integers(1, 4))
def test_every_number_lies_in_the_interval_it_is_given(edges, step):
    tree = Hierarchy.intervals(edges, edges[::step])
    for value in (*edges, edges[0] - 0.5, edges[-1] + 0.5, -np.inf, np.inf, 0.1):
        leaf = tree.generalise(value, 0)
        code = int(tree.encode(np.array([float(value)]))[0])
        assert tree.leaves[code] == leaf
        if leaf.startswith("< "):
            assert value < float(leaf[2:])
        elif leaf.startswith(">= "):
            assert value >= float(leaf[3:])
        else:
            low, high = (float(end) for end in leaf[1:-1].split(", "))
            assert low <= value < high


@pytest.mark.parametrize(
    "edges", [[], [[]], [[1, 1]], [[2, 1]], [[1, np.inf]], [[1, 2], [3]], [[np.nan]]]
)
def test_edges_that_do_not_nest_are_refused(edges):
    with pytest.raises(InvalidParameterError, match="'edges' parameter"):
        Hierarchy.intervals(*edges)


def test_intervals_refuse_a_column_of_another_kind():
    numbers, times = Hierarchy.intervals([1, 2]), Hierarchy.dates("2020-01-01", "2020-12-31")
    for tree, column in (
        (numbers, ["a"]),
        (numbers, np.array(["2020-01-01"], dtype="datetime64[us]")),
        (times, np.array([1.0])),
    ):
        with pytest.raises(InvalidParameterError, match="Convert the column"):
            tree.encode(column)


@pytest.mark.parametrize(
    ("units", "path"),
    [
        (("day", "month"), ("2019-08-05", "2019-08", "*")),
        (("month", "quarter", "year"), ("2019-08", "2019-Q3", "2019", "*")),
        (("quarter", "decade"), ("2019-Q3", "2010s", "*")),
        (("year",), ("2019", "*")),
    ],
)
def test_days_lie_in_their_calendar_periods(units, path):
    tree = Hierarchy.dates("2019-02-10", "2021-01-03", units)
    assert tree.path(np.datetime64("2019-08-05T13:00")) == path
    times = np.array(["2019-08-05T23:59", "NaT"], dtype="datetime64[us]")
    assert tree.leaves[tree.encode(times)[0]] == path[0]
    assert tree.encode(times)[1] == len(tree.leaves)


def test_times_outside_the_periods_have_a_leaf_at_either_end():
    tree = Hierarchy.dates("2019-02-10", "2021-01-03", ("month", "year"))
    assert tree.generalise(np.datetime64("2018-12-31"), 0) == "< 2019-01-01"
    assert tree.generalise(np.datetime64("2021-12-31"), 0) == "2021-12"
    assert tree.generalise(np.datetime64("2022-01-01"), 0) == ">= 2022-01-01"


@pytest.mark.parametrize("units", [(), ("week",), ("year", "month"), ("year", "year")])
def test_units_that_do_not_nest_are_refused(units):
    with pytest.raises(InvalidParameterError, match="'units' parameter"):
        Hierarchy.dates("2020-01-01", "2021-01-01", units)


def test_dates_in_the_wrong_order_are_refused():
    with pytest.raises(InvalidParameterError, match="'last' parameter"):
        Hierarchy.dates("2021-01-01", "2020-01-01")


def test_masked_codes_share_their_first_characters():
    tree = Hierarchy.masking(["02139", "02141", "9000"], [4, 1])
    assert tree.path("02141") == ("02141", "0214*", "0****", "*")
    assert tree.path("9000") == ("9000", "9000", "9****", "*")
    assert Hierarchy.masking(["123", "124"]).levels == 4


@pytest.mark.parametrize("keep", [[0], [1, 2], [2, 2]])
def test_masks_that_do_not_nest_are_refused(keep):
    with pytest.raises(InvalidParameterError, match="'keep' parameter"):
        Hierarchy.masking(["123"], keep)


@given(st.integers(1, 40), st.integers(2, 5))
def test_groups_of_an_order_hold_neighbours(n, fanout):
    tree = Hierarchy.ordered(range(n), fanout)
    assert tree.leaves == tuple(map(str, range(n)))
    for level in range(1, tree.levels):
        sizes = tree.n_leaves_under[np.unique(tree.nodes[level, :-1])]
        assert (sizes <= fanout**level).all() or level == tree.levels - 1


def test_groups_by_frequency_put_frequent_values_together():
    values = ["x"] * 5 + ["y"] * 4 + ["a", "b", "b", None]
    assert Hierarchy.by_frequency(values, fanout=2).path("y") == (
        "y",
        "{x, y}",
        "{x, y, b, (missing)}",
        "*",
    )


@pytest.mark.parametrize("fanout", [1, True, 2.0])
def test_a_fanout_below_two_is_refused(fanout):
    with pytest.raises(InvalidParameterError, match="'fanout' parameter"):
        Hierarchy.ordered([1, 2], fanout)


def test_an_order_with_a_repetition_is_refused():
    with pytest.raises(InvalidParameterError, match="distinct. Got '1'"):
        Hierarchy.ordered([1, 1])


def test_a_printed_tree_shows_every_node_once():
    lines = str(Hierarchy(CITIES)).split("\n")
    assert [line.strip("│├└─ ") for line in lines] == [
        *("*", "Europe", "France", "Lyon", "Nice", "Portugal", "Porto", "America", "Peru", "Lima")
    ]


def test_a_long_tree_is_printed_in_part_and_says_so():
    text = str(Hierarchy.ordered(range(10_000), fanout=10))
    assert len(text.split("\n")) < 80
    assert "... 8 more" in text
    assert repr(Hierarchy(CITIES)) == "<Hierarchy of 4 leaves and 4 levels>"
