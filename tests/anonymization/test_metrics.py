"""Measures of a table, against values computed by hand and one row at a time."""

import json
from collections import Counter, defaultdict
from math import exp, log

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import Hierarchy, metrics
from sklearn_private.anonymization.models import _contingency
from sklearn_private.exceptions import InvalidParameterError

# Two classes: three people with flu, flu, HIV; two with flu, cold.
WARD = pd.DataFrame(
    {
        "age": ["< 40", "< 40", "< 40", ">= 40", ">= 40"],
        "disease": ["flu", "flu", "HIV", "flu", "cold"],
    }
)
ROLES = {"quasi_identifiers": ["age"], "sensitive": ["disease"]}


def test_measures_of_a_ward_are_those_computed_by_hand():
    found = metrics.measures(WARD, threshold=0.4, k=2, **ROLES)
    assert (found.k, found.n_rows, found.n_classes) == (2, 5, 2)
    assert found.average_class_size == pytest.approx(2.5 / 2)
    assert found.discernibility == 9 + 4
    assert found.suppression == 0
    assert found.prosecutor_risk == 1 / 2
    assert found.marketer_risk == 2 / 5
    assert found.records_at_risk == 2 / 5
    (own,) = found.sensitive
    assert own.distinct_l == 2
    assert own.entropy_l == pytest.approx(exp(-(2 / 3 * log(2 / 3) + 1 / 3 * log(1 / 3))))
    assert own.recursive_c == 2
    assert own.alpha == 2 / 3
    assert own.beta == pytest.approx((1 / 2 - 1 / 5) / (1 / 5))
    assert own.equal_t == pytest.approx(3 / 10)  # cold: 1/2 instead of 1/5
    assert own.ordered_t is own.hierarchical_t is None
    assert found.information_loss is found.certainty_penalties is found.journalist_risk is None


def brute(rows, roles):
    """Compute all measures of one sensitive column with loops over rows."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[i] for i in roles["quasi"])].append(row[roles["sensitive"]])
    whole = Counter(row[roles["sensitive"]] for row in rows)
    n, order = len(rows), sorted(whole)
    found = defaultdict(list)
    for values in groups.values():
        share = {v: values.count(v) / len(values) for v in order}
        found["k"].append(len(values))
        found["distinct_l"].append(len(set(values)))
        found["entropy_l"].append(exp(-sum(s * log(s) for s in share.values() if s)))
        found["alpha"].append(max(share.values()))
        found["beta"].append(max(share[v] * n / whole[v] - 1 for v in order))
        excess = [share[v] - whole[v] / n for v in order]
        found["equal_t"].append(sum(map(abs, excess)) / 2)
        steps = [abs(sum(excess[: i + 1])) for i in range(len(order))]
        found["ordered_t"].append(sum(steps) / max(1, len(order) - 1))
    least = ("k", "distinct_l", "entropy_l")
    found = {name: (min if name in least else max)(found[name]) for name in found}
    l, c = found["distinct_l"], []
    for values in groups.values():
        largest, *rest = sorted(Counter(values).values(), reverse=True)
        c.append(largest / sum([largest, *rest][l - 1 :]))
    sizes = [len(values) for values in groups.values()]
    return found | {
        "recursive_c": max(c) if l > 1 else float("inf"),
        "marketer_risk": len(groups) / n,
        "discernibility": sum(size**2 for size in sizes),
        "records_at_risk": sum(size for size in sizes if 1 / size > 0.3) / n,
    }


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("ab"), st.integers(-2, 3)), min_size=1, max_size=30
)


@given(ROWS)
def test_measures_equal_loops_over_rows(rows):
    table = pd.DataFrame(rows, columns=["age", "job", "pay"])
    found = metrics.measures(table, sensitive=["pay"], threshold=0.3)
    (own,) = found.sensitive
    expected = brute(rows, {"quasi": [0, 1], "sensitive": 2})
    for name, value in expected.items():
        assert getattr(own if hasattr(own, name) else found, name) == pytest.approx(value), name


@given(ROWS)
def test_each_function_says_the_same_as_the_one_call(rows):
    table = pd.DataFrame(rows, columns=["age", "job", "pay"])
    found = metrics.measures(table, sensitive=["pay"])
    (own,) = found.sensitive
    quasi = {"quasi_identifiers": ["age", "job"]}
    both = quasi | {"sensitive": ["pay"]}
    assert metrics.k_anonymity(table, **quasi) == found.k
    assert metrics.l_diversity(table, **both) == own.distinct_l
    assert metrics.l_diversity(table, kind="entropy", **both) == own.entropy_l
    assert metrics.t_closeness(table, **both) == own.equal_t
    assert metrics.t_closeness(table, distance="ordered", **both) == own.ordered_t
    assert metrics.alpha_k(table, **both) == own.alpha
    assert metrics.beta_likeness(table, **both) == own.beta
    if own.distinct_l > 1:
        assert metrics.recursive_diversity(table, l=own.distinct_l, **both) == own.recursive_c
    assert metrics.prosecutor_risk(table, **quasi) == found.prosecutor_risk
    assert metrics.marketer_risk(table, **quasi) == found.marketer_risk
    assert metrics.records_at_risk(table, **quasi) == found.records_at_risk
    assert metrics.discernibility(table, **quasi) == found.discernibility
    assert metrics.average_class_size(table, **quasi) == found.average_class_size
    assert metrics.suppression(table, **quasi) == found.suppression == 0


def test_large_tables_are_counted_in_blocks(monkeypatch, rng):
    table = pd.DataFrame({"age": rng.integers(0, 50, 2_000), "pay": rng.integers(0, 9, 2_000)})
    at_once = metrics.measures(table, sensitive=["pay"])
    monkeypatch.setattr(_contingency, "_CELLS", 30)
    assert metrics.measures(table, sensitive=["pay"]) == at_once


def test_a_sensitive_column_is_judged_within_the_others():
    table = pd.DataFrame(
        {
            "age": ["x"] * 4 + ["y"] * 4,
            "disease": ["flu", "flu", "HIV", "HIV"] * 2,
            "pay": [1, 2, 1, 2, 1, 1, 2, 2],
        }
    )
    alone = metrics.l_diversity(table[["age", "disease"]], sensitive=["disease"])
    disease, pay = metrics.measures(table, sensitive=["disease", "pay"]).sensitive
    assert alone == 2
    # Of the second class, who has flu earns 1: whoever knows one value knows the other.
    assert disease.distinct_l == pay.distinct_l == 1
    assert metrics.l_diversity(table, sensitive=["disease", "pay"]) == 1


def test_people_are_counted_and_not_rows():
    table = WARD.assign(id=[1, 1, 2, 3, 4])
    found = metrics.measures(table, subject_id="id", **ROLES)
    assert found.k == 2
    assert found.marketer_risk == 2 / 4
    own = found.sensitive[0]
    assert own.alpha == 1 / 2  # flu twice of one person is flu once
    assert metrics.k_anonymity(table, quasi_identifiers=["age"]) == 2
    assert metrics.k_anonymity(table.assign(id=1), subject_id="id", quasi_identifiers=["age"]) == 1


def test_a_journalist_and_a_marketer_pick_from_the_population():
    population = pd.DataFrame({"age": ["< 40"] * 30 + [">= 40"] * 4 + ["other"] * 9})
    quasi = {"quasi_identifiers": ["age"]}
    assert metrics.journalist_risk(WARD, population=population, **quasi) == 1 / 4
    assert metrics.marketer_risk(WARD, population=population, **quasi) == pytest.approx(
        (3 / 30 + 2 / 4) / 5
    )
    found = metrics.measures(WARD, population=population, **ROLES)
    assert found.journalist_risk == 1 / 4
    assert found.prosecutor_risk == 1 / 2
    nobody = population.head(0)
    assert metrics.journalist_risk(WARD, population=nobody, **quasi) == 1 / 2
    with pytest.raises(InvalidParameterError, match="'population'.*labels"):
        metrics.measures(WARD, [0, 0, 0, 1, 1], population=population, **ROLES)


def test_rows_that_are_not_published_count_as_lost_and_nowhere_else():
    numbers = [0, 0, 0, -1, None]
    found = metrics.measures(WARD, numbers, **ROLES)
    assert found.k == 3
    assert found.sensitive[0].equal_t == 0  # of the published rows
    assert found.suppression == 2 / 5
    assert found.discernibility == 9 + 2 * 5
    assert found.information_loss == pytest.approx(2 / 5)


def test_rows_of_stars_are_a_class_and_suppressed():
    released = WARD.assign(age=["< 40"] * 3 + ["*"] * 2)
    assert metrics.suppression(released, quasi_identifiers=["age"]) == 2 / 5
    found = metrics.measures(WARD, released, **ROLES)
    assert found.k == 2
    assert found.discernibility == 9 + 2 * 5
    assert found.information_loss == pytest.approx(2 / 5)
    assert metrics.suppression([["*", "1"], ["*", "*"]]) == 1 / 2


def test_loss_by_sets_and_by_hierarchies():
    people = pd.DataFrame({"job": list("aabbcd"), "age": [10, 20, 30, 40, 50, 60]})
    classes = [0, 0, 0, 1, 1, 1]
    jobs = Hierarchy.from_table(
        [["a", "x", "*"], ["b", "x", "*"], ["c", "y", "*"], ["d", "y", "*"], ["e", "y", "*"]]
    )
    sets = {"job": (3 * 2 / 4 + 3 * 3 / 4) / 6, "age": 20 / 50}
    trees = {"job": (3 * 2 / 5 + 3 * 1) / 6, "age": 20 / 50}
    assert metrics.certainty_penalties(people, classes) == pytest.approx(sets)
    assert metrics.certainty_penalties(people, classes, hierarchies={"job": jobs}) == pytest.approx(
        trees
    )
    found = metrics.measures(people, classes, hierarchies={"job": jobs})
    assert found.certainty_penalties == pytest.approx(sets)
    assert found.hierarchy_penalties == pytest.approx(trees)
    assert found.information_loss == pytest.approx(np.mean(list(sets.values())))
    assert found.hierarchy_loss == pytest.approx(np.mean(list(trees.values())))
    by_tree = metrics.information_loss(people, classes, hierarchies={"job": jobs})
    assert by_tree == pytest.approx(found.hierarchy_loss)
    with pytest.raises(InvalidParameterError, match="'hierarchies'.*'jobs'"):
        metrics.information_loss(people, classes, hierarchies={"jobs": jobs})


def test_a_hierarchy_serves_loss_and_the_distance_of_a_sensitive_column():
    tree = Hierarchy.from_table([["flu", "mild", "*"], ["cold", "mild", "*"], ["HIV", "bad", "*"]])
    found = metrics.measures(WARD, WARD, hierarchies={"disease": tree}, **ROLES)
    own = found.sensitive[0]
    assert own.hierarchical_t == metrics.t_closeness(
        WARD, distance="hierarchical", hierarchies={"disease": tree}, **ROLES
    )
    # The class of flu and cold: HIV (1/5) moves all the way, flu to cold (1/10) half of it.
    assert own.hierarchical_t == pytest.approx(1 / 5 + 1 / 2 * 1 / 10)
    assert own.hierarchical_t <= own.equal_t


def test_the_containers_of_a_table_say_the_same():
    expected = metrics.measures(WARD, **ROLES)
    assert metrics.measures(pl.from_pandas(WARD), **ROLES) == expected
    found = metrics.measures(WARD.to_numpy(), quasi_identifiers=[0], sensitive=[1])
    assert found.k == expected.k
    assert found.sensitive[0].equal_t == expected.sensitive[0].equal_t
    labels = WARD.to_numpy()
    assert metrics.information_loss(labels, labels, quasi_identifiers=[0]) == 0


def test_measures_are_printed_as_a_table_and_read_by_json():
    found = metrics.measures(WARD, [0, 0, 0, 1, 1], **ROLES)
    lines = str(found).splitlines()
    assert lines[0].split() == ["k", "2"]
    assert "disease: distinct_l" in str(found)
    assert len({line.rindex("  ") for line in lines}) == 1
    assert json.loads(json.dumps(found.to_dict()))["sensitive"][0]["alpha"] == 2 / 3
    with pytest.raises(AttributeError):
        found.k = 3


def test_quasi_identifiers_are_all_columns_that_no_other_parameter_names():
    table = WARD.assign(id=range(5))
    found = metrics.measures(table, sensitive=["disease"], subject_id="id")
    assert found == metrics.measures(WARD, **ROLES)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: metrics.k_anonymity(WARD, [0, 1]), "one entry a row"),
        (lambda: metrics.k_anonymity(WARD, [-1] * 5), "at least one published row"),
        (lambda: metrics.k_anonymity(WARD, quasi_identifiers=["pay"]), "has no 'pay'"),
        (lambda: metrics.k_anonymity(WARD, quasi_identifiers="age"), "list of columns"),
        (lambda: metrics.alpha_k(WARD, sensitive=[]), "at least one column"),
        (lambda: metrics.alpha_k(WARD, sensitive="disease"), "list of columns"),
        (lambda: metrics.l_diversity(WARD, sensitive=["disease"], kind="x"), "'kind'"),
        (lambda: metrics.recursive_diversity(WARD, sensitive=["disease"], l=0), "'l'"),
        (lambda: metrics.t_closeness(WARD, sensitive=["disease"], distance="x"), "'distance'"),
        (
            lambda: metrics.t_closeness(WARD, sensitive=["disease"], distance="ordered"),
            "needs numbers or times",
        ),
        (lambda: metrics.records_at_risk(WARD, threshold=2), "'threshold'"),
        (lambda: metrics.measures(WARD, WARD[["disease"]], **ROLES), "'classes'.*has no 'age'"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(InvalidParameterError, match=message):
        call()


def test_scorers_choose_k_by_loss_and_by_risk():
    ages = pd.DataFrame({"age": np.tile(np.arange(60), 4), "pay": 1.0})
    scoring = {"loss": metrics.information_loss_scorer, "risk": metrics.risk_scorer}
    search = GridSearchCV(
        KAnonymizer(quasi_identifiers=["age"], sensitive=["pay"]),
        {"k": [2, 10, 40]},
        scoring=scoring,
        refit="loss",
        cv=3,
    ).fit(ages)
    loss, risk = (search.cv_results_[f"mean_test_{name}"] for name in scoring)
    assert search.best_params_ == {"k": 2}
    assert (np.diff(loss) < 0).all()
    assert (np.diff(risk) > 0).all()
    assert (loss >= -1).all() and (loss <= 0).all()


@pytest.mark.parametrize("output", ["labels", "numeric"])
@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_scorers_say_what_the_statement_says_of_the_fitted_table(adult_table, labels, output):
    table = adult_table.head(1_000)[["age", "education", "sex"]]
    anonymizer = KAnonymizer(5, labels=labels, output=output).fit(table)
    stated = anonymizer.privacy_statement_.information_loss
    assert metrics.information_loss_scorer(anonymizer, table) == pytest.approx(-stated)
    assert anonymizer.output == output
    n_classes = len(KAnonymizer(5, labels=labels).fit_transform(table).drop_duplicates())
    assert metrics.risk_scorer(anonymizer, table) == pytest.approx(-n_classes / 1_000)
