import json

import numpy as np
import pytest
from scipy.stats import kstest, laplace, norm

from sklearn_private import DPLogisticRegression, accounting
from sklearn_private.audit import exact_loss
from sklearn_private.audit.exact._densities import OneFeature, loss_between
from sklearn_private.exceptions import InvalidParameterError
from support import mutants

SETTINGS = [
    {"epsilon": 4.0, "feature_norm": 10.0, "neighboring": "zero_out"},
    {"epsilon": 4.0, "bounds": (-1.0, 9.0), "neighboring": "add_remove"},
    {"epsilon": 1.0, "feature_norm": 1.0},
    {"epsilon": 1.0, "delta": 0.0, "feature_norm": 1.0, "neighboring": "zero_out"},
]
MUTANTS = {
    "noise / 1.5": mutants.less_noise(1.5),
    "noise / 2": mutants.less_noise(2.0),
    "clipping off": mutants.no_clipping,
    "a fixed seed": mutants.fixed_seed,
    "rows counted three times": mutants.rows_three_times,
}


def model(**settings):
    return DPLogisticRegression(**{"classes": [0, 1], "solver": "objective"} | settings)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_objective_perturbation_keeps_its_claim_and_its_law(settings, repeatable):
    loss = exact_loss(model(**settings))
    assert loss.verdict == "consistent"
    assert loss.epsilon <= loss.claimed_epsilon
    assert loss.delta <= loss.claimed_delta
    if settings.get("neighboring"):
        assert loss.epsilon > 0.85 * loss.claimed_epsilon  # the neighbours are the worst ones


@pytest.mark.parametrize("plant", MUTANTS.values(), ids=MUTANTS)
def test_a_planted_mistake_breaks_the_law(plant, repeatable, monkeypatch):
    plant(monkeypatch)
    loss = exact_loss(model(epsilon=4.0, feature_norm=10.0, neighboring="zero_out"))
    assert loss.verdict == "violation"
    assert loss.law_pvalue < 0.001


@pytest.mark.parametrize(
    "plant, settings",
    [
        (mutants.norm_for_squared_norm, {"feature_norm": 100.0, "neighboring": "zero_out"}),
        (mutants.lower_bound_twice, {"bounds": (-1.0, 9.0)}),
    ],
)
def test_a_wrong_calibration_loses_more_than_claimed(plant, settings, repeatable, monkeypatch):
    plant(monkeypatch)
    loss = exact_loss(model(epsilon=4.0, **settings))
    assert loss.verdict == "violation"
    assert loss.epsilon > 4
    assert loss.delta > 1e-5
    assert loss.law_pvalue > 0.001  # the noise is what the statement says, and too little


def test_gaussian_noise_has_a_closed_form():
    loss = exact_loss(model(epsilon=4.0, feature_norm=1.0, solver="newton"))
    assert (loss.verdict, loss.law_pvalue) == ("consistent", None)
    assert loss.epsilon == pytest.approx(4.0, rel=1e-6)
    assert loss.delta == pytest.approx(1e-5, rel=1e-6)


@pytest.mark.parametrize("noise", [norm, laplace])
def test_releases_have_the_density(noise):
    mechanism = OneFeature(bound=2.0, l2=0.5, noise_scale=3.0, noise=noise)
    rows = ((5.0, 1, 1), (-0.5, 1, 2))
    points = mechanism.grid(rows)
    mass = np.exp(mechanism.log_density(rows, points)) * (points[1] - points[0])
    assert mass.sum() == pytest.approx(1, abs=1e-5)
    draws = noise.rvs(scale=3.0, size=3000, random_state=0)
    w = points[np.searchsorted(-mechanism.linear(rows, points), -draws)]  # linear falls in w
    cdf = lambda x: np.interp(x, points, mass.cumsum())  # noqa: E731
    assert kstest(w, cdf).pvalue > 0.01
    assert kstest(1.2 * w, cdf).pvalue < 0.01


def test_loss_without_rows_is_that_of_the_noise():
    mechanism = OneFeature(bound=1.0, l2=1e6, noise_scale=2.0, noise=norm)
    # With so much regularisation, w is 0 and the gradient of a row is half its feature.
    loss = loss_between(mechanism, ((1.0, 1, 1),), ())
    assert loss.delta(0.5) == pytest.approx(accounting.gaussian_delta(0.5, 0.25), rel=1e-3)
    assert loss.epsilon(1e-5) == pytest.approx(accounting.gaussian_epsilon(1e-5, 0.25), rel=1e-3)


def test_a_result_is_data(repeatable):
    loss = exact_loss(model(feature_norm=1.0), n_fits=20)
    assert json.loads(json.dumps(loss.to_dict()))["claimed_epsilon"] == 1.0
    assert repr(loss).startswith("ExactLoss of DPLogisticRegression: consistent")


def test_bad_parameters_are_refused():
    with pytest.raises(InvalidParameterError, match="'n_fits' parameter of exact_loss"):
        exact_loss(model(feature_norm=1.0), n_fits=19)
