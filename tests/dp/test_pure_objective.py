"""Pure epsilon: exact densities stay within the claim, and planted mistakes do not."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from sklearn_private import DPLogisticRegression, PrivacyLedger, accounting
from sklearn_private.dp._pure_objective import calibrate_pure
from sklearn_private.exceptions import BudgetExceededError
from sklearn_private.mechanisms import continuous_spherical

GRID = np.concatenate([-np.geomspace(1e3, 1e-9, 40_000), np.geomspace(1e-9, 1e3, 40_000)])


def log_density(w, rows, l2, scale):
    """Return the exact log density of the minimiser of one feature, up to a constant."""
    gradient, hessian = l2 * w, np.full_like(w, l2)
    for x, y in rows:
        p = expit(x * w)
        gradient = gradient + (p - y) * x
        hessian = hessian + x * x * p * (1 - p)
    return np.log(hessian) - np.abs(gradient) / scale


def largest_loss(plan, row_norm, neighboring):
    r, w = row_norm, GRID / row_norm
    replaced = [([(r, 1)], [(r, 0)]), ([(r, 1)], [(-r, 1)]), ([(r, 1)], [(0.7 * r, 0)])]
    absent = [([(r, 1)], []), ([(0.5 * r, 0)], [])]
    pairs = absent + (replaced if neighboring == "replace_one" else [])
    losses = []
    for base in ([], [(r, 1)] * 3 + [(-r, 1)] * 3):
        for first, second in pairs:
            ours = log_density(w, base + first, plan.l2, plan.noise_scale)
            theirs = log_density(w, base + second, plan.l2, plan.noise_scale)
            losses.append(np.abs(ours - theirs).max())
    return max(losses)


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out"])
@pytest.mark.parametrize("row_norm", [1.0, 10.0, 100.0])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_exact_loss_stays_within_the_claim(epsilon, row_norm, neighboring):
    public = {"row_norm": row_norm, "n_features": 1, "neighboring": neighboring}
    assert largest_loss(calibrate_pure(epsilon, **public), row_norm, neighboring) <= epsilon


@pytest.mark.parametrize("epsilon", [0.1, 1.0])
def test_the_norm_in_place_of_its_square_is_seen(epsilon):
    public = {"row_norm": 100.0, "n_features": 1, "neighboring": "zero_out"}
    wrong = calibrate_pure(epsilon, **public, curvature=lambda norm: norm / 4)
    assert largest_loss(wrong, 100.0, "zero_out") > 1.2 * epsilon


def test_a_third_of_the_noise_is_seen():
    public = {"row_norm": 1.0, "n_features": 1, "neighboring": "zero_out"}
    plan = calibrate_pure(1.0, **public)
    less = type(plan)(**{**vars(plan), "noise_scale": plan.noise_scale / 3})
    assert largest_loss(less, 1.0, "zero_out") > 1.0


@pytest.mark.parametrize("size", [1, 2, 30])
def test_the_noise_has_a_gamma_norm_and_no_direction(size, rng):
    draws = np.array([continuous_spherical(2.0, size, rng) for _ in range(3000)])
    norms = np.linalg.norm(draws, axis=1)
    assert stats.kstest(norms, stats.gamma(size, scale=2.0).cdf).pvalue > 0.01
    assert stats.kstest(norms, stats.gamma(size, scale=2.2).cdf).pvalue < 0.01
    signs = (draws[:, 0] > 0).sum()
    assert stats.binomtest(int(signs), 3000).pvalue > 0.01


def test_a_fit_with_delta_zero_claims_and_charges_pure_epsilon(tmp_path):
    X = np.linspace(-1, 1, 2000).reshape(-1, 1)
    y = (X[:, 0] > 0).astype(int)
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1.0)
    model = DPLogisticRegression(1.0, 0.0, feature_norm=1.0, classes=[0, 1], ledger=ledger)
    statement = model.fit(X, y).privacy_statement_
    assert model.score(X, y) > 0.9
    assert statement.claim().startswith("(1, 0)-differential privacy")
    assert accounting.epsilon(statement.event, delta=0) == pytest.approx(1.0)
    assert accounting.epsilon(statement.event, delta=0) <= 1.0
    assert math.isclose(ledger.spent(), 1.0, rel_tol=1e-9)
    with pytest.raises(BudgetExceededError):
        model.fit(X, y)
