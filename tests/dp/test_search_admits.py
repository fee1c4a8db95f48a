"""Which estimators a private search admits, and that it refuses the rest before it pays."""

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import RFE, SelectFromModel, SequentialFeatureSelector
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_private import DPGridSearchCV, DPLogisticRegression, PrivacyLedger, privacy_report
from sklearn_private.accounting import leaves
from sklearn_private.dp import DPQuantileScaler
from sklearn_private.exceptions import InvalidParameterError


def private(**parameters):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **parameters})


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 2))
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def public(rows):
    return rows[0][:100], rows[1][:100]


@pytest.fixture
def ledger(tmp_path):
    return PrivacyLedger(tmp_path / "ledger", epsilon=50.0, delta=1e-5)


def kinds(event):
    """How often each kind of mechanism was run."""
    counts = {}
    for leaf, n in leaves(event):
        counts[type(leaf).__name__] = counts.get(type(leaf).__name__, 0) + n
    return counts


class Refitting(Pipeline):
    """Fits twice, and keeps the last fit only."""

    def fit(self, X, y=None, **params):
        return super().fit(X, y, **params).fit(X, y, **params)


class Holder(ClassifierMixin, BaseEstimator):
    """Keeps the rows beside a private fit, under names of its own."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.mine = self.model.fit(X, y)
        self.rows = X
        return self


class Counting(BaseEstimator):
    """Keeps the mean of the rows where the number of columns belongs."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.n_features_in_

    def __sklearn_is_fitted__(self):
        return True


class Setting(Counting):
    """Keeps rows as a parameter of its own."""

    def __init__(self, kept=None):
        self.kept = kept

    def fit(self, X, y=None):
        if isinstance(self.kept, list):
            self.kept.append(X.mean())
        else:
            self.kept = X.copy()
        return self

    def transform(self, X):
        return X


def in_columns(step, last):
    return make_pipeline(ColumnTransformer([("all", step, [0, 1])]), last)


UNACCOUNTED = {
    "self-training": lambda: SelfTrainingClassifier(private()),
    "elimination": lambda: RFE(private(), n_features_to_select=1),
    "calibration": lambda: CalibratedClassifierCV(private(), cv=2),
    "threshold": lambda: TunedThresholdClassifierCV(private(), cv=2),
    "stacking": lambda: StackingClassifier([("a", private())], cv=2),
    "bagging": lambda: BaggingClassifier(private(), n_estimators=2),
    "pairs": lambda: OneVsOneClassifier(private()),
    "features": lambda: SequentialFeatureSelector(private(), n_features_to_select=1, cv=2),
    "chain with folds": lambda: ClassifierChain(private(), cv=2),
    "search": lambda: GridSearchCV(private(), {"C": [1.0]}, cv=2),
    "deep inside": lambda: make_pipeline(RFE(private(), n_features_to_select=1), private()),
    "in a threshold": lambda: FixedThresholdClassifier(SelfTrainingClassifier(private())),
    "a user's pipeline": lambda: Refitting([("clf", private())]),
    "a user's holder": lambda: Holder(private()),
}


@pytest.mark.parametrize("mode", ["select", "compose", "public_validation"])
@pytest.mark.parametrize("name", UNACCOUNTED)
def test_what_does_more_with_the_rows_than_its_fits_claim_is_refused_unfitted(
    name, mode, rows, public, ledger, monkeypatch
):
    fits = []
    monkeypatch.setattr(DPLogisticRegression, "fit", lambda *_, **__: fits.append(1))
    validation = {"validation": public} if mode == "public_validation" else {}
    search = DPGridSearchCV(UNACCOUNTED[name](), {}, mode=mode, ledger=ledger)
    with pytest.raises(InvalidParameterError, match="adds nothing to their fits.*Nothing was rel"):
        search.fit(*rows, **validation)
    assert fits == ledger.entries() == []
    assert not hasattr(search, "privacy_statement_")


def test_a_candidate_value_that_does_more_is_refused_too(rows, ledger):
    grid = {"estimator": [private(), RFE(private(), n_features_to_select=1)]}
    search = DPGridSearchCV(FixedThresholdClassifier(private()), grid, ledger=ledger)
    with pytest.raises(InvalidParameterError, match="RFE makes a fit for each step"):
        search.fit(*rows)
    assert ledger.entries() == []


def test_rows_that_a_step_mixes_are_refused_and_what_it_may_hide_is_assumed(rows, ledger):
    mixing = make_pipeline(FunctionTransformer(lambda X: X - X.mean(axis=0)), private())
    with pytest.raises(InvalidParameterError, match="made-up batch"):
        DPGridSearchCV(mixing, {}, ledger=ledger).fit(*rows)
    assert ledger.entries() == []
    clean = make_pipeline(FunctionTransformer(lambda X: X / 2), private())
    statement = DPGridSearchCV(clean, {}, ledger=ledger).fit(*rows).privacy_statement_
    assert "what FunctionTransformer does to a row was fixed without" in " ".join(statement.assumes)


@pytest.mark.parametrize(
    "estimator, n_fits",
    [
        (FixedThresholdClassifier(private(), threshold=0.4), 1),
        (VotingClassifier([("a", private()), ("b", private())]), 2),
        (make_pipeline(SelectFromModel(private(), threshold=-1.0), private()), 2),
        (OneVsRestClassifier(private()), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_keeps_every_fit_is_searched_and_all_of_them_are_paid(estimator, n_fits, rows, public):
    search = DPGridSearchCV(estimator, {}, mode="public_validation")
    event = search.fit(*rows, validation=public).privacy_statement_.event
    alone = DPGridSearchCV(private(), {}, mode="public_validation").fit(*rows, validation=public)
    one = kinds(alone.privacy_statement_.event)
    assert kinds(event) == {kind: n_fits * n for kind, n in one.items()}


def caching(memory):
    """A pipeline in a pipeline, both of which cache what they fit."""
    scaled = Pipeline(
        [("same", "passthrough"), ("q", DPQuantileScaler(bounds=(-1, 1))), ("end", "passthrough")],
        memory=memory,
    )
    columns = ColumnTransformer([("all", scaled, [0, 1])])
    return Pipeline([("columns", columns), ("clf", private())], memory=memory)


@pytest.mark.parametrize("make", [str, lambda place: joblib.Memory(place, verbose=0)])
@pytest.mark.parametrize("mode", ["select", "compose", "public_validation"])
def test_no_fit_and_no_row_stays_in_a_cache_on_disk(mode, make, rows, public, ledger, tmp_path):
    place = tmp_path / "cache"
    validation = {"validation": public} if mode == "public_validation" else {}
    grid = {"clf": [private(), caching(make(place))]}
    search = DPGridSearchCV(caching(make(place)), grid, mode=mode, cv=2, n_draws=2, ledger=ledger)
    search.fit(*rows, **validation)
    assert list(place.rglob("*.pkl")) == []
    assert search.estimator.memory is not None and search.best_estimator_.memory is None


def test_a_search_over_caches_is_refused(rows, ledger, tmp_path):
    grid = {"memory": [None, str(tmp_path / "cache")]}
    with pytest.raises(InvalidParameterError, match="'memory'.*Nothing was released"):
        DPGridSearchCV(caching(None), grid, ledger=ledger).fit(*rows)
    assert ledger.entries() == []


def test_rows_kept_as_the_number_of_columns_void_the_claim(rows, ledger):
    assert not privacy_report(make_pipeline(Counting(), private()).fit(*rows)).holds
    with pytest.raises(InvalidParameterError, match="Nothing was released"):
        DPGridSearchCV(make_pipeline(Counting(), private()), {}, ledger=ledger).fit(*rows)
    assert ledger.entries() == []


@pytest.mark.parametrize("inside", [make_pipeline, in_columns])
@pytest.mark.parametrize("kept", [None, [], np.zeros((2, 2))], ids=["none", "list", "array"])
@pytest.mark.parametrize("mode", ["select", "compose", "public_validation"])
def test_a_fit_that_changes_a_parameter_is_refused(kept, inside, mode, rows, public, ledger):
    validation = {"validation": public} if mode == "public_validation" else {}
    search = DPGridSearchCV(inside(Setting(kept), private()), {}, mode=mode, ledger=ledger)
    with pytest.raises(InvalidParameterError, match="'kept'.*Nothing was released"):
        search.fit(*rows, **validation)
    assert ledger.entries() == [] and not hasattr(search, "best_estimator_")
