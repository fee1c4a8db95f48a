"""Counting in pieces: the same cells whatever the pieces, their order and where they come from."""

import pickle
import string
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_private.anonymization import KAnonymizer, LDiversity, _learner
from sklearn_private.anonymization.tables import _counting, _sources
from sklearn_private.anonymization.tables._counting import Tally
from sklearn_private.exceptions import InvalidParameterError

VALUES = {
    "float": st.floats(width=32) | st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan]),
    "int": st.integers(-3, 9) | st.integers(-(2**62), 2**62),
    "text": st.sampled_from([*"abc", "", "(other)", "(missing)", None]),
    "bool": st.booleans(),
    "date": st.sampled_from([pd.Timestamp("2020-01-01"), pd.Timestamp(0), pd.NaT]),
}
TYPES = {"date": "datetime64[ns]", "text": "str"}


@st.composite
def frames(draw):
    """Draw a frame of typed columns, and an index that repeats itself."""
    n_rows = draw(st.integers(4, 30))
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    columns = {
        letter: pd.Series(
            draw(st.lists(VALUES[kind], min_size=n_rows, max_size=n_rows)), dtype=TYPES.get(kind)
        )
        for letter, kind in zip(string.ascii_letters, kinds, strict=False)
    }
    index = draw(st.lists(st.integers(0, 3), min_size=n_rows, max_size=n_rows))
    return pd.DataFrame(columns).set_axis(index, axis=0)


def tables(n_rows, n_people):
    """Return a table with all kinds of columns."""
    rng = np.random.default_rng(n_rows)
    age = rng.integers(0, 90, n_rows).astype(float)
    age[rng.random(n_rows) < 0.05] = np.nan
    city = pd.Categorical(rng.choice(list("abcdef"), n_rows), categories=list("fedcba-"))
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 9000, n_rows), unit="D")
    return pd.DataFrame(
        {
            "age": age,
            "city": city,
            "born": born,
            "smokes": rng.random(n_rows) < 0.3,
            "ill": rng.choice(list("xyz"), n_rows),
            "who": rng.integers(0, n_people, n_rows),
        },
        index=rng.integers(0, 5, n_rows),
    )


TABLE = tables(900, 500)
QUASI = ["age", "city", "born", "smokes"]
VARIANTS = {
    "plain": {},
    "tight": {"labels": "tight"},
    "by person": {"subject_id": "who"},
    "constraint": {"constraints": [LDiversity(2)]},
    "all": {"constraints": [LDiversity(3)], "subject_id": "who", "max_suppression": 0.05},
}


def anonymizer_of(params):
    return KAnonymizer(k=4, quasi_identifiers=QUASI, sensitive=["ill"], **params)


def pieces_of(table, edges):
    cuts = [0, *sorted(edges), len(table)]
    return [table.iloc[a:b] for a, b in pairwise(cuts)]


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
@settings(max_examples=10)
@given(edges=st.lists(st.integers(0, len(TABLE)), max_size=6), turn=st.booleans())
def test_cells_do_not_depend_on_the_pieces(params, edges, turn):
    whole = anonymizer_of(params).fit(TABLE)
    pieces = pieces_of(TABLE, edges)[:: -1 if turn else 1]
    assert same(anonymizer_of(params).fit(iter(pieces)), whole)


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
def test_partial_fit_adds_rows(params):
    whole = anonymizer_of(params).fit(TABLE)
    assert whole.cells_.n_cells > 5
    piecewise = anonymizer_of(params)
    for piece in pieces_of(TABLE, [200, 200, 650]):
        piecewise.partial_fit(piece)
    assert same(piecewise, whole)
    continued = anonymizer_of(params).fit(TABLE.head(300)).partial_fit(TABLE.tail(600))
    assert same(continued, whole)


def same(one, two):
    """Tell whether two anonymizers learnt the same, to the last cut."""
    names = ("column", "threshold", "left", "cell")
    trees = all(
        np.array_equal(getattr(one.cells_, name), getattr(two.cells_, name)) for name in names
    )
    labels = zip(one.labels_, two.labels_, strict=True)
    return (
        trees
        and all(a.texts == b.texts and (a.of_cell == b.of_cell).all() for a, b in labels)
        and one.privacy_statement_ == two.privacy_statement_
    )


def test_another_table_gives_other_cells():
    """The comparison of the tests above sees a difference of one row."""
    whole = anonymizer_of({}).fit(TABLE)
    assert not same(anonymizer_of({}).fit(iter([TABLE, TABLE.head(1)])), whole)


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
def test_tables_in_memory_are_read_in_pieces_too(params, monkeypatch):
    whole = anonymizer_of(params)
    expected = whole.fit_transform(TABLE)
    monkeypatch.setattr(_sources, "N_ROWS", 70)
    monkeypatch.setattr(_learner, "N_ROWS", 70)
    monkeypatch.setattr(_counting, "_LEAST_UNITS", 10)
    piecewise = anonymizer_of(params)
    assert piecewise.fit_transform(TABLE).equals(expected)
    assert same(piecewise, whole)


@given(frames(), st.data())
def test_any_frame_gives_the_same_cells_in_pieces(frame, data):
    edges = data.draw(st.lists(st.integers(1, len(frame)), max_size=3))
    pieces = [piece for piece in pieces_of(frame, edges) if len(piece)]
    whole = KAnonymizer(k=2).fit(frame)
    assert same(KAnonymizer(k=2).fit(iter(pieces)), whole)


def test_a_tally_counts_each_row_once(rng):
    values, found = rng.integers(0, 50, 500).astype(float), Tally(["x"], [None])
    for part in np.array_split(values, 17):
        found.add([part])
    total = found.total()
    assert dict(zip(total.values[0][total.codes[0]], total.weight, strict=True)) == {
        value: (values == value).sum() for value in np.unique(values)
    }


def test_weights_stand_for_rows():
    found = Tally(["x"], [None])
    found.add([np.array([1.0, 2.0])], np.array([3, 5]))
    found.add([np.array([2.0, np.nan])])
    total = found.total()
    assert total.weight.tolist() == [3, 6, 1]
    assert np.isnan(total.values[0][-1])


def test_a_column_that_is_missing_at_first_takes_the_kind_of_what_follows():
    missing = pd.DataFrame({"x": pd.Series([None, None], dtype=object)})
    for known in (pd.DataFrame({"x": [1.0, 2.0]}), pd.DataFrame({"x": list("ab")})):
        whole = KAnonymizer(k=2).fit(pd.DataFrame({"x": [*known["x"], None, None]}))
        assert same(KAnonymizer(k=2).fit(iter([missing, known])), whole)
        assert same(KAnonymizer(k=2).fit(iter([known, missing])), whole)


def test_a_column_of_objects_in_memory_has_one_kind(monkeypatch):
    table = pd.DataFrame({"x": pd.Series([1, 2, 1, "a", "a", 2], dtype=object)})
    expected = KAnonymizer(k=2).fit(table)
    monkeypatch.setattr(_sources, "N_ROWS", 3)
    assert same(KAnonymizer(k=2).fit(table), expected)


def test_pieces_of_another_kind_are_refused():
    pieces = [pd.DataFrame({"x": [1.0, 2.0]}), pd.DataFrame({"x": ["a", "b"]})]
    with pytest.raises(InvalidParameterError, match="'x' held numbers .* now it holds categories"):
        KAnonymizer(k=2).fit(iter(pieces))


def test_nothing_is_learnt_of_fewer_than_k_people():
    anonymizer = KAnonymizer(k=5, quasi_identifiers=["age"]).partial_fit(TABLE.head(4))
    with pytest.raises(NotFittedError):
        anonymizer.transform(TABLE)
    assert anonymizer.partial_fit(TABLE.tail(100)).transform(TABLE).shape == TABLE.shape


def test_pickles_hold_no_counts_and_cannot_go_on():
    table = pd.DataFrame({"job": ["clerk"] * 20 + ["smith"] * 20 + ["astronaut"]})
    anonymizer = KAnonymizer(k=5).partial_fit(table)
    state = pickle.dumps(anonymizer)
    assert b"clerk" in state and b"astronaut" not in state
    with pytest.raises(InvalidParameterError, match="Begin with a clone"):
        pickle.loads(state).partial_fit(table)
    assert clone(anonymizer).partial_fit(table).cells_.n_cells == anonymizer.cells_.n_cells


def test_a_failed_fit_leaves_nothing_behind():
    anonymizer = KAnonymizer(k=5).fit(pd.DataFrame({"x": range(20)}))
    with pytest.raises(InvalidParameterError, match="Nothing was released"):
        anonymizer.fit(pd.DataFrame({"y": range(3)}))
    with pytest.raises(NotFittedError):
        anonymizer.transform(pd.DataFrame({"y": range(3)}))
