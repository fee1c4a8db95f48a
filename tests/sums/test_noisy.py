"""Noisy sums: the law of the noise, who pays, and in which order."""

import math

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent
from scipy import stats

from sklearn_private.exceptions import BudgetExceededError, GuaranteeError, InvalidParameterError
from sklearn_private.mechanisms import noise_source
from sklearn_private.sums import Limits, Masked, Noisy, Prepaid, Rows, Sites, location, statistic

LIMITS = Limits(row_norm=3.0, n_rows=6, rows_per_unit=2, target_norm=1.0)
BOUNDS = (3.0, 0.25)
SIZE = 20_000


@statistic(bound=lambda limits: BOUNDS)
def nothing(rows):
    """Return zeros, so that the noise is what is left."""
    return np.zeros(SIZE), np.zeros((SIZE, 1))


def sites(n=3):
    return [Rows(np.ones((2, 2)), np.ones(2), np.ones(2)) for _ in range(n)]


def noisy(cls=Noisy, inner=None, charge=lambda event: None, neighboring="replace_one", seed=0):
    return cls(
        inner or Sites(sites(), LIMITS),
        noise_multiplier=1.5,
        neighboring=neighboring,
        charge=charge,
        rng=noise_source(seed),
    )


def fits(aggregator, sigma):
    """Return whether both outputs have noise of deviation ``sigma`` times their bound."""
    pvalues = [
        stats.kstest(output.ravel(), stats.norm(scale=sigma * bound).cdf).pvalue
        for output, bound in zip(aggregator.sum(nothing), BOUNDS, strict=True)
    ]
    return bool(min(pvalues) > 0.01)


class HalfTheNoise(Noisy):
    def sensitivity(self, n_outputs, apart):
        return super().sensitivity(n_outputs, apart) / 2


class ForgetsTheOtherOutputs(Noisy):
    def sensitivity(self, n_outputs, apart):
        return super().sensitivity(1, apart)


class ForgetsThatARowComes(Noisy):
    def sensitivity(self, n_outputs, apart):
        return super().sensitivity(n_outputs, apart) / (
            2 if self.neighboring == "replace_one" else 1
        )


class ForgetsTheOtherRowsOfAPerson(Noisy):
    def sensitivity(self, n_outputs, apart):
        return super().sensitivity(n_outputs, apart) / self.limits.rows_per_unit


@pytest.mark.parametrize("neighboring, times", [("replace_one", 2), ("zero_out", 1)])
@pytest.mark.parametrize(
    "cls, right",
    [
        (Noisy, True),
        (HalfTheNoise, False),
        (ForgetsTheOtherOutputs, False),
        (ForgetsTheOtherRowsOfAPerson, False),
    ],
)
def test_the_noise_has_the_law_of_the_joint_sensitivity(cls, right, neighboring, times):
    sigma = 1.5 * times * LIMITS.rows_per_unit * math.sqrt(2)
    assert fits(noisy(cls, neighboring=neighboring), sigma) is right


def test_the_law_sees_a_missing_factor_of_replace_one():
    sigma = 1.5 * 2 * LIMITS.rows_per_unit * math.sqrt(2)
    assert fits(noisy(), sigma)
    assert not fits(noisy(ForgetsThatARowComes), sigma)


class ReusesItsNoise(Noisy):
    """Draws one vector of noise, and adds it to the answer of every round."""

    def sum(self, statistic, *broadcast):
        exact = self.inner.sum(statistic, *broadcast)
        if not hasattr(self, "noise"):
            noisy = super().sum(statistic, *broadcast)
            self.noise = [a - b for a, b in zip(noisy, exact, strict=True)]
        return tuple(a + b for a, b in zip(exact, self.noise, strict=True))


@pytest.mark.parametrize("cls, fresh", [(Noisy, True), (ReusesItsNoise, False)])
def test_every_round_has_noise_of_its_own(cls, fresh):
    aggregator = noisy(cls)
    rounds = np.array([aggregator.sum(nothing)[0] for _ in range(3)])
    # The sum of independent rounds has three times the variance, not nine times.
    ratio = rounds.sum(axis=0).var() / rounds[0].var()
    assert bool(abs(ratio - 3) < 0.3) is fresh


def test_replacing_moves_a_statistic_as_far_apart_as_it_declares():
    @statistic(bound=lambda limits: BOUNDS, apart=math.sqrt(2))
    def squares(rows):
        return nothing(rows)

    for neighboring, times in (("replace_one", math.sqrt(2)), ("zero_out", 1.0)):
        aggregator = noisy(neighboring=neighboring)
        assert aggregator.sensitivity(2, math.sqrt(2)) == pytest.approx(
            times * LIMITS.rows_per_unit * math.sqrt(2)
        )
        expected = 1.5 * times * LIMITS.rows_per_unit * math.sqrt(2) * np.array(BOUNDS)
        assert aggregator.noise_scales(squares) == pytest.approx(expected)
        outputs = aggregator.sum(squares)
        assert [output.std() for output in outputs] == pytest.approx(expected, rel=0.03)


def test_noise_is_added_to_the_masked_total():
    inner = Masked(Sites(sites(), LIMITS))
    features = noisy(inner=inner, seed=1).sum(location)[1]
    exact = inner.sum(location)[1]
    assert features != pytest.approx(exact)
    assert features == pytest.approx(exact, abs=6 * 1.5 * 4 * 3 * math.sqrt(3))
    assert noisy(inner=inner).sent == inner.sent


def test_float_rounding_is_part_of_the_sensitivity():
    limits = Limits(row_norm=1.0, n_rows=10**6)
    sensitivity = noisy(inner=Sites(sites(), limits)).sensitivity(1, apart=2.0)
    assert 2 < sensitivity < 2.001
    rng = np.random.default_rng(0)  # Sums in two orders differ by less than what is added.
    x = rng.uniform(-1, 1, 10**6)
    assert abs(np.add.reduce(x) - np.add.accumulate(x)[-1]) < sensitivity - 2


def test_the_charge_comes_before_anything_is_computed():
    order = []

    @statistic(bound=lambda limits: (1.0,))
    def watched(rows):
        order.append("computed")
        return (rows.weight.sum(),)

    noisy(charge=order.append).sum(watched)
    assert order == [GaussianDpEvent(1.5), *["computed"] * 3]


def test_nothing_is_computed_when_the_charge_is_refused():
    def refuse(event):
        raise BudgetExceededError("no")

    inner = Sites(sites(), LIMITS)
    with pytest.raises(BudgetExceededError):
        noisy(inner=inner, charge=refuse).sum(location)
    assert inner.sent == []


def test_a_prepaid_charge_is_paid_once_and_ends():
    paid = []
    charge = Prepaid(lambda: paid.append(1), n_sums=2)
    aggregator = noisy(charge=charge)
    assert paid == []
    aggregator.sum(location)
    aggregator.sum(location)
    assert paid == [1]
    with pytest.raises(GuaranteeError, match="2 sums were paid"):
        aggregator.sum(location)


def test_a_refused_prepayment_is_asked_again():
    def refuse():
        raise BudgetExceededError("no")

    aggregator = noisy(charge=Prepaid(refuse, n_sums=2))
    for _ in range(3):
        with pytest.raises(BudgetExceededError):
            aggregator.sum(location)


def test_addends_are_not_released():
    with pytest.raises(GuaranteeError, match="no noise of their own"):
        noisy().addends(location)


def test_noise_without_limits_is_refused():
    with pytest.raises(InvalidParameterError, match="needs limits"):
        noisy(inner=Sites(sites()))
