"""The price of objective perturbation, against integrals over its geometry.

The privacy loss is at most log(1 + ratio) plus the largest Gaussian loss among the corners of a
zonotope (docs/proofs/objective_perturbation.md). Here the zonotope is spanned by given vectors in
the plane, and expectations over the noise are sums over a fine grid.
"""

import itertools
import math

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent

from sklearn_private import accounting
from sklearn_private.accounting import EpsilonDeltaEvent, ObjectivePerturbationEvent
from sklearn_private.accounting.curves._losses import LossDistribution
from sklearn_private.accounting.events import renyi
from sklearn_private.exceptions import InvalidParameterError

AXIS = np.linspace(-9, 9, 361)
NOISE = np.stack(np.meshgrid(AXIS, AXIS), axis=-1)  # b, of standard deviation 1
WEIGHT = np.exp(-(NOISE**2).sum(axis=-1) / 2) * (AXIS[1] - AXIS[0]) ** 2 / (2 * math.pi)
RATIO = 0.1
RELATION = {False: "zero_out", True: "replace_one"}


def vectors(angles, norms):
    return np.stack([norms * np.cos(angles), norms * np.sin(angles)], axis=-1)


def loss(spans, n_rows):
    """The bound on the loss at every point of the grid: shift + largest loss of a corner."""
    corners = [np.dot(s, spans) for s in itertools.product((0, 1), repeat=len(spans))]
    gradient = np.max([NOISE @ c + c @ c / 2 for c in corners], axis=0)
    return n_rows * math.log1p(RATIO) + gradient


def geometries(n_terms, longest, n=12):
    """Spans of norm at most ``longest``, the worst ones (all as one, all long) among them."""
    rng = np.random.default_rng(0)
    yield vectors(np.full(n_terms, 0.3), longest)
    for _ in range(n):
        angles = rng.uniform(0, 2 * math.pi, n_terms)
        yield vectors(angles, longest * rng.choice([1.0, 1.0, 0.5, 0.1], n_terms))


def test_the_grid_integrates():
    assert WEIGHT.sum() == pytest.approx(1, abs=1e-12)
    gaussian = loss(vectors(np.array([0.7]), 0.8), 0)
    excess = WEIGHT * np.maximum(0, 1 - np.exp(0.5 - gaussian))
    assert excess.sum() == pytest.approx(accounting.gaussian_delta(0.5, 0.8), rel=1e-3)


def test_its_corners_are_the_sums_over_subsets_of_the_gradients():
    event = ObjectivePerturbationEvent(4.0, RATIO, True, 2)
    assert event.gaussian_terms() == [(1, 0), (4, 0.0625), (6, 0.125), (4, 0.1875), (1, 0.25)]
    assert ObjectivePerturbationEvent(4.0, RATIO, False).gaussian_terms() == [(1, 0), (1, 0.25)]


@pytest.mark.parametrize("replaced, n_rows", [(False, 1), (True, 1), (False, 2), (True, 2)])
@pytest.mark.parametrize("longest", [0.2, 0.7])
def test_delta_is_above_that_of_every_geometry(longest, replaced, n_rows):
    n_terms = n_rows * (1 + replaced)
    event = ObjectivePerturbationEvent(1 / (n_terms * longest), RATIO, replaced, n_rows)
    epsilons = (event.shift, 0.5, 1.0, 2.0)
    claimed = [accounting.delta(event, epsilon=e, neighboring=RELATION[replaced]) for e in epsilons]
    for spans in geometries(n_terms, longest):
        bound = loss(spans, n_rows)
        for epsilon, claim in zip(epsilons, claimed, strict=True):
            exact = (WEIGHT * np.maximum(0, 1 - np.exp(epsilon - bound))).sum()
            assert exact <= claim * (1 + 1e-3)


@pytest.mark.parametrize("factor, holds", [(2, True), (1, False)])
def test_a_replaced_row_counts_twice(factor, holds):
    longest, epsilon = 0.4, 1.0
    event = ObjectivePerturbationEvent(1 / (factor * longest), RATIO, factor == 2)
    claimed = accounting.delta(event, epsilon=epsilon, neighboring=RELATION[factor == 2])
    worst = max(
        (WEIGHT * np.maximum(0, 1 - np.exp(epsilon - loss(spans, 1)))).sum()
        for spans in geometries(2, longest)
    )
    assert bool(worst <= claimed * (1 + 1e-3)) is holds


@pytest.mark.parametrize("replaced, n_rows", [(False, 1), (True, 1), (True, 2)])
@pytest.mark.parametrize("order", [1.25, 2.0, 5.0])
def test_renyi_divergence_is_above_that_of_every_geometry(order, replaced, n_rows):
    longest, n_terms = 0.3, n_rows * (1 + replaced)
    event = ObjectivePerturbationEvent(1 / (n_terms * longest), RATIO, replaced, n_rows)
    claimed = renyi(event, order, "replace_one")
    exact = [
        math.log((WEIGHT * np.exp((order - 1) * loss(spans, n_rows))).sum()) / (order - 1)
        for spans in geometries(n_terms, longest)
    ]
    assert max(exact) <= claimed * (1 + 1e-4)
    assert exact[0] == pytest.approx(claimed, rel=1e-3)  # all as one: the bound is met
    half = ObjectivePerturbationEvent(2 / (n_terms * longest), RATIO, replaced, n_rows)
    assert max(exact) > renyi(half, order, "replace_one")  # half the noise is seen


@pytest.mark.parametrize("replaced, n_rows", [(False, 1), (True, 1), (True, 3)])
@pytest.mark.parametrize("multiplier", [0.8, 4.0])
def test_closed_form_and_loss_distribution_agree_within_its_grid(multiplier, replaced, n_rows):
    event = ObjectivePerturbationEvent(multiplier, RATIO, replaced, n_rows)
    distribution = LossDistribution([(event, 1)], RELATION[replaced])
    for delta in (1e-9, 1e-6, 1e-3):
        closed = accounting.epsilon(event, delta=delta, neighboring=RELATION[replaced])
        assert closed <= distribution.epsilon(delta) <= closed + 2e-4


@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])  # of a step of the grid
@pytest.mark.parametrize("mu", [0.1, 0.5])
def test_the_shift_of_a_loss_distribution_is_rounded_up(mu, part):
    """With the shift on the grid point below it, the distribution would claim less than is lost."""
    shift = (953 + part) * 1e-4
    event = ObjectivePerturbationEvent(1 / mu, math.expm1(shift), False)
    distribution = LossDistribution([(event, 1)], "zero_out")
    for epsilon in np.linspace(shift, shift + 6 * mu, 13):
        exact = accounting.gaussian_delta(epsilon - shift, mu)  # of shift + max(0, G)
        assert distribution.delta(epsilon) >= exact * (1 - 1e-9)


def test_two_of_them_cost_more_than_one_and_no_more_than_their_claims():
    event = ObjectivePerturbationEvent(4.0, RATIO, True)
    two = accounting.compose_events([event, event])
    one = accounting.epsilon(event, delta=5e-7)
    assert accounting.epsilon(event, delta=1e-6) < accounting.epsilon(two, delta=1e-6) < 2 * one


def test_gaussian_noise_beside_it_adds_its_squared_mu():
    pair = accounting.compose_events(
        [ObjectivePerturbationEvent(4.0, RATIO, False), GaussianDpEvent(2.0)]
    )
    shift = math.log1p(RATIO)
    expected = accounting.gaussian_delta(1 - shift, 0.5) + accounting.gaussian_delta(
        1 - shift, math.hypot(0.25, 0.5)
    )
    found = accounting.delta(pair, epsilon=1.0, neighboring="zero_out")
    assert found == pytest.approx(expected, rel=1e-12)
    # The grid takes the largest loss where the closed form adds all: it is a little lower.
    through_the_grid = accounting.compose_events([pair, EpsilonDeltaEvent(1e-9, 0.0)])
    lowest = shift + accounting.gaussian_epsilon(1e-6, math.hypot(0.25, 0.5))
    highest = accounting.epsilon(pair, delta=1e-6, neighboring="zero_out")
    found = accounting.epsilon(through_the_grid, delta=1e-6, neighboring="zero_out")
    assert lowest <= found <= highest + 5e-4


@pytest.mark.parametrize("n_rows", [10, 300])
def test_many_rows_lose_no_mass_on_the_grid(n_rows):
    event = ObjectivePerturbationEvent(20.0 * n_rows, 1e-4, True, n_rows)
    closed = accounting.epsilon(event, delta=1e-6)
    through_the_grid = accounting.compose_events([event, EpsilonDeltaEvent(1e-9, 0.0)])
    assert closed <= accounting.epsilon(through_the_grid, delta=1e-6) <= closed + 5e-4


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out", "add_remove"])
@pytest.mark.parametrize("replaced", [True, False])
def test_it_is_priced_under_its_own_relation_only(neighboring, replaced, tmp_path):
    event = ObjectivePerturbationEvent(4.0, RATIO, replaced)
    ledger = accounting.PrivacyLedger(
        tmp_path / "ledger", epsilon=3.0, delta=1e-5, neighboring=neighboring
    )
    if replaced == (neighboring == "replace_one"):
        assert ledger.spend(event, neighboring=neighboring).epsilon < 2
        return
    for price in (
        lambda: accounting.epsilon(event, delta=1e-5, neighboring=neighboring),
        lambda: accounting.delta(event, epsilon=1.0, neighboring=neighboring),
        lambda: ledger.spend(event, neighboring=neighboring),
    ):
        with pytest.raises(InvalidParameterError, match="its noise would count twice, or half"):
            price()


def test_below_the_shift_nothing_is_claimed():
    event = ObjectivePerturbationEvent(1e6, 0.5, True)
    assert accounting.delta(event, epsilon=math.log(1.5) - 1e-9) == 1.0
    assert accounting.delta(event, epsilon=math.log(1.5) + 1e-4) < 1e-12
    assert accounting.epsilon(event, delta=0.01) == event.shift
