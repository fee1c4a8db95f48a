"""How `groups` reaches the sites through searches and pipelines."""

import numpy as np
import pytest
import sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private.federated import FederatedWrapper

X, Y = load_breast_cancer(return_X_y=True)
X = X[:, :8]  # 63 rows of a fold at each of six hospitals are enough for so many columns
HOSPITALS = np.array([f"hospital {i % 6}" for i in range(len(Y))])


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def search(**params):
    model = FederatedWrapper(LogisticRegression(), classes=[0, 1], **params)
    return GridSearchCV(model, {"estimator__C": [0.1, 1.0]}, cv=GroupKFold(3))


def is_simulated(model):
    findings = model.privacy_statement_.findings
    return any("simulated partition" in finding.message for finding in findings)


@pytest.mark.parametrize("secure", [False, True])
def test_with_routing_groups_reach_the_sites(routing, secure):
    best = search(secure_aggregation=secure).fit(scale(X), Y, groups=HOSPITALS).best_estimator_
    assert best.sites_ == {f"hospital {i}": sum(i == np.arange(len(Y)) % 6) for i in range(6)}
    assert not is_simulated(best)


def test_without_routing_groups_are_dropped_and_the_statement_says_so():
    best = search().fit(scale(X), Y, groups=HOSPITALS).best_estimator_
    assert list(best.sites_) == list(range(10))
    assert is_simulated(best)


def test_a_pipeline_routes_groups_to_every_federated_step(routing):
    model = make_pipeline(
        FederatedWrapper(StandardScaler()), FederatedWrapper(LogisticRegression())
    ).fit(X, Y, groups=HOSPITALS)
    pooled = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(scale(X), Y)
    assert model[-1].coef_ == pytest.approx(pooled.coef_, abs=1e-6)
    assert model[0].sites_ == model[1].sites_
    assert len(model[0].sites_) == 6


def test_without_routing_a_pipeline_takes_groups_by_the_name_of_the_step():
    steps = [("scale", StandardScaler()), ("model", FederatedWrapper(LogisticRegression()))]
    model = Pipeline(steps).fit(X, Y, model__groups=HOSPITALS)
    assert len(model["model"].sites_) == 6
