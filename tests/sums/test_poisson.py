"""A new program: Poisson regression plain, federated, masked, shared and noisy."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from sklearn_private.federated import FederatedWrapper, RowDP
from sklearn_private.mechanisms import noise_source
from sklearn_private.mpc import MPCFitter
from sklearn_private.sums import (
    Limits,
    Masked,
    Noisy,
    Rows,
    Schema,
    Sites,
    n_noisy_rounds,
    program_for,
)


def counts(n=4000):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (n, 3)) / np.sqrt(3)
    return X, rng.poisson(np.exp(0.5 + X @ [2.0, -1.0, 0.5]))


X, Y = counts()
SITES = np.random.default_rng(1).integers(0, 5, len(X))
ESTIMATOR = PoissonRegressor(alpha=1e-3)
REFERENCE = PoissonRegressor(alpha=1e-3, solver="newton-cholesky", tol=1e-10).fit(X, Y)


def noisy_fit(estimator, y, limits, noise_multiplier, n_rounds):
    rows = [
        Rows(X[i == SITES], y[i == SITES].astype(float), np.ones(sum(i == SITES))) for i in range(5)
    ]
    aggregator = Noisy(
        Masked(Sites(rows, limits)),
        noise_multiplier=noise_multiplier,
        neighboring="zero_out",
        charge=lambda event: None,
        rng=noise_source(0),
    )
    schema = Schema(3, np.array([0, 1]))
    result = program_for(estimator).fit_noisy(aggregator, estimator, schema, n_rounds)
    assert len(aggregator.sent) == n_rounds
    return np.append(np.ravel(result["coef_"]), result["intercept_"])


@pytest.mark.parametrize(
    "model",
    [
        FederatedWrapper(ESTIMATOR),
        FederatedWrapper(ESTIMATOR, secure_aggregation=True),
        MPCFitter(ESTIMATOR),
    ],
    ids=["federated", "masked", "shared"],
)
def test_poisson_regression_equals_scikit_learn(model):
    model.fit(X, Y, groups=SITES)
    assert model.coef_ == pytest.approx(REFERENCE.coef_, abs=1e-6)
    assert model.intercept_ == pytest.approx(REFERENCE.intercept_, abs=1e-6)
    assert model.predict(X) == pytest.approx(REFERENCE.predict(X), abs=1e-6)
    assert model.score(X, Y) == pytest.approx(REFERENCE.score(X, Y), abs=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
def test_noisy_poisson_regression_is_near_and_private():
    dp = RowDP(epsilon=5.0, delta=1e-5, feature_norm=1.0, target_norm=10.0)
    model = FederatedWrapper(ESTIMATOR, secure_aggregation=True, dp=dp, random_state=0)
    model.fit(X, Y, groups=SITES)
    assert model.score(X, Y) > REFERENCE.score(X, Y) - 0.02
    assert not np.allclose(model.coef_, REFERENCE.coef_, atol=1e-3)


def test_noisy_descent_without_noise_reaches_the_optimum():
    found = noisy_fit(ESTIMATOR, Y, Limits(1.0, len(X), 1, 20.0), 1e-6, 600)
    assert found == pytest.approx([*REFERENCE.coef_, REFERENCE.intercept_], abs=2e-3)
    labels = (np.random.default_rng(2).random(len(X)) < expit(3 * X[:, 0])).astype(int)
    reference = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(X, labels)
    found = noisy_fit(LogisticRegression(), labels, Limits(1.0, len(X)), 1e-6, 600)
    assert found == pytest.approx([*reference.coef_[0], *reference.intercept_], abs=2e-3)


def test_the_number_of_noisy_rounds_is_a_formula_of_public_sizes():
    assert n_noisy_rounds(100, 30, 0.1) == 25
    assert n_noisy_rounds(10**6, 30, 1.0) == 100
    assert 25 < n_noisy_rounds(3000, 30, 1.0) < 100
