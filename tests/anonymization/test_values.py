"""Distinct values of a column, against the rows that they were read from."""

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sklearn_private.anonymization.tables._values import MISSING, kind_of, read, read_distinct

NUMBERS = st.one_of(
    st.lists(st.integers(-4, 12).map(float), max_size=20),
    st.lists(st.floats(), max_size=20),
    st.lists(st.sampled_from([0.0, -0.0, 2.0**53, 2.0**53 + 2, 1e300, np.inf]), max_size=9),
)


@given(NUMBERS)
@example([0.0, 2.0, 0.0, 0.0])  # a small range with a gap
def test_distinct_numbers_are_sorted_and_stand_for_their_rows(numbers):
    column = np.array(numbers, dtype=float)
    values, codes = read_distinct(column, "number", "x")
    rows = read(column, "number", "x")
    expected, expected_codes = np.unique(rows, return_inverse=True)
    np.testing.assert_array_equal(values, expected)
    assert codes.tolist() == expected_codes.tolist()
    assert not np.signbit(values[values == 0]).any()


ENTRIES = st.lists(st.sampled_from([*"ab", "", "1", "True", None]), max_size=12)


@given(ENTRIES)
@pytest.mark.parametrize("container", ["str", "string", "object", "category", "polars", "list"])
def test_distinct_texts_stand_for_their_rows_in_every_container(container, entries):
    if container == "polars":
        column = nw.from_native(pl.Series(entries, dtype=pl.String), series_only=True)
    elif container == "list":
        column = np.array(entries, dtype=object)
    else:
        column = nw.from_native(pd.Series(entries, dtype=container), series_only=True)
    values, codes = read_distinct(column, "category", "x")
    assert values == sorted(set(values))
    assert [values[code] for code in codes] == [MISSING if e is None else e for e in entries]


@pytest.mark.parametrize("values", [[True, False, True], [1, True, "1"], [1.5, None, "1.5"]])
def test_entries_are_told_apart_by_what_they_print(values):
    column = nw.from_native(pd.Series(values, dtype=object), series_only=True)
    assert kind_of(column) == "category"
    found, codes = read_distinct(column, "category", "x")
    printed = [MISSING if v is None else str(v) for v in values]
    assert [found[code] for code in codes] == printed


def test_a_dictionary_of_pyarrow_is_read_like_its_texts():
    pyarrow = pytest.importorskip("pyarrow")
    texts = ["b", None, "a", "b"]
    plain = pyarrow.chunked_array([texts[:2], texts[2:]])
    for column in (plain, plain.dictionary_encode()):
        values, codes = read_distinct(nw.from_native(column, series_only=True), "category", "x")
        assert [values[i] for i in codes] == ["b", "(missing)", "a", "b"]
