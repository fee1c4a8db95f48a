"""Suppression: few rows say nothing, so that the others say more."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.anonymization import KAnonymizer, LDiversity
from sklearn_private.exceptions import InvalidParameterError

QUASI = ["town", "income", "debt"]
FIVE = {"k": 5, "quasi_identifiers": QUASI}


def towns():
    """Return ten towns of eight people; eight of them have one person far from all others."""
    table = pd.DataFrame({"town": np.repeat(list("abcdefghij"), 8), "income": 30, "debt": 5})
    table.loc[[0, 8, 16, 24], "income"] = [4000, 5000, 6000, 7000]
    table.loc[[32, 40, 48, 56], "debt"] = [4000, 5000, 6000, 7000]
    return table


def suppressed(out, names=QUASI):
    return (out[names].astype(str) == "*").all(axis=1).to_numpy()


@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_outliers_are_suppressed_where_that_saves_loss(labels):
    table = towns()
    whole = KAnonymizer(**FIVE, labels=labels).fit(table)
    spared = KAnonymizer(**FIVE, labels=labels, max_suppression=0.1)
    out = spared.fit_transform(table)
    hidden = suppressed(out)
    assert 5 <= hidden.sum() <= 8
    assert (table[["income", "debt"]].max(axis=1)[hidden] >= 4000).all()
    losses = [a.privacy_statement_.information_loss for a in (spared, whole)]
    assert losses[0] < 0.9 * losses[1]
    assert spared.privacy_statement_.n_suppressed == hidden.sum()
    assert out.groupby(QUASI, observed=True).size().min() >= 5


def test_nobody_is_suppressed_where_it_costs_more_than_it_saves(rng):
    table = pd.DataFrame(rng.integers(0, 9, size=(200, 3)), columns=QUASI)
    anonymizer = KAnonymizer(**FIVE, max_suppression=0.3)
    may = anonymizer.fit(table).privacy_statement_
    must_not = KAnonymizer(**FIVE).fit(table).privacy_statement_
    assert may.information_loss <= must_not.information_loss
    assert may.n_suppressed < 20


def test_nothing_is_suppressed_where_nobody_may_be():
    anonymizer = KAnonymizer(**FIVE)
    assert not suppressed(anonymizer.fit_transform(towns())).any()
    assert not anonymizer.cells_.suppresses


def test_fewer_than_k_people_are_not_suppressed():
    anonymizer = KAnonymizer(**FIVE, max_suppression=4.5 / 80)
    assert not suppressed(anonymizer.fit_transform(towns())).any()
    assert anonymizer.privacy_statement_.n_suppressed == 0


def test_suppressed_people_hold_the_constraints_too():
    few = towns()["income"].gt(100) | towns()["debt"].gt(100)
    table = towns().assign(ill=np.where(few, "yes", "no"))
    table.loc[1::2, "ill"] = "yes"
    alike = KAnonymizer(**FIVE, sensitive=["ill"], constraints=[LDiversity(2)], max_suppression=0.1)
    assert not suppressed(alike.fit_transform(table)).any()
    table.loc[[0, 8], "ill"] = "no"
    assert suppressed(alike.fit_transform(table)).any()


def test_release_drops_them_and_counts_them():
    table = towns()
    anonymizer = KAnonymizer(**FIVE, max_suppression=0.1).fit(table)
    n = anonymizer.privacy_statement_.n_suppressed
    out = anonymizer.release(table)
    assert len(out) == len(table) - n
    assert not suppressed(out).any()
    assert anonymizer.release_statement_.n_suppressed == n > 0


def test_new_rows_of_a_suppressed_region_say_nothing():
    anonymizer = KAnonymizer(**FIVE, max_suppression=0.1).fit(towns())
    new = pd.DataFrame({"town": ["a", "a"], "income": [30, 9000], "debt": [10, 10]})
    assert suppressed(anonymizer.transform(new)).tolist() == [False, True]


@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_a_model_is_given_the_whole_range_for_a_suppressed_row(labels):
    anonymizer = KAnonymizer(**FIVE, max_suppression=0.1, output="numeric", labels=labels)
    features = anonymizer.fit_transform(towns())
    names = list(anonymizer.get_feature_names_out())
    hidden = features[0]  # the first person has the first outlier
    assert np.isfinite(features).all()
    assert hidden[names.index("debt_width")] == features[:, names.index("debt_width")].max()
    shares = [i for i, name in enumerate(names) if name.startswith("town_")]
    assert hidden[shares] == pytest.approx(1 / len(shares))


@given(
    st.integers(0, 10**6),
    st.integers(6, 80),
    st.sampled_from([0.02, 0.1, 0.4]),
    st.sampled_from([(), (LDiversity(2),)]),
    st.sampled_from([None, "who"]),
    st.sampled_from(["supported", "cell", "tight"]),
)
def test_k_constraints_and_the_limit_hold_with_suppression(seed, n, most, constraints, who, labels):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "x": np.exp(rng.normal(size=n) * 2).round(2),
            "y": rng.choice(list("abcdefgh"), n),
            "ill": rng.choice(["yes", "no"], n),
            "who": rng.integers(0, max(3, n // 2), n),
        }
    )
    anonymizer = KAnonymizer(
        k=2,
        quasi_identifiers=["x", "y"],
        sensitive=["ill"],
        constraints=list(constraints),
        subject_id=who,
        max_suppression=most,
        labels=labels,
    )
    if constraints and table["ill"].nunique() < 2:
        with pytest.raises(InvalidParameterError):
            anonymizer.fit(table)
        return
    out = anonymizer.fit_transform(table)
    people = out["who"] if who else pd.Series(range(n))
    assert people.groupby([out["x"], out["y"]], observed=True).nunique().min() >= 2
    if constraints:
        assert out.groupby(["x", "y"], observed=True)["ill"].nunique().min() >= 2
    hidden = suppressed(out, ["x", "y"])
    if anonymizer.cells_.suppresses:
        assert people[hidden].nunique() <= most * people.nunique() + 1e-9
    assert out.equals(anonymizer.transform(table))


@pytest.mark.parametrize("share", [-0.1, 1.0, 2, float("nan"), "1", None, True])
def test_rejects_a_bad_share(share):
    with pytest.raises(InvalidParameterError, match="'max_suppression' .* must be .* Got"):
        KAnonymizer(k=2, max_suppression=share).fit([[1.0], [2.0]])
