"""Audits of the DP family: claims hold, and planted mistakes are found, on made-up neighbours."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from sklearn_private.audit import EpsilonAudit
from sklearn_private.dp import (
    DPPCA,
    DPAdditiveRegressor,
    DPGaussianNB,
    DPKMeans,
    DPQuantileScaler,
    DPRidge,
    DPStandardScaler,
)
from support import mutants

MEMBERS = {
    "ridge": DPRidge(4.0, feature_norm=1.0, target_bounds=(-1.0, 1.0)),
    "scaler": DPStandardScaler(4.0, feature_norm=1.0),
    "components": DPPCA(1, epsilon=4.0, feature_norm=1.0),
    "naive Bayes": DPGaussianNB(4.0, feature_norm=1.0, classes=[0, 1]),
    "quantiles": DPQuantileScaler(epsilon=4.0, bounds=(-1.0, 1.0)),
    "clusters": DPKMeans(2, epsilon=4.0, feature_norm=1.0),
}
MUTANTS = {
    "a forgotten root of nine sums": mutants.forgotten_root(9),
    "a fixed seed": mutants.fixed_seed,
    "a sensitivity of a tenth": mutants.lower_bound_twice,
    "rows counted three times": mutants.rows_three_times,
}


def audit(name, n_fits, neighboring="zero_out"):
    model = type(MEMBERS[name])(**{**MEMBERS[name].get_params(), "neighboring": neighboring})
    with threadpool_limits(1):
        return EpsilonAudit(model, n_fits=n_fits, random_state=0).run()


@pytest.mark.parametrize("neighboring", ["zero_out", "replace_one"])
@pytest.mark.parametrize("name", MEMBERS)
def test_a_claim_that_holds_is_no_violation(name, neighboring, repeatable):
    assert (
        audit(name, 40 if name in ("clusters", "quantiles") else 120, neighboring).verdict
        != "violation"
    )


@pytest.mark.parametrize("plant", MUTANTS.values(), ids=MUTANTS)
@pytest.mark.parametrize("name", ["ridge", "scaler", "components", "naive Bayes"])
def test_a_planted_mistake_is_a_violation(name, plant, repeatable, monkeypatch):
    plant(monkeypatch)
    assert audit(name, 300 if name == "ridge" else 150).verdict == "violation"


@pytest.mark.parametrize(
    "plant, verdict",
    [(None, False), (mutants.fixed_seed, True), (mutants.less_noise(10), True)],
    ids=["correct", "a fixed seed", "a tenth of the noise"],
)
def test_an_additive_model_is_audited_on_neighbours_that_are_given(
    plant, verdict, repeatable, monkeypatch
):
    X = np.linspace(-1, 1, 60)[:, None]
    first, second = (np.vstack([X, [[0.9]]]), np.append(0 * X, 9.0)), (X, 0 * X[:, 0])
    model = DPAdditiveRegressor(
        (-1.0, 1.0), epsilon=4.0, target_bounds=(-1.0, 1.0), neighboring="zero_out"
    )
    if plant is not None:
        plant(monkeypatch)
    audited = EpsilonAudit(model, n_fits=150, neighbours=(first, second), random_state=0)
    assert (audited.run().verdict == "violation") is verdict


@pytest.mark.parametrize("name", ["clusters", "quantiles"])
def test_noise_that_repeats_is_found_where_many_numbers_are_released(name, repeatable, monkeypatch):
    mutants.fixed_seed(monkeypatch)
    assert audit(name, 40).verdict == "violation"


def test_targets_that_are_not_clipped_are_a_violation(repeatable, monkeypatch):
    mutants.no_clipping(monkeypatch)
    assert audit("ridge", 60).verdict == "violation"
