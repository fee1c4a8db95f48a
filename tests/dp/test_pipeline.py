"""One budget over the steps of a pipeline: shared exactly, paid before, stated once."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, scale

from sklearn_private import (
    DomainEncoder,
    DPLogisticRegression,
    PrivacyLedger,
    accounting,
    privacy_report,
)
from sklearn_private.accounting import gaussian_mu
from sklearn_private.dp import DPPCA, DPPipeline, DPQuantileScaler, DPStandardScaler
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError


def make_rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)) * [1, 3, 9, 1]
    return X, (X[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(int)


def steps(solver="newton", **parameters):
    return [
        ("scale", DPQuantileScaler(bounds=(-30.0, 30.0), **parameters)),
        ("turn", DPPCA(4, feature_norm=1.0, **parameters)),
        (
            "model",
            DPLogisticRegression(feature_norm=1.0, classes=[0, 1], solver=solver, **parameters),
        ),
    ]


@pytest.mark.parametrize("solver", ["newton", "objective"])
@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_the_composition_of_all_steps_is_the_claim_and_wastes_nothing(epsilon, solver):
    model = DPPipeline(steps(solver), epsilon=epsilon).fit(*make_rows())
    events = [step.privacy_statement_.event for _, step in model.steps]
    spent = accounting.epsilon(accounting.compose_events(events), delta=1e-5)
    assert 0.99 * epsilon < spent <= epsilon * (1 + 1e-9)
    assert model.privacy_statement_.epsilon == epsilon
    assert accounting.epsilon(model.privacy_statement_.event, delta=1e-5) == spent
    sum_of_epsilons = sum(step.epsilon for _, step in model.steps)
    assert sum_of_epsilons > 1.2 * epsilon  # what adding them up would have wasted


def test_shares_are_parts_of_mu_squared():
    shares = {"scale": 1, "turn": 2, "model": 7}
    model = DPPipeline(steps(), epsilon=2.0, shares=shares).fit(*make_rows())
    mus = [gaussian_mu(step.epsilon, 1e-5) for _, step in model.steps]
    assert np.square(mus) / np.square(mus).sum() == pytest.approx([0.1, 0.2, 0.7], rel=1e-3)


def test_it_predicts_as_a_pipeline_of_its_steps_and_clones():
    X, y = make_rows()
    model = DPPipeline(steps(), epsilon=20.0).fit(X, y)
    plain = Pipeline(model.steps)
    assert (model.predict(X) == plain.predict(X)).all()
    assert model.score(X, y) > 0.8
    assert clone(model).fit(X, y).score(X, y) > 0.8
    assert DPPipeline(steps()[:2]).fit_transform(X).shape == (1500, 4)


def test_the_report_counts_the_claim_once():
    model = DPPipeline(steps(), epsilon=2.0).fit(*make_rows())
    report = privacy_report(model)
    assert report.holds and report.findings == ()
    assert "The DP steps together: epsilon = 2 at delta = 1e-05" in report.to_markdown()


def test_every_step_is_charged_and_a_full_ledger_releases_nothing(tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=1.6, delta=1e-4)
    model = DPPipeline(steps(), epsilon=1.5, ledger=ledger).fit(*make_rows())
    assert len(ledger.entries()) == 3 == len(model.privacy_statement_.charges)
    assert ledger.spent() == pytest.approx(1.5, rel=0.2)
    again = clone(model)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        again.fit(*make_rows())
    assert not hasattr(again, "privacy_statement_")
    assert not hasattr(again.steps[0][1], "low_")


def test_persons_are_the_unit_of_every_step():
    X, y = make_rows()
    model = DPPipeline(steps(rows_per_unit=3), epsilon=4.0)
    said = model.fit(X, y, privacy_unit=np.arange(1500) // 3).privacy_statement_
    assert said.unit == "person" and said.n_rows == 500


def test_steps_that_were_fixed_in_advance_are_let_through():
    X, y = make_rows()
    fixed = [
        ("double", FunctionTransformer(np.positive)),
        ("domain", DomainEncoder((-1000.0, 1000.0))),
        ("nothing", "passthrough"),
        ("scale", DPStandardScaler(feature_norm=1.0)),
        ("model", DPLogisticRegression(feature_norm=3.0, classes=[0, 1])),
    ]
    assert DPPipeline(fixed, epsilon=8.0).fit(X, y).predict(X).shape == (1500,)


def test_what_would_void_the_claim_is_refused_before_anything_is_paid(tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9.0, delta=1e-4)
    X, y = make_rows(100)
    void = [("scale", StandardScaler()), *steps()[1:]]
    with pytest.raises(InvalidParameterError, match="'scale' of DPPipeline, StandardScaler, would"):
        DPPipeline(void, ledger=ledger).fit(X, y)
    hidden = [("scale", FunctionTransformer(scale)), *steps()[1:]]
    with pytest.raises(InvalidParameterError, match="FunctionTransformer, would learn"):
        DPPipeline(hidden, ledger=ledger).fit(X, y)
    mixed = [*steps()[:2], ("model", steps(neighboring="zero_out")[2][1])]
    with pytest.raises(InvalidParameterError, match="'steps' parameter .* neighboring relation"):
        DPPipeline(mixed, ledger=ledger).fit(X, y)
    for shares in ({"scale": 1}, {"scale": 1, "turn": 1, "model": 0}, [1, 1, 1]):
        with pytest.raises(InvalidParameterError, match="'shares' parameter of DPPipeline"):
            DPPipeline(steps(), shares=shares, ledger=ledger).fit(X, y)
    with pytest.raises(InvalidParameterError, match="'delta' parameter of DPPipeline"):
        DPPipeline(steps(), delta=0, ledger=ledger).fit(X, y)
    assert ledger.entries() == []


def test_a_seeded_step_makes_epsilon_infinite():
    seeded = steps()
    seeded[0][1].set_params(random_state=0)
    with pytest.warns(UserWarning, match="seeded"):
        said = DPPipeline(seeded).fit(*make_rows()).privacy_statement_
    assert said.epsilon == np.inf and said.randomness == "seeded"
