import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from mpmath import mp
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from sklearn_private import accounting
from sklearn_private.dp.objective import _gaussian_objective as module
from sklearn_private.dp.objective._gaussian_objective import MAX_EPSILON, calibrate, minimise
from sklearn_private.exceptions import SolverError
from sklearn_private.mechanisms import noise_source

RELATIONS = ["replace_one", "zero_out", "add_remove"]


def calibrated(epsilon=1.0, delta=1e-5, **changes):
    options = {"row_norm": 1.0, "n_features": 4, "neighboring": "replace_one", **changes}
    return calibrate(epsilon, delta, **options)


def unit_rows(n, d, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, d))
    return X / np.maximum(1, np.linalg.norm(X, axis=1, keepdims=True))


def exact_gradient(X, y, l2, linear, w):
    """The gradient to 40 digits, as mpmath numbers."""
    with mp.workdps(40):
        w = [mp.mpf(c) for c in w.tolist()]
        total = [mp.mpf(l2) * c + mp.mpf(b) for c, b in zip(w, linear.tolist(), strict=True)]
        for row, label in zip(X.tolist(), y.tolist(), strict=True):
            residual = 1 / (1 + mp.exp(-mp.fdot(row, w))) - label
            total = [g + residual * x for g, x in zip(total, row, strict=True)]
        return total


def norm(vector):
    return float(mp.sqrt(sum(c * c for c in vector)))


@pytest.mark.parametrize("neighboring", RELATIONS)
@pytest.mark.parametrize("delta", [1e-3, 1e-9])
@pytest.mark.parametrize("epsilon", [1e-3, 0.1, 1.0, 8.0, 31.0])
def test_the_event_costs_what_is_claimed_and_less_noise_costs_more(epsilon, delta, neighboring):
    found = calibrated(epsilon, delta, neighboring=neighboring)
    spent = accounting.delta(found.event, epsilon=epsilon, neighboring=neighboring)
    assert 0.999999 * delta < spent <= delta
    objective, output, sampler = found.event.events
    multiplier = 0.999 * objective.noise_multiplier
    less = type(objective)(multiplier, objective.hessian_ratio, objective.replaced)
    event = accounting.compose_events([less, output, sampler])
    assert accounting.delta(event, epsilon=epsilon, neighboring=neighboring) > delta


@pytest.mark.parametrize("neighboring, sensitivity", [("replace_one", 2.0), ("zero_out", 1.0)])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_noise_is_that_of_the_plain_gaussian_mechanism(epsilon, neighboring, sensitivity):
    plain = sensitivity / accounting.gaussian_mu(0.9 * epsilon, 1e-5)
    found = calibrated(epsilon, neighboring=neighboring).noise_scale
    assert plain < found < 1.007 * plain


@pytest.mark.parametrize("R", [1e-3, 1.06, 100.0])
def test_lambda_grows_with_the_square_of_the_row_norm_and_noise_with_the_norm(R):
    unit, found = calibrated(), calibrated(row_norm=R)
    assert found.l2 == pytest.approx(R**2 * unit.l2)
    assert found.noise_scale == pytest.approx(R * unit.noise_scale)
    assert found.tolerance == pytest.approx(R * unit.tolerance)
    assert found.output_sensitivity == pytest.approx(unit.output_sensitivity / R)
    assert found.event.events[0].hessian_ratio == pytest.approx(math.expm1(0.1))


def test_more_regularisation_than_the_proof_needs_takes_less_noise():
    plain, strong = calibrated(), calibrated(min_l2=50.0)
    assert strong.l2 == 50.0
    assert strong.noise_scale < plain.noise_scale
    assert calibrated(min_l2=1e-9) == plain


def test_noise_stops_falling_at_the_largest_epsilon():
    last = calibrated(MAX_EPSILON)
    assert calibrated(1e4) == last
    assert last.noise_scale < calibrated(MAX_EPSILON - 1).noise_scale


def test_the_output_noise_covers_tolerance_and_float_noise():
    found = calibrated(n_features=9)
    rho = 1e-13 * found.noise_scale * 3
    assert found.output_sensitivity == pytest.approx(2 * (found.tolerance + rho) / found.l2)
    _, output, _ = found.event.events
    assert output.noise_multiplier == found.output_multiplier


def problems():
    """(rows, labels, l2, noise) for which the solver must answer."""
    X = unit_rows(60, 3)
    y = (X[:, 0] > 0).astype(float)
    b = np.array([3.0, -2.0, 1.0])
    big = 1e5 * unit_rows(60, 3)
    return {
        "ordinary": (X, np.random.default_rng(1).integers(0, 2, 60) * 1.0, 0.3, b),
        "separable": (X, y, 0.01, 0.1 * b),
        "one class": (X, np.ones(60), 0.01, b),
        "duplicated rows": (np.repeat(X[:3], 20, axis=0), np.repeat([0.0, 1.0, 1.0], 20), 0.1, b),
        "one row": (X[:1], y[:1], 2.4, 8 * b),
        "rows of zeros": (np.zeros((60, 3)), y, 2.4, 8 * b),
        "a constant column": (np.column_stack([X, np.full(60, 0.35)]), y, 0.1, np.ones(4)),
        "more columns than rows": (unit_rows(5, 12), y[:5], 0.5, np.ones(12)),
        "long rows": (big, (big[:, 0] > 0) * 1.0, 2.4e10, 1e5 * b),
        "extreme noise": (X, y, 25.0, 1e5 * b),
        "no noise": (X, y, 1.0, np.zeros(3)),
    }


@pytest.mark.parametrize("name", problems())
def test_the_exact_gradient_at_the_answer_is_below_the_tolerance(name):
    X, y, l2, linear = problems()[name]
    tolerance = 1e-6 * np.linalg.norm(X, axis=1).max() or 1e-6
    w = minimise(X, y, l2, linear, tolerance)
    assert norm(exact_gradient(X, y, l2, linear, w)) <= tolerance
    moved = w + 2 * tolerance / l2  # This certificate sees an answer that is off.
    assert norm(exact_gradient(X, y, l2, linear, moved)) > tolerance


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("n, d", [(1, 1), (300, 4), (700, 2)])
def test_rounding_errors_stay_below_their_bound_and_those_of_float32_do_not(n, d, scale):
    X, y = unit_rows(n, d), np.random.default_rng(1).integers(0, 2, n) * 1.0
    w, linear = np.full(d, scale / math.sqrt(d)), np.linspace(-9, 8, d)
    bound = module._rounding(X, 0.3, linear, w)
    exact = exact_gradient(X, y, 0.3, linear, w)

    def error(gradient):
        return norm([mp.mpf(float(c)) - e for c, e in zip(gradient, exact, strict=True)])

    assert error(module._gradient(X, y, 0.3, linear, w)) <= bound
    short = [a.astype(np.float32) for a in (X, y, linear, w)]
    assert error(module._gradient(short[0], short[1], np.float32(0.3), *short[2:])) > bound


def test_the_logistic_function_errs_by_less_than_the_bound_assumes():
    z = np.concatenate([np.linspace(-40, 40, 4001), np.array([-745.0, -700.0, 700.0])])
    with mp.workdps(40):
        exact = [1 / (1 + mp.exp(-mp.mpf(v))) for v in z.tolist()]
        worst = max(abs(mp.mpf(p) - e) for p, e in zip(expit(z).tolist(), exact, strict=True))
    assert worst < 7 * 2.0**-53


def test_without_noise_the_answer_is_that_of_scikit_learn():
    X = unit_rows(400, 3)
    y = (X[:, 0] + 0.3 * X[:, 1] > 0.1).astype(float)
    w = minimise(X, y, 0.7, np.zeros(3), 1e-10)
    model = LogisticRegression(C=1 / 0.7, fit_intercept=False, tol=1e-10, solver="newton-cholesky")
    np.testing.assert_allclose(w, model.fit(X, y).coef_[0], rtol=1e-8)


@pytest.mark.parametrize("tolerance", [0.0, 1e-17, 1e-14])
def test_a_tolerance_that_cannot_be_proven_is_refused(tolerance):
    X = unit_rows(400, 3)
    with pytest.raises(SolverError, match=r"Nothing was released.*400 rows of 3 columns"):
        minimise(X, (X[:, 0] > 0) * 1.0, 0.7, np.ones(3), tolerance)


def test_coefficients_so_large_that_rounding_could_hide_the_gradient_are_refused():
    X = unit_rows(400, 3)
    y = (X[:, 0] > 0).astype(float)
    linear = np.full(3, 1e11)
    w = -linear / 25.0
    assert norm(module._gradient(X, y, 25.0, linear, w)) < 400  # It is near the minimum,
    with pytest.raises(SolverError, match="Nothing was released"):  # but that is not proven.
        minimise(X, y, 25.0, linear, 1e-6)


def test_a_release_that_misses_its_tolerance_releases_nothing(monkeypatch):
    monkeypatch.setattr(module, "MAX_ROUNDS", 1)
    X = unit_rows(400, 4)
    with pytest.raises(SolverError, match="Nothing was released"):
        calibrated().release(X, (X[:, 0] > 0) * 1.0, noise_source())


def test_a_release_is_the_minimiser_of_noise_plus_lattice_noise(monkeypatch):
    found, seen = calibrated(), []
    monkeypatch.setattr(module, "minimise", lambda *args: seen.append(minimise(*args)) or seen[-1])
    X = unit_rows(50, 4)
    rng = noise_source(0)
    released = np.array([found.release(X, (X[:, 0] > 0) * 1.0, rng) for _ in range(200)])
    z = (released - seen) / (found.output_sensitivity * found.output_multiplier)
    assert 0.9 < z.std() < 1.1
    assert np.std(seen) > 1000 * found.output_sensitivity * found.output_multiplier
    step = 2.0 ** math.floor(
        math.log2(found.output_multiplier * found.output_sensitivity / 2.0**40)
    )
    units = released / step
    np.testing.assert_array_equal(units, np.rint(units))


def test_the_rounding_of_a_gradient_grows_with_the_rows_and_stays_within_its_bound():
    n, w = 20_000, np.array([0.3])
    X, y = np.ones((n, 1)), np.arange(n) % 2
    with localcontext(prec=60):
        p = 1 / (1 + (-Decimal(float(w[0]))).exp())
        found = Decimal(float(module._gradient(X, y, 0.0, np.zeros(1), w)[0]))
        error = abs(float(found - n // 2 * (2 * p - 1)))
    bound = module._rounding(X, 0.0, np.zeros(1), w)
    assert bound / n < error < bound  # without n in it, the bound would not hold
