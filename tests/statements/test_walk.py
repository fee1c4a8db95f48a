"""Walks: what is found inside objects whatever it is called, and what a step learned."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from sklearn_private import DPLogisticRegression, PrivacyLedger, privacy_report
from sklearn_private.statements import walk


def private(**settings):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **settings})


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).uniform(0, 1, size=(120, 3))
    return X, (X[:, 0] > 0.5).astype(int)


def codes(obj):
    return {(f.level, f.code) for f in privacy_report(obj).findings}


# Fitted estimators are found under any name


@dataclass
class Box:
    content: object


class Own(ClassifierMixin, BaseEstimator):
    """A meta-estimator that keeps a scaler and a private model in a place of its own."""

    def __init__(self, model, keep):
        self.model = model
        self.keep = keep

    def fit(self, X, y):
        scaler = StandardScaler().fit(X)
        self.kept = self.keep(scaler, clone(self.model).fit(scaler.transform(X), y))
        self.classes_ = [0, 1]
        return self


PLACES = {
    "list": lambda *parts: list(parts),
    "tuple in a dictionary": lambda *parts: {"parts": parts},
    "array": lambda *parts: np.array([*parts, None], dtype=object),
    "objects": lambda *parts: [Box(part) for part in parts],
    "an object in an object": lambda *parts: Box(Box(list(parts))),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_scaler_and_a_private_model_are_found_under_names_of_a_users_own(place, rows):
    fitted = Own(private(), PLACES[place]).fit(*rows)
    report = privacy_report(fitted)
    kinds = {step.kind for step in report.steps}
    assert kinds == {"Own", "StandardScaler", "DPLogisticRegression"}
    assert not report.holds
    assert report.composition.epsilon == np.inf  # what else it fitted and dropped nobody knows
    assert {f.where.partition("[")[0] for f in report.findings} == {"own", "own.kept"}


def test_an_object_that_calls_nothing_by_scikit_learns_names_is_still_fitted(rows):
    class Quiet(BaseEstimator):
        def fit(self, X, y):
            self.inner = private().fit(X, y)
            return self

    report = privacy_report(Quiet().fit(*rows))
    assert [step.path for step in report.steps] == ["quiet.inner", "quiet"]
    assert codes(Quiet().fit(*rows)) == {("error", "not-covered")}


def test_a_statement_that_is_passed_on_does_not_speak_for_what_stands_beside_it(rows):
    class Passing(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.scaler_ = StandardScaler().fit(X)
            self.model_ = private().fit(self.scaler_.transform(X), y)
            self.privacy_statement_ = self.model_.privacy_statement_
            return self

    report = privacy_report(Passing().fit(*rows))
    assert not report.holds
    assert "passing.model" in report.statements
    assert "passing" not in report.statements


def test_a_forest_is_one_step_and_an_ensemble_of_plain_models_is_each_of_them(rows):
    forest = RandomForestClassifier(n_estimators=5).fit(*rows)
    assert [step.kind for step in walk(forest, "forest").steps] == ["RandomForestClassifier"]
    voting = VotingClassifier([("a", LogisticRegression())]).fit(*rows)
    kinds = [step.kind for step in walk(make_pipeline(voting), "pipeline").steps]
    assert kinds[-1] == "VotingClassifier"


def test_the_same_estimator_under_two_names_counts_once(rows):
    class Twice(BaseEstimator):
        def fit(self, X, y):
            self.first_ = self.second_ = private().fit(X, y)
            self.both_ = [self.first_, self.second_]
            return self

    claims = [s for s in walk(Twice().fit(*rows), "twice").steps if s.statement]
    assert len(claims) == 1


def test_a_search_over_estimators_counts_its_private_candidates(rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=100, delta=1e-3)
    grid = {"clf": [private(ledger=ledger), LogisticRegression()]}
    search = GridSearchCV(Pipeline([("clf", LogisticRegression())]), grid, cv=2).fit(*rows)
    report = privacy_report(search)
    assert report.composition.epsilon >= ledger.spent() > 1
    assert ("error", "raw-scores") in codes(search)


# What a step learned


class Lying(TransformerMixin, BaseEstimator):
    """Learns a mean and says in its tags that it learns nothing."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class Fixed(TransformerMixin, BaseEstimator):
    """Learns nothing, and does not say so in its tags."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[:, :1] / 2


class Batch(Fixed):
    def transform(self, X):
        return X - X.mean(axis=0)


class Counting(Fixed):
    def transform(self, X):
        return X / len(X)


class Wide(Fixed):
    def transform(self, X):
        return X[:, 20:] - X.min(axis=0)[20:]


class Normal(Normalizer):
    """Adds nothing to its class."""

    def describe(self):
        return "unit rows"


class BatchNormal(Normalizer):
    def transform(self, X):
        return super().transform(X) - X.mean()


def patched(step):
    step.transform = lambda X: X - X.mean()
    return step


@pytest.mark.parametrize(
    "step, expected",
    [
        (Lying(), ("error", "fitted-without-dp")),
        (Batch(), ("error", "batch-dependent")),
        (Counting(), ("error", "batch-dependent")),
        (BatchNormal(), ("error", "batch-dependent")),
        (FunctionTransformer(lambda X: X[X[:, 0] < 1e5]), ("error", "batch-dependent")),
        (FunctionTransformer(lambda X: np.cumsum(X, axis=0)), ("error", "batch-dependent")),
        (Fixed(), None),
        (Normal(), None),
        (FunctionTransformer(lambda X: np.hstack([X, X**2])), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_step_of_a_users_own_is_tried_and_not_believed(step, expected, rows):
    X, y = rows
    model = private().fit(X, y)
    found = codes(Pipeline([("front", clone(step).fit(X)), ("clf", model)]))
    assert (expected in found) if expected else (found == set())


def test_a_method_that_an_object_got_of_its_own_is_not_that_of_its_class(rows):
    X, y = rows
    pipeline = Pipeline([("front", patched(Normalizer().fit(X))), ("clf", private().fit(X, y))])
    assert not privacy_report(pipeline).holds


def test_a_step_that_says_no_number_of_columns_is_tried_with_more_of_them(rows):
    X, y = rows
    pipeline = Pipeline([("front", Wide()), ("clf", private().fit(X, y))])
    assert ("error", "batch-dependent") in codes(pipeline)


def test_a_function_of_a_table_is_tried_on_a_table(rows):
    X, y = rows
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    for function, found in [
        (lambda t: t[["a"]] / t["b"].max(), {("error", "batch-dependent")}),
        (lambda t: t[["a"]] / 2, set()),
    ]:
        step = FunctionTransformer(function).fit(table)
        pipeline = Pipeline([("front", step), ("clf", private().fit(X[:, :1], y))])
        assert codes(pipeline) - {("error", "fitted-without-dp")} == found


def test_what_cannot_be_seen_is_assumed_by_name(rows):
    X, y = rows
    hidden = X.mean(axis=0)
    steps = {
        "closure": FunctionTransformer(lambda X: X - hidden),
        "made": FunctionTransformer(np.frompyfunc(lambda x: x - hidden[0], 1, 1)),
        "random": FunctionTransformer(lambda X: X + np.random.default_rng().normal(size=X.shape)),
        "words": FunctionTransformer(lambda X: np.char.lower(X)),
        "columns": ColumnTransformer([("all", "passthrough", lambda X: [0, 1, 2])]),
    }
    for name, step in steps.items():
        pipeline = Pipeline([(name, clone(step).fit(X)), ("clf", private().fit(X, y))])
        report = privacy_report(pipeline)
        assert report.findings == ()
        assert report.composition.assumes[0].startswith(f"pipeline.{name}: ")
    by_type = ColumnTransformer([("all", "passthrough", make_column_selector(".*"))])
    by_type.fit(pd.DataFrame(X, columns=list("abc")))
    clean = Pipeline([("columns", by_type), ("clf", private().fit(X, y))])
    assert len(privacy_report(clean).composition.assumes) == 3


def test_trying_a_step_leaves_it_as_it_is_and_prints_and_warns_nothing(rows, capsys):
    X, y = rows
    seen = []
    step = FunctionTransformer(lambda X: (seen.append(len(X)), np.log(X))[1]).fit(X)
    before = dict(vars(step))
    privacy_report(Pipeline([("front", step), ("clf", private().fit(X, y))]))
    assert vars(step) == before
    assert capsys.readouterr().out == ""
    assert set(seen) <= {7, 8}  # made-up batches
