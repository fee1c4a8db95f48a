"""KAnonymizer: the guarantee, on random frames and on real ones, and what it refuses."""

import pickle
import string
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from sklearn_private.anonymization import KAnonymizer
from sklearn_private.exceptions import InvalidParameterError

QUASI = ["sex", "age", "race", "marital-status", "education", "native-country", "workclass"]


def people_per_label(labels, people):
    """Count the distinct people of each combination of labels, without the code under test."""
    held = defaultdict(set)
    for row, person in zip(labels, people, strict=True):
        held[tuple(row)].add(person)
    return [len(group) for group in held.values()]


def rows_of(frame):
    return [tuple(map(str, row)) for row in frame.itertuples(index=False)]


VALUES = {
    "float": st.floats(width=32) | st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan]),
    "int": st.integers(-3, 9) | st.integers(-(2**62), 2**62),
    "text": st.sampled_from([*"abc", "", "*", "(other)", "(missing)", None, "a, b"]),
    "bool": st.booleans(),
    "mixed": st.sampled_from([1, "1", 1.5, True, None, np.nan, "x"]),
    "date": st.sampled_from(
        [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-02-29 12:30"), pd.Timestamp(0), pd.NaT]
    ),
}


@st.composite
def frames(draw, n_rows=st.integers(2, 30)):
    """Draw a frame of one to four columns, and names of the kinds that they were drawn from."""
    n_rows = draw(n_rows)
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    return frame_of(kinds, draw, n_rows), kinds


def frame_of(kinds, draw, n_rows):
    columns = {}
    for letter, kind in zip(string.ascii_letters, kinds, strict=False):
        values = draw(st.lists(VALUES[kind], min_size=n_rows, max_size=n_rows))
        dtype = {"date": "datetime64[ns]", "mixed": object}.get(kind)
        columns[letter] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


@given(frames(), st.integers(2, 5), st.sampled_from(["supported", "cell", "tight"]))
def test_k_people_share_every_label_of_any_frame(drawn, k, labels):
    frame, _ = drawn
    k = min(k, len(frame))
    anonymizer = KAnonymizer(k=k, labels=labels)
    out = anonymizer.fit_transform(frame)
    assert min(people_per_label(rows_of(out), range(len(frame)))) >= k
    assert out.equals(anonymizer.transform(frame))
    assert 0.0 <= anonymizer.privacy_statement_.information_loss <= 1.0


@given(frames(st.integers(4, 30)), st.data())
def test_k_counts_people_where_they_have_several_rows(drawn, data):
    frame, _ = drawn
    ids = st.lists(st.integers(0, 6), min_size=len(frame), max_size=len(frame))
    people = data.draw(ids.filter(lambda chosen: len(set(chosen)) >= 2))
    out = KAnonymizer(k=2, subject_id="who").fit_transform(frame.assign(who=people))
    assert min(people_per_label(rows_of(out.drop(columns="who")), people)) >= 2


@given(
    st.data(),
    st.sampled_from(["supported", "cell", "tight"]),
    st.sampled_from(["labels", "numeric"]),
)
def test_every_unseen_row_gets_a_fitted_label(data, labels, output):
    frame, kinds = data.draw(frames())
    unseen = frame_of(kinds, data.draw, 5)
    anonymizer = KAnonymizer(k=2, labels=labels, output=output).fit(frame)
    try:
        out = np.asarray(anonymizer.transform(unseen), dtype=object)
    except InvalidParameterError as error:  # a column of objects that now holds another kind
        assert "mixed" in kinds and "when it was fitted" in str(error)
        return
    fitted = {tuple(row) for row in np.asarray(anonymizer.transform(frame), dtype=object)}
    assert {tuple(row) for row in out} <= reachable(anonymizer)
    assert fitted <= reachable(anonymizer)
    if output == "numeric":
        assert np.isfinite(out.astype(float)).all()


def reachable(anonymizer):
    """Return the rows of output that the fitted cells can give."""
    parts = [
        np.array(part.texts, dtype=object)[part.of_cell, None]
        if anonymizer.output == "labels"
        else part.features[part.of_cell].astype(object)
        for part in anonymizer.labels_
    ]
    return {tuple(row) for row in np.hstack(parts)}


@pytest.mark.parametrize("k", [2, 10, 100])
@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_k_people_share_every_label_of_adult(adult_table, k, labels):
    out = KAnonymizer(k=k, quasi_identifiers=QUASI, labels=labels).fit_transform(adult_table)
    assert out.groupby(QUASI, observed=True).size().min() >= k


def test_adult_keeps_the_detail_that_the_method_can_keep(adult_table):
    quasi = [*QUASI, "occupation"]
    tight = KAnonymizer(k=10, quasi_identifiers=quasi, labels="tight").fit(adult_table)
    cell = KAnonymizer(k=10, quasi_identifiers=quasi, labels="cell").fit(adult_table)
    assert tight.privacy_statement_.information_loss <= 0.057
    assert cell.privacy_statement_.information_loss <= 0.10


def test_people_with_several_rows_of_adult_are_counted_once(adult_table, rng):
    table = adult_table.assign(who=rng.integers(0, 4_000, len(adult_table)))
    by_row = KAnonymizer(k=10, quasi_identifiers=QUASI).fit_transform(table)
    by_person = KAnonymizer(k=10, quasi_identifiers=QUASI, subject_id="who").fit_transform(table)
    assert by_row.groupby(QUASI, observed=True)["who"].nunique().min() < 10
    assert by_person.groupby(QUASI, observed=True)["who"].nunique().min() >= 10


def test_a_subject_of_one_row_each_changes_nothing(adult_table):
    table = adult_table.head(2_000).assign(who=range(2_000))
    plain = KAnonymizer(k=5, quasi_identifiers=QUASI).fit_transform(table)
    by_person = KAnonymizer(k=5, quasi_identifiers=QUASI, subject_id="who").fit_transform(table)
    assert plain.equals(by_person)


def test_rows_without_an_id_count_as_one_person():
    table = pd.DataFrame({"age": [1, 1, 1, 2, 2], "who": [None, None, None, "a", "b"]})
    out = KAnonymizer(k=2, quasi_identifiers=["age"], subject_id="who").fit_transform(table)
    assert out["age"].nunique() == 1


def test_cuts_look_neither_at_a_target_nor_at_the_order_of_rows(adult_table):
    table = adult_table.head(1_000)
    anonymizer = KAnonymizer(k=5, quasi_identifiers=QUASI)
    expected = anonymizer.fit_transform(table)
    assert anonymizer.fit_transform(table, table["salary-class"]).equals(expected)
    mixed = table.sample(frac=1, random_state=0)
    assert anonymizer.fit_transform(mixed).loc[table.index].equals(expected)


def test_one_row_never_comes_back_raw():
    table = pd.DataFrame({"age": range(20, 60), "job": list("abcd") * 10})
    anonymizer = KAnonymizer(k=5).fit(table)
    for row in [[33, "a"], [99, "a"], [33, "unseen"], [-5, None], [np.nan, "b"]]:
        out = anonymizer.transform(pd.DataFrame([row], columns=["age", "job"]))
        assert out["age"].iloc[0] in set(anonymizer.labels_[0].texts)
        assert out["job"].iloc[0] in set(anonymizer.labels_[1].texts)
        assert out["age"].iloc[0] != str(row[0])


@pytest.mark.parametrize(
    "value, twin",
    [(1e9, 59), (-1e9, 20), (np.inf, 59), (-np.inf, 20), (19.99, 20)],
)
def test_a_number_out_of_range_falls_into_an_outer_cell(value, twin):
    anonymizer = KAnonymizer(k=5).fit(pd.DataFrame({"age": np.arange(20.0, 60.0)}))
    got, expected = anonymizer.transform(pd.DataFrame({"age": [value, twin]}))["age"]
    assert got == expected


def test_an_unseen_category_belongs_to_the_merged_ones_or_says_nothing():
    table = pd.DataFrame({"job": ["a"] * 9 + ["b"] * 6 + ["c"] * 3})
    new = pd.DataFrame({"job": ["unseen", "c"]})
    plain = KAnonymizer(k=3).fit(table).transform(new)["job"]
    assert list(plain) == ["*", "c"]
    merged = KAnonymizer(k=4).fit(table).transform(new)["job"]
    assert list(merged) == ["{b, (other)}", "{b, (other)}"]


def test_the_fitted_object_holds_no_row_and_no_rare_value():
    table = pd.DataFrame(
        {"age": [*range(20, 60), 117], "job": [*["clerk"] * 20, *["smith"] * 20, "astronaut"]}
    )
    state = pickle.dumps(KAnonymizer(k=5).fit(table))
    assert b"clerk" in state
    assert b"astronaut" not in state
    extremes = [np.float64(value).tobytes() for value in (20, 117)]
    assert not any(extreme in state for extreme in extremes)
    assert np.float64(117).tobytes() in pickle.dumps(np.array([117.0]))  # the search finds it


def test_pickles_and_clones_answer_alike(adult_table):
    table = adult_table.head(500)
    anonymizer = KAnonymizer(k=5, quasi_identifiers=QUASI)
    out = anonymizer.fit_transform(table)
    assert pickle.loads(pickle.dumps(anonymizer)).transform(table).equals(out)
    assert clone(anonymizer).fit(table).transform(table).equals(out)


def test_it_is_a_step_of_pipelines_searches_and_column_transformers(adult_table):
    table, y = adult_table[QUASI].head(600), adult_table["salary-class"].head(600)
    numeric = KAnonymizer(k=5, output="numeric")
    pipeline = Pipeline([("k", numeric), ("model", DecisionTreeClassifier(max_depth=3))])
    search = GridSearchCV(pipeline, {"k__k": [2, 20]}, cv=2).fit(table, y)
    assert search.predict(table.head(1)).shape == (1,)
    columns = ColumnTransformer(
        [("k", KAnonymizer(k=5), ["age", "sex"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    assert columns.fit_transform(table).groupby(["age", "sex"], observed=True).size().min() >= 5


@pytest.mark.parametrize("k", [1, 0, -2, 2.0, "5", None, True])
def test_rejects_bad_k(k):
    with pytest.raises(ValueError, match="The 'k' parameter of KAnonymizer must be .* Got"):
        KAnonymizer(k=k).fit([[0.0], [1.0]])


@pytest.mark.parametrize("name", ["labels", "output"])
def test_rejects_an_unknown_choice(name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of KAnonymizer must be one of"):
        KAnonymizer(k=2, **{name: "other"}).fit([[0.0], [1.0]])


def test_more_than_all_people_cannot_share_a_label():
    table = pd.DataFrame({"age": range(9), "who": [0, 0, 0, 1, 1, 1, 2, 2, 2]})
    for anonymizer in (KAnonymizer(k=10), KAnonymizer(k=4, subject_id="who")):
        with pytest.raises(InvalidParameterError, match="Nothing was released. Lower k"):
            anonymizer.fit(table)
        assert not hasattr(anonymizer, "cells_")
    assert KAnonymizer(k=9).fit_transform(table)["age"].unique().tolist() == ["*"]


@pytest.mark.parametrize(
    "params",
    [
        {"quasi_identifiers": ["shoe size"]},
        {"sensitive": ["shoe size"]},
        {"harmless": ["shoe size"]},
        {"subject_id": "shoe size"},
    ],
)
def test_a_column_that_does_not_exist_is_refused(params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"'{name}' .* has no 'shoe size'"):
        KAnonymizer(k=2, **params).fit(pd.DataFrame({"age": [1, 2]}))


@pytest.mark.parametrize(
    "params, message",
    [
        ({"quasi_identifiers": "age"}, "must be a list of columns"),
        ({"sensitive": "age"}, "must be a list of columns"),
        ({"sensitive": None}, "must be a list of columns"),
        ({"quasi_identifiers": []}, "at least one column"),
        ({"sensitive": ["age"]}, "at least one column"),
        ({"quasi_identifiers": ["age", "age"]}, "each column once"),
        ({"quasi_identifiers": ["age"], "sensitive": ["age"]}, "names already"),
        ({"quasi_identifiers": ["age"], "subject_id": "age"}, "names already"),
    ],
)
def test_a_column_plays_one_part(params, message):
    with pytest.raises(InvalidParameterError, match=message):
        KAnonymizer(k=2, **params).fit(pd.DataFrame({"age": [1, 2]}))


def test_a_column_that_changes_its_kind_is_refused():
    anonymizer = KAnonymizer(k=2).fit(pd.DataFrame({"age": [1, 2]}))
    with pytest.raises(InvalidParameterError, match="'age' held numbers .* now it holds categ"):
        anonymizer.transform(pd.DataFrame({"age": ["young"]}))


def test_the_statement_says_what_holds(adult_table):
    anonymizer = KAnonymizer(k=10, quasi_identifiers=QUASI, sensitive=["salary-class"])
    statement = anonymizer.fit(adult_table).privacy_statement_
    assert (statement.k, statement.n_people, statement.n_suppressed) == (10, 30_162, 0)
    assert statement.quasi_identifiers == tuple(QUASI)
    assert statement.sensitive == ("salary-class",)
    assert statement.unit == "row"
    assert "composition" in " ".join(statement.leaks)
    assert "anonymous" not in statement.claim()
    (finding,) = statement.findings
    assert finding.level == "warning" and "'occupation'" in finding.message


def test_declared_columns_are_no_finding(adult_table):
    statement = (
        KAnonymizer(
            k=10, quasi_identifiers=QUASI, sensitive=["salary-class"], harmless=["occupation"]
        )
        .fit(adult_table)
        .privacy_statement_
    )
    assert statement.findings == ()


def test_the_statement_counts_people_by_subject():
    table = pd.DataFrame({"age": [1, 1, 2, 2], "who": list("aabb")})
    statement = KAnonymizer(k=2, subject_id="who").fit(table).privacy_statement_
    assert (statement.n_people, statement.unit) == (2, "person")
