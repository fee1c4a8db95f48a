"""Checks of one release as it stands, and of two about the same people."""

from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import (
    Hierarchy,
    LDiversity,
    TCloseness,
    check_release,
    check_releases,
)
from sklearn_private.exceptions import InvalidParameterError

WARD = pd.DataFrame(
    {
        "age": ["< 40", "< 40", "< 40", ">= 40", ">= 40"],
        "disease": ["flu", "flu", "HIV", "flu", "flu"],
    }
)
ROLES = {"quasi_identifiers": ["age"], "sensitive": ["disease"]}


def test_a_table_that_holds_all_rules_passes():
    found = check_release(WARD, k=2, **ROLES)
    assert found.passed
    assert found.findings == found.violations == ()
    assert (found.k, found.n_classes) == (2, 2)
    assert str(found) == "passed: k = 2, 2 classes"


def test_classes_that_are_too_small_are_errors_and_their_rows_are_listed():
    found = check_release(WARD, k=3, **ROLES)
    assert not found.passed
    (violation,) = found.violations
    assert (violation.rule, violation.n_classes) == ("3-anonymity", 1)
    assert violation.rows.tolist() == [3, 4]
    assert found.findings[0].level == "error"
    assert "1 of 2 classes (2 rows) break 3-anonymity" in str(found)


def test_each_broken_constraint_is_an_error():
    found = check_release(WARD, k=2, constraints=[LDiversity(2), TCloseness(0.9)], **ROLES)
    (violation,) = found.violations
    assert violation.rule == "distinct 2-diversity of disease"
    assert violation.rows.tolist() == [3, 4]


def test_messages_hold_no_label_and_no_value():
    found = check_release(WARD, k=5, constraints=[LDiversity(3)], **ROLES)
    assert len(found.findings) == 2
    for text in ("40", "flu", "HIV"):
        assert text not in str(found)


def test_columns_that_nobody_declared_are_warnings():
    table = WARD.assign(name=list("abcde"), ward=1)
    found = check_release(table, k=2, harmless=["ward"], **ROLES)
    (warning,) = found.findings
    assert warning.level == "warning"
    assert "'name'" in warning.message
    assert "'ward'" not in warning.message
    assert found.passed
    everything = check_release(table, k=2, sensitive=["disease"], harmless=["ward"])
    assert not everything.passed  # without a list, the name is a quasi-identifier


def test_people_are_counted_and_not_rows():
    table = WARD.assign(id=[1, 2, 3, 4, 4])
    found = check_release(table, k=2, subject_id="id", **ROLES)
    assert found.k == 1
    assert found.violations[0].rows.tolist() == [3, 4]
    assert check_release(WARD, k=2, **ROLES).passed


def test_every_sensitive_column_is_judged_within_the_others():
    table = WARD.assign(disease=["flu", "flu", "HIV", "flu", "HIV"], pay=[1, 2, 2, 1, 2])
    for column in ("disease", "pay"):
        alone = check_release(
            table[["age", column]],
            k=2,
            quasi_identifiers=["age"],
            sensitive=[column],
            constraints=[LDiversity(2)],
        )
        assert alone.passed
    both = check_release(
        table,
        k=2,
        quasi_identifiers=["age"],
        sensitive=["disease", "pay"],
        constraints=[LDiversity(2)],
    )
    assert [violation.rule for violation in both.violations] == [
        "distinct 2-diversity of disease",
        "distinct 2-diversity of pay",
    ]


def test_a_constraint_of_ones_own_is_asked():
    class NoSecretClass:
        def check(self, sensitive):
            pass

        def holds(self, counts, sensitive):
            return counts[..., sensitive.values.index("HIV")] == 0

        def describe(self):
            return "absence of one value"

    found = check_release(WARD, k=2, constraints=[NoSecretClass()], **ROLES)
    assert found.violations[0].rule == "absence of one value of disease"
    assert found.violations[0].rows.tolist() == [0, 1, 2]


def test_the_hierarchical_distance_finds_its_hierarchy():
    tree = Hierarchy.from_table([["flu", "a", "*"], ["HIV", "b", "*"]])
    t = [TCloseness(0.3, "hierarchical")]
    assert check_release(WARD, k=2, constraints=t, hierarchies={"disease": tree}, **ROLES).passed
    with pytest.raises(InvalidParameterError, match="hierarchy of the sensitive column 'disease'"):
        check_release(WARD, k=2, constraints=t, **ROLES)


def test_polars_and_arrays_are_read():
    assert check_release(pl.from_pandas(WARD), k=2, **ROLES).passed
    assert check_release(WARD.to_numpy(), k=2, quasi_identifiers=[0], sensitive=[1]).passed


def test_constraints_without_a_sensitive_column_are_refused():
    with pytest.raises(InvalidParameterError, match="'constraints'.*'sensitive'"):
        check_release(WARD, k=2, quasi_identifiers=["age"], constraints=[LDiversity(2)])


def test_a_batch_of_new_rows_is_judged_where_transform_gives_no_promise(adult_table):
    table = adult_table[["age", "education", "sex"]]
    anonymizer = KAnonymizer(10).fit(table.head(5_000))
    batch = anonymizer.transform(table.tail(5_000))
    assert not check_release(batch, k=10).passed
    assert check_release(anonymizer.release(table.tail(5_000)), k=10).passed
    assert check_release(anonymizer.transform(table.head(5_000)), k=10).passed


# --- two releases ---

FIRST = pd.DataFrame({"id": [1, 2, 3, 4], "age": list("aabb"), "ill": ["flu", "HIV", "flu", "x"]})
SECOND = pd.DataFrame({"id": [4, 3, 2, 1], "age": list("cddc"), "ill": ["x", "flu", "HIV", "flu"]})
TWO = {"quasi_identifiers": ["age"], "sensitive": ["ill"]}


def test_two_diverse_releases_together_tell_a_disease():
    for table in (FIRST, SECOND):
        assert check_release(
            table.drop(columns="id"), k=2, constraints=[LDiversity(2)], **TWO
        ).passed
    found = check_releases(FIRST, SECOND, subject_id="id", **TWO)
    assert not found.passed
    assert (found.k, found.n_people, found.n_changed) == (2, 4, 0)
    assert found.certain["ill"].tolist() == [2, 0]  # persons 3 and 1, in the order of the second
    assert found.below_k.tolist() == [2, 0]
    assert "certain for 2 of 4 people" in str(found)


def test_the_same_classes_twice_tell_no_more():
    found = check_releases(FIRST, FIRST.assign(age=list("ddee")), subject_id="id", **TWO)
    assert found.passed
    assert str(found) == "passed: 4 people in both releases"


def test_people_in_one_release_only_stay_candidates():
    second = pd.DataFrame({"id": [1, 9], "age": ["c", "c"], "ill": ["flu", "HIV"]})
    found = check_releases(FIRST, second, subject_id="id", **TWO)
    assert found.n_people == 1
    assert found.passed  # flu or HIV, from both sides


def test_somebody_whose_value_changed_is_not_found():
    second = SECOND.assign(ill=["x", "flu", "HIV", "measles"])
    found = check_releases(FIRST, second, subject_id="id", **TWO)
    assert found.n_changed == 1
    assert 0 not in found.certain["ill"]


def test_other_published_columns_link_rows_too():
    first = FIRST.assign(ill=["flu", "HIV", "flu", "HIV"], pay=[1, 2, 3, 4])
    second = first.assign(age=list("cddc"))
    assert check_releases(first.drop(columns="pay"), second, subject_id="id", **TWO).passed
    linked = check_releases(first, second, subject_id="id", **TWO)
    assert linked.below_k.size == linked.certain["ill"].size == 4


def test_missing_values_are_equal_to_each_other():
    first = pd.DataFrame({"age": ["a", "a"], "pay": [1.0, np.nan]})
    second = pd.DataFrame({"age": ["b", "b"], "pay": [1.0, np.nan]})
    found = check_releases(first, second, quasi_identifiers=["age"], sensitive=["pay"])
    assert found.n_changed == 0
    assert found.passed


@given(
    st.lists(
        st.tuples(*[st.integers(0, 2)] * 3, st.booleans(), st.booleans()), min_size=1, max_size=25
    ).filter(lambda rows: any(r[3] for r in rows) and any(r[4] for r in rows)),
    st.integers(1, 4),
)
def test_candidates_equal_loops_over_people(rows, k):
    table = pd.DataFrame(rows, columns=["one", "two", "ill", "in_one", "in_two"])
    table["id"] = np.arange(len(table))
    first = table[table.in_one].rename(columns={"one": "age"})[["id", "age", "ill"]]
    second = table[table.in_two].rename(columns={"two": "age"})[["id", "age", "ill"]]
    found = check_releases(first, second, k=k, subject_id="id", **TWO)
    below, certain = set(), set()
    for row in table[table.in_one & table.in_two].itertuples():
        here = Counter(first.ill[first.age == row.one])
        there = Counter(second.ill[second.age == row.two])
        common = here.keys() & there.keys()
        if min(sum(part[v] for v in common) for part in (here, there)) < k:
            below.add(row.id)
        if len(common) == 1:
            certain.add(row.id)
    assert {first.id.iloc[i] for i in found.below_k} == below
    assert {first.id.iloc[i] for i in found.certain["ill"]} == certain
    assert found.passed is not bool(below or certain)


def test_two_rows_of_one_person_and_unaligned_tables_are_refused():
    with pytest.raises(InvalidParameterError, match="one row a person"):
        check_releases(FIRST.assign(id=1), SECOND, subject_id="id", **TWO)
    with pytest.raises(InvalidParameterError, match="one row a person"):
        check_releases(FIRST, SECOND.assign(id=1), subject_id="id", **TWO)
    with pytest.raises(InvalidParameterError, match="'subject_id'.*4 and 3 rows"):
        check_releases(FIRST, SECOND.head(3), **TWO)
    with pytest.raises(InvalidParameterError, match="'sensitive'.*has no 'pay'"):
        check_releases(FIRST, SECOND, quasi_identifiers=["age"], sensitive=["pay"])


def test_nobody_in_both_releases_is_no_finding():
    found = check_releases(FIRST, SECOND.assign(id=[5, 6, 7, 8]), subject_id="id", **TWO)
    assert found.passed
    assert found.n_people == 0
    assert found.certain["ill"].size == 0


def test_a_hierarchy_of_a_column_that_does_not_exist_is_refused():
    with pytest.raises(InvalidParameterError, match="'hierarchies'.*has no 'illness'"):
        check_release(WARD, k=2, hierarchies={"illness": None}, **ROLES)
