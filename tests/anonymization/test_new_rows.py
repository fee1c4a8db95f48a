"""What new rows are told: the truth, whatever they are read beside."""

import numpy as np
import pandas as pd
import pytest

from sklearn_private import Hierarchy, KAnonymizer

PEOPLE = pd.DataFrame({"age": np.arange(20, 60), "job": ["clerk", "cook"] * 20})
NEW = pd.DataFrame({"age": [np.nan, 30.0, 30.0, 30.0], "job": ["clerk", "astronaut", None, "cook"]})


@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_missing_and_unseen_values_are_told_nothing(labels):
    anonymizer = KAnonymizer(k=5, labels=labels).fit(PEOPLE)
    out = anonymizer.transform(NEW)
    assert out.iloc[:3].to_numpy().tolist() == [["*", "*"]] * 3
    assert "*" not in out.iloc[3].tolist()


def test_values_that_a_hierarchy_does_not_list_are_told_nothing():
    tree = Hierarchy.masking(["3011", "3012", "3039"], [2])
    table = pd.DataFrame({"postcode": ["3011"] * 4 + ["3012"] * 4 + ["3039"] * 4})
    for method in ("mondrian", "lattice"):
        anonymizer = KAnonymizer(k=4, method=method, hierarchies={"postcode": tree}).fit(table)
        new = pd.DataFrame({"postcode": ["8000", None, "3039"]})
        assert anonymizer.transform(new)["postcode"].tolist() == ["*", "*", "3039"]


def test_rows_that_are_told_nothing_are_counted_in_a_finding():
    anonymizer = KAnonymizer(k=5).fit(PEOPLE)
    assert len(anonymizer.release(pd.concat([PEOPLE, NEW.head(3)]))) == 40
    (finding,) = anonymizer.release_statement_.findings
    assert finding.code == "values-unseen" and finding.message.startswith("3 rows")
    assert anonymizer.release(PEOPLE).shape == (40, 2)
    assert anonymizer.release_statement_.findings == ()


def test_a_column_that_no_cut_looks_at_may_hold_anything():
    table = pd.DataFrame({"age": np.repeat([20.0, 40.0], 5), "height": 170.0})
    out = (
        KAnonymizer(k=5, labels="cell")
        .fit(table)
        .transform(pd.DataFrame({"age": [20.0], "height": [np.nan]}))
    )
    assert out.iloc[0].tolist() == ["< 30", "*"]


TWO_AGES = pd.DataFrame({"age": np.repeat([20, 60], 5)})


@pytest.mark.parametrize("labels, said", [("supported", "[20, 21)"), ("tight", "20")])
def test_a_row_outside_of_what_is_said_of_its_cell_gets_the_label_of_the_cell(labels, said):
    anonymizer = KAnonymizer(k=5, labels=labels).fit(TWO_AGES)
    out = anonymizer.transform(pd.DataFrame({"age": [20, 26, 3, 62]}))["age"]
    assert out.tolist() == [said, "< 50", "< 50", ">= 50"]
    assert out.cat.ordered and out.iloc[3] > out.iloc[1]


def test_rows_of_one_cell_are_published_alike():
    anonymizer = KAnonymizer(k=5).fit(TWO_AGES)
    batch = pd.DataFrame({"age": [20] * 3 + [30] * 3 + [60] * 5})
    assert anonymizer.release(batch)["age"].value_counts().to_dict() == {"< 50": 6, "[60, 61)": 5}


TYPES = {
    "categories of numbers": (pd.Categorical([1, 2] * 20), pd.Series([1.0, np.nan, 2.0])),
    "numbers of categories": (pd.Categorical([1.0, 2.0] * 20), pd.Series([1, 2], dtype="Int8")),
    "truth values": ([True, False] * 20, pd.Series([1.0, 0.0, np.nan])),
    "truth and nothing": (pd.array([True, False] * 20, "boolean"), pd.Series([True, None, False])),
    "texts": (["café", "tea"] * 20, pd.Series(["cafe\u0301", "tea"])),
}


@pytest.mark.parametrize("fitted, new", TYPES.values(), ids=TYPES)
def test_a_label_does_not_depend_on_the_type_that_a_value_comes_in(fitted, new):
    anonymizer = KAnonymizer(k=5).fit(pd.DataFrame({"x": fitted}))
    together = anonymizer.transform(pd.DataFrame({"x": new}))["x"].tolist()
    alone = [
        anonymizer.transform(pd.DataFrame({"x": new[i : i + 1]}))["x"].iloc[0]
        for i in range(len(new))
    ]
    assert together == alone
    first, second = anonymizer.transform(pd.DataFrame({"x": fitted[:2]}))["x"]
    expected = {True: first, False: second} if "True" in (first, second) else None
    for value, label in zip(new, together, strict=True):
        if pd.isna(value):
            assert label == "*"
        elif expected is not None:
            assert label == expected[bool(value)]
        else:
            assert label in (first, second)
    assert {first, second} <= set(together)
