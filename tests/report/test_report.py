import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import RFE, RFECV, SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    StandardScaler,
)

from sklearn_private import DomainEncoder, DPLogisticRegression, PrivacyLedger, privacy_report
from sklearn_private.exceptions import InvalidParameterError, PrivacyWarning
from sklearn_private.statements import AnonymityStatement


def private(**parameters):
    return DPLogisticRegression(**{"feature_norm": 1.0, "classes": [0, 1], **parameters})


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(120, 3))
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture
def table(rows):
    return pd.DataFrame(rows[0], columns=["a", "b", "c"])


def found(report):
    return [(finding.level, finding.where) for finding in report.findings]


class Table(TransformerMixin, BaseEstimator):
    """Says that it made a k-anonymous table."""

    def fit(self, X, y=None):
        self.privacy_statement_ = AnonymityStatement(
            owner="Table",
            protects="people",
            unit="person",
            against="linkage",
            k=5,
            n_people=len(X),
            information_loss=0.1,
        )
        return self

    def transform(self, X):
        return X


# A good pipeline


def test_a_good_pipeline_has_no_findings_and_one_claim(rows):
    model = make_pipeline(DomainEncoder((-1.0, 1.0)), private(epsilon=0.5)).fit(*rows)
    report = privacy_report(model)
    assert report.findings == ()
    assert report.holds
    assert list(report.statements) == ["pipeline.domainencoder", "pipeline.dplogisticregression"]
    assert report.to_dict()["joint_claim"] == {
        "epsilon": 0.5,
        "delta": 1e-5,
        "neighboring": "replace_one",
        "unit": "row",
        "against": ["whoever reads the fitted attributes and knows all other rows"],
    }
    joint = "The DP steps together: epsilon = 0.5 at delta = 1e-05, replace-one, one row."
    assert joint in report.to_markdown()
    assert joint in report.to_html()


@pytest.mark.parametrize(
    "front",
    [
        FunctionTransformer(np.sign),
        Normalizer(),
        SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True),
        ColumnTransformer([("one", DomainEncoder((-1, 1)), [0])], remainder="passthrough"),
        FeatureUnion([("one", DomainEncoder((-1, 1))), ("two", "passthrough"), ("no", "drop")]),
        "passthrough",
    ],
    ids=lambda front: type(front).__name__,
)
def test_steps_that_learn_nothing_void_nothing(front, rows):
    model = Pipeline([("front", front), ("clf", private())]).fit(*rows)
    assert privacy_report(model).findings == ()


# A bad one


@pytest.fixture
def bad(rows):
    """A scaler, a seed, learned labels and a search by raw scores, all at once."""
    model = Pipeline(
        [("scale", StandardScaler()), ("clf", DPLogisticRegression(feature_norm=1, random_state=0))]
    )
    with pytest.warns(PrivacyWarning):
        return GridSearchCV(model, {"clf__epsilon": [1.0, 2.0]}, cv=2).fit(*rows)


def test_every_fault_of_a_bad_pipeline_is_on_top_with_its_remedy(bad):
    report = privacy_report(bad)
    assert not report.holds
    levels = [finding.level for finding in report.findings]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
    expected = {
        "StandardScaler was fitted on the same rows": ("error", "DomainEncoder"),
        "the noise is seeded": ("error", "random_state=None"),
        "picked a candidate by raw scores": ("error", "score on public data"),
        "learned the class labels from y": ("warning", "declare classes=[...]"),
        "made 5 private fits": ("warning", "ledger="),
    }
    assert len(report.findings) == len(expected)
    for finding in report.findings:
        (said,) = [text for text in expected if text in finding.message]
        level, remedy = expected[said]
        assert finding.level == level
        assert remedy in finding.remedy
    markdown = report.to_markdown()
    for said in expected:
        assert said in markdown
        assert said in report.to_html()
    assert "**A claim below is void.**" in markdown
    assert markdown.index("## Findings") < markdown.index("## What is promised")


def test_a_bad_pipeline_is_reported_as_json_without_numbers_that_json_lacks(bad):
    data = json.loads(json.dumps(privacy_report(bad).to_dict(), allow_nan=False))
    assert data["joint_claim"] is None
    assert data["holds"] is False
    assert [set(finding) for finding in data["findings"]] == [
        {"level", "code", "where", "message", "remedy"}
    ] * 5


@pytest.mark.parametrize("repaired", ["scale", "seed", "classes"])
def test_each_remedy_removes_its_finding(repaired, rows):
    model = Pipeline([("scale", StandardScaler()), ("clf", private(random_state=0, classes=None))])
    changes = {
        "scale": {"scale": DomainEncoder((-1, 1))},
        "seed": {"clf__random_state": None},
        "classes": {"clf__classes": [0, 1]},
    }
    messages = []
    for parameters in ({}, changes[repaired]):
        with pytest.warns(PrivacyWarning):
            fitted = model.set_params(**parameters).fit(*rows)
        messages.append({finding.message for finding in privacy_report(fitted).findings})
    assert len(messages[0] - messages[1]) == 1
    assert messages[1] < messages[0]


# Where things stand


def test_each_branch_of_a_column_transformer_is_walked(table, rows):
    parts = ColumnTransformer(
        [
            ("scaled", StandardScaler(), ["a"]),
            ("encoded", DomainEncoder({"b": (-1, 1)}), ["b"]),
            ("dropped", "drop", []),
        ],
        remainder=make_pipeline(SimpleImputer()),
    )
    report = privacy_report(make_pipeline(parts, private()).fit(table, rows[1]))
    assert found(report) == [
        ("error", "pipeline.columntransformer.scaled"),
        ("error", "pipeline.columntransformer.remainder.simpleimputer"),
    ]


def test_each_branch_of_a_feature_union_is_walked(rows):
    union = FeatureUnion([("scaled", StandardScaler()), ("same", FunctionTransformer())])
    report = privacy_report(make_pipeline(union, private()).fit(*rows))
    assert found(report) == [("error", "pipeline.featureunion.scaled")]


def test_nested_pipelines_and_selectors_are_walked(rows):
    inner = make_pipeline(SelectKBest(k=2), StandardScaler())
    report = privacy_report(make_pipeline(inner, private()).fit(*rows))
    assert found(report) == [
        ("error", "pipeline.pipeline.selectkbest"),
        ("error", "pipeline.pipeline.standardscaler"),
    ]


def test_a_scaler_behind_or_beside_a_dp_step_does_not_void_it(rows):
    beside = FeatureUnion([("scaled", StandardScaler()), ("table", Table())]).fit(rows[0])
    assert privacy_report(beside).findings == ()


@pytest.mark.parametrize("categories, voids", [("auto", True), ([["F", "M"]], False)])
def test_an_encoder_with_given_categories_learns_nothing(categories, voids, rows):
    X = np.where(rows[0][:, :1] > 0, "F", "M")
    encoder = OneHotEncoder(categories=categories, sparse_output=False)
    report = privacy_report(make_pipeline(encoder, private()).fit(X, rows[1]))
    assert bool(report.findings) is voids


@pytest.mark.parametrize(
    "meta",
    [
        lambda: CalibratedClassifierCV(private(), cv=2),
        lambda: TunedThresholdClassifierCV(private(), cv=2),
        lambda: RFE(private(), n_features_to_select=2),
        lambda: RFECV(private(), cv=2),
    ],
    ids=["calibrated", "tuned threshold", "elimination", "elimination by folds"],
)
def test_what_a_meta_estimator_does_around_dp_fits_is_not_covered(meta, rows):
    fitted = meta().fit(*rows)
    report = privacy_report(fitted)
    assert found(report) == [("error", type(fitted).__name__.lower())]
    assert "does not cover it" in report.findings[0].message
    assert report.composition.epsilon == np.inf
    assert not report.holds


def test_an_ensemble_that_keeps_every_fit_keeps_the_labels_too(rows):
    report = privacy_report(VotingClassifier([("a", private()), ("b", private())]).fit(*rows))
    assert [(f.level, f.code) for f in report.findings] == [("warning", "learned-labels")]
    assert 1.0 < report.composition.epsilon < 2.0


def test_a_meta_estimator_that_learns_nothing_itself_is_fine(rows):
    report = privacy_report(FixedThresholdClassifier(private(), threshold=0.3).fit(*rows))
    assert report.findings == ()
    assert report.composition.epsilon == 1.0


def test_a_meta_estimator_in_front_voids_a_claim_through_what_it_holds(rows):
    voting = VotingClassifier([("plain", LogisticRegression())], voting="soft")
    model = make_pipeline(voting, private()).fit(*rows)
    assert {where for _, where in found(privacy_report(model))} == {
        "pipeline.votingclassifier",
        "pipeline.votingclassifier.estimators[0]",
    }


# Searches and ledgers


def test_a_search_with_a_ledger_shows_what_was_spent(rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "loans.ledger", epsilon=50, delta=1e-3)
    search = GridSearchCV(private(ledger=ledger), {"epsilon": [1.0, 2.0]}, cv=2).fit(*rows)
    report = privacy_report(search)
    assert found(report) == [("error", "gridsearchcv")]
    (spent,) = report.to_dict()["ledgers"]
    assert spent["n_charges"] == 5
    assert spent["spent"] == pytest.approx(ledger.spent())
    assert (spent["epsilon"], spent["unit"], spent["neighboring"]) == (50, "row", "replace_one")
    assert "loans.ledger" in report.to_markdown()
    assert "loans.ledger" in report.to_html()


def test_a_search_without_a_refit_is_reported_from_its_results(rows):
    search = GridSearchCV(private(), {"epsilon": [1.0, 2.0]}, cv=2, refit=False).fit(*rows)
    report = privacy_report(search)
    assert found(report) == [("error", "gridsearchcv"), ("warning", "gridsearchcv")]
    assert "made 4 private fits" in report.findings[1].message
    assert "No differential privacy is claimed" not in report.to_markdown()


def test_a_search_over_models_without_privacy_says_only_that(rows):
    search = GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(*rows)
    report = privacy_report(search)
    assert found(report) == [("warning", "gridsearchcv.best")]
    assert "No differential privacy is claimed." in report.to_markdown()


def test_results_of_another_kind_are_not_taken_for_a_search(rows):
    ridge = RidgeCV(store_cv_results=True).fit(*rows)
    assert found(privacy_report(ridge)) == [("warning", "ridgecv")]


# Several objects


def test_several_objects_are_named_apart_and_their_claims_add_up(rows):
    report = privacy_report(private().fit(*rows), private().fit(*rows))
    assert list(report.statements) == ["dplogisticregression-1", "dplogisticregression-2"]
    assert 1.0 < report.composition.epsilon < 2.0


def test_a_table_beside_a_model_is_not_dp_unless_it_is_of_other_rows(rows):
    objects = Table().fit(rows[0]), private().fit(*rows)
    assert found(privacy_report(*objects)) == [("error", "table")]
    assert privacy_report(*objects, same_rows=False).findings == ()


# Refusals


@pytest.mark.parametrize(
    "unfitted",
    [
        private(),
        make_pipeline(StandardScaler(), private()),
        GridSearchCV(private(), {"epsilon": [1.0]}),
    ],
    ids=lambda obj: type(obj).__name__,
)
def test_an_unfitted_object_is_refused(unfitted):
    name = type(unfitted).__name__
    with pytest.raises(InvalidParameterError, match=f"needs a fitted object.*Fit this {name}"):
        privacy_report(unfitted)


@pytest.mark.parametrize("thing, name", [(3, "int"), (DPLogisticRegression, "DPLogisticRegr")])
def test_what_is_no_estimator_is_refused(thing, name):
    with pytest.raises(InvalidParameterError, match=f"takes fitted estimators. Got {name}"):
        privacy_report(thing)


def test_a_report_of_nothing_is_refused():
    with pytest.raises(InvalidParameterError, match="one fitted object, or several"):
        privacy_report()


# Words and pages


def test_a_report_is_evidence_and_certifies_nothing(rows, bad):
    for obj in (private().fit(*rows), bad):
        report = privacy_report(obj)
        for text in (report.to_markdown(), report.to_html(), json.dumps(report.to_dict())):
            assert "evidence for" in text
            assert "complian" not in text.lower()
            assert "guarantee" not in text.lower()


def test_names_are_escaped_in_html(rows):
    name = "<script>alert('x')</script>|"
    model = Pipeline([(name, StandardScaler()), ("clf", private())]).fit(*rows)
    report = privacy_report(model)
    html = report.to_html()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in html


def test_statements_with_odd_text_do_not_break_tables(rows):
    fitted = Table().fit(rows[0])
    object.__setattr__(fitted.privacy_statement_, "protects", "a|b\nc<i>")
    report = privacy_report(fitted)
    (line,) = [line for line in report.to_markdown().splitlines() if "| protects" in line]
    assert line == r"| protects | a\|b c<i> |"
    assert "c&lt;i&gt;" in report.to_html()


def test_notebooks_and_the_terminal_show_the_report(rows):
    report = privacy_report(private().fit(*rows))
    html = report._repr_html_()
    assert html.startswith("<!DOCTYPE html>")
    assert "<script" not in html
    assert "http" not in html  # nothing is loaded from the network
    assert repr(report) == report.to_markdown()


class Run:
    """Promises something and is no estimator."""

    def __init__(self, statement, ledger=None):
        self.privacy_statement_ = statement
        self.ledger = ledger


def test_what_has_a_statement_is_reported_though_it_is_no_estimator(rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=5.0, delta=1e-5)
    model = private(ledger=ledger).fit(*rows)
    report = privacy_report(Run(model.privacy_statement_, ledger))
    assert report.statements == {"run": model.privacy_statement_}
    assert report.composition.epsilon == pytest.approx(1.0)
    assert [(entry["path"], entry["n_charges"]) for entry in report.ledgers] == [
        (str(ledger.path), 1)
    ]


@pytest.mark.parametrize("subject", [Run, object(), 3])
def test_what_promises_nothing_and_is_no_estimator_is_refused(subject):
    with pytest.raises(InvalidParameterError, match="takes fitted estimators"):
        privacy_report(subject)
