"""Policies that a report must keep before its object is released."""

import json
import math

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_private import DPLogisticRegression, PrivacyLedger, privacy_report
from sklearn_private.exceptions import InvalidParameterError, PolicyError


def private(**settings):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **settings})


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).uniform(0, 1, size=(120, 3))
    return X, (X[:, 0] > 0.5).astype(int)


@pytest.fixture(scope="module")
def recorded(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("ledgers") / "ledger"
    ledger = PrivacyLedger(path, epsilon=10.0, delta=1e-5)
    private(ledger=ledger).fit(*rows)
    return privacy_report(private(ledger=ledger).fit(*rows), purpose="triage")


@pytest.fixture(scope="module")
def void(rows):
    return privacy_report(make_pipeline(StandardScaler(), private()).fit(*rows))


KEPT = {
    "max_epsilon": 1.001,
    "max_delta": 1e-5,
    "unit": "row",
    "neighboring": "replace_one",
    "worst_finding": "note",
    "forbidden": ["large-delta"],
    "max_ledgers": 1,
    "max_spent": 3.0,
    "recorded": True,
    "required": ["purpose"],
}
BROKEN = {
    "max_epsilon": (0.5, "epsilon is 1"),
    "max_delta": (1e-6, "delta is 1e-05, above 1e-06"),
    "unit": ("person", "one row is protected, less than one person"),
    "neighboring": ("zero_out", "the relation is replace_one, not zero_out"),
    "forbidden": (["other-charges"], "other-charges is forbidden"),
    "max_ledgers": (0, "1 ledgers were charged, more than 0"),
    "max_spent": (1.0, "has spent 1"),
    "required": (["purpose", "retention"], "nothing is said of retention"),
}


def test_a_report_that_keeps_a_policy_passes(recorded):
    recorded.check(KEPT)
    recorded.check({})


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_is_broken_by_what_it_forbids_and_by_nothing_else(rule, recorded):
    value, said = BROKEN[rule]
    with pytest.raises(PolicyError) as caught:
        recorded.check({**KEPT, rule: value})
    lines = str(caught.value).splitlines()
    assert lines[0] == "The report of DPLogisticRegression breaks the policy:"
    assert len(lines) == 2
    assert said in lines[1]


def test_a_void_claim_keeps_no_policy_about_it(void):
    with pytest.raises(PolicyError, match="no joint claim of differential privacy that holds"):
        void.check({"max_epsilon": math.inf})
    with pytest.raises(PolicyError, match="error fitted-without-dp at pipeline.standardscaler"):
        void.check({"worst_finding": "warning"})
    for rule in ({"unit": "row"}, {"neighboring": "replace_one"}):
        with pytest.raises(PolicyError):
            void.check(rule)
    void.check({"worst_finding": "error"})


def test_a_claim_that_no_ledger_holds_is_not_recorded(rows):
    with pytest.raises(PolicyError, match="the claim of dplogisticregression is in no ledger"):
        privacy_report(private().fit(*rows)).check({"recorded": True})


def test_every_broken_rule_is_told_at_once(void):
    with pytest.raises(PolicyError) as caught:
        void.check({"max_epsilon": 1, "worst_finding": "warning", "required": ["purpose"]})
    assert len(str(caught.value).splitlines()) == 4


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_policy_is_read_from_a_file(kind, recorded, tmp_path):
    path = tmp_path / f"policy.{kind}"
    text = {
        "toml": 'max_epsilon = 0.5\nworst_finding = "warning"\n',
        "json": json.dumps({"max_epsilon": 0.5, "worst_finding": "warning"}),
    }
    path.write_text(text[kind], encoding="utf-8")
    with pytest.raises(PolicyError, match="above 0.5"):
        recorded.check(path)
    with pytest.raises(PolicyError, match="above 0.5"):
        recorded.check(str(path))


@pytest.mark.parametrize(
    "policy, said",
    [
        ({"max_epsilom": 1}, "knows the rules max_epsilon"),
        ({"max_epsilon": "1"}, "'max_epsilon' of a policy must be a number"),
        ({"max_epsilon": True}, "'max_epsilon' of a policy must be a number"),
        ({"max_epsilon": -1}, "'max_epsilon' of a policy must be a number"),
        ({"unit": "house"}, "'unit' of a policy must be one of row, person, site"),
        ({"worst_finding": "fatal"}, "must be one of error, warning, note"),
        ({"required": "purpose"}, "must be a list of names"),
        ("policy.yaml", "a .toml or .json file"),
    ],
)
def test_a_malformed_policy_is_refused_and_never_kept(policy, said, recorded):
    with pytest.raises(InvalidParameterError, match=said):
        recorded.check(policy)
