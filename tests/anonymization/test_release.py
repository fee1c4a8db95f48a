"""Tables for publication."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import KAnonymizer
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
    counts = [t.groupby(["age", "ill"], observed=True).size() for t in (out, transformed)]
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
    anonymizer = KAnonymizer(k=5, quasi_identifiers=["age"], harmless=["pay"], output="numeric")
    table = TABLE[["age"]].assign(pay=1.0)
    assert set(anonymizer.fit(table).release(table)["age"]) == set(anonymizer.labels_[0].texts)


def test_polars_and_arrays_are_released_as_they_came():
    frame = pl.DataFrame({"age": TABLE["age"].tolist()})
    out = KAnonymizer(k=5).fit(frame).release(frame)
    assert isinstance(out, pl.DataFrame) and out.shape == (40, 1)
    array = TABLE[["age"]].to_numpy()
    out = KAnonymizer(k=5).fit(array).release(array)
    assert out.dtype == object and out.shape == (40, 1)
