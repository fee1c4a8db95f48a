"""Named instances of every public estimator, on which the contract tests run.

A public estimator without an entry here fails ``test_every_public_estimator_is_tested``.
"""

import importlib
import inspect
import os
import pkgutil

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import sklearn_private
from sklearn_private.anonymization import Coarsener, IdentifierRemover, KAnonymizer, Pseudonymizer
from sklearn_private.dp import (
    DPPCA,
    DomainEncoder,
    DPAdditiveClassifier,
    DPAdditiveRegressor,
    DPGaussianNB,
    DPGridSearchCV,
    DPKMeans,
    DPLinearRegression,
    DPLogisticRegression,
    DPPipeline,
    DPQuantileScaler,
    DPRandomizedSearchCV,
    DPRidge,
    DPStandardScaler,
)
from sklearn_private.federated import FederatedWrapper, RowDP
from sklearn_private.he import HEPredictor
from sklearn_private.mpc import MPCFitter

ACCURATE = DPLogisticRegression(epsilon=30.0, feature_norm=10.0)  # on some hundred rows
PRIVATE = RowDP(epsilon=30.0, delta=1e-5, feature_norm=10.0)
os.environ["SKLEARN_PRIVATE_TEST_KEY"] = "5a" * 32
WIDE = (-1000.0, 1000.0)  # checks of scikit-learn predict outside of the training range

INSTANCES = {
    Coarsener: [Coarsener({0: {"base": 0.5, "bottom": -2, "top": 2}})],
    DPGridSearchCV: [
        DPGridSearchCV(ACCURATE, {"C": [0.1, None]}, n_draws=3),
        DPGridSearchCV(
            DPLogisticRegression(feature_norm=1.0), {"epsilon": [3.0, 4.0]}, mode="compose"
        ),
    ],
    DPAdditiveClassifier: [
        DPAdditiveClassifier((-10.0, 10.0), epsilon=30.0),
        DPAdditiveClassifier((-10.0, 10.0), epsilon=30.0, neighboring="add_remove"),
    ],
    DPAdditiveRegressor: [
        DPAdditiveRegressor((-3.0, 3.0), epsilon=30.0, target_bounds=(-4.0, 4.0)),
    ],
    DPGaussianNB: [DPGaussianNB(epsilon=30.0, bounds=(-10.0, 10.0))],
    DPKMeans: [DPKMeans(3, epsilon=30.0, bounds=(-10.0, 10.0))],
    DPLinearRegression: [
        DPLinearRegression(epsilon=30.0, bounds=(-3.0, 3.0), target_bounds=(-4.0, 4.0)),
    ],
    DPPCA: [DPPCA(2, epsilon=30.0, bounds=(-10.0, 10.0)), DPPCA(epsilon=30.0, feature_norm=10.0)],
    DPRidge: [
        DPRidge(epsilon=30.0, feature_norm=5.0, target_bounds=(-4.0, 4.0)),
        DPRidge(30.0, bounds=(-3.0, 3.0), target_bounds=(-4.0, 4.0), neighboring="zero_out"),
    ],
    DPStandardScaler: [
        DPStandardScaler(epsilon=30.0, bounds=(-4.0, 4.0)),
        DPStandardScaler(30.0, feature_norm=10.0, neighboring="add_remove", n_public=1000),
    ],
    DPLogisticRegression: [
        DPLogisticRegression(epsilon=5.0, feature_norm=1.0),
        DPLogisticRegression(epsilon=30.0, feature_norm=10.0, neighboring="zero_out"),
        DPLogisticRegression(feature_norm=3.0, random_state=0),
    ],
    DPPipeline: [
        DPPipeline(
            [
                ("scale", DPQuantileScaler(bounds=(-10.0, 10.0))),
                ("model", DPLogisticRegression(feature_norm=1.0, solver="newton")),
            ],
            epsilon=30.0,
        ),
    ],
    DPQuantileScaler: [DPQuantileScaler(epsilon=30.0, bounds=(-10.0, 10.0))],
    DPRandomizedSearchCV: [
        DPRandomizedSearchCV(ACCURATE, {"C": [0.1, 1.0, None]}, n_iter=2, n_draws=3),
    ],
    DomainEncoder: [DomainEncoder((-5.0, 5.0))],
    FederatedWrapper: [
        FederatedWrapper(LogisticRegression(), min_client_rows=1),
        FederatedWrapper(Ridge(), n_clients=3, secure_aggregation=True, min_client_rows=1),
        FederatedWrapper(StandardScaler(), min_client_rows=1),
        FederatedWrapper(
            PoissonRegressor(), n_clients=3, secure_aggregation=True, min_client_rows=1
        ),
        FederatedWrapper(
            LogisticRegression(),
            n_clients=3,
            secure_aggregation=True,
            dp=PRIVATE,
            min_client_rows=1,
        ),
    ],
    HEPredictor: [
        HEPredictor(LogisticRegression(), bounds=WIDE, security_bits=112),
        HEPredictor(Ridge(), bounds=WIDE, simulate=True),
        HEPredictor(LogisticRegression(), "ckks", bounds=WIDE, simulate=True),
        HEPredictor(DecisionTreeClassifier(max_depth=3)),
    ],
    IdentifierRemover: [IdentifierRemover()],
    KAnonymizer: [
        KAnonymizer(k=2, output="numeric"),
        KAnonymizer(k=2, output="numeric", labels="tight", max_suppression=0.1),
        KAnonymizer(k=2, output="numeric", method="lattice"),
    ],
    MPCFitter: [
        MPCFitter(LogisticRegression(), min_party_rows=1),
        MPCFitter(LinearRegression(), min_party_rows=1),
        MPCFitter(StandardScaler(), min_party_rows=1),
    ],
    Pseudonymizer: [Pseudonymizer([0], key="env:SKLEARN_PRIVATE_TEST_KEY")],
}

_WEIGHTED_CHECKS = (
    "check_all_zero_sample_weights_error",
    "check_classifiers_one_label_sample_weights",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weights_list",
    "check_sample_weights_not_an_array",
    "check_sample_weights_not_overwritten",
    "check_sample_weights_pandas_series",
    "check_sample_weights_shape",
)


_SUBTRACTING_CHECKS = (
    "check_estimators_pickle",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_pipeline_consistency",
    "check_transformer_data_not_an_array",
    "check_transformer_general",
)


_REPEATING_CHECKS = (
    "check_classifier_data_not_an_array",
    "check_fit_idempotent",
    "check_supervised_y_2d",
)


def expected_failed(estimator):
    """Return the checks of scikit-learn that cannot hold, each with its reason."""
    if isinstance(estimator, Pseudonymizer):
        reason = "it subtracts one output from another, and tokens are texts"
        return dict.fromkeys(_SUBTRACTING_CHECKS, reason)
    if isinstance(estimator, DPPipeline):
        noise = "it has no random_state: what it compares are two fits with noise of their own"
        kept = "it keeps its fitted steps in steps, as scikit-learn's Pipeline does"
        return {
            **dict.fromkeys(_REPEATING_CHECKS, noise),
            "check_estimators_overwrite_params": kept,
            "check_dont_overwrite_parameters": kept,
        }
    if isinstance(estimator, DPKMeans):
        reason = "labels_ of the training rows would be a release without noise"
        return {"check_clustering": reason}
    if getattr(estimator, "dp", None) is not None:
        reason = "a noisy fit takes no sample_weight: a weight scales what one row adds"
        return dict.fromkeys(_WEIGHTED_CHECKS, reason)
    by_sums = isinstance(estimator, FederatedWrapper | MPCFitter)
    if by_sums and is_classifier(estimator) and sklearn.__version__.startswith("1.6."):
        reason = "scikit-learn 1.6 makes two labels of three by the first row of each table"
        return {"check_sample_weight_equivalence_on_dense_data": reason}
    return {}


def public_estimators():
    """Return every estimator class that a package exports; a class without `fit` is a base."""
    packages = ["sklearn_private"] + [
        f"sklearn_private.{m.name}"
        for m in pkgutil.iter_modules(sklearn_private.__path__)
        if m.ispkg
    ]
    found = set()
    for name in packages:
        module = importlib.import_module(name)
        for public in module.__all__:
            value = getattr(module, public)
            if (
                inspect.isclass(value)
                and issubclass(value, BaseEstimator)
                and hasattr(value, "fit")
            ):
                found.add(value)
    return sorted(found, key=lambda cls: cls.__name__)


def instances():
    """Return all named instances as a flat list."""
    return [instance for group in INSTANCES.values() for instance in group]


def fit_example(estimator, n=120):
    """Fit ``estimator`` on a small table that every estimator can take."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(int)
    return estimator.fit(X, y)
