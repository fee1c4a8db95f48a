"""The privacy loss of objective perturbation from exact densities, with one or two features.

The minimiser w* of the perturbed objective has the density phi(b_D(w)) det H_D(w), where b_D(w) is
the noise that makes w the minimiser and H_D the Hessian. No bound enters: the loss is the logarithm
of the ratio of two such densities, and delta is its integral.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from sklearn_private import accounting
from sklearn_private.accounting.events import renyi
from sklearn_private.dp.objective._gaussian_objective import calibrate

DELTA = 1e-5


def rows(*table):
    """Rows, labels and multiplicities from (row, label, multiplicity)."""
    return np.array([row for row, _, _ in table]), *np.array([rest for _, *rest in table]).T


def gradient_and_hessian(w, data, l2):
    X, y, count = data
    p = expit(w @ X.T)
    gradient = (count * (p - y)) @ X + l2 * w
    hessian = np.einsum("mi,ij,ik->mjk", count * p * (1 - p), X, X) + l2 * np.eye(X.shape[1])
    return gradient, hessian


def log_density(w, data, mechanism):
    gradient, hessian = gradient_and_hessian(w, data, mechanism.l2)
    noise = norm.logpdf(gradient, scale=mechanism.noise_scale).sum(axis=1)
    return noise + np.linalg.slogdet(hessian)[1]


def grid_of_one_feature(first, second, mechanism):
    """Coefficients that follow both densities, and logarithms of their probabilities."""
    longest = np.abs([first[0], second[0]]).max()
    w = coarse = np.sinh(np.linspace(-16, 16, 2001)) / longest
    for data in (first, second):
        gradient, _ = gradient_and_hessian(coarse[:, None], data, mechanism.l2)
        noise = mechanism.noise_scale * np.linspace(-10, 10, 2001)
        w = np.union1d(w, np.interp(noise, gradient[:, 0], coarse))
    return w[:, None], log_density(w[:, None], first, mechanism) + np.log(np.gradient(w))


def grid_of_two_features(first, mechanism, step=0.2):
    """Minimisers of a grid of noise vectors, and logarithms of the probabilities of these."""
    axis = np.arange(-8.5, 8.5, step)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    w = minimisers(z * mechanism.noise_scale, first, mechanism.l2)
    return w, norm.logpdf(z).sum(axis=1) + 2 * np.log(step)


def minimisers(noise, data, l2):
    """Damped Newton steps for all noise vectors at once (self-concordant step length)."""
    w, longest = np.zeros_like(noise), np.linalg.norm(data[0], axis=1).max()
    for _ in range(100):
        gradient, hessian = gradient_and_hessian(w, data, l2)
        step = np.linalg.solve(hessian, (gradient + noise)[..., None])[..., 0]
        reach = longest * np.linalg.norm(step, axis=1) + 1e-300
        w = w - step * (np.log1p(reach) / reach)[:, None]
        if reach.max() < 1e-9:
            return w
    raise AssertionError("the minimisers were not found")


def losses(first, second, mechanism):
    """Privacy losses under ``first``, and their probabilities."""
    if first[0].shape[1] == 1:
        w, log_weights = grid_of_one_feature(first, second, mechanism)
    else:
        w, log_weights = grid_of_two_features(first, mechanism)
    loss = log_density(w, first, mechanism) - log_density(w, second, mechanism)
    # Both are densities: each integrates to 1 over the same points.
    for log_mass in (log_weights, log_weights - loss):
        assert abs(np.exp(log_mass).sum() - 1) < 1e-3
    return loss, np.exp(log_weights)


def hockey_stick(first, second, mechanism, epsilon):
    loss, weights = losses(first, second, mechanism)
    return weights @ -np.expm1(np.minimum(epsilon - loss, 0))


def worst_delta(pairs, mechanism, epsilon):
    both = [pair for first, second in pairs for pair in ((first, second), (second, first))]
    return max(hockey_stick(*pair, mechanism, epsilon) for pair in both)


def one_feature(R, neighboring):
    """Neighbouring data sets of one feature, alone and among other rows."""
    others = [
        [((0.0,), 0, 1)],
        [((R,), 1, 3), ((-R,), 1, 3)],
        [((R,), 1, 40)],
        [((0.5 * R,), 0, 1000)],
        [((R,), 1, 5000), ((R,), 0, 5000)],
    ]
    if neighboring == "replace_one":
        changes = [
            [((R,), 1, 1), (row, label, 1)]
            for row, label in [((R,), 0), ((-R,), 1), ((0.7 * R,), 0), ((0.3 * R,), 0), ((0.0,), 0)]
        ]
    else:  # A row of zeros has no gradient and no Hessian, so it stands for no row.
        changes = [
            [(row, label, 1), ((0.0,), 0, 1)]
            for row, label in [((R,), 1), ((R,), 0), ((0.5 * R,), 1)]
        ]
    return [
        (rows(*other, before), rows(*other, after)) for other in others for before, after in changes
    ]


def two_features(R, l2):
    """Replaced rows that point the same way while others push w between them.

    The second coordinate of w is near -12 / R, so that the model is sure, and wrong, about both
    rows: their gradients are R long and add up to almost 2 R.
    """
    push = l2 * 12 / R**2 * (1 + np.exp(12.0))
    others = [((0.0, R), 0, push), ((R, 0.0), 1, 1000), ((R, 0.0), 0, 1000)]
    pairs = []
    for angle in (0.3, 0.5):
        before = ((R * np.cos(angle), R * np.sin(angle)), 1, 1)
        after = ((R * np.cos(angle), -R * np.sin(angle)), 0, 1)
        pairs.append((rows(*others, before), rows(*others, after)))
    return pairs


def intercept_column(R):
    """Replaced rows with a constant column, which has no row of zeros."""
    c, x = 0.33 * R, 0.94 * R
    others = [((0.3 * x, c), 1, 4), ((-0.8 * x, c), 0, 3)]
    changes = [
        (((x, c), 1), ((-x, c), 0)),
        (((x, c), 0), ((x, c), 1)),
        (((x, c), 1), ((0.0, c), 0)),
    ]
    return [(rows(*others, (*before, 1)), rows(*others, (*after, 1))) for before, after in changes]


def calibrated(epsilon, R, neighboring, n_features=1, **options):
    return calibrate(
        epsilon, DELTA, row_norm=R, n_features=n_features, neighboring=neighboring, **options
    )


def with_less_noise(mechanism, factor):
    return replace(mechanism, noise_scale=factor * mechanism.noise_scale)


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out"])
@pytest.mark.parametrize("R", [1.0, 10.0, 100.0])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_loss_on_one_feature_stays_within_the_claim(epsilon, R, neighboring):
    mechanism = calibrated(epsilon, R, neighboring)
    assert worst_delta(one_feature(R, neighboring), mechanism, epsilon) <= DELTA


def test_adding_or_removing_a_row_costs_what_taking_it_out_costs():
    assert calibrated(1.0, 3.0, "add_remove") == calibrated(1.0, 3.0, "zero_out")


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out"])
@pytest.mark.parametrize("epsilon, R", [(0.1, 100.0), (1.0, 100.0), (4.0, 1000.0)])
def test_a_hessian_bound_by_the_norm_and_not_its_square_breaks_the_claim(epsilon, R, neighboring):
    planted = calibrated(epsilon, R, neighboring, curvature=lambda norm: norm / 4)
    assert worst_delta(one_feature(R, neighboring), planted, epsilon) > 100 * DELTA


def test_that_error_is_invisible_at_norm_one():
    planted = calibrated(1.0, 1.0, "zero_out", curvature=lambda norm: norm / 4)
    assert worst_delta(one_feature(1.0, "zero_out"), planted, 1.0) <= DELTA


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_half_of_the_noise_breaks_the_claim_on_one_feature(epsilon):
    pairs = one_feature(1.0, "zero_out")
    half = with_less_noise(calibrated(epsilon, 1.0, "zero_out"), 0.5)
    assert worst_delta(pairs, half, epsilon) > 10 * DELTA


@pytest.mark.parametrize("epsilon, R", [(0.1, 1.0), (1.0, 100.0), (4.0, 10.0)])
def test_loss_on_two_features_stays_within_the_claim(epsilon, R):
    mechanism = calibrated(epsilon, R, "replace_one", n_features=2)
    pairs = two_features(R, mechanism.l2) + intercept_column(R)
    assert worst_delta(pairs, mechanism, epsilon) <= DELTA


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_the_sensitivity_of_a_replaced_row_is_twice_its_norm(epsilon):
    mechanism = calibrated(epsilon, 1.0, "replace_one", n_features=2)
    as_for_one_gradient = with_less_noise(mechanism, 0.5)
    assert worst_delta(two_features(1.0, mechanism.l2), as_for_one_gradient, epsilon) > 10 * DELTA


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_the_bound_is_not_far_above_the_loss(epsilon):
    mechanism = calibrated(epsilon, 1.0, "zero_out")
    assert worst_delta(one_feature(1.0, "zero_out"), mechanism, epsilon) > DELTA / 20
    mechanism = calibrated(epsilon, 1.0, "replace_one", n_features=2)
    assert worst_delta(two_features(1.0, mechanism.l2), mechanism, epsilon) > DELTA / 200


@pytest.mark.parametrize("order", [1.5, 4.0, 20.0])
def test_renyi_divergence_stays_within_its_bound_and_half_of_the_noise_does_not(order):
    def divergence(first, second, mechanism):
        loss, weights = losses(first, second, mechanism)
        return np.log(weights @ np.exp((order - 1) * loss)) / (order - 1)

    mechanism = calibrated(1.0, 1.0, "replace_one", n_features=2)
    objective = mechanism.event.events[0]
    assert isinstance(objective, accounting.ObjectivePerturbationEvent)
    bound = renyi(objective, order, "replace_one")
    (pair, *_) = two_features(1.0, mechanism.l2)
    assert divergence(*pair, mechanism) <= bound
    assert divergence(*pair, with_less_noise(mechanism, 0.25)) > bound
