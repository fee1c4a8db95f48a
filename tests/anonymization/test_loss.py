"""The certainty penalty, against a computation by hand and one row at a time."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import KAnonymizer, information_loss
from sklearn_private.exceptions import InvalidParameterError


def slow_loss(table, classes):
    """Compute set-GCP row by row; a table without missing or infinite values."""
    costs = []
    for column in table:
        values = table[column].tolist()
        for own in classes:
            group = [v for v, c in zip(values, classes, strict=True) if c == own]
            if own == -1:
                costs.append(1.0)
            elif isinstance(values[0], str):
                costs.append(0.0 if len(set(group)) == 1 else len(set(group)) / len(set(values)))
            else:
                spread = (max(values) - min(values)) or 1
                costs.append((max(group) - min(group)) / spread)
    return sum(costs) / len(costs)


@given(
    st.lists(
        st.tuples(st.integers(-5, 5), st.sampled_from("abc"), st.integers(-1, 3)),
        min_size=1,
        max_size=20,
    )
)
def test_it_equals_the_sum_over_rows(rows):
    table = pd.DataFrame([row[:2] for row in rows], columns=["age", "job"])
    classes = [row[2] for row in rows]
    assert math.isclose(information_loss(table, classes), slow_loss(table, classes), abs_tol=1e-12)


def test_labels_of_any_kind_name_classes_and_missing_ones_are_suppressed():
    ages = [[1.0], [2.0], [3.0], [4.0]]
    expected = information_loss(ages, [0, 0, 1, -1])
    assert expected == pytest.approx((1 / 3 + 1 / 3 + 0 + 1) / 4)
    assert information_loss(ages, ["x", "x", "y", None]) == expected
    assert information_loss(ages, [(1, 2), (1, 2), (3, 4), -1]) == expected
    assert information_loss(ages, np.array([5.0, 5.0, 7.0, np.nan])) == expected


def test_mixing_missing_or_infinite_numbers_with_others_costs_all():
    assert information_loss([[1.0], [2.0], [np.nan]], [0, 1, 1]) == pytest.approx(2 / 3)
    assert information_loss([[1.0], [2.0], [np.inf]], [0, 1, 1]) == pytest.approx(2 / 3)
    assert information_loss([[np.nan], [np.nan], [1.0]], [0, 0, 1]) == 0.0


def test_only_the_named_columns_count():
    table = pd.DataFrame({"age": [1, 2], "pay": [1, 1]})
    assert information_loss(table, [0, 0], quasi_identifiers=["pay"]) == 0.0
    assert information_loss(table, [0, 0], quasi_identifiers=["age"]) == 1.0


def test_the_statement_of_tight_labels_says_the_same(adult_table):
    table = adult_table.head(3_000).drop(columns="salary-class")
    anonymizer = KAnonymizer(k=5, labels="tight")
    labels = anonymizer.fit_transform(table)
    classes = list(labels.itertuples(index=False, name=None))
    stated = anonymizer.privacy_statement_.information_loss
    assert stated == pytest.approx(information_loss(table, classes))
    assert 0.01 < stated < 0.3


def test_cell_labels_say_less_than_tight_ones(adult_table):
    table = adult_table.head(3_000).drop(columns="salary-class")
    tight, cell = (
        KAnonymizer(k=5, labels=labels).fit(table).privacy_statement_.information_loss
        for labels in ("tight", "cell")
    )
    assert tight < cell < 1.0


def test_bad_classes_and_columns_are_refused():
    with pytest.raises(InvalidParameterError, match="one entry a row"):
        information_loss([[1.0], [2.0]], [0])
    with pytest.raises(InvalidParameterError, match="has no 'age'"):
        information_loss([[1.0], [2.0]], [0, 0], quasi_identifiers=["age"])


def test_many_values_in_many_classes_are_counted_like_few():
    ages = np.arange(300.0)[:, None]
    assert information_loss(ages, np.arange(300)) == 0.0
    assert information_loss(ages, np.arange(300) // 2) == pytest.approx(1 / 299)
    names = ages.astype(int).astype(str).astype(object)
    assert information_loss(names, np.arange(300) // 2) == pytest.approx(2 / 300)
