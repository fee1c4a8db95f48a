"""The rule of a ledger: what it admits holds, also against whoever chooses as answers come in."""

import math

import numpy as np
import pytest
from dp_accounting import dp_event
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm

from sklearn_private import accounting
from sklearn_private.accounting import EpsilonDeltaEvent, ObjectivePerturbationEvent
from sklearn_private.accounting.curves import best_order, conversion
from sklearn_private.accounting.events import renyi
from sklearn_private.accounting.ledger._filter import Filter, smallest_budget

SHARE = 19 / 40  # of delta, for the Gaussian and for the Rényi bound


def costs(rule, events, neighboring="replace_one", delta=None):
    delta = rule.delta if delta is None else delta
    claims = [(accounting.epsilon(e, delta=delta, neighboring=neighboring), delta) for e in events]
    return [rule.cost(e, c, neighboring) for e, c in zip(events, claims, strict=True)]


def admits(rule, events, **options):
    return rule.admits(costs(rule, events, **options))


def n_admitted(rule, event, **options):
    (cost,) = costs(rule, [event], **options)
    count = 0
    while rule.admits([cost] * (count + 1)):
        count += 1
    return count


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0])
@pytest.mark.parametrize(
    "make_event",
    [dp_event.GaussianDpEvent, lambda z: ObjectivePerturbationEvent(z, 0.01 / z, True)],
    ids=["gaussian", "objective"],
)
def test_the_first_charge_may_take_all_and_then_nothing_fits(make_event, epsilon):
    noise = accounting.calibrate(make_event, epsilon=epsilon, delta=1e-5)
    rule, event = Filter(epsilon, 1e-5), make_event(noise)
    assert admits(rule, [event])
    assert not admits(rule, [event, dp_event.GaussianDpEvent(1e6)])
    assert not admits(rule, [make_event(noise * 0.999)])


def test_a_small_first_charge_leaves_the_split():
    rule = Filter(1.0, 1e-5)
    small = dp_event.GaussianDpEvent(1e3)
    all_alone = dp_event.GaussianDpEvent(1 / accounting.gaussian_mu(1.0, 1e-5))
    rest = math.sqrt(accounting.gaussian_mu(1.0, SHARE * 1e-5) ** 2 - 1e-6)
    assert admits(rule, [all_alone])
    assert not admits(rule, [small, all_alone])
    assert admits(rule, [small, dp_event.GaussianDpEvent(1.0001 / rest)])
    assert not admits(rule, [small, dp_event.GaussianDpEvent(0.9999 / rest)])


@pytest.mark.parametrize("multiplier", [10.0, 33.3])
def test_squares_of_mu_are_what_gaussian_charges_use_up(multiplier):
    squares = accounting.gaussian_mu(2.0, SHARE * 1e-6) ** 2
    event = dp_event.GaussianDpEvent(multiplier)
    assert n_admitted(Filter(2.0, 1e-6), event) == math.floor(squares * multiplier**2)


def test_epsilons_are_what_pure_charges_use_up():
    tenth = dp_event.LaplaceDpEvent(10.0)
    assert n_admitted(Filter(1.0, 0.0), tenth) == 10  # though ten times 0.1 is not 1 in floats
    assert n_admitted(Filter(0.999, 0.0), tenth) == 9
    assert n_admitted(Filter(1.0, 1e-6), dp_event.LaplaceDpEvent(1.0)) == 1
    many = n_admitted(Filter(1.0, 1e-6), dp_event.LaplaceDpEvent(100.0))
    assert many > 2 * 100  # divergences add up more slowly than epsilons


def test_divergences_are_what_other_charges_use_up():
    order = best_order(2.0, SHARE * 1e-6)
    limit = 2.0 - conversion(order, SHARE * 1e-6)
    event = dp_event.PoissonSampledDpEvent(0.05, dp_event.GaussianDpEvent(2.0))
    expected = math.floor(limit / renyi(event, order, "add_remove"))
    assert n_admitted(Filter(2.0, 1e-6), event, neighboring="add_remove", delta=1e-9) == expected


def test_claims_add_up_where_the_first_charge_has_nothing_better():
    rule = Filter(1.0, 1e-5)
    claim = EpsilonDeltaEvent(0.5, 4e-6)  # its delta is more than the share for explicit ones
    assert admits(rule, [claim, claim], delta=4e-6)
    assert not admits(rule, [claim, claim, dp_event.GaussianDpEvent(1e9)], delta=4e-6)
    assert not admits(rule, [claim, EpsilonDeltaEvent(0.6, 4e-6)], delta=4e-6)
    assert not admits(rule, [dp_event.GaussianDpEvent(1e9), claim], delta=4e-6)


def test_explicit_deltas_have_a_twentieth():
    noise, rule = dp_event.GaussianDpEvent(50.0), Filter(1.0, 1e-5)
    with_delta = [
        accounting.compose_events([noise, EpsilonDeltaEvent(0.0, d)]) for d in (5.1e-7, 4.9e-7)
    ]
    assert not admits(rule, [noise, with_delta[0]])
    assert admits(rule, [noise, with_delta[1]])
    assert not admits(rule, [noise, with_delta[1], with_delta[1]])


def test_without_delta_only_pure_charges_fit():
    rule = Filter(1.0, 0.0)
    assert admits(rule, [dp_event.LaplaceDpEvent(1.0)])
    assert not admits(rule, [dp_event.GaussianDpEvent(1e6)])
    assert not admits(rule, [EpsilonDeltaEvent(0.1, 1e-12)])
    assert admits(rule, [dp_event.NoOpDpEvent()])


MECHANISMS = st.one_of(
    st.floats(2, 60).map(dp_event.GaussianDpEvent),
    st.floats(2, 60).map(dp_event.LaplaceDpEvent),
    st.builds(EpsilonDeltaEvent, st.floats(0, 0.3), st.sampled_from([0.0, 1e-8, 1e-7])),
    st.builds(ObjectivePerturbationEvent, st.floats(8, 60), st.floats(0, 0.05), st.just(True)),
)


@settings(max_examples=25)
@given(events=st.lists(MECHANISMS, min_size=1, max_size=4), epsilon=st.floats(0.3, 3))
def test_what_is_admitted_stays_within_the_budget(events, epsilon):
    assume(admits(Filter(epsilon, 1e-5), events, delta=1e-6))
    spent = accounting.epsilon(accounting.compose_events(events), delta=1e-5)
    assert spent <= epsilon * (1 + 1e-6) + 2e-4 * len(events)  # the grid of the exact curve


@settings(max_examples=10)
@given(events=st.lists(MECHANISMS, min_size=2, max_size=5))
def test_spending_only_grows_and_its_budget_admits_just_that(events):
    charges = [(e, (accounting.epsilon(e, delta=1e-5), 1e-5)) for e in events]
    options = {"limit": 1e6, "neighboring": "replace_one"}
    spent = [smallest_budget(charges[: i + 1], 1e-5, **options) for i in range(len(events))]
    assert spent == sorted(spent)
    rule = Filter(spent[-1], 1e-5)
    assert admits(rule, events)
    less = Filter(spent[-1] * (1 - 1e-5), 1e-5)
    assert not admits(less, events) or spent[-1] < 1e-9


def excess(rest, mu):
    """The delta of mu-GDP noise at any epsilon ``rest``, below 0 too."""
    return ndtr(mu / 2 - rest / mu) - np.exp(rest) * ndtr(-mu / 2 - rest / mu)


def two_answers(rest, divergence, order):
    """The most delta at ``rest`` of a loss of two values, among those of Rényi ``divergence``."""
    loss = np.linspace(1e-3, 30, 2000)
    low, high = np.zeros_like(loss), np.full_like(loss, 1 - 1e-12)
    for _ in range(60):  # the largest probability q of each loss, by bisection
        q = (low + high) / 2
        other = np.log1p(-q * np.exp(-loss)) - np.log1p(-q)  # minus the other value
        moment = (1 - q) * np.exp((1 - order) * other) + q * np.exp((order - 1) * loss)
        fits = moment <= math.exp((order - 1) * divergence)
        low, high = np.where(fits, q, low), np.where(fits, high, q)
    return (low * np.maximum(0, 1 - np.exp(rest - loss))).max()


@pytest.mark.parametrize("share, holds", [(SHARE, True), (1.0, False)])
@pytest.mark.parametrize("epsilon, delta", [(1.0, 1e-5), (10.0, 1e-2)])
def test_delta_must_be_split_between_bounds_that_the_answers_choose(epsilon, delta, share, holds):
    """Whoever sees the first answer decides which of two bounds the rest will use up.

    A Gaussian mechanism comes first. Where its loss turns out high, Gaussian noise uses up the
    Gaussian bound; where low, a mechanism with a rare large loss uses up the Rényi bound.
    """
    mu, order = accounting.gaussian_mu(epsilon, share * delta), best_order(epsilon, share * delta)
    divergence = epsilon - conversion(order, share * delta)
    first = math.sqrt(divergence / order)  # half of the Rényi bound
    z = np.linspace(-6, 7, 131)
    weight, loss = norm.pdf(z) / norm.pdf(z).sum(), first * z + first**2 / 2
    gaussian = excess(epsilon - loss, math.sqrt(mu**2 - first**2))
    rare = np.array([two_answers(epsilon - x, divergence / 2, order) for x in loss])
    for alone in (gaussian, rare):
        assert weight @ alone <= share * delta * (1 + 1e-6)  # each bound keeps its promise
    assert bool(weight @ np.maximum(gaussian, rare) <= delta) is holds
