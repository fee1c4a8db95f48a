"""The price of the best of a random number of runs, against exact densities and dp-accounting."""

import json
import math

import numpy as np
import pytest
from dp_accounting import dp_event
from dp_accounting.rdp import RdpAccountant
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from sklearn_private import PrivacyLedger, accounting
from sklearn_private.accounting import EpsilonDeltaEvent, ObjectivePerturbationEvent, OneOfEvent
from sklearn_private.accounting.events import mechanisms
from sklearn_private.accounting.events.kinds._repeat import ORDERS, repeated_pure, repeated_renyi
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError

DELTA = 1e-5
RepeatAndSelect = dp_event.RepeatAndSelectDpEvent


def gaussian(epsilon):
    """Gaussian noise with this epsilon at DELTA."""
    return dp_event.GaussianDpEvent(1 / accounting.gaussian_mu(epsilon, DELTA))


# Derivatives of the probability generating functions of the number of runs.
def logarithmic(mean):
    g = accounting.halting_probability(mean, 0)
    return lambda x: (1 - g) / (1 - (1 - g) * x) / -math.log(g)


def geometric(mean):
    return lambda x: (1 / mean) / (1 - (1 - 1 / mean) * x) ** 2


def poisson(mean):
    return lambda x: mean * np.exp(mean * (x - 1))


def always(k):
    return lambda x: k * x ** (k - 1)


def exact_delta(slope, mu, epsilon):
    """delta(epsilon) of the largest of K draws of N(0, 1), against that of N(mu, 1)."""
    x = np.linspace(-12, 12 + mu, 400_001)
    p, q = (slope(norm.cdf(x - m)) * norm.pdf(x - m) for m in (mu, 0.0))
    step = x[1] - x[0]
    ways = (np.maximum(a - math.exp(epsilon) * b, 0).sum() * step for a, b in ((p, q), (q, p)))
    return max(ways)


@pytest.mark.parametrize(
    "single, mean, shape, price",
    [(0.5, 10, 0, 1.00), (1, 5, 0, 1.77), (1, 10, 1, 2.31), (1, 30, 0, 2.11), (2, 30, 0, 4.00)],
)
def test_tuning_costs_about_two_fits(single, mean, shape, price):
    event = RepeatAndSelect(gaussian(single), mean, shape)
    assert accounting.epsilon(event, delta=DELTA) == pytest.approx(price, abs=0.006)
    naive = dp_event.SelfComposedDpEvent(gaussian(single), mean)
    assert accounting.epsilon(naive, delta=DELTA) > price


@pytest.mark.parametrize("law, shape", [(logarithmic, 0), (geometric, 1), (poisson, math.inf)])
@pytest.mark.parametrize("single, mean", [(0.5, 4), (1.0, 30), (2.0, 10)])
def test_the_exact_loss_of_the_best_run_is_within_the_price(law, shape, single, mean):
    mu = accounting.gaussian_mu(single, DELTA)
    event = RepeatAndSelect(gaussian(single), mean, shape)
    price = accounting.epsilon(event, delta=DELTA)
    assert exact_delta(law(mean), mu, price) <= DELTA
    assert exact_delta(law(mean), mu, single) > DELTA  # one run alone does not pay for it
    for epsilon in (0.3 * price, 0.7 * price):
        assert exact_delta(law(mean), mu, epsilon) <= accounting.delta(event, epsilon=epsilon)


def test_a_number_of_runs_that_is_fixed_or_known_breaks_the_price():
    mu = accounting.gaussian_mu(1.0, DELTA)
    price = accounting.epsilon(RepeatAndSelect(gaussian(1.0), 30, 0), delta=DELTA)
    assert exact_delta(always(1), mu, 1.0) == pytest.approx(DELTA, rel=1e-3)
    assert exact_delta(always(30), mu, 1.0) > 5 * DELTA
    assert exact_delta(always(3000), mu, price) > DELTA  # such numbers of draws do occur


@settings(max_examples=25)
@given(st.floats(0.02, 3.0), st.floats(1.0, 300.0), st.sampled_from([0.0, 0.5, 1.0, 3.0, math.inf]))
def test_the_price_is_that_of_dp_accounting(mu, mean, shape):
    event = RepeatAndSelect(dp_event.GaussianDpEvent(1 / mu), mean, shape)
    theirs = RdpAccountant(list(ORDERS)).compose(event).get_epsilon(DELTA)
    ours = accounting.epsilon(event, delta=DELTA)
    if shape == math.inf:  # theirs leaves out that no run may come
        assert 0.995 * theirs - 1e-3 <= ours <= 1.25 * theirs
    else:
        assert 0.98 * theirs - 1e-3 <= ours <= theirs * (1 + 1e-7)


@pytest.mark.parametrize("shape", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("mean", [1.0, 1.001, 7.0, 500.0])
def test_the_halting_probability_gives_the_mean(mean, shape):
    gamma = accounting.halting_probability(mean, shape)
    k = np.arange(1, 200_000)
    log_weight = k * math.log1p(-gamma) if gamma < 1 else np.where(k == 1, 0.0, -np.inf)
    grown = np.cumsum(np.log((k + shape - 1)[1:] / k[1:]))  # Γ(k + shape) / k!, up to a factor
    weight = np.exp(log_weight + np.concatenate([[0.0], grown]))
    assert (k * weight).sum() / weight.sum() == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("law, shape", [(logarithmic, 0), (geometric, 1), (poisson, math.inf)])
@pytest.mark.parametrize("epsilon", [0.1, 1.0])
def test_a_pure_loss_grows_as_stated(law, shape, epsilon):
    # The worst single run answers 1 (the better score) or 0, with odds exp(epsilon).
    x = np.linspace(0, 1, 200_001)
    slope, high = law(30.0), 1 / (1 + math.exp(-epsilon))
    answers = [  # probabilities that the best run is a 0, for both neighbours
        np.trapezoid(slope(x) * (x <= zero), x) for zero in (high, 1 - high)
    ]
    loss = math.log(answers[0] / answers[1])
    claimed = repeated_pure(epsilon, 30.0, shape)
    assert epsilon < loss <= claimed
    event = RepeatAndSelect(dp_event.LaplaceDpEvent(1 / epsilon), 30.0, shape)
    assert accounting.epsilon(event, delta=0) == claimed
    assert accounting.epsilon(event, delta=DELTA) <= claimed
    assert accounting.delta(event, epsilon=claimed) == 0


def test_one_of_several_costs_as_much_as_the_worst_at_every_order():
    small, large = gaussian(0.5), dp_event.LaplaceDpEvent(1.0)
    prices = [
        accounting.epsilon(RepeatAndSelect(event, 20, 0), delta=DELTA)
        for event in (small, large, OneOfEvent((small, large)), OneOfEvent([large]))
    ]
    assert prices[2] >= max(prices[:2]) > min(prices[:2])
    assert prices[3] == prices[1]


def test_objective_perturbation_can_be_repeated_under_its_own_relation():
    event = RepeatAndSelect(ObjectivePerturbationEvent(8.0, 0.01, True), 30, 0)
    single = accounting.epsilon(event.event, delta=DELTA)
    assert single < accounting.epsilon(event, delta=DELTA) < 2.5 * single
    with pytest.raises(InvalidParameterError, match="replaced=True"):
        accounting.epsilon(event, delta=DELTA, neighboring="zero_out")


def test_deltas_count_as_often_as_runs_are_expected():
    run = accounting.compose_events([gaussian(1.0), EpsilonDeltaEvent(0.0, 1e-9)])
    other = accounting.compose_events([gaussian(1.0), EpsilonDeltaEvent(0.2, 3e-9)])
    event = RepeatAndSelect(OneOfEvent((run, other)), 30, 0)
    bounded, extra = accounting.split_deltas(event)
    assert extra == pytest.approx(9e-8)
    assert {getattr(leaf, "delta", 0) for leaf in mechanisms(bounded)} == {0}
    assert accounting.epsilon(event, delta=extra * 0.99) == math.inf
    without = accounting.epsilon(bounded, delta=DELTA - extra)
    assert accounting.epsilon(event, delta=DELTA) == pytest.approx(without, rel=1e-9)


def test_costs_add_to_those_of_other_mechanisms():
    selected = RepeatAndSelect(gaussian(0.5), 10, 0)
    both = accounting.compose_events([selected, gaussian(0.5)])
    alone, joint = (accounting.epsilon(event, delta=DELTA) for event in (selected, both))
    assert alone < joint < alone + 0.5
    again = accounting.delta(both, epsilon=joint)
    assert again == pytest.approx(DELTA, rel=1e-6)


def test_the_divergence_never_falls_with_the_order():
    repeated = repeated_renyi(lambda order: 0.02 * order, 30, 0)
    values = [repeated(order) for order in np.geomspace(1.01, 2e5, 200)]
    assert (np.diff(values) >= -1e-3).all()  # each is a minimum over a grid
    assert math.isfinite(repeated(2e6))


def test_a_ledger_keeps_a_selection_and_refuses_what_does_not_fit(tmp_path):
    event = RepeatAndSelect(OneOfEvent((gaussian(0.5), dp_event.LaplaceDpEvent(20.0))), 10, 0)
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=2.0, delta=DELTA)
    ledger.spend(event)
    (charge,) = PrivacyLedger(tmp_path / "ledger").entries()
    assert charge.event == event
    assert charge.epsilon == accounting.epsilon(event, delta=DELTA)
    assert ledger.spent() == pytest.approx(charge.epsilon, rel=1e-5)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        ledger.spend(RepeatAndSelect(gaussian(1.0), 10, 0))
    ledger.spend(gaussian(0.1))
    assert len(ledger.entries()) == 2


@pytest.mark.parametrize("shape", [0.0, math.inf])
def test_events_survive_json(shape):
    event = RepeatAndSelect(OneOfEvent([gaussian(1.0), EpsilonDeltaEvent(1.0, 1e-9)]), 30.0, shape)
    stored = json.loads(json.dumps(accounting.event_to_dict(event)))
    assert accounting.event_from_dict(stored) == event


@pytest.mark.parametrize(
    "event, message",
    [
        (RepeatAndSelect(gaussian(1.0), 0.5, 0), "mean of RepeatAndSelectDpEvent must be a number"),
        (RepeatAndSelect(gaussian(1.0), 2, -1), "shape"),
        (OneOfEvent(()), "at least one event"),
        (RepeatAndSelect(dp_event.UnsupportedDpEvent(), 3, 0), "No Rényi divergences are known"),
    ],
)
def test_events_that_mean_nothing_are_refused(event, message):
    with pytest.raises(InvalidParameterError, match=message):
        accounting.epsilon(event, delta=DELTA)


def test_repeating_what_is_not_private_is_not_private():
    for inner in (dp_event.NonPrivateDpEvent(), dp_event.GaussianDpEvent(0.0)):
        event = RepeatAndSelect(OneOfEvent((gaussian(1.0), inner)), 3, 0)
        assert accounting.epsilon(event, delta=DELTA) == math.inf
