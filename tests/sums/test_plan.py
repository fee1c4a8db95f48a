"""Shares of a budget: each sum has the noise that its share pays for, all together the claim."""

import math

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent

from sklearn_private import accounting
from sklearn_private.accounting import leaves
from sklearn_private.exceptions import GuaranteeError
from sklearn_private.mechanisms import noise_source
from sklearn_private.sums import Limits, Noisy, Rows, Sites, equal_shares, plan, statistic


def made(shares, epsilon=1.0, neighboring="replace_one"):
    return plan(epsilon, 1e-5, neighboring=neighboring, shares=shares, n_numbers=100)


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.25, 0.25), (0.9, 0.1), equal_shares(30)])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0])
def test_all_sums_together_keep_the_claim_and_waste_nothing(shares, epsilon):
    settings = made(shares, epsilon)
    mu_squared = sum(z**-2 for z in settings.noise_multipliers)
    assert mu_squared == pytest.approx(accounting.gaussian_mu(epsilon, 1e-5) ** 2, rel=1e-6)
    spent = accounting.epsilon(settings.event, delta=1e-5)
    assert 0.999 * epsilon < spent <= epsilon


def test_a_share_of_the_budget_is_a_share_of_mu_squared():
    first, second, third = made((0.5, 0.3, 0.2)).noise_multipliers
    assert first < second < third
    assert np.array([first, second, third]) ** -2 * first**2 == pytest.approx([1, 0.6, 0.4])


def test_shares_count_by_their_proportions():
    assert made((5, 3, 2)).noise_multipliers == pytest.approx(
        made((0.5, 0.3, 0.2)).noise_multipliers
    )


def test_the_event_names_the_noise_of_every_sum_in_order():
    settings = made((0.5, 0.25, 0.25))
    sums = [
        leaf.noise_multiplier
        for leaf, count in leaves(settings.event)
        for _ in range(count)
        if isinstance(leaf, GaussianDpEvent)
    ]
    assert tuple(sums) == settings.noise_multipliers
    assert settings.n_rounds == 3


def test_the_statement_says_one_multiplier_or_all_of_them():
    assert (
        made(equal_shares(4)).parameters()["noise_multiplier"]
        == made((1,) * 4).noise_multipliers[0]
    )
    several = made((0.9, 0.1)).parameters()
    assert len(several["noise_multipliers"]) == several["n_rounds"] == 2


@statistic(bound=lambda limits: (1.0,))
def zeros(rows):
    return (np.zeros(20_000),)


def aggregator(multipliers, paid):
    rows = Rows(np.ones((2, 1)), np.ones(2), np.ones(2))
    return Noisy(
        Sites([rows], Limits(1.0, 2)),
        noise_multiplier=multipliers,
        neighboring="replace_one",
        charge=paid.append,
        rng=noise_source(0),
    )


def test_each_sum_has_its_own_noise_and_is_charged_for_it():
    paid = []
    noisy = aggregator((1.0, 3.0), paid)
    for z in (1.0, 3.0):
        (output,) = noisy.sum(zeros)
        assert output.std() == pytest.approx(2 * z, rel=0.03)
        assert noisy.noise_scales(zeros) == pytest.approx([2 * z])
    assert paid == [GaussianDpEvent(1.0), GaussianDpEvent(3.0)]


def test_a_sum_beyond_the_plan_is_not_released():
    paid = []
    noisy = aggregator((1.0,), paid)
    noisy.sum(zeros)
    with pytest.raises(GuaranteeError, match="no noise was planned"):
        noisy.sum(zeros)
    assert len(paid) == 1 and math.isfinite(noisy.noise_multiplier)
