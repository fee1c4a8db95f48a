"""Noisy federated fits: what they cost, who pays, and what they say."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler, normalize, scale

from sklearn_private import accounting, privacy_report
from sklearn_private.accounting import PrivacyLedger
from sklearn_private.exceptions import (
    BudgetExceededError,
    InvalidParameterError,
    PrivacyWarning,
    RangeError,
)
from sklearn_private.federated import FederatedWrapper, RowDP
from sklearn_private.statements import AggregationStatement, DPStatement
from sklearn_private.sums import Schema, program_for

X, Y = load_breast_cancer(return_X_y=True)
X = normalize(scale(X))
HOSPITALS = np.arange(len(Y)) % 5
DP = RowDP(epsilon=2.0, delta=1e-5, feature_norm=1.0)


def wrapper(dp=DP, **params):
    params = {"secure_aggregation": True, "classes": [0, 1], **params}
    return FederatedWrapper(LogisticRegression(), dp=dp, **params)


def fit(model, X=X, y=Y):
    return model.fit(X, y, groups=HOSPITALS[: len(y)])


def dp_part(model):
    (part,) = (s for s in model.privacy_statement_.flatten() if isinstance(s, DPStatement))
    return part


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out"])
def test_a_fit_is_one_charge_of_what_it_claims(tmp_path, neighboring):
    dp = RowDP(2.0, 1e-5, 1.0, neighboring=neighboring)
    ledger = PrivacyLedger(tmp_path / "l", epsilon=3.0, delta=1e-5, neighboring=neighboring)
    model = fit(wrapper(dp, ledger=ledger))
    (charge,) = ledger.entries()
    assert charge.owner == "FederatedWrapper"
    assert charge.event == dp_part(model).event
    assert 2.0 * (1 - 1e-6) < charge.epsilon <= 2.0
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        fit(wrapper(dp, ledger=ledger))
    assert len(ledger.entries()) == 1


def test_a_refused_charge_leaves_nothing_fitted(tmp_path):
    refused = wrapper(ledger=PrivacyLedger(tmp_path / "l", epsilon=1.0, delta=1e-5))
    with pytest.raises(BudgetExceededError):
        fit(refused)
    assert not hasattr(refused, "estimator_") and not hasattr(refused, "privacy_statement_")


def test_the_event_is_the_composition_of_every_round():
    program = program_for(LogisticRegression())
    plan = DP.plan(program.budget(LogisticRegression(), Schema(30), 500, DP.mu))
    rounds, sampler = plan.event.events
    assert rounds.count == plan.n_rounds
    assert rounds.event.noise_multiplier == plan.noise_multipliers[0]
    mu = math.sqrt(plan.n_rounds) / plan.noise_multipliers[0]
    assert mu == pytest.approx(accounting.gaussian_mu(2.0, 1e-5), rel=1e-6)
    assert 0 < sampler.delta < 1e-15
    model = fit(wrapper())
    assert model.n_rounds_ == dp_part(model).parameters["n_rounds"]


def spread(neighboring, n_fits=40):
    """Return the standard deviation of coefficients in which the noise is all there is."""
    dp = RowDP(0.5, 1e-5, 1.0, neighboring=neighboring)
    coefs = []
    for seed in range(n_fits):
        with pytest.warns(PrivacyWarning):
            coefs.append(fit(wrapper(dp, secure_aggregation=False, random_state=seed)).coef_)
    return np.std(coefs)


def test_replacing_a_row_takes_twice_the_noise_of_leaving_it_out():
    assert spread("replace_one") / spread("zero_out") == pytest.approx(2, rel=0.1)


def test_rows_are_clipped_to_the_feature_norm():
    long = X.copy()
    long[0] *= 1000
    with pytest.warns(PrivacyWarning):
        short, clipped = (fit(wrapper(random_state=0), X=rows) for rows in (X, long))
    assert clipped.coef_ == pytest.approx(short.coef_, abs=1e-9)


def test_the_model_is_useful():
    with pytest.warns(PrivacyWarning):
        model = fit(wrapper(random_state=0))
    assert model.score(X, Y) > 0.85


def test_two_fits_differ():
    assert (fit(wrapper()).coef_ != fit(wrapper()).coef_).all()


def test_the_number_of_rounds_does_not_depend_on_the_rows():
    other = np.random.default_rng(0).normal(size=X.shape)
    assert fit(wrapper()).bytes_ == fit(wrapper(), other, 1 - Y).bytes_


def test_the_statement_names_three_protections_and_their_adversaries():
    model = fit(wrapper())
    federated = model.privacy_statement_
    masks, dp = federated.parts
    assert isinstance(federated, AggregationStatement) and federated.findings == ()
    assert isinstance(masks, AggregationStatement) and masks.bounds["range"].startswith("feature")
    assert isinstance(dp, DPStatement) and (dp.epsilon, dp.delta) == (2.0, 1e-5)
    assert "coordinator" in federated.against and "other sites" in federated.against
    assert "coordinator that follows the protocol" in masks.against
    headline = privacy_report(model).to_markdown().split("## Findings")[0]
    assert "but not the coordinator, who reads every total without noise" in headline
    assert "reads the fitted model" in dp.against and "not the coordinator" in dp.against
    assert any("without noise" in finding.message for finding in dp.findings)
    assert all(finding.level == "note" for finding in dp.findings)
    assert federated.n_parties == 5 and federated.simulation and masks.simulation


def test_labels_that_are_not_declared_make_the_claim_conditional():
    with pytest.warns(PrivacyWarning, match="Declare classes"):
        model = fit(wrapper(classes=None))
    assert any(finding.level == "warning" for finding in dp_part(model).findings)


@pytest.mark.parametrize("classes, y", [([0, 1, 2], Y), (None, np.zeros(len(Y)))])
def test_a_private_fit_needs_two_labels(classes, y):
    with pytest.raises(InvalidParameterError, match="exactly the two labels"):
        fit(wrapper(classes=classes), y=y)


def test_a_seeded_fit_claims_nothing(tmp_path):
    with pytest.warns(PrivacyWarning, match="epsilon is infinite"):
        model = fit(wrapper(random_state=0))
    assert dp_part(model).epsilon == math.inf
    assert any(finding.level == "error" for finding in dp_part(model).findings)
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9.0, delta=1e-5)
    with pytest.raises(InvalidParameterError, match="random_state"):
        fit(wrapper(random_state=0, ledger=ledger))
    assert ledger.entries() == []


def test_noise_works_without_masks_but_small_sites_are_still_refused():
    model = fit(wrapper(secure_aggregation=False))
    assert [type(part) for part in model.privacy_statement_.parts] == [DPStatement]
    with pytest.raises(InvalidParameterError, match="min_client_rows"):
        wrapper(secure_aggregation=False).fit(X, Y, groups=np.arange(len(Y)))


@pytest.mark.parametrize("estimator", [Ridge(), LinearRegression(), StandardScaler()], ids=repr)
def test_an_estimator_without_a_noisy_program_is_refused(estimator, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9.0, delta=1e-5)
    model = FederatedWrapper(estimator, dp=DP, ledger=ledger)
    with pytest.raises(InvalidParameterError, match="no noisy program"):
        fit(model, y=X[:, 0])
    assert ledger.entries() == []


def test_targets_without_a_bound_are_refused_before_they_are_paid_for(tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9.0, delta=1e-5)
    model = FederatedWrapper(PoissonRegressor(), secure_aggregation=True, dp=DP, ledger=ledger)
    with pytest.raises(RangeError, match="target_norm"):
        fit(model)
    assert ledger.entries() == []


def test_weights_are_refused():
    with pytest.raises(InvalidParameterError, match="no sample_weight with dp"):
        wrapper().fit(X, Y, groups=HOSPITALS, sample_weight=np.ones(len(Y)))


def test_every_fit_of_a_search_is_charged_from_every_process(tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=50.0, delta=1e-4)
    search = GridSearchCV(wrapper(ledger=ledger), {"estimator__C": [1.0, 10.0]}, cv=2, n_jobs=2)
    search.fit(X, Y)
    assert len(ledger.entries()) == 2 * 2 + 1
    assert len({charge.pid for charge in ledger.entries()}) > 1


@pytest.mark.parametrize(
    "values, name",
    [
        ({"epsilon": 0.0}, "epsilon"),
        ({"epsilon": 31.0}, "epsilon"),
        ({"delta": 0.0}, "delta"),
        ({"delta": 1.0}, "delta"),
        ({"feature_norm": -1.0}, "feature_norm"),
        ({"neighboring": "add_remove"}, "neighboring"),
        ({"target_norm": 0.0}, "target_norm"),
    ],
)
def test_bad_settings_are_refused_by_name(values, name):
    settings = {"epsilon": 1.0, "delta": 1e-5, "feature_norm": 1.0, **values}
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of RowDP"):
        RowDP(**settings)
