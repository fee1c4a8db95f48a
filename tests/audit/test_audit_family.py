"""Audits of the DP family: claims hold, and planted mistakes are found, on made-up neighbours."""

import pytest
from threadpoolctl import threadpool_limits

from sklearn_private.audit import EpsilonAudit
from sklearn_private.dp import DPPCA, DPGaussianNB, DPKMeans, DPRidge, DPStandardScaler
from support import mutants

MEMBERS = {
    "ridge": DPRidge(4.0, feature_norm=1.0, target_bounds=(-1.0, 1.0)),
    "scaler": DPStandardScaler(4.0, feature_norm=1.0),
    "components": DPPCA(1, epsilon=4.0, feature_norm=1.0),
    "naive Bayes": DPGaussianNB(4.0, feature_norm=1.0, classes=[0, 1]),
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
    assert audit(name, 40 if name == "clusters" else 120, neighboring).verdict != "violation"


@pytest.mark.parametrize("plant", MUTANTS.values(), ids=MUTANTS)
@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "clusters"])
def test_a_planted_mistake_is_a_violation(name, plant, repeatable, monkeypatch):
    plant(monkeypatch)
    assert audit(name, 300 if name == "ridge" else 150).verdict == "violation"


def test_noise_that_repeats_is_found_in_clusters(repeatable, monkeypatch):
    mutants.fixed_seed(monkeypatch)
    assert audit("clusters", 40).verdict == "violation"


def test_targets_that_are_not_clipped_are_a_violation(repeatable, monkeypatch):
    mutants.no_clipping(monkeypatch)
    assert audit("ridge", 60).verdict == "violation"
