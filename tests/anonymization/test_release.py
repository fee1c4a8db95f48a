"""Tables for publication."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import BetaLikeness, KAnonymizer, TCloseness, check_release
from sklearn_private.exceptions import PrivacyWarning

TABLE = pd.DataFrame(
    {
        "who": [f"p{i}" for i in range(40)],
        "age": np.repeat([20, 30, 40, 50], 10),
        "ill": list("yn") * 20,
    },
    index=range(100, 140),
)
FITTED = KAnonymizer(k=5, quasi_identifiers=["age"], sensitive=["ill"], subject_id="who")


def fitted():
    return FITTED.fit(TABLE)


def test_the_fitted_table_loses_no_row_no_pair_and_its_order():
    out = fitted().release(TABLE)
    transformed = fitted().transform(TABLE)
    assert list(out.columns) == ["age", "ill"]
    assert list(out.index) == list(range(40))
    counts = [t.astype(str).groupby(["age", "ill"]).size() for t in (out, transformed)]
    assert counts[0].equals(counts[1])
    assert not all(
        fitted().release(TABLE)["ill"].equals(transformed["ill"].reset_index(drop=True))
        for _ in range(3)  # a shuffle leaves 40 rows in place once in 10^47 times
    )


def test_the_order_cannot_be_repeated_by_a_seed():
    orders = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002 - what must have no effect
        orders.append(list(fitted().release(TABLE)["ill"]))
    assert orders[0] != orders[1]


def test_other_tables_lose_what_fewer_than_k_people_share():
    batch = TABLE.iloc[[*range(10), 15]]
    out = fitted().release(batch)
    assert len(out) == 10
    assert out["age"].nunique() == 1
    statement = FITTED.release_statement_
    assert (statement.n_people, statement.n_suppressed) == (11, 1)
    assert FITTED.privacy_statement_.n_suppressed == 0


def test_rows_of_one_person_do_not_make_a_class():
    batch = pd.concat([TABLE.head(1)] * 10)
    assert len(fitted().release(batch)) == 0
    assert FITTED.release_statement_.n_suppressed == 1
    assert FITTED.release_statement_.information_loss == 1.0


@given(st.lists(st.integers(0, 39), max_size=40))
def test_every_released_batch_has_k_people_per_label(rows):
    batch = TABLE.iloc[rows].assign(ill=[TABLE["who"].iloc[i] for i in rows])
    out = fitted().release(batch)  # the id is carried along in another column
    assert (out.groupby("age", observed=True)["ill"].nunique() >= 5).all()
    expected = batch.groupby("age")["who"].transform("nunique") >= 5
    assert len(out) == expected.sum()


def test_columns_that_nothing_declares_are_named():
    anonymizer = KAnonymizer(k=5, quasi_identifiers=["age"], sensitive=["ill"]).fit(TABLE)
    with pytest.warns(PrivacyWarning, match="nothing says that they are safe: 'who'"):
        anonymizer.release(TABLE)
    assert anonymizer.release_statement_.findings[0].level == "warning"


def test_labels_are_published_whatever_the_output_is():
    anonymizer = KAnonymizer(
        k=5, quasi_identifiers=["age"], harmless=["pay"], output="numeric", labels="cell"
    )
    table = TABLE[["age"]].assign(pay=1.0)
    released = set(anonymizer.fit(table).release(table)["age"])
    assert released | {"*"} == set(anonymizer.labels_[0].texts)


def test_polars_and_arrays_are_released_as_they_came():
    frame = pl.DataFrame({"age": TABLE["age"].tolist()})
    out = KAnonymizer(k=5).fit(frame).release(frame)
    assert isinstance(out, pl.DataFrame) and out.shape == (40, 1)
    array = TABLE[["age"]].to_numpy()
    out = KAnonymizer(k=5).fit(array).release(array)
    assert out.dtype == object and out.shape == (40, 1)


@pytest.mark.parametrize(
    "constraint", [BetaLikeness(1.0), TCloseness(0.2, distance="ordered"), TCloseness(0.3)], ids=str
)
@given(st.integers(0, 10**6))
def test_what_is_published_holds_constraints_compared_with_itself(constraint, seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"age": rng.integers(0, 12, 60), "ill": rng.integers(0, 4, 60)})
    lists = {"quasi_identifiers": ["age"], "sensitive": ["ill"], "constraints": [constraint]}
    anonymizer = KAnonymizer(k=2, **lists).fit(table)
    out = anonymizer.release(table.sample(25, random_state=seed))
    assert len(out) == 0 or check_release(out, k=2, **lists).passed


def test_rows_that_are_dropped_change_what_the_others_are_compared_with():
    table = pd.DataFrame({"age": np.repeat([1, 2, 3], 8), "ill": list("aabb" * 6)})
    anonymizer = KAnonymizer(
        k=4,
        quasi_identifiers=["age"],
        sensitive=["ill"],
        constraints=[TCloseness(0.3)],
        labels="cell",
    ).fit(table)
    # "b" has 16 of 28 rows, so that shares of 1, 3/4 and 5/16 lie 0.43, 0.18 and 0.26 away: the
    # first class goes. "b" has 8 of the 20 rows left, and the second class lies 0.35 away.
    batch = pd.DataFrame(
        {"age": [1] * 8 + [2] * 4 + [3] * 16, "ill": ["b"] * 11 + ["a"] * 12 + ["b"] * 5}
    )
    assert anonymizer.cells_.n_boxes == 3
    assert anonymizer.release(batch)["age"].astype(str).unique().tolist() == [">= 3"]
