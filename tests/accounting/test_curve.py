import math

import numpy as np
import pytest
from dp_accounting import dp_event
from dp_accounting.pld import PLDAccountant
from dp_accounting.privacy_accountant import NeighboringRelation
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from sklearn_private import accounting
from sklearn_private.accounting import EpsilonDeltaEvent, ObjectivePerturbationEvent
from sklearn_private.exceptions import InvalidParameterError

RELATIONS = {
    "replace_one": NeighboringRelation.REPLACE_ONE,
    "zero_out": NeighboringRelation.REPLACE_SPECIAL,
    "add_remove": NeighboringRelation.ADD_OR_REMOVE_ONE,
}
GAUSSIANS = st.floats(3.0, 20.0).map(dp_event.GaussianDpEvent)
LAPLACES = st.floats(3.0, 20.0).map(dp_event.LaplaceDpEvent)
SAMPLED = st.builds(dp_event.PoissonSampledDpEvent, st.floats(0.05, 0.5), GAUSSIANS)
TREES = st.recursive(
    st.one_of(GAUSSIANS, LAPLACES, SAMPLED, st.just(dp_event.NoOpDpEvent())),
    lambda trees: st.one_of(
        st.builds(dp_event.SelfComposedDpEvent, trees, st.integers(1, 3)),
        st.lists(trees, min_size=1, max_size=3).map(tuple).map(dp_event.ComposedDpEvent),
    ),
    max_leaves=3,
)


def oracle(event, neighboring):
    return PLDAccountant(RELATIONS[neighboring]).compose(event)


@pytest.mark.parametrize("neighboring", ["add_remove", "zero_out"])
@settings(max_examples=15, phases=[Phase.generate])  # shrinking would take minutes
@given(event=TREES, delta=st.floats(-16, -3).map(math.exp))
def test_trees_of_events_agree_with_dp_accounting(neighboring, event, delta):
    theirs = oracle(event, neighboring).get_epsilon(delta)
    assume(theirs > 0.01)  # below, the grid of the distribution is no finer than epsilon itself
    ours = accounting.epsilon(event, delta=delta, neighboring=neighboring)
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert accounting.delta(event, epsilon=ours, neighboring=neighboring) <= delta * (1 + 1e-6)


@pytest.mark.parametrize("factor, right", [(2, True), (1, False)])
@pytest.mark.parametrize("sample", [0.1, 0.5, 1.0, None])
@pytest.mark.parametrize("multiplier", [1.5, 4.0])
def test_our_multiplier_is_half_of_theirs_when_rows_are_replaced(multiplier, sample, factor, right):
    def event(noise_multiplier):
        gaussian = dp_event.GaussianDpEvent(noise_multiplier)
        return dp_event.PoissonSampledDpEvent(sample, gaussian) if sample else gaussian

    ours = accounting.epsilon(event(multiplier), delta=1e-6, neighboring="replace_one")
    theirs = oracle(event(factor * multiplier), "replace_one").get_epsilon(1e-6)
    assert (ours == pytest.approx(theirs, rel=1e-4)) is right


def test_laplace_noise_is_priced_when_rows_are_replaced_though_dp_accounting_refuses_it():
    event = dp_event.LaplaceDpEvent(2.0)
    assert not PLDAccountant(NeighboringRelation.REPLACE_ONE).supports(event)
    assert accounting.epsilon(event, delta=0, neighboring="replace_one") == 0.5
    expected = oracle(event, "add_remove").get_epsilon(1e-3)
    assert accounting.epsilon(event, delta=1e-3) == pytest.approx(expected, rel=1e-6)


def laplace_rows(event):
    x = np.linspace(-40, 40, 4001)
    return [np.exp(-abs(x - move) / event.noise_multiplier) for move in (0, 1)]


def discrete_laplace_rows(event):
    x = np.arange(-60, 61)
    return [np.exp(-event.noise_parameter * abs(x - move)) for move in (0, event.sensitivity)]


def response_rows(event):
    uniform = np.full((event.num_buckets,) * 2, event.noise_parameter / event.num_buckets)
    return list(uniform + (1 - event.noise_parameter) * np.eye(event.num_buckets))[:2]


@pytest.mark.parametrize(
    "event, rows",
    [
        (dp_event.LaplaceDpEvent(0.7), laplace_rows),
        (dp_event.DiscreteLaplaceDpEvent(0.4, 3), discrete_laplace_rows),
        (dp_event.RandomizedResponseDpEvent(0.3, 5), response_rows),
    ],
)
def test_pure_epsilon_is_the_largest_log_ratio(event, rows):
    first, second = rows(event)
    expected = abs(np.log(first / second)).max()
    assert accounting.epsilon(event, delta=0) == pytest.approx(expected, rel=1e-12)
    sampled = dp_event.PoissonSampledDpEvent(0.2, event)
    mixed = 0.8 * first + 0.2 * second
    expected = max(np.log(mixed / first).max(), np.log(first / mixed).max())
    found = accounting.epsilon(sampled, delta=0, neighboring="add_remove")
    assert found == pytest.approx(expected, rel=1e-12)


def test_pure_epsilons_add_up():
    events = (
        dp_event.LaplaceDpEvent(0.5),
        dp_event.SelfComposedDpEvent(dp_event.DiscreteLaplaceDpEvent(0.25, 2), 3),
        dp_event.RandomizedResponseDpEvent(0.5, 2),
        EpsilonDeltaEvent(0.125, 0.0),
        dp_event.NoOpDpEvent(),
    )
    total = 2.0 + 1.5 + math.log(3) + 0.125
    composed = accounting.compose_events(events)
    assert accounting.epsilon(composed, delta=0) == pytest.approx(total, rel=1e-12)
    assert accounting.delta(composed, epsilon=total + 1e-9) == 0
    assert accounting.delta(composed, epsilon=total - 0.01) > 0
    assert accounting.epsilon(composed, delta=1e-3) < total
    with_noise = accounting.compose_events([composed, dp_event.GaussianDpEvent(100.0)])
    assert accounting.epsilon(with_noise, delta=0) == math.inf


def test_sampling_does_not_amplify_a_pure_loss_when_rows_are_replaced():
    # The mechanism says "nobody" for an empty sample and answers at random odds e² for a row.
    odds = math.exp(2.0) / (1 + math.exp(2.0))
    one = [0.9, 0.1 * odds, 0.1 * (1 - odds)]
    other = [0.9, 0.1 * (1 - odds), 0.1 * odds]
    loss = max(math.log(a / b) for a, b in zip(one, other, strict=True))
    event = dp_event.PoissonSampledDpEvent(0.1, EpsilonDeltaEvent(2.0, 0.0))
    assert loss == pytest.approx(2.0)
    assert accounting.epsilon(event, delta=0, neighboring="replace_one") >= loss
    assert accounting.epsilon(event, delta=0, neighboring="add_remove") < loss


def test_explicit_deltas_are_added_to_the_curve():
    noise = dp_event.GaussianDpEvent(2.0)
    event = accounting.compose_events([noise, EpsilonDeltaEvent(0.0, 2e-6)])
    expected = accounting.epsilon(noise, delta=8e-6)
    assert accounting.epsilon(event, delta=1e-5) == pytest.approx(expected, rel=1e-9)
    assert accounting.delta(event, epsilon=expected) == pytest.approx(1e-5, rel=1e-9)
    assert accounting.epsilon(event, delta=2e-6) == math.inf


def test_a_bound_of_epsilon_and_delta_keeps_its_point():
    event = EpsilonDeltaEvent(0.5, 1e-6)
    assert accounting.epsilon(event, delta=1e-6) == pytest.approx(0.5, abs=1e-4)
    assert accounting.delta(event, epsilon=0.5) == pytest.approx(1e-6, rel=1e-6)


@pytest.mark.parametrize(
    "event",
    [
        dp_event.NonPrivateDpEvent(),
        dp_event.GaussianDpEvent(0.0),
        dp_event.LaplaceDpEvent(0.0),
        dp_event.PoissonSampledDpEvent(0.1, dp_event.GaussianDpEvent(0.0)),
        ObjectivePerturbationEvent(0.0, 0.1, True),
    ],
)
def test_no_noise_is_no_protection(event):
    event = accounting.compose_events([dp_event.GaussianDpEvent(9.0), event])
    assert accounting.epsilon(event, delta=1e-5) == math.inf
    assert accounting.delta(event, epsilon=50.0) == 1.0


def test_no_mechanism_costs_nothing():
    never = dp_event.SelfComposedDpEvent(dp_event.GaussianDpEvent(1.0), 0)
    for event in (dp_event.NoOpDpEvent(), accounting.compose_events([]), never):
        assert accounting.epsilon(event, delta=0) == accounting.epsilon(event, delta=1e-9) == 0
        assert accounting.delta(event, epsilon=0) == 0


CALIBRATED = {
    "gaussian": (dp_event.GaussianDpEvent, 1e-6),
    "rounds": (lambda z: dp_event.SelfComposedDpEvent(dp_event.GaussianDpEvent(z), 7), 1e-6),
    "objective": (
        lambda z: accounting.compose_events(
            [ObjectivePerturbationEvent(z, 0.05, True), dp_event.GaussianDpEvent(10 * z)]
        ),
        1e-6,
    ),
    "pure": (dp_event.LaplaceDpEvent, 0.0),
    "mixed": (
        lambda z: accounting.compose_events(
            [dp_event.LaplaceDpEvent(2 * z), dp_event.GaussianDpEvent(2 * z)]
        ),
        1e-6,
    ),
}


@pytest.mark.parametrize("make_event, delta", CALIBRATED.values(), ids=CALIBRATED)
def test_calibration_finds_the_least_noise(make_event, delta):
    noise = accounting.calibrate(make_event, epsilon=1.0, delta=delta)
    assert accounting.epsilon(make_event(noise), delta=delta) <= 1.0
    assert accounting.epsilon(make_event(noise * (1 - 1e-4)), delta=delta) > 1.0


def test_calibration_refuses_targets_that_no_noise_meets():
    def event(noise_multiplier):
        return accounting.compose_events(
            [dp_event.GaussianDpEvent(noise_multiplier), EpsilonDeltaEvent(0.0, 1e-4)]
        )

    with pytest.raises(InvalidParameterError, match="No amount of noise meets the target"):
        accounting.calibrate(event, epsilon=1.0, delta=1e-5)
    with pytest.raises(InvalidParameterError, match="No amount of noise meets the target"):
        accounting.calibrate(dp_event.LaplaceDpEvent, epsilon=0.0, delta=0.0)
    with pytest.raises(InvalidParameterError, match="is met without noise"):
        accounting.calibrate(lambda _: dp_event.NoOpDpEvent(), epsilon=1.0, delta=1e-5)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, "1e-5", None, True, [0.1]])
def test_rejects_bad_numbers(value):
    event = dp_event.GaussianDpEvent(1.0)
    with pytest.raises(InvalidParameterError, match=r"delta must be a number >= 0 and <= 1. Got"):
        accounting.epsilon(event, delta=value)
    if value != 1.1:
        with pytest.raises(InvalidParameterError, match=r"epsilon must be a number >= 0. Got"):
            accounting.delta(event, epsilon=value)
        with pytest.raises(InvalidParameterError, match=r"epsilon must be a number >= 0. Got"):
            accounting.calibrate(dp_event.GaussianDpEvent, epsilon=value, delta=1e-5)


@pytest.mark.parametrize("relation", ["other", None, ["add_remove"]])
@pytest.mark.parametrize(
    "price, at", [(accounting.epsilon, "delta"), (accounting.delta, "epsilon")]
)
def test_rejects_unknown_relations(price, at, relation):
    with pytest.raises(InvalidParameterError, match="neighboring must be one of 'replace_one'"):
        price(dp_event.GaussianDpEvent(1.0), neighboring=relation, **{at: 0.5})


@pytest.mark.parametrize(
    "event",
    [
        dp_event.SampledWithReplacementDpEvent(100, 10, dp_event.GaussianDpEvent(1.0)),
        dp_event.UnsupportedDpEvent(),
        dp_event.PoissonSampledDpEvent(0.1, dp_event.LaplaceDpEvent(1.0)),
    ],
)
def test_rejects_events_without_a_curve(event):
    with pytest.raises(InvalidParameterError, match="No curve is known for"):
        accounting.epsilon(event, delta=1e-5)


def test_a_target_below_a_delta_of_the_mechanism_itself_says_to_lower_epsilon():
    def event(multiplier):
        noise = dp_event.GaussianDpEvent(multiplier)
        return dp_event.ComposedDpEvent((noise, EpsilonDeltaEvent(0.0, 1e-9)))

    with pytest.raises(InvalidParameterError, match="delta of 1e-09 of its own.*lower epsilon"):
        accounting.calibrate(event, epsilon=30.0, delta=1e-12)
