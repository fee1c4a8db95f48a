"""The noise meets the budget closely, and the price is that of dp-accounting."""

import pytest
from dp_accounting import dp_event
from dp_accounting.pld import PLDAccountant
from dp_accounting.privacy_accountant import NeighboringRelation

torch = pytest.importorskip("torch")

from sklearn_private import accounting
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import noise_source
from torch_private.sampling import FixedOrder, PoissonSampler, TruncatedPoissonSampler
from torch_private.training._plan import make_plan

RNG = noise_source(0)


def price(event, delta=1e-5, relation=NeighboringRelation.REPLACE_SPECIAL):
    return PLDAccountant(relation).compose(event).get_epsilon(delta)


@pytest.mark.parametrize(
    "sampler, single",
    [
        (
            PoissonSampler(400, 100, RNG),
            lambda z: dp_event.PoissonSampledDpEvent(0.25, dp_event.GaussianDpEvent(z)),
        ),
        (
            TruncatedPoissonSampler(400, 100, RNG, largest=110),
            lambda z: dp_event.TruncatedSubsampledGaussianDpEvent(400, 0.25, 110, z),
        ),
        (FixedOrder(400, 100, 4), dp_event.GaussianDpEvent),
        (PoissonSampler(400, 400, RNG), dp_event.GaussianDpEvent),
    ],
    ids=["poisson", "truncated", "fixed", "all"],
)
def test_epsilon_is_that_of_dp_accounting_for_the_sampler(sampler, single):
    plan = make_plan(sampler, epsilon=2.0, delta=1e-5, neighboring="zero_out", n_steps=8)
    count = 2 if sampler.name == "fixed" else 8
    event = dp_event.SelfComposedDpEvent(single(plan.noise_multiplier), count)
    assert plan.event == event
    assert 0.998 * 2 < plan.spent(8) <= 2.0
    assert plan.spent(8) == pytest.approx(price(event), rel=2e-4)


def test_replacing_a_row_counts_both_rows():
    plan = make_plan(
        PoissonSampler(400, 100, RNG), epsilon=2.0, delta=1e-5, neighboring="replace_one", n_steps=8
    )
    # dp-accounting doubles the sensitivity itself, so its multiplier is noise over one row.
    assert plan.noise_per_row == 2 * plan.noise_multiplier
    event = dp_event.PoissonSampledDpEvent(0.25, dp_event.GaussianDpEvent(plan.noise_per_row))
    theirs = price(dp_event.SelfComposedDpEvent(event, 8), relation=NeighboringRelation.REPLACE_ONE)
    assert plan.spent(8) == pytest.approx(theirs, rel=1e-6)
    assert 0.998 * 2 < theirs <= 2.0


def test_a_fixed_order_is_not_priced_as_a_poisson_sample():
    fixed = FixedOrder(1000, 10, 100).event(1.0, 100)
    poisson = PoissonSampler(1000, 10, RNG).event(1.0, 100)
    assert accounting.epsilon(fixed, delta=1e-5, neighboring="zero_out") == pytest.approx(
        4.377, 1e-3
    )
    assert accounting.epsilon(poisson, delta=1e-5, neighboring="zero_out") < 0.75


def test_the_price_grows_with_the_steps_and_starts_at_nothing():
    plan = make_plan(
        PoissonSampler(400, 100, RNG), epsilon=2.0, delta=1e-5, neighboring="zero_out", n_steps=8
    )
    prices = [plan.spent(n) for n in (0, 1, 4, 8)]
    assert prices[0] == 0
    assert prices == sorted(prices)


@pytest.mark.parametrize("epsilon, n_steps, rows", [(0.1, 40, 1000), (8.0, 10, 1000)])
def test_the_search_ends_at_the_target_from_far_away(epsilon, n_steps, rows):
    sampler = PoissonSampler(rows, 100, RNG)
    plan = make_plan(sampler, epsilon=epsilon, delta=1e-6, neighboring="zero_out", n_steps=n_steps)
    assert 0.998 * epsilon < plan.spent(n_steps) <= epsilon


def test_an_epsilon_that_cannot_be_priced_is_refused():
    sampler = PoissonSampler(1000, 100, RNG)
    with pytest.raises(InvalidParameterError, match="'epsilon'.*at most 200.*Got 1000"):
        make_plan(sampler, epsilon=1000.0, delta=1e-5, neighboring="zero_out", n_steps=10)
