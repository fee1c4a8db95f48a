"""Reports as documents: JSON that round-trips, digests, what the caller says, what was measured."""

import copy
import json
import pickle
import warnings

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_private import DPLogisticRegression, PrivacyLedger, privacy_report
from sklearn_private.anonymization import check_release
from sklearn_private.audit import EpsilonAuditResult
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.federated import FederatedWrapper, RowDP
from sklearn_private.report import PrivacyReport, schema
from support.contract_instances import fit_example, instances

SAID = {
    "dataset": "loans-2024",
    "description": "one row a loan",
    "purpose": "triage",
    "recipients": "the bank's auditors",
    "retention": "two years",
    "residual_risk": "small",
}


def private(**settings):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **settings})


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).uniform(0, 1, size=(120, 3))
    return X, (X[:, 0] > 0.5).astype(int)


def audit(verdict="consistent"):
    return EpsilonAuditResult(
        owner="DPLogisticRegression",
        verdict=verdict,
        epsilon_lower_bound=0.4,
        claimed_epsilon=1.0,
        delta=1e-5,
        neighboring="replace_one",
        confidence=0.999,
        n_fits=500,
        statistic="the first coefficient",
        bound="Clopper-Pearson",
        tests="epsilon = 1",
        share=0.4,
        detectable=float("inf"),
        pair="worst case",
    )


@pytest.fixture(scope="module")
def report(rows, tmp_path_factory):
    """A report that has something in every section."""
    path = tmp_path_factory.mktemp("ledgers") / "loans.ledger"
    ledger = PrivacyLedger(path, epsilon=10.0, delta=1e-5, dataset="loans-2024")
    earlier = private(ledger=ledger).fit(*rows)
    shift = FunctionTransformer(lambda X: X - 0.5)
    model = make_pipeline(shift, private(ledger=ledger)).fit(*rows)
    assert earlier.privacy_statement_.charges
    table = [["30", "flu"], ["30", "cold"], ["40", "flu"], ["40", "HIV"]]
    check = check_release(table, k=2, sensitive=[1])
    utility = {"all": 0.81, "women": 0.79}
    return privacy_report(model, evidence=[audit(), check], utility=utility, **SAID)


def documents(rows, report):
    X, y = rows
    yield report
    yield privacy_report(private().fit(X, y))
    yield privacy_report(make_pipeline(StandardScaler(), private()).fit(X, y))
    yield privacy_report(RFE(private(), n_features_to_select=1).fit(X, y))
    yield privacy_report(LogisticRegression().fit(X, y))
    dp = RowDP(epsilon=2.0, delta=1e-5, feature_norm=2.0)
    wrapper = FederatedWrapper(LogisticRegression(), dp=dp, classes=[0, 1], n_clients=3)
    yield privacy_report(wrapper.set_params(secure_aggregation=True).fit(X, y))
    with warnings.catch_warnings(action="ignore"):
        yield privacy_report(private(random_state=0).fit(X, y))


def test_every_report_satisfies_the_schema_and_is_read_back_as_it_was(rows, report):
    for made in documents(rows, report):
        text = made.to_json()
        Draft202012Validator(schema()).validate(json.loads(text))
        again = PrivacyReport.from_json(text)
        assert again == made
        assert again.to_json() == text
        assert again.findings == made.findings
        assert again.to_markdown() == made.to_markdown()
        assert again.to_html() == made.to_html()
        assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
@pytest.mark.parametrize("estimator", instances(), ids=repr)
def test_a_report_of_every_estimator_is_read_back(estimator):
    made = privacy_report(fit_example(copy.deepcopy(estimator)))
    assert PrivacyReport.from_json(made.to_json()) == made


def test_the_schema_is_one_itself():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "path, value",
    [
        (("joint_claim", "epsilon"), -1),
        (("joint_claim", "epsilon"), "small"),
        (("joint_claim", "delta"), 2),
        (("joint_claim", "unit"), "house"),
        (("statements", "pipeline.dplogisticregression", "epsilon"), -1),
        (("findings",), [{"level": "error"}]),
        (("ledgers", 0, "spent"), -0.5),
        (("ledgers", 0, "entries", 0, "epsilon"), -1),
        (("objects", 0, "digest"), "abc"),
        (("schema_version",), 1),
        (("holds",), "yes"),
        (("context", "motto"), "trust us"),
        (("utility", "all"), "good"),
        (("extra",), 1),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_a_document_that_says_what_cannot_be_is_refused(report, path, value):
    data = json.loads(report.to_json())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not Draft202012Validator(schema()).is_valid(data)
    with pytest.raises(InvalidParameterError, match="break their schema at /"):
        PrivacyReport.from_json(json.dumps(data))


@pytest.mark.parametrize("name", sorted(schema()["required"]))
def test_a_document_that_lacks_something_is_refused(report, name):
    data = json.loads(report.to_json())
    del data[name]
    with pytest.raises(InvalidParameterError, match=f"must have '{name}'"):
        PrivacyReport.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"verdict": NaN}'])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(InvalidParameterError, match="no JSON|break their schema"):
        PrivacyReport.from_json(text)


def test_a_report_that_was_changed_is_refused(report):
    data = json.loads(report.to_json())
    data["joint_claim"]["epsilon"] = 0.01
    with pytest.raises(InvalidParameterError, match="changed after it was made"):
        PrivacyReport.from_json(json.dumps(data))


def test_every_form_says_in_its_first_line_that_a_claim_is_void(rows):
    void = privacy_report(make_pipeline(StandardScaler(), private()).fit(*rows))
    assert void.to_markdown().splitlines()[0] == "# VOID: Privacy report: Pipeline"
    assert "<title>VOID: Privacy report: Pipeline</title>" in void.to_html()
    assert next(iter(json.loads(void.to_json()).items())) == (
        "verdict",
        "A claim below is void. The findings say which, why, and what to do.",
    )
    assert void.to_dict()["joint_claim"] is None
    assert void.composition.epsilon == 1.0  # for a program that wants to know what it cost


def test_the_headline_names_the_adversary(rows):
    report = privacy_report(private().fit(*rows))
    said = "Against whoever reads the fitted attributes and knows all other rows."
    assert said in report.to_dict()["verdict"]
    assert said in report.to_markdown()
    assert said in report.to_html()


def test_each_charge_names_its_claim_and_what_belongs_to_none_is_listed(report):
    (ledger,) = report.to_dict()["ledgers"]
    assert [entry["claim"] for entry in ledger["entries"]] == [
        None,
        "pipeline.dplogisticregression",
    ]
    assert ledger["dataset"] == "loans-2024"
    for text in (report.to_markdown(), report.to_html()):
        assert "no claim of this report" in text
        assert "no. 1 of " in text
    assert "other-charges" in {finding.code for finding in report.findings}


def test_a_second_ledger_for_one_data_set_is_a_finding(rows, tmp_path):
    names = {"dataset": "loans-2024", "epsilon": 5.0, "delta": 1e-5}
    first = PrivacyLedger(tmp_path / "a.ledger", **names)
    with warnings.catch_warnings(action="ignore"):
        PrivacyLedger(tmp_path / "b.ledger", **names)
    report = privacy_report(private(ledger=first).fit(*rows))
    (finding,) = report.findings
    assert (finding.level, finding.code) == ("warning", "second-ledger")
    assert "b.ledger" in finding.message


def test_what_the_caller_says_and_what_was_measured_stand_in_every_form(report):
    data = report.to_dict()
    assert data["context"] == SAID
    assert data["trust_models"] == ["central"]
    assert [piece["kind"] for piece in data["evidence"]] == ["EpsilonAuditResult", "ReleaseCheck"]
    assert data["evidence"][1]["facts"] == {"passed": True, "k": 2, "n_classes": 2}
    for text in (report.to_markdown(), report.to_html().replace("&#x27;", "'")):
        for said in (*SAID.values(), "Utility by group", "0.79", "EpsilonAuditResult", "central"):
            assert said in text
    assert "What nobody checked" in report.to_markdown()
    assert "FunctionTransformer does to a row was fixed" in report.to_html()


def test_a_refuted_claim_and_a_failed_release_are_errors_of_the_report(rows):
    model = private().fit(*rows)
    refuted = privacy_report(model, evidence=[audit("violation")])
    assert [f.code for f in refuted.findings] == ["claim-refuted"]
    assert not refuted.holds
    failed = check_release([["30", "flu"], ["40", "HIV"]], k=2, sensitive=[1])
    report = privacy_report(model, evidence=[failed])
    assert [(f.code, f.where) for f in report.findings] == [
        ("release-breaks-rule", "evidence.ReleaseCheck.release")
    ]
    assert privacy_report(model, evidence=[audit()]).findings == ()


@pytest.mark.parametrize("nothing", [3, "fine", object()])
def test_what_is_no_result_is_no_evidence(rows, nothing):
    with pytest.raises(InvalidParameterError, match="must hold results of audits"):
        privacy_report(private().fit(*rows), evidence=[nothing])


def test_a_digest_tells_an_object_from_another_and_survives_a_pickle(rows):
    model = private().fit(*rows)
    digest = privacy_report(model).objects[0]["digest"]
    assert privacy_report(pickle.loads(pickle.dumps(model))).objects[0]["digest"] == digest
    assert privacy_report(private().fit(*rows)).objects[0]["digest"] != digest
    lambdas = make_pipeline(FunctionTransformer(lambda X: X / 2), private()).fit(*rows)
    assert privacy_report(lambdas).objects[0]["digest"] is None


def test_a_report_says_when_and_with_what_it_was_made(rows):
    data = privacy_report(private().fit(*rows)).to_dict()
    assert {"python", "numpy", "scipy", "scikit-learn", "dp-accounting"} == data["versions"].keys()
    assert data["created"].endswith("+00:00")


def test_a_report_where_the_ledger_is_not_says_that_it_was_not_read(rows, tmp_path):
    path = tmp_path / "loans.ledger"
    PrivacyLedger(path, epsilon=5.0, delta=1e-5)
    model = make_pipeline(private(ledger=str(path))).fit(*rows)
    path.rename(tmp_path / "elsewhere")
    report = privacy_report(model)
    assert {(f.level, f.code) for f in report.findings} == {("warning", "ledger-unread")}
    assert report.holds
    assert report.composition.epsilon == 1.0
