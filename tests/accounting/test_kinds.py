"""A kind of event is known from one class, to curves, ledgers, audits and files alike."""

import json
import math

import attr
import numpy as np
import pytest
from dp_accounting import dp_event
from dp_accounting.rdp import RdpAccountant
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_private import accounting
from sklearn_private.accounting import EventKind, PrivacyLedger, register
from sklearn_private.accounting.events import ORDERS, _kind, as_replaced, renyi
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError

GAUSSIAN, ZCDP = dp_event.GaussianDpEvent, dp_event.ZCDpEvent
DELTA = 1e-6


@attr.s(frozen=True, slots=True, auto_attribs=True)
class CoinDpEvent(dp_event.DpEvent):
    """An answer whose odds are those of a biased coin."""

    odds: float


@pytest.fixture
def coin(monkeypatch):
    """A kind from outside the library, known for one test."""
    monkeypatch.setattr(_kind, "_kinds", dict(_kind._kinds))
    monkeypatch.setattr(_kind, "_known", dict(_kind._known))

    @register
    class Coin(EventKind):
        event = CoinDpEvent

        def pure(self, event, neighboring):
            return math.log(event.odds)

        def check(self, event):
            if event.odds < 1:
                raise InvalidParameterError("odds of CoinDpEvent must be a number >= 1.")

    return CoinDpEvent(2.0)


def test_a_kind_from_outside_is_priced_charged_stored_and_read_back(coin, tmp_path):
    assert accounting.epsilon(coin, delta=0) == math.log(2)
    assert accounting.delta(dp_event.SelfComposedDpEvent(coin, 3), epsilon=math.log(8.001)) == 0
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0)
    ledger.spend(coin)
    assert PrivacyLedger(ledger.path).entries()[0].event == coin
    with pytest.raises(BudgetExceededError):
        ledger.spend(coin)
    stored = json.loads(json.dumps(accounting.event_to_dict(coin)))
    assert stored == {"kind": "CoinDpEvent", "odds": 2.0}
    assert accounting.event_from_dict(stored) == coin
    with pytest.raises(InvalidParameterError, match="odds of CoinDpEvent"):
        ledger.spend(CoinDpEvent(0.5))


def test_the_largest_loss_prices_a_kind_in_every_form(coin, tmp_path):
    assert renyi(coin, 2.0, "replace_one") < math.log(2)
    assert accounting.privacy_profile(coin, deltas=[0]).rho == math.log(2) ** 2 / 2
    # A coin with odds 2 shows heads with probability 2/3 or 1/3, and tails with the others.
    for target in (0.0, 0.3, 0.6):
        exact = 2 / 3 - math.exp(target) / 3
        assert exact <= accounting.delta(coin, epsilon=target) <= exact + 1e-3
    mixed = accounting.compose_events([coin, GAUSSIAN(3.0)])
    alone = accounting.epsilon(GAUSSIAN(3.0), delta=DELTA)
    assert alone < accounting.epsilon(mixed, delta=DELTA) < alone + math.log(2) + 1e-3
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=3.0, delta=1e-5)
    ledger.spend(coin)
    assert 0 < ledger.spent() <= math.log(2) + 1e-3


def test_a_kind_that_says_nothing_has_no_price(coin, monkeypatch):
    monkeypatch.delattr(type(_kind.kind_of(coin)), "pure")
    assert accounting.epsilon(coin, delta=0) == math.inf
    with pytest.raises(InvalidParameterError, match="No curve is known for CoinDpEvent"):
        accounting.epsilon(coin, delta=DELTA)


def test_a_kind_that_is_not_registered_is_refused(tmp_path):
    for use in (
        lambda: accounting.epsilon(CoinDpEvent(2.0), delta=0),
        lambda: PrivacyLedger(tmp_path / "ledger", epsilon=1.0).spend(CoinDpEvent(2.0)),
        lambda: accounting.event_from_dict({"kind": "CoinDpEvent", "odds": 2.0}),
    ):
        with pytest.raises(InvalidParameterError, match="is not a known kind of privacy event"):
            use()


def test_a_name_is_registered_once(coin):
    class Again(EventKind):
        event = CoinDpEvent

    class Another(EventKind):
        event = type("GaussianDpEvent", (dp_event.DpEvent,), {})

    for kind in (Again, Another):
        with pytest.raises(InvalidParameterError, match="is registered already"):
            register(kind)


def test_every_form_of_a_kind_agrees_with_the_others():
    """Divergences and distributions of one event, each turned into a curve, bound the same loss."""
    events = [
        GAUSSIAN(3.0),
        dp_event.LaplaceDpEvent(2.0),
        dp_event.DiscreteLaplaceDpEvent(0.2, 2),
        dp_event.RandomizedResponseDpEvent(0.5, 3),
        accounting.EpsilonDeltaEvent(0.7, 0.0),
        accounting.ObjectivePerturbationEvent(4.0, 0.05, True),
        dp_event.PoissonSampledDpEvent(0.1, GAUSSIAN(2.0)),
    ]
    for event in events:
        relation = (
            "zero_out" if isinstance(event, dp_event.PoissonSampledDpEvent) else "replace_one"
        )
        exact = accounting.epsilon(event, delta=1e-4, neighboring=relation)
        divergences = dp_event.RepeatAndSelectDpEvent(event, 1.0, 0.0)  # always one run
        by_divergence = accounting.epsilon(divergences, delta=1e-4, neighboring=relation)
        assert exact - 1e-4 <= by_divergence <= 1.5 * exact + 0.05, event


@settings(max_examples=20)
@given(st.floats(1e-4, 2.0), st.floats(0.0, 0.5), st.floats(-16, -3).map(math.exp))
def test_zcdp_costs_what_dp_accounting_says(rho, xi, delta):
    event = ZCDP(rho, xi)
    theirs = RdpAccountant(list(ORDERS)).compose(event).get_epsilon(delta)
    assert accounting.epsilon(event, delta=delta) == pytest.approx(theirs, rel=0.02, abs=1e-3)
    assert accounting.epsilon(event, delta=delta) <= theirs * (1 + 1e-7)


@pytest.mark.parametrize("noise_multiplier", [0.7, 5.0])
@pytest.mark.parametrize("planted, holds", [(1.0, True), (0.4, False)])
def test_the_zcdp_of_gaussian_noise_costs_a_little_more_than_the_noise(
    noise_multiplier, planted, holds
):
    exact = accounting.epsilon(GAUSSIAN(noise_multiplier), delta=DELTA)
    event = ZCDP(planted / (2 * noise_multiplier**2))
    assert (exact <= accounting.epsilon(event, delta=DELTA) <= 1.3 * exact) is holds


def test_zcdp_adds_up_with_anything_that_has_divergences(tmp_path):
    parts = [ZCDP(0.01), GAUSSIAN(10.0), dp_event.LaplaceDpEvent(20.0)]
    both = accounting.compose_events([ZCDP(0.005), ZCDP(0.005), *parts[1:]])
    composed = accounting.compose_events(parts)
    price = accounting.epsilon(composed, delta=DELTA)
    assert accounting.epsilon(both, delta=DELTA) == pytest.approx(price, rel=1e-9)
    assert max(accounting.epsilon(p, delta=DELTA) for p in parts) < price
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5)
    for part in parts:
        ledger.spend(part)
    price = accounting.epsilon(composed, delta=1e-5)
    assert price < ledger.spent() < 1.3 * price
    assert ledger.spend(ZCDP(0.001), neighboring="zero_out").event == ZCDP(0.004)
    with pytest.raises(InvalidParameterError, match="No Rényi divergences are known"):
        truncated = dp_event.TruncatedSubsampledGaussianDpEvent(1000, 0.1, 120, 1.0)
        accounting.epsilon(accounting.compose_events([ZCDP(0.01), truncated]), delta=DELTA)


@pytest.mark.parametrize("noise_multiplier", [0.5, 3.0])
def test_two_absent_rows_cost_the_rho_of_the_noise_at_twice_the_distance(noise_multiplier):
    noise = GAUSSIAN(noise_multiplier)
    claim = ZCDP(accounting.zero_concentrated_dp(noise, "zero_out"))
    replaced = as_replaced(claim)
    assert replaced == ZCDP(accounting.zero_concentrated_dp(as_replaced(noise), "replace_one"))
    assert replaced.rho == 4 * claim.rho


AXIS = np.linspace(-60, 60, 24_001)
WHOLE = np.arange(-200, 201)
LAWS = {  # an event for an absent row at 0, and its noise on rows at 1 and -1
    "Gaussian": (GAUSSIAN(3.0), lambda at: np.exp(-(((AXIS - at) / 3.0) ** 2) / 2)),
    "Laplace": (dp_event.LaplaceDpEvent(3.0), lambda at: np.exp(-abs(AXIS - at) / 3.0)),
    "discrete Laplace": (
        dp_event.DiscreteLaplaceDpEvent(0.3, 1),
        lambda at: np.exp(-0.3 * abs(WHOLE - at)),
    ),
}


@pytest.mark.parametrize("forgotten, holds", [(False, True), (True, False)])
@pytest.mark.parametrize("event, law", LAWS.values(), ids=LAWS)
def test_noise_for_an_absent_row_covers_two_rows_on_opposite_sides(event, law, forgotten, holds):
    first, second = (law(at) / law(at).sum() for at in (1, -1))
    stated = event if forgotten else as_replaced(event)
    for epsilon in (0.05, 0.2, 0.35):
        exact = np.maximum(0, first - math.exp(epsilon) * second).sum()
        price = accounting.delta(stated, epsilon=epsilon)
        assert bool(exact <= price * (1 + 1e-3)) is holds
        if holds:
            assert price <= exact * 1.01  # and says no more than is lost


def test_a_profile_says_what_is_known_in_every_currency():
    noise = accounting.compose_events(
        [dp_event.SelfComposedDpEvent(GAUSSIAN(4.0), 4), accounting.EpsilonDeltaEvent(0.0, 1e-12)]
    )
    profile = accounting.privacy_profile(noise, deltas=(1e-3, 1e-6))
    assert (profile.mu, profile.rho, profile.extra_delta) == (0.5, 0.125, 1e-12)
    for delta, epsilon in profile.points:
        assert epsilon == accounting.epsilon(noise, delta=delta)
        beside = accounting.gaussian_epsilon(delta - profile.extra_delta, profile.mu)
        assert epsilon == pytest.approx(beside, rel=1e-9)
    sampled = dp_event.PoissonSampledDpEvent(0.1, GAUSSIAN(2.0))
    unknown = accounting.privacy_profile(sampled, neighboring="zero_out", deltas=[1e-5])
    assert (unknown.mu, unknown.rho, unknown.extra_delta) == (None, None, 0.0)
    assert len(accounting.privacy_profile(GAUSSIAN(1.0)).points) == 7
    for delta, epsilon in unknown.points:
        assert epsilon == accounting.epsilon(sampled, delta=delta, neighboring="zero_out")


@pytest.mark.parametrize("bad", [{"deltas": [2]}, {"deltas": [-1e-9]}, {"neighboring": "other"}])
def test_a_profile_rejects_what_prices_reject(bad):
    with pytest.raises(InvalidParameterError):
        accounting.privacy_profile(GAUSSIAN(1.0), **bad)


@pytest.mark.parametrize("shrunk, holds", [(1.0, True), (0.98, False)])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_the_mu_and_the_rho_of_a_pure_mechanism_hold_for_the_worst_one(epsilon, shrunk, holds):
    """Randomized response with odds exp(epsilon) is the worst epsilon-DP mechanism."""
    profile = accounting.privacy_profile(dp_event.LaplaceDpEvent(1 / epsilon), deltas=[0])
    odds, mu = math.exp(epsilon), shrunk * profile.mu
    points = np.linspace(0, 1.2 * epsilon, 50)
    exact = np.maximum(0, (odds - np.exp(points)) / (1 + odds))
    bound = np.array([accounting.gaussian_delta(point, mu) for point in points])
    assert bool((exact <= bound * (1 + 1e-9)).all()) is holds
    worst = accounting.EpsilonDeltaEvent(epsilon, 0.0)
    divergences = np.array([renyi(worst, order, "replace_one") for order in ORDERS])
    assert (divergences <= profile.rho * ORDERS * (1 + 1e-9)).all()
    if epsilon == 0.1:  # the bound is nearly met where the loss is small
        assert divergences[0] > 0.99 * profile.rho * ORDERS[0]


def test_a_mixed_release_has_a_mu_and_a_rho():
    event = accounting.compose_events([GAUSSIAN(2.0), dp_event.LaplaceDpEvent(1.0)])
    profile = accounting.privacy_profile(event, deltas=[1e-5])
    assert profile.rho == pytest.approx(0.125 + 0.5)
    ((delta, epsilon),) = profile.points
    assert epsilon <= accounting.gaussian_epsilon(delta, profile.mu)
