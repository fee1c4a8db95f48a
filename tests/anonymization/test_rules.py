"""Constraints inside the search: judged on every half, by people, in every context."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import AlphaK, BetaLikeness, KAnonymizer, LDiversity, TCloseness
from sklearn_private.anonymization.models import _contingency
from sklearn_private.exceptions import InvalidParameterError


class EvenlyIll:
    """A user's own constraint, which no union need inherit: an even number of people ill."""

    def check(self, sensitive):
        """Nothing is infeasible by itself."""

    def holds(self, counts, sensitive):
        ill = sensitive.values.index("ill")
        return counts[..., ill] % 2 == 0

    def describe(self):
        return "an even number of ill people"


def values_of_classes(table, quasi, sensitive, who=None):
    """Collect (person, value) pairs of each class, without the code under test."""
    held = defaultdict(set)
    for i, row in enumerate(table.to_dict("records")):
        person = i if who is None else row[who]
        held[tuple(str(row[name]) for name in quasi)].add((person, str(row[sensitive])))
    return [[value for _, value in pairs] for pairs in held.values()]


def shares(values, names):
    return np.array([values.count(name) for name in names]) / len(values)


def broken_by(constraint, values, everyone):
    """Tell whether a class breaks a constraint, by its definition."""
    names = sorted(set(everyone))
    q, p = shares(values, names), shares(everyone, names)
    if isinstance(constraint, TCloseness):
        return np.abs(q - p).sum() / 2 > constraint.t + 1e-9
    if isinstance(constraint, AlphaK):
        return q.max() > constraint.alpha + 1e-9
    if isinstance(constraint, BetaLikeness):
        return ((q - p) / p).max() > constraint.beta + 1e-9
    if constraint.kind == "entropy":
        positive = q[q > 0]
        return -(positive * np.log(positive)).sum() < np.log(constraint.l) - 1e-9
    if constraint.kind == "recursive":
        counts = sorted((values.count(name) for name in names), reverse=True)
        return not counts[0] < constraint.c * sum(counts[constraint.l - 1 :]) + 1e-9
    return len(set(values)) < constraint.l


CONSTRAINTS = [
    LDiversity(2),
    LDiversity(3),
    LDiversity(1.8, kind="entropy"),
    LDiversity(2, kind="recursive", c=2.0),
    TCloseness(0.35),
    AlphaK(0.6),
    BetaLikeness(0.8),
]


def drawn_table(seed, n_rows):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(0, 40, n_rows),
            "city": rng.choice(list("pqrs"), n_rows),
            "disease": rng.choice(list("abcd"), n_rows, p=[0.4, 0.3, 0.2, 0.1]),
            "who": rng.integers(0, max(2, n_rows // 2), n_rows),
        }
    )


@given(
    st.integers(0, 10**6),
    st.integers(10, 120),
    st.sampled_from(CONSTRAINTS),
    st.sampled_from(["supported", "cell", "tight"]),
    st.sampled_from([None, "who"]),
)
def test_every_class_holds_k_and_the_constraint(seed, n_rows, constraint, labels, who):
    table = drawn_table(seed, n_rows)
    quasi = ["age", "city"]
    anonymizer = KAnonymizer(
        k=2,
        quasi_identifiers=quasi,
        sensitive=["disease"],
        constraints=[constraint],
        labels=labels,
        subject_id=who,
    )
    everyone = values_of_classes(table.assign(one=0), ["one"], "disease", who)[0]
    if broken_by(constraint, everyone, everyone):
        with pytest.raises(InvalidParameterError, match="Nothing was released"):
            anonymizer.fit(table)
        return
    out = anonymizer.fit_transform(table)
    for values in values_of_classes(out, quasi, "disease", who):
        assert not broken_by(constraint, values, everyone)
    assert out.equals(anonymizer.transform(table))
    people = out.groupby(quasi, observed=True)["who"]
    assert (people.nunique() if who else people.size()).min() >= 2


def test_cuts_that_break_a_constraint_are_taken_without_it():
    table = pd.DataFrame({"age": range(40), "disease": ["a"] * 20 + ["b"] * 20})
    plain = KAnonymizer(k=2, quasi_identifiers=["age"], sensitive=["disease"])
    judged = KAnonymizer(
        k=2, quasi_identifiers=["age"], sensitive=["disease"], constraints=[LDiversity(2)]
    )
    assert plain.fit_transform(table).groupby("age", observed=True)["disease"].nunique().min() == 1
    out = judged.fit_transform(table)
    assert out["age"].nunique() == 1  # every cut leaves one value alone
    mixed = table.assign(disease=list("ab") * 20)
    assert judged.fit_transform(mixed)["age"].nunique() > 5


def test_an_own_constraint_is_asked_about_each_cut(rng):
    table = pd.DataFrame(
        {"age": rng.integers(0, 60, 200), "state": rng.choice(["ill", "well"], 200)}
    )
    if (table["state"] == "ill").sum() % 2:
        table = table.drop(index=table.index[table["state"] == "ill"][0])
    own = KAnonymizer(
        k=2, quasi_identifiers=["age"], sensitive=["state"], constraints=[EvenlyIll()]
    )
    out = own.fit_transform(table)
    ill = (out["state"] == "ill").groupby(out["age"], observed=True).sum()
    assert len(ill) > 10
    assert (ill % 2 == 0).all()
    assert "an even number of ill people" in own.privacy_statement_.protects


def test_several_sensitive_columns_are_judged_within_one_another(rng):
    table = pd.DataFrame(
        {
            "age": rng.integers(0, 60, 400),
            "job": rng.choice(list("xy"), 400),
            "disease": rng.choice(list("abc"), 400),
        }
    )
    out = KAnonymizer(
        k=2, quasi_identifiers=["age"], sensitive=["job", "disease"], constraints=[LDiversity(2)]
    ).fit_transform(table)
    assert out["age"].nunique() > 5
    assert out.groupby(["age", "job"], observed=True)["disease"].nunique().min() >= 2
    assert out.groupby(["age", "disease"], observed=True)["job"].nunique().min() >= 2


def test_what_all_people_break_is_refused():
    table = pd.DataFrame({"age": range(8), "job": list("xxxxyyyy"), "disease": list("aaaabcbc")})
    quasi = {"k": 2, "quasi_identifiers": ["age"]}
    with pytest.raises(InvalidParameterError, match="the whole table breaks"):
        KAnonymizer(**quasi, sensitive=["disease"], constraints=[LDiversity(4)]).fit(table)
    with pytest.raises(InvalidParameterError, match="among people who share the others"):
        KAnonymizer(**quasi, sensitive=["disease", "job"], constraints=[LDiversity(2)]).fit(table)


@pytest.mark.parametrize(
    "constraints, message",
    [
        ([LDiversity], "methods check, holds and describe"),
        (["l=3"], "methods check, holds and describe"),
        (LDiversity(2), "methods check, holds and describe"),
        ([LDiversity(2)], "must name the columns that constraints are judged on"),
    ],
)
def test_rejects_what_cannot_be_judged(constraints, message):
    with pytest.raises(InvalidParameterError, match=message):
        KAnonymizer(k=2, constraints=constraints).fit(pd.DataFrame({"age": [1, 2]}))


def test_counts_held_at_once_change_nothing(monkeypatch):
    table = drawn_table(0, 300)
    anonymizer = KAnonymizer(
        k=3,
        quasi_identifiers=["age", "city"],
        sensitive=["disease"],
        constraints=[TCloseness(0.3)],
        subject_id="who",
    )
    expected = anonymizer.fit_transform(table)
    monkeypatch.setattr(_contingency, "_CELLS", 5)
    assert anonymizer.fit_transform(table).equals(expected)
    assert expected["age"].nunique() > 2


def test_a_batch_that_breaks_a_constraint_is_not_released():
    table = pd.DataFrame({"age": [1, 1, 1, 1, 9, 9, 9, 9], "disease": list("abababab")})
    anonymizer = KAnonymizer(
        k=2, quasi_identifiers=["age"], sensitive=["disease"], constraints=[LDiversity(2)]
    ).fit(table)
    assert len(anonymizer.release(table)) == 8
    batch = pd.DataFrame({"age": [1, 1, 9, 9], "disease": list("aaab")})
    out = anonymizer.release(batch)
    assert sorted(out["disease"]) == ["a", "b"]
    assert anonymizer.release_statement_.n_suppressed == 2


def test_the_statement_says_what_constraints_read():
    table = drawn_table(1, 100)
    statement = (
        KAnonymizer(
            k=2,
            quasi_identifiers=["age"],
            sensitive=["disease"],
            harmless=["city", "who"],
            constraints=[LDiversity(2), AlphaK(0.9)],
        )
        .fit(table)
        .privacy_statement_
    )
    assert "distinct 2-diversity, alpha 0.9" in statement.protects
    assert any("minimality" in leak and "constraints read" in leak for leak in statement.leaks)
    assert statement.parameters["constraints"] == tuple(
        c.describe() for c in (LDiversity(2), AlphaK(0.9))
    )


class SevenByOne:
    """A class has a multiple of seven people."""

    def check(self, sensitive):
        """Nothing is infeasible by itself."""

    def holds(self, counts, sensitive):
        return counts.sum(axis=-1) % 7 == 0

    def describe(self):
        return "multiples of seven"


def test_cuts_are_asked_about_from_the_best_on_until_one_holds():
    table = pd.DataFrame({"age": range(42), "disease": list("ab") * 21})
    seven = KAnonymizer(
        k=2, quasi_identifiers=["age"], sensitive=["disease"], constraints=[SevenByOne()]
    )
    sizes = seven.fit_transform(table).groupby("age", observed=True).size()
    assert sizes.tolist() == [7] * 6


def test_a_statement_says_how_people_with_several_values_count():
    table = drawn_table(0, 60)
    lists = {"quasi_identifiers": ["age"], "sensitive": ["disease"]}

    def says(**params):
        found = KAnonymizer(k=2, **lists, **params).fit(table).privacy_statement_
        return any("pairs of a person and a value" in text for text in found.assumes)

    asked = [LDiversity(2)]
    assert says(constraints=asked, subject_id="who")
    assert not says(constraints=asked, harmless=["who"])
    assert not says(subject_id="who")
