"""What used to print "*" in every row without a word, and numbers at the ends of their range."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_private import KAnonymizer
from sklearn_private.exceptions import InvalidParameterError

SCHOOLS = ("primary", "secondary", "college", "phd")


def labels_of(values, k=3, **params):
    table = values if isinstance(values, pl.DataFrame) else pd.DataFrame({"x": values})
    anonymizer = KAnonymizer(k=k, **params)
    return anonymizer.fit_transform(table)["x"].to_list(), anonymizer


def test_decimals_are_numbers():
    values = [Decimal(i) / 4 for i in range(12)]
    out, _ = labels_of(pd.Series(values, dtype=object), labels="tight")
    assert out[0] == "[0, 0.5]" and len(set(out)) == 4
    polars, _ = labels_of(pl.DataFrame({"x": values}), labels="tight")
    assert polars == out


def test_calendar_periods_are_times():
    out, _ = labels_of(pd.period_range("2020-01", periods=12, freq="M"), labels="tight")
    assert out[0] == "[2020-01-01, 2020-03-01]" and len(set(out)) == 4


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_declared_order_of_categories_is_honoured(container):
    values = ["primary"] * 2 + ["secondary"] * 2 + ["college"] * 2 + ["phd"] * 2
    column = pd.Categorical(values, SCHOOLS, ordered=True)
    table = pl.DataFrame({"x": values}, schema={"x": pl.Enum(SCHOOLS)})
    out, anonymizer = labels_of(table if container == "polars" else column, k=4)
    assert out == ["< college"] * 4 + [">= college"] * 4
    tight, _ = labels_of(table if container == "polars" else column, k=4, labels="tight")
    assert tight == ["[primary, secondary]"] * 4 + ["[college, phd]"] * 4
    new = pd.DataFrame({"x": ["college", None, "kindergarten"]})
    assert anonymizer.transform(new)["x"].tolist() == [">= college", "*", "*"]


def test_an_order_has_a_name_for_a_category_that_k_people_hold_and_for_a_missing_one():
    values = [*["low"] * 4, *["mid"] * 4, *["high"] * 4, *[None] * 4]
    out, _ = labels_of(pd.Categorical(values, ["low", "mid", "high"], ordered=True), k=4)
    assert out[::4] == ["low", "mid", "high", "(missing)"]
    numeric = KAnonymizer(k=4, output="numeric")
    table = pd.DataFrame({"x": pd.Categorical(values, ["low", "mid", "high"], ordered=True)})
    assert np.isfinite(numeric.fit_transform(table)).all()
    with pytest.raises(InvalidParameterError, match="needs quasi-identifiers that are finite"):
        KAnonymizer(k=4, method="microaggregation").fit_transform(table.head(12))


def test_a_column_of_which_nothing_is_left_is_a_finding():
    codes = pd.Series([f"{8000 + i}" for i in range(30)])
    table = pd.DataFrame({"postcode": codes, "age": np.repeat([20, 40, 60], 10)})
    for method in ("mondrian", "lattice"):
        anonymizer = KAnonymizer(k=5, method=method).fit(table)
        (finding,) = anonymizer.privacy_statement_.findings
        assert finding.code == "column-says-nothing" and "'postcode'" in finding.message
        assert "'age'" not in finding.message


def test_whole_numbers_that_floats_do_not_count_to_are_told_the_truth():
    values = [2**60 + i for i in (0, 1, 2, 300, 301, 302)]
    for labels in ("supported", "cell", "tight"):
        out, _ = labels_of(values, labels=labels)
        for text, value in zip(out, values, strict=True):
            assert holds(text, value)


def holds(text, value):
    """Tell whether a number is in the range that a text names, in exact arithmetic."""
    if text.startswith("< "):
        return value < Decimal(text[2:])
    if text.startswith(">= "):
        return value >= Decimal(text[3:])
    if text[0] != "[":
        return text == "*" or value == Decimal(text)
    low, high = (Decimal(end) for end in text[1:-1].split(", "))
    return low <= value < high or (text[-1] == "]" and value == high)


def test_numbers_at_the_end_of_their_range_overflow_nowhere():
    huge = [1e308, 1.2e308, 1.5e308, 1.7e308] * 3
    for method in ("mondrian", "lattice", "local"):
        out, _ = labels_of(huge, method=method)
        assert len(set(out)) == 4
        labels_of(np.array(huge) * np.tile([-1, 1], 6), method=method)
    out, _ = labels_of(pd.Series([10**400 + i for i in range(6)], dtype=object))
    assert set(out) == {"inf"} or set(out) == {"*"}


def test_infinities_are_called_by_their_name():
    values = [-np.inf] * 3 + [1.5] * 3 + [2.5] * 3 + [np.inf] * 3
    out, _ = labels_of(values, labels="cell")
    assert out[::3] == ["-inf", "(-inf, 2)", "[2, inf)", "inf"]
    finite, _ = labels_of([-np.inf] * 3 + [1.5] * 3, labels="cell")
    assert finite[::3] == ["-inf", "> -inf"]
