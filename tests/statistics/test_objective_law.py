"""Released coefficients scatter as the calibration states: neither less nor more."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from sklearn.base import clone

from sklearn_private import DPLogisticRegression

pytestmark = pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")

N_FITS = 400


@pytest.fixture(scope="module")
def design():
    """2,000 rows of two features and the intercept column, and their labels."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-0.7, 0.7, size=(2000, 2))
    y = (rng.random(2000) < expit(3 * X[:, 0] - X[:, 1])).astype(int)
    return np.column_stack([X, np.full(2000, 0.35)]), y


@pytest.fixture(scope="module")
def fits(design):
    X, y = design
    model = DPLogisticRegression(feature_norm=1.0, classes=[0, 1], solver="objective")
    return [
        clone(model).set_params(random_state=seed).fit(X[:, :2], y)
        for seed in range(1000, 1000 + N_FITS)
    ]


@pytest.fixture(scope="module")
def parameters(fits):
    return fits[0].privacy_statement_.parameters


@pytest.fixture(scope="module")
def coefficients(fits):
    """Released coefficients of the design columns, one row a fit."""
    return np.array([np.append(f.coef_[0], f.intercept_ / 0.35) for f in fits])


def gradient(w, design, l2):
    X, y = design
    return X.T @ (expit(X @ w) - y) + l2 * w


def p_value(values, scale):
    """Two-sided test that independent normal values have this standard deviation."""
    chi2 = stats.chi2(values.size)
    tail = chi2.cdf((values**2).sum() / scale**2)
    return 2 * min(tail, 1 - tail)


def test_the_noise_that_explains_a_release_has_the_calibrated_law(design, coefficients, parameters):
    noise = -np.array([gradient(w, design, parameters["l2"]) for w in coefficients])
    scale = parameters["noise_scale"]
    assert stats.kstest(noise.ravel() / scale, "norm").pvalue > 0.01
    assert p_value(noise, scale) > 0.01
    assert p_value(noise, 1.1 * scale) < 0.01
    assert p_value(noise, scale / 2) < 1e-6
    assert stats.kstest(noise.ravel() / scale, stats.norm(0.2).cdf).pvalue < 0.01
    assert np.abs(np.corrcoef(noise.T)[np.triu_indices(3, 1)]).max() < 4 / np.sqrt(N_FITS)


def test_the_mean_over_fits_errs_by_the_calibrated_noise(design, coefficients, parameters):
    X, _ = design
    l2, scale = parameters["l2"], parameters["noise_scale"]
    exact = np.zeros(3)
    for _ in range(30):
        p = expit(X @ exact)
        hessian = (X * (p * (1 - p))[:, None]).T @ X + l2 * np.eye(3)
        exact = exact - np.linalg.solve(hessian, gradient(exact, design, l2))
    means = coefficients.reshape(40, -1, 3).mean(axis=1)
    errors = (means - exact) @ hessian  # To first order, the negative mean of the noise.
    expected = scale / np.sqrt(N_FITS / 40)
    assert p_value(errors, expected) > 0.01
    assert p_value(errors, expected / 2) < 1e-6
    assert p_value(errors, expected * 2) < 1e-6
