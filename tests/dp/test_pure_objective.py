"""Pure epsilon: exact densities stay within the claim, and planted mistakes do not."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from sklearn_private import DPLogisticRegression, PrivacyLedger, accounting
from sklearn_private.dp.objective import _gaussian_objective as _objective
from sklearn_private.dp.objective import _pure_objective
from sklearn_private.dp.objective._pure_objective import calibrate_pure
from sklearn_private.exceptions import BudgetExceededError
from sklearn_private.mechanisms import continuous_spherical, continuous_spherical_error

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


def loss_of_replacing_a_row_that_both_data_sets_get_wrong(plan, n_common=40_000):
    """Return the exact loss at one point of two features, where two gradients add up.

    No point of one feature gets both rows wrong, so gradients there never differ by 2R.
    """
    w, common = np.array([-50.0, 0.0]), np.array([0.0, 1.0])
    rows = [(np.array([0.2, math.sqrt(0.96)]), 1), (np.array([-0.2, math.sqrt(0.96)]), 0)]
    log_densities = []
    for x, y in rows:
        p = expit(x @ w)
        gradient = plan.l2 * w + (0.5 - 1) * n_common * common + (p - y) * x
        hessian = plan.l2 * np.eye(2) + n_common / 4 * np.outer(common, common)
        hessian += p * (1 - p) * np.outer(x, x)
        log_density = np.linalg.slogdet(hessian)[1] - np.linalg.norm(gradient) / plan.noise_scale
        log_densities.append(log_density)
    return abs(log_densities[0] - log_densities[1])


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_the_noise_of_replace_one_is_twice_that_of_zero_out_and_has_to_be(epsilon):
    public = {"row_norm": 1.0, "n_features": 2}
    found, half = (
        calibrate_pure(epsilon, neighboring=relation, **public)
        for relation in ("replace_one", "zero_out")
    )
    assert found.noise_scale == pytest.approx(2 * half.noise_scale)
    assert 0.8 * epsilon < loss_of_replacing_a_row_that_both_data_sets_get_wrong(found) <= epsilon
    assert loss_of_replacing_a_row_that_both_data_sets_get_wrong(half) > 1.6 * epsilon


@pytest.mark.parametrize("n_features", [1, 55])
def test_the_output_noise_covers_tolerance_and_float_noise_in_l1_norm(n_features):
    found = calibrate_pure(1.0, row_norm=2.0, n_features=n_features, neighboring="replace_one")
    radius = (
        found.tolerance + continuous_spherical_error(found.noise_scale, n_features)
    ) / found.l2
    corner = np.full(n_features, radius / math.sqrt(n_features))  # the longest of that L2 norm
    assert found.output_sensitivity == pytest.approx(2 * np.abs(corner).sum())


def test_a_release_is_a_minimiser_under_its_noise_plus_output_noise(monkeypatch, rng):
    found = calibrate_pure(1.0, row_norm=1.0, n_features=3, neighboring="zero_out")
    inside, seen = [], []
    for name, values in (("continuous_spherical", inside), ("minimise", seen)):
        home = _objective if name == "minimise" else _pure_objective
        honest = getattr(home, name)
        spy = lambda *a, f=honest, v=values: v.append(f(*a)) or v[-1]  # noqa: E731
        monkeypatch.setattr(home, name, spy)
    X = np.full((20, 3), 0.5)
    released = [found.release(X, np.arange(20) % 2.0, rng) for _ in range(600)]
    norms = np.linalg.norm(inside, axis=1)
    assert stats.kstest(norms, stats.gamma(3, scale=found.noise_scale).cdf).pvalue > 0.01
    noise = np.ravel(np.subtract(released, seen)) / found.output_sensitivity
    assert stats.kstest(noise, stats.laplace(scale=1 / found.output_epsilon).cdf).pvalue > 0.01
    assert stats.kstest(noise, stats.laplace(scale=0.8 / found.output_epsilon).cdf).pvalue < 0.01


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
