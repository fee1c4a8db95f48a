"""What each method of KAnonymizer keeps, and what it cannot do."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import (
    Hierarchy,
    KAnonymizer,
    LDiversity,
    TCloseness,
    information_loss,
)
from sklearn_private.exceptions import InvalidParameterError

BY_ROW = ["local", "microaggregation"]
CITY = Hierarchy.from_table(
    [
        ["Lyon", "France", "*"],
        ["Nice", "France", "*"],
        ["Porto", "Portugal", "*"],
        ["Braga", "Portugal", "*"],
    ]
)
AGE = Hierarchy.intervals([20, 30, 40, 50, 60, 70], [40, 60])


def people(n, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "city": rng.choice([*CITY.leaves, "Oslo"], n, p=[0.4, 0.2, 0.2, 0.15, 0.05]),
            "ill": rng.choice(list("xyz"), n),
            "who": rng.integers(0, max(4, n // 2), n),
        }
    )


def anonymizer_of(method, **params):
    quasi = ["age"] if method == "microaggregation" else ["age", "city"]
    return KAnonymizer(
        method=method,
        quasi_identifiers=quasi,
        sensitive=["ill"],
        harmless=["who", "city"][: 3 - len(quasi)],
        **params,
    )


@given(
    st.integers(0, 10**6),
    st.integers(8, 60),
    st.integers(2, 4),
    st.sampled_from(["mondrian", "local", "lattice"]),
    st.sampled_from([None, {"city": CITY}, {"city": CITY, "age": AGE}]),
    st.booleans(),
    st.sampled_from([None, "who"]),
    st.sampled_from([0.0, 0.3]),
)
def test_k_people_and_the_constraint_hold_for_every_method(
    seed, n, k, method, hierarchies, judged, who, most
):
    table = people(n, seed)
    if table["ill"].nunique() < 2 or table["who"].nunique() < k:
        return
    params = {"constraints": [LDiversity(2)]} if judged else {}
    anonymizer = KAnonymizer(
        k=k,
        method=method,
        quasi_identifiers=["age", "city"],
        sensitive=["ill"],
        hierarchies=hierarchies,
        max_suppression=most if method != "local" else 0.0,
        subject_id=who,
        **params,
    )
    out = anonymizer.fit_transform(table)
    groups = out.assign(who=table["who"] if who else range(n)).groupby(
        ["age", "city"], observed=True
    )
    assert groups["who"].nunique().min() >= k
    assert not judged or groups["ill"].nunique().min() >= 2
    assert out.index.equals(table.index)
    assert anonymizer.fit_transform(table).equals(out)  # a result can be repeated
    if method != "local":
        assert out.equals(anonymizer.transform(table))


@pytest.mark.parametrize("method", BY_ROW)
def test_methods_that_know_fitted_rows_only_say_so(method):
    table = people(40)
    anonymizer = anonymizer_of(method, k=3).fit(table)
    for call in ("transform", "partial_fit"):
        with pytest.raises(InvalidParameterError, match=f"no {call}: .* Use fit_transform or rele"):
            getattr(anonymizer, call)(table)
    with pytest.raises(InvalidParameterError, match="no transform_file"):
        anonymizer.transform_file("a.parquet", "b.parquet")
    with pytest.raises(InvalidParameterError, match="no fit from a table that is not in memory"):
        anonymizer.fit(iter([table]))


@pytest.mark.parametrize("method", BY_ROW)
def test_they_release_the_table_that_they_are_given(method):
    table = people(40)
    anonymizer = anonymizer_of(method, k=3)
    made, out = anonymizer.fit_transform(table), anonymizer.release(table)
    assert len(out) == 40
    assert sorted(out["age"].astype(str)) == sorted(made["age"].astype(str))
    assert anonymizer.release_statement_.n_suppressed == 0


def test_local_loses_less_and_its_statement_is_what_its_classes_cost():
    table = people(300)
    local, mondrian = (anonymizer_of(m, k=5, labels="tight") for m in ("local", "mondrian"))
    out = local.fit_transform(table)
    loss = local.privacy_statement_.information_loss
    assert loss < mondrian.fit(table).privacy_statement_.information_loss
    names = ["age", "city"]
    assert loss == pytest.approx(information_loss(table[names], out[names]))
    assert any("refinement" in leak for leak in local.privacy_statement_.leaks)


def test_microaggregation_gives_the_mean_of_each_class():
    table = people(90)
    out = anonymizer_of("microaggregation", k=3).fit_transform(table)
    sizes = out.groupby("age", observed=True).size()
    assert sizes.min() >= 3
    means = table["age"].groupby(out["age"].astype(str)).mean()
    assert means.to_numpy() == pytest.approx(means.index.astype(float).to_numpy())
    numeric = anonymizer_of("microaggregation", k=3, output="numeric")
    features = numeric.fit_transform(table.assign(ill=0, city=0))
    assert list(numeric.get_feature_names_out())[:2] == ["age_midpoint", "age_width"]
    assert features[:, 0].mean() == pytest.approx(table["age"].mean())


@pytest.mark.parametrize("scale", [1e308, 1e-308, 5e-324])
def test_microaggregation_takes_numbers_of_any_size(scale):
    X = scale * np.array([[-1.7], [-1.6], [1.6], [1.7]])
    model = KAnonymizer(k=2, method="microaggregation", output="numeric")
    features = model.fit_transform(X)
    assert np.isfinite(features).all()
    assert features[:, 0] == pytest.approx(
        np.repeat([(X[:2] / 2).sum(), (X[2:] / 2).sum()], 2), rel=0.1
    )


@pytest.mark.parametrize(
    "params",
    [
        {"constraints": [LDiversity(2)]},
        {"subject_id": "who"},
        {"quasi_identifiers": ["city"]},
        {"hierarchies": {"age": AGE}},
    ],
)
def test_microaggregation_refuses_what_it_cannot_keep(params):
    base = {"quasi_identifiers": ["age"], "sensitive": ["ill"], "method": "microaggregation"}
    with pytest.raises(InvalidParameterError, match="Take method='local'"):
        KAnonymizer(**base | params).fit(people(40))
    with pytest.raises(InvalidParameterError, match="finite numbers"):
        KAnonymizer(k=2, method="microaggregation").fit([[1.0], [np.nan]])


def test_the_lattice_shows_one_level_of_each_column():
    table = people(400)
    anonymizer = anonymizer_of(
        "lattice", k=10, hierarchies={"city": CITY, "age": AGE}, max_suppression=0.1
    )
    out = anonymizer.fit_transform(table)
    age, city = anonymizer.cells_.levels
    kept = out["city"].astype(str) != "*"
    assert kept.mean() >= 0.9
    for i in np.flatnonzero(kept):
        row, label = table.iloc[i], out.iloc[i]
        assert label["age"] == AGE.generalise(row["age"], age)
        assert label["city"] == CITY.generalise(row["city"], city)


def test_the_statement_of_the_lattice_tells_the_least_loss_of_all_choices():
    table, trees = people(120), {"city": CITY, "age": AGE}
    model = KAnonymizer(
        5, method="lattice", hierarchies=trees, quasi_identifiers=list(trees), sensitive=["ill"]
    )
    losses = []
    for levels in product(*(range(tree.levels) for tree in trees.values())):
        labels = pd.DataFrame()
        for (name, tree), level in zip(trees.items(), levels, strict=True):
            labels[name] = [tree.generalise(value, level) for value in table[name]]
        if labels.groupby(list(trees)).size().min() >= 5:
            costs = [labels[c].map(dict(zip(t.names, t.penalty))).mean() for c, t in trees.items()]
            losses.append(np.mean(costs))
    assert len(losses) > 1
    assert model.fit(table).privacy_statement_.information_loss == pytest.approx(min(losses))


def test_a_combination_that_was_not_fitted_says_nothing_in_the_lattice():
    table = pd.DataFrame({"age": [25] * 5 + [45] * 5, "city": ["Lyon"] * 5 + ["Porto"] * 5})
    anonymizer = KAnonymizer(k=5, method="lattice", hierarchies={"city": CITY, "age": AGE})
    anonymizer.fit(table)
    new = anonymizer.transform(pd.DataFrame({"age": [25, 45], "city": ["Lyon", "Lyon"]}))
    assert (new.iloc[1] == "*").all()
    assert (new.iloc[0] != "*").all()


@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
@pytest.mark.parametrize("method", ["mondrian", "local", "lattice"])
def test_a_category_that_prints_like_the_root_never_passes_for_it(method, labels):
    table = pd.DataFrame({"city": ["*"] * 4 + ["a"] * 4 + ["b"] * 4})
    model = KAnonymizer(4, method=method, labels=labels)
    out = model.fit_transform(table)["city"].astype(str)
    says_nothing = (out == "*").mean()
    assert set(out) == {"a", "b", "*" if method == "lattice" else "(other)"}
    assert model.privacy_statement_.information_loss == pytest.approx(says_nothing)


def test_labels_of_a_hierarchy_are_its_groups():
    out = anonymizer_of("mondrian", k=10, hierarchies={"city": CITY}).fit_transform(people(400))
    assert set(out["city"]) <= {*CITY.leaves, "France", "Portugal", "*"}
    assert len(set(out["city"])) > 3


def test_loss_is_counted_in_the_hierarchy():
    table = people(300)
    anonymizer = anonymizer_of("mondrian", k=5, labels="tight", hierarchies={"city": CITY})
    out = anonymizer.fit_transform(table)
    names = ["age", "city"]
    expected = information_loss(table[names], out[names], hierarchies={"city": CITY})
    assert anonymizer.privacy_statement_.information_loss == pytest.approx(expected)


def test_the_hierarchical_distance_reads_the_hierarchy_of_a_sensitive_column():
    table = people(200).drop(columns="ill")
    params = {"k": 3, "quasi_identifiers": ["age"], "sensitive": ["city"], "harmless": ["who"]}
    judge = TCloseness(0.2, distance="hierarchical")
    with pytest.raises(InvalidParameterError, match="needs a hierarchy"):
        KAnonymizer(**params, constraints=[judge]).fit(table)
    strict = KAnonymizer(**params, constraints=[judge], hierarchies={"city": CITY}).fit(table)
    free = KAnonymizer(**params).fit(table)
    assert 1 < strict.cells_.n_cells < free.cells_.n_cells


@pytest.mark.parametrize(
    "hierarchies, message",
    [
        ({"shoe": CITY}, "has no 'shoe'"),
        ({"who": CITY}, "'who' is neither"),
        ([CITY], "a dict of column to Hierarchy"),
        ({"city": [["Lyon", "*"]]}, "a dict of column to Hierarchy"),
        ({"age": CITY}, "lists none of its values"),
    ],
)
def test_rejects_bad_hierarchies(hierarchies, message):
    with pytest.raises(InvalidParameterError, match=message):
        anonymizer_of("mondrian", k=2, hierarchies=hierarchies).fit(people(20))


def test_rejects_an_unknown_method():
    with pytest.raises(InvalidParameterError, match="'method' .* one of 'mondrian', 'local', "):
        KAnonymizer(k=2, method="magic").fit([[1.0], [2.0]])


@pytest.mark.parametrize("method", ["mondrian", "lattice"])
def test_pieces_give_the_same_rule(method):
    table = people(300)
    params = {"k": 5, "hierarchies": {"city": CITY}, "max_suppression": 0.05}
    whole = anonymizer_of(method, **params).fit(table)
    pieces = anonymizer_of(method, **params).fit(table.iloc[i : i + 70] for i in range(0, 300, 70))
    assert pieces.transform(table).equals(whole.transform(table))
    assert pieces.privacy_statement_ == whole.privacy_statement_


def test_the_statement_names_homogeneity_where_nothing_limits_it():
    table, params = people(200), {"quasi_identifiers": ["age"], "sensitive": ["ill"]}
    plain = KAnonymizer(4, **params).fit(table).privacy_statement_
    limited = KAnonymizer(4, subject_id="who", constraints=[LDiversity(2)], **params).fit(table)
    assert any("homogeneity" in leak for leak in plain.leaks)
    assert not any("homogeneity" in leak for leak in limited.privacy_statement_.leaks)
    assert any("as far as constraints" in leak for leak in limited.privacy_statement_.leaks)
    assert limited.privacy_statement_.unit == "person"
    assert any("counts once for each" in text for text in limited.privacy_statement_.assumes)
