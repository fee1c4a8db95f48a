"""Reports of every meta-estimator of scikit-learn around differentially private parts."""

import warnings

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import Pipeline as ResamplingPipeline
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_selection import RFE, RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RANSACRegressor
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_private import (
    DomainEncoder,
    DPLogisticRegression,
    PrivacyLedger,
    privacy_report,
)
from sklearn_private.accounting import gaussian_mu
from sklearn_private.mechanisms import gaussian, noise_source
from sklearn_private.statements import Payment
from support.sklearn_classes import CANNOT_HOLD_DP, EVERY, META

pytestmark = pytest.mark.filterwarnings("ignore")  # of peers on tiny tables


def private(**settings):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **settings})


class NoisyMean(RegressorMixin, BaseEstimator):
    """Predicts a noisy mean of targets in [0, 1]; it takes weights, as some meta-estimators ask."""

    def __init__(self, epsilon=1.0, delta=1e-5, ledger=None):
        self.epsilon = epsilon
        self.delta = delta
        self.ledger = ledger

    def fit(self, X, y, sample_weight=None):
        event, rng = GaussianDpEvent(1 / gaussian_mu(self.epsilon, self.delta)), noise_source(None)
        payment = Payment(ledger=self.ledger, owner="NoisyMean", neighboring="replace_one", rng=rng)
        payment.spend(event, epsilon=self.epsilon, delta=self.delta)
        mean = np.atleast_1d(np.clip(y, 0, 1).mean(axis=0))
        noise = {"sensitivity": 1 / len(y), "noise_multiplier": event.noise_multiplier}
        self.mean_ = gaussian(mean, **noise, rng=rng).squeeze()
        self.privacy_statement_ = payment.statement(
            protects="one row", n_rows=len(y), against="readers"
        )
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def unit(X):
    return np.clip(X, 0, 1)


# From the settings of a DP classifier to an object; all of these hold.
CLEAN = {
    "alone": lambda s: private(**s),
    "encoder": lambda s: make_pipeline(DomainEncoder((0.0, 1.0)), private(**s)),
    "normalizer": lambda s: make_pipeline(Normalizer(), private(**s)),
    "polynomials": lambda s: make_pipeline(PolynomialFeatures(), private(**s)),
    "projection": lambda s: make_pipeline(GaussianRandomProjection(2), private(**s)),
    "function": lambda s: make_pipeline(FunctionTransformer(unit), private(**s)),
    "ufunc": lambda s: make_pipeline(FunctionTransformer(np.sqrt), private(**s)),
    "constant imputer": lambda s: make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True), private(**s)
    ),
    "given categories": lambda s: make_pipeline(
        OneHotEncoder(categories=[[0.0, 1.0]] * 3, handle_unknown="ignore", sparse_output=False),
        private(**s),
    ),
    "columns": lambda s: make_pipeline(
        ColumnTransformer([("a", DomainEncoder((0.0, 1.0)), [0])], remainder="passthrough"),
        private(**s),
    ),
    "union": lambda s: make_pipeline(
        FeatureUnion([("a", DomainEncoder((0.0, 1.0))), ("b", "passthrough")]), private(**s)
    ),
    "nested": lambda s: make_pipeline(make_pipeline(Normalizer()), make_pipeline(private(**s))),
    "threshold": lambda s: FixedThresholdClassifier(private(**s), threshold=0.3),
    "threshold of pipeline": lambda s: FixedThresholdClassifier(
        make_pipeline(Normalizer(), private(**s)), threshold=0.3
    ),
    "many outputs": lambda s: MultiOutputClassifier(private(**s)),
    "chain": lambda s: ClassifierChain(private(**s)),
    "selection": lambda s: SelectFromModel(private(**s)),
    "selection in front": lambda s: make_pipeline(SelectFromModel(private(**s)), private(**s)),
    "resampling pipeline": lambda s: ResamplingPipeline(
        [("encode", DomainEncoder((0.0, 1.0))), ("clf", private(**s))]
    ),
    "voting": lambda s: VotingClassifier([("a", private(**s)), ("b", private(**s))]),
    "one against rest": lambda s: OneVsRestClassifier(private(**s)),
    # This seed makes codes of which no column has one value.
    "codes": lambda s: OutputCodeClassifier(
        private(**s | {"classes": [-1, 1]}), code_size=1, random_state=16
    ),
    "many targets": lambda s: MultiOutputRegressor(NoisyMean(**s)),
    "chain of targets": lambda s: RegressorChain(NoisyMean(**s)),
    "voting regressors": lambda s: VotingRegressor([("a", NoisyMean(**s)), ("b", NoisyMean(**s))]),
    "target by a function": lambda s: TransformedTargetRegressor(
        NoisyMean(**s), func=np.sqrt, inverse_func=np.square
    ),
}
# All of these are void.
VOID = {
    "scaler": lambda s: make_pipeline(StandardScaler(), private(**s)),
    "scaler deep inside": lambda s: make_pipeline(
        make_pipeline(Normalizer(), MinMaxScaler()), private(**s)
    ),
    "scaler beside": lambda s: FeatureUnion(
        [("scaler", StandardScaler()), ("pick", SelectFromModel(private(**s)))]
    ),
    "plain model behind": lambda s: make_pipeline(
        SelectFromModel(private(**s)), LogisticRegression()
    ),
    "voting with a plain model": lambda s: VotingClassifier(
        [("a", private(**s)), ("b", LogisticRegression())]
    ),
    "threshold of a scaled model": lambda s: FixedThresholdClassifier(
        make_pipeline(StandardScaler(), private(**s)), threshold=0.3
    ),
    "resampling": lambda s: ResamplingPipeline(
        [("sample", RandomOverSampler(random_state=0)), ("clf", private(**s))]
    ),
    "calibration": lambda s: CalibratedClassifierCV(private(**s), cv=2),
    "calibration at once": lambda s: CalibratedClassifierCV(private(**s), cv=2, ensemble=False),
    "chain with folds": lambda s: ClassifierChain(private(**s), cv=2),
    "one against one": lambda s: OneVsOneClassifier(private(**s)),
    "elimination": lambda s: RFE(private(**s), n_features_to_select=1),
    "elimination in front": lambda s: make_pipeline(
        RFE(private(**s), n_features_to_select=2), private(**s)
    ),
    "elimination by folds": lambda s: RFECV(private(**s), cv=2),
    "sequential": lambda s: SequentialFeatureSelector(private(**s), n_features_to_select=1, cv=2),
    "sequential in front": lambda s: make_pipeline(
        SequentialFeatureSelector(private(**s), n_features_to_select=1, cv=2), private(**s)
    ),
    "self-training": lambda s: SelfTrainingClassifier(private(**s)),
    "stacking": lambda s: StackingClassifier([("a", private(**s))], cv=2),
    "stacking private": lambda s: StackingClassifier(
        [("a", private(**s))], final_estimator=private(**s), cv=2
    ),
    "tuned threshold": lambda s: TunedThresholdClassifierCV(private(**s), cv=2),
    "grid": lambda s: GridSearchCV(private(**s), {"epsilon": [0.5, 1.0]}, cv=2),
    "grid without refit": lambda s: GridSearchCV(
        private(**s), {"epsilon": [0.5, 1.0]}, cv=2, refit=False
    ),
    "random search": lambda s: RandomizedSearchCV(
        private(**s), {"epsilon": [0.5, 1.0]}, n_iter=2, cv=2
    ),
    "halving": lambda s: HalvingGridSearchCV(
        private(**s), {"epsilon": [0.5, 1.0]}, cv=2, min_resources=60, random_state=0
    ),
    "random halving": lambda s: HalvingRandomSearchCV(
        private(**s), {"epsilon": [0.5, 1.0]}, cv=2, min_resources=60, random_state=0
    ),
    "grid inside a pipeline": lambda s: make_pipeline(
        Normalizer(), GridSearchCV(private(**s), {"epsilon": [0.5, 1.0]}, cv=2)
    ),
    "random function": lambda s: make_pipeline(
        FunctionTransformer(lambda X: X / np.abs(X).max()), private(**s)
    ),
    "scaled target": lambda s: TransformedTargetRegressor(
        NoisyMean(**s), transformer=StandardScaler()
    ),
    "target over its maximum": lambda s: TransformedTargetRegressor(
        NoisyMean(**s), func=lambda y: y / y.max(), inverse_func=lambda y: y, check_inverse=False
    ),
    "chain of targets with folds": lambda s: RegressorChain(NoisyMean(**s), cv=2),
    "stacked regressors": lambda s: StackingRegressor([("a", NoisyMean(**s))], cv=2),
    "bagged regressors": lambda s: BaggingRegressor(NoisyMean(**s), n_estimators=2),
    "boosted regressors": lambda s: AdaBoostRegressor(NoisyMean(**s), n_estimators=2),
    "consensus": lambda s: RANSACRegressor(NoisyMean(**s), min_samples=50, residual_threshold=9),
}


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(1)
    X = rng.uniform(0, 1, size=(240, 3))
    return X, (X[:, 0] > 0.5).astype(int)


def fit(obj, X, y):
    if isinstance(obj, ClassifierChain | MultiOutputClassifier):
        y = np.column_stack([y, 1 - y])
    if isinstance(obj, RegressorMixin | RegressorChain):
        y = y.astype(float)
    if isinstance(obj, RegressorChain | MultiOutputRegressor):
        y = np.column_stack([y, 1 - y])
    return obj.fit(X, y)


@pytest.mark.parametrize("name", [*CLEAN, *VOID])
def test_a_report_states_no_less_than_the_ledger_holds(name, people, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1e4, delta=1e-2)
    obj = fit({**CLEAN, **VOID}[name]({"ledger": ledger}), *people)
    report = privacy_report(obj)
    assert ledger.spent() > 0
    assert report.composition.epsilon >= ledger.spent()
    assert report.composition.delta >= ledger.entries()[0].delta
    assert report.holds is (name in CLEAN)


@pytest.mark.parametrize("name", [*CLEAN, *VOID])
def test_a_report_without_a_ledger_says_the_same(name, people):
    report = privacy_report(fit({**CLEAN, **VOID}[name]({}), *people))
    assert report.holds is (name in CLEAN)
    assert report.composition.epsilon >= 0.5
    assert (report.composition.epsilon == np.inf) <= (name in VOID)


@pytest.mark.parametrize("name", CLEAN)
def test_clean_objects_have_no_finding_but_the_labels_that_they_keep(name, people, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1e4, delta=1e-2)
    report = privacy_report(fit(CLEAN[name]({"ledger": ledger}), *people))
    keeps_labels = name in {"voting", "one against rest", "codes"}
    assert {f.code for f in report.findings} == ({"learned-labels"} if keeps_labels else set())


def test_bagging_is_told_that_rows_repeat_and_not_to_unset_a_seed_that_nobody_set(people):
    report = privacy_report(BaggingClassifier(private(), n_estimators=3).fit(*people))
    errors = {f.code: f for f in report.findings if f.level == "error"}
    assert "counts several times" in errors["not-covered"].message
    assert "random_state=None" not in errors["seeded-noise"].remedy
    assert "BaggingClassifier gives each estimator" in errors["seeded-noise"].message
    assert len(report.findings) == 2
    assert report.composition.epsilon == np.inf


def test_a_frozen_step_is_a_condition_and_what_voids_a_frozen_claim_stays_void(people):
    X, y = people
    scaler = FrozenEstimator(StandardScaler().fit(X))
    report = privacy_report(make_pipeline(scaler, private()).fit(X, y))
    assert [(f.level, f.code) for f in report.findings] == [("warning", "frozen-step")]
    void = make_pipeline(StandardScaler(), private()).fit(X, y)
    frozen = FixedThresholdClassifier(FrozenEstimator(void)).fit(X, y)
    assert "fitted-without-dp" in {f.code for f in privacy_report(frozen).findings}
    good = FixedThresholdClassifier(FrozenEstimator(private().fit(X, y))).fit(X, y)
    assert privacy_report(good).findings == ()
    assert privacy_report(good).composition.epsilon == 1.0


def test_every_meta_estimator_has_an_object_above(people):
    """Each class of META stands in an object of the tables, or cannot hold a DP estimator."""
    X, y = people
    seen = set()
    objects = [build({}) for build in (*CLEAN.values(), *VOID.values())]
    for obj in (*objects, BaggingClassifier(private()), FrozenEstimator(private())):
        parts = [obj, *(obj.get_params(deep=True) or {}).values()]
        seen |= {type(part).__name__ for part in parts}
    assert META - seen == set(CANNOT_HOLD_DP)
    assert len(objects) >= 55
    with warnings.catch_warnings(), pytest.raises(ValueError, match="sample_weight"):
        EVERY["AdaBoostClassifier"](private()).fit(X, y)
