import numpy as np
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    VarianceThreshold,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import KNNImputer
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, LinearSVR

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.he import HEPredictor
from sklearn_private.he.compile._affine import fold

N_FEATURES = 6


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(1.0, rng.uniform(0.5, 2.0, N_FEATURES), size=(100, N_FEATURES))


@pytest.fixture(scope="module")
def targets(rows):
    score = (rows - rows.mean(axis=0)) @ np.linspace(-1, 1, N_FEATURES)
    noisy = score + np.random.default_rng(1).normal(size=len(rows))
    return {
        "binary": np.where(noisy > 0, "yes", "no"),
        "three": np.digitize(noisy, [-1.5, 1.5]),
        "four": np.digitize(noisy, [-1.5, 0, 1.5]),
        "real": noisy,
        "two": np.column_stack([noisy, -2 * noisy + rows[:, 0]]),
        "column": noisy[:, None],
        "positive": np.exp(noisy / 10),
    }


def in_clear(model, **params):
    return HEPredictor(model, precision_bits=24, weight_bits=24, simulate=True, **params)


TRANSFORMERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    MinMaxScaler((-2, 5)),
    MaxAbsScaler(),
    RobustScaler(quantile_range=(10, 90), unit_variance=True),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False),
    PCA(),
    PCA(3, whiten=True),
    SelectKBest(k=3),
    VarianceThreshold(1.0),
    SelectFromModel(LogisticRegression()),
    FunctionTransformer(),
    FrozenEstimator(StandardScaler()),
    make_pipeline(StandardScaler(), PCA(4)),
    make_pipeline(SelectKBest(k=5), RobustScaler(), PCA(4, whiten=True), MinMaxScaler()),
    "passthrough",
]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_an_affine_step_folds_into_the_scores_of_the_pipeline(transformer, rows, targets):
    if isinstance(transformer, FrozenEstimator):
        transformer.estimator.fit(rows)
    pipeline = make_pipeline(transformer, LogisticRegression()).fit(rows, targets["binary"])
    expected = pipeline.decision_function(rows)
    np.testing.assert_allclose(fold(pipeline)(rows)[:, 0], expected, rtol=1e-9, atol=1e-9)


CLASSIFIERS = [
    LogisticRegression(),
    LinearSVC(),
    LinearDiscriminantAnalysis(),
    Perceptron(),
    RidgeClassifier(),
    SGDClassifier(random_state=0),
    SGDClassifier(loss="log_loss", random_state=0),
    GridSearchCV(LogisticRegression(max_iter=1_000), {"C": [0.1, 1.0]}, cv=2),
    FrozenEstimator(LogisticRegression()),
]


@pytest.mark.parametrize("classes", ["binary", "three"])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=repr)
def test_a_linear_classifier_keeps_scores_labels_and_probabilities(model, classes, rows, targets):
    y = targets[classes]
    if isinstance(model, FrozenEstimator):
        model = FrozenEstimator(LogisticRegression().fit(rows, y))
    ours = in_clear(model).fit(rows, y)
    fitted = ours.estimator_
    np.testing.assert_allclose(
        ours.decision_function(rows), fitted.decision_function(rows), rtol=1e-5, atol=1e-4
    )
    np.testing.assert_array_equal(ours.predict(rows), fitted.predict(rows))
    assert hasattr(ours, "predict_proba") == hasattr(fitted, "predict_proba")
    if hasattr(ours, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(rows), fitted.predict_proba(rows), atol=1e-4)


REGRESSORS = [
    (LinearRegression(), "real"),
    (LinearRegression(fit_intercept=False), "two"),
    (LinearRegression(), "column"),
    (Ridge(), "two"),
    (Lasso(alpha=0.1), "real"),
    (ElasticNet(alpha=0.1), "two"),
    (HuberRegressor(max_iter=1_000), "real"),
    (LinearSVR(max_iter=100_000), "real"),
    (SGDRegressor(random_state=0, eta0=1e-4), "real"),
    (RANSACRegressor(random_state=0), "real"),
    (PoissonRegressor(), "positive"),
    (GammaRegressor(), "positive"),
    (TweedieRegressor(power=1.5), "positive"),
    (TweedieRegressor(power=0), "real"),
]


@pytest.mark.parametrize(("model", "target"), REGRESSORS, ids=repr)
def test_a_linear_regressor_keeps_its_predictions(model, target, rows, targets):
    ours = in_clear(model).fit(rows, targets[target])
    expected = ours.estimator_.predict(rows)
    assert ours.predict(rows).shape == expected.shape
    np.testing.assert_allclose(ours.predict(rows), expected, rtol=1e-4, atol=1e-4)
    assert not hasattr(ours, "decision_function")


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (KNNImputer(), r"step 'step' \(KNNImputer\): it is not known to be"),
        (
            FunctionTransformer(np.log1p),
            r"step 'step' \(FunctionTransformer\): its function may be any",
        ),
    ],
    ids=repr,
)
def test_a_step_that_is_not_affine_is_named_with_the_way_out(step, message, rows, targets):
    pipeline = make_pipeline(step, LogisticRegression(max_iter=10_000))
    pipeline.steps[0] = ("step", step)
    with pytest.raises(InvalidParameterError, match=message) as refusal:
        in_clear(pipeline).fit(np.abs(rows), targets["binary"])
    assert "in front of HEPredictor, where it runs on the client" in str(refusal.value)


def test_a_subclass_that_overrides_transform_is_not_taken_for_affine(rows, targets):
    class Squared(StandardScaler):
        def transform(self, X):
            return super().transform(X) ** 2

    class Renamed(StandardScaler):
        pass

    in_clear(make_pipeline(Renamed(), LogisticRegression())).fit(rows, targets["binary"])
    with pytest.raises(InvalidParameterError, match=r"\(Squared\): it is not known to be affine"):
        in_clear(make_pipeline(Squared(), LogisticRegression())).fit(rows, targets["binary"])


@pytest.mark.parametrize(
    ("model", "target", "reason"),
    [
        (KNeighborsClassifier(), "binary", "KNeighborsClassifier does not: it has no coef_"),
        (BaggingClassifier(LogisticRegression(), 2), "binary", "it has no coef_"),
        (PLSRegression(), "real", "its predict is not what its published attributes say"),
        (SVC(kernel="linear"), "three", "its decision_function is not what"),
        (SVC(kernel="linear"), "four", "its number of scores is not what"),
        (FixedThresholdClassifier(LogisticRegression()), "binary", "a threshold of its own"),
        (RFE(LogisticRegression()), "binary", "it is a selector"),
    ],
    ids=repr,
)
def test_a_model_that_is_not_linear_is_refused_with_the_reason(
    model, target, reason, rows, targets
):
    with pytest.raises(InvalidParameterError, match=reason):
        in_clear(model).fit(rows, targets[target])


def test_a_binary_linear_svc_folds_and_has_no_probabilities(rows, targets):
    ours = in_clear(SVC(kernel="linear")).fit(rows, targets["binary"])
    np.testing.assert_array_equal(ours.predict(rows), ours.estimator_.predict(rows))
    assert not hasattr(ours, "predict_proba")


def test_probabilities_of_no_known_link_are_not_offered(rows, targets):
    model = SGDClassifier(loss="modified_huber", random_state=0)
    ours = in_clear(model).fit(rows, targets["binary"])
    assert hasattr(ours.estimator_, "predict_proba")
    assert not hasattr(ours, "predict_proba")


class Thresholded(LogisticRegression):
    """A class of somebody else whose labels are not those of the largest score."""

    def predict(self, X):
        return self.classes_[(self.decision_function(X) > 1.0).astype(int)]


class Tempered(LogisticRegression):
    """A class of somebody else whose probabilities are flatter than the logistic function."""

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-self.decision_function(X) / 3))
        return np.column_stack([1 - p, p])


def test_a_class_that_decides_otherwise_is_refused(rows, targets):
    with pytest.raises(InvalidParameterError, match="its predict is not what"):
        in_clear(Thresholded()).fit(rows, targets["binary"])


def test_other_probabilities_are_not_replaced_by_ours(rows, targets):
    assert not hasattr(in_clear(Tempered()).fit(rows, targets["binary"]), "predict_proba")


def test_coefficients_in_a_sparse_matrix_fold(rows, targets):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, targets["three"])
    dense = fold(model)(rows)
    model[-1].sparsify()
    np.testing.assert_allclose(fold(model)(rows), dense, rtol=1e-12)


def test_several_labels_of_a_row_are_refused(rows, targets):
    labels = np.column_stack([targets["three"] == c for c in range(3)]).astype(int)
    with pytest.raises(InvalidParameterError, match="its predict is not what"):
        in_clear(RidgeClassifier()).fit(rows, labels)
