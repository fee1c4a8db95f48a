"""Random tables of all types: nothing of a suppressed row leaves, and every label is true.

Each of the three properties is asked of tables with categories, nullable numbers, dates with zones,
decimals and columns of mixed objects.
"""

import datetime
import io
import pickle
import warnings
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_private import KAnonymizer
from sklearn_private.anonymization.tables import is_missing, text_of
from sklearn_private.exceptions import InvalidParameterError

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = [datetime.datetime(1990, month, 1, tzinfo=BERLIN) for month in (1, 4, 7, 10)]
SECRET = "Smith-the-only-one"


COLUMNS = {
    "text": (st.sampled_from(["a", "b", "c", None]), "str"),
    "categories": (st.sampled_from(["a", "b", "c", None]), "category"),
    "numbers as categories": (st.sampled_from([1, 2, 3]), "category"),
    "declared": (
        st.sampled_from(["low", "mid", "high", None]),
        pd.CategoricalDtype(["low", "mid", "high"], ordered=True),
    ),
    "nullable": (st.sampled_from([1, 2, 3, 50, None]), "Int64"),
    "truth": (st.sampled_from([True, False, None]), "boolean"),
    "float": (st.sampled_from([0.0, -1.5, 2.25, 1e300, np.inf, np.nan]), "float64"),
    "large": (st.sampled_from([2**60, 2**60 + 1, 2**60 + 300]), "int64"),
    "decimal": (st.sampled_from([Decimal("0.5"), Decimal("1.25"), Decimal(7), None]), object),
    "zone": (st.sampled_from([*DAYS, None]), "datetime64[us, Europe/Berlin]"),
    "mixed": (st.sampled_from([1, "1", 2.5, True, None, "x"]), object),
}

LABELS = st.sampled_from(["supported", "cell", "tight"])


@st.composite
def tables(draw, n_rows=12):
    """Draw a table of two or three columns, and another one with the same columns."""
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=2, max_size=3, unique=True))
    parts = []
    for n in (n_rows, 6):
        columns = {}
        for name in names:
            values, dtype = COLUMNS[name]
            drawn = draw(st.lists(values, min_size=n, max_size=n))
            columns[name] = pd.Series(drawn, dtype=dtype)
        parts.append(pd.DataFrame(columns))
    return parts


def written(out):
    """Return all bytes of a table in the forms in which it may leave."""
    parquet = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        texts = out.astype({name: str for name in out if out[name].dtype == object})
        texts.to_parquet(parquet)
    dummies = " ".join(map(str, pd.get_dummies(out).columns))
    return pickle.dumps(out) + parquet.getvalue() + out.to_csv().encode() + dummies.encode()


@settings(max_examples=25)
@given(tables(), st.sampled_from(["category", "str", object]))
def test_no_byte_of_a_suppressed_row_leaves(drawn, dtype):
    pytest.importorskip("pyarrow")
    table, new = drawn
    fitted = table.assign(place="here", note="plain")
    other = new.head(1).assign(place="elsewhere", note=SECRET)  # a place that nobody fitted has
    batch = pd.concat([fitted, other], ignore_index=True).astype({"note": dtype})
    quasi = [*table.columns, "place"]
    anonymizer = KAnonymizer(k=3, quasi_identifiers=quasi, sensitive=["note"]).fit(fitted)
    out = anonymizer.release(batch)
    assert len(out) == len(fitted)
    assert SECRET.encode() not in written(out)
    assert SECRET.encode() in pickle.dumps(batch)


@settings(max_examples=30)
@given(tables(), LABELS, st.sampled_from(["mondrian", "lattice"]))
def test_a_row_is_told_the_same_alone_and_among_others(drawn, labels, method):
    table, new = drawn
    anonymizer = KAnonymizer(k=3, labels=labels, method=method).fit(table)
    try:
        together = anonymizer.transform(new)
    except InvalidParameterError as error:  # a column of objects that now holds another kind
        assert "mixed" in new and "when it was fitted" in str(error)
        return
    for i in range(len(new)):
        try:
            alone = anonymizer.transform(new.iloc[i : i + 1])
        except InvalidParameterError:  # of one value alone
            assert "mixed" in new
            continue
        assert alone.astype(str).iloc[0].tolist() == together.astype(str).iloc[i].tolist()


@given(tables(), LABELS, st.booleans())
def test_every_label_is_true_of_its_row_or_says_nothing(drawn, labels, is_new):
    table, new = drawn
    rows = new if is_new else table
    anonymizer = KAnonymizer(k=3, labels=labels).fit(table)
    try:
        out = anonymizer.transform(rows)
    except InvalidParameterError as error:
        assert "mixed" in new and "when it was fitted" in str(error)
        return
    for name in rows:
        for value, text in zip(rows[name].tolist(), out[name].astype(str), strict=True):
            named = {text_of(v) for v in table[name].tolist() if not is_missing(v)}
            assert is_true(text, value, named), (text, value)


def is_true(text, value, fitted):
    """Tell whether a label is true of a value, from what it prints alone."""
    if text == "*":
        return True
    if is_missing(value):
        return "(missing)" in text.replace("not (missing)", "") or is_rest(text)
    if text == "not (missing)":
        return True
    text = text.removesuffix(" or (missing)")
    if text_of(value) in set(text.strip("{}").split(", ")):
        return True
    if is_rest(text) and text_of(value) not in set(text.strip("{}").split(", ")):
        return True
    return in_range(text, value)


def is_rest(text):
    """Tell whether a label takes categories that it does not name."""
    return "(other)" in text


ORDER = ("low", "mid", "high")


def in_range(text, value):
    read = number_of(value)
    if text.startswith(("< ", "> ", ">= ")):
        sign, end = text.split(" ", 1)
        end = number_of(end, like=value)
        return {"<": read < end, ">": read > end, ">=": read >= end}[sign]
    if text[0] not in "[(" or ", " not in text:
        return read == number_of(text, like=value)
    low, high = (number_of(end, like=value) for end in text[1:-1].split(", "))
    return low <= read and (read < high or (text[-1] == "]" and read == high))


def number_of(value, like=None):
    """Return a value, or a text that stands for one like another, as what can be compared."""
    like = value if like is None else like
    if isinstance(like, str):
        return ORDER.index(value)
    if isinstance(like, datetime.datetime):
        if isinstance(value, str):
            return np.datetime64(value, "us")
        return np.datetime64(pd.Timestamp(value).tz_localize(None), "us")
    if isinstance(like, float):
        return float(value)
    return Decimal(str(value)) if isinstance(value, str) else Decimal(value)
