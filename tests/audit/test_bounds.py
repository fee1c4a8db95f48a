import math
from itertools import product

import numpy as np
import pytest
from dp_accounting import GaussianDpEvent, LaplaceDpEvent
from scipy.stats import binom

from sklearn_private import accounting
from sklearn_private.audit.bounds._auc import area_of, delong, effect, lower_limit
from sklearn_private.audit.bounds._clopper_pearson import ClopperPearson
from sklearn_private.audit.bounds._curve_auc import CurveAUC
from sklearn_private.audit.bounds._gaussian_auc import GaussianAUC
from sklearn_private.audit.bounds._gaussian_threshold import GaussianThreshold
from sklearn_private.audit.bounds._rates import clopper_pearson
from sklearn_private.audit.trials._claim import Claim

MU = accounting.gaussian_mu(4.0, 1e-5)
CLAIM = Claim(4.0, 1e-5, "zero_out", GaussianDpEvent(1 / MU))
BOUNDS = [ClopperPearson, GaussianThreshold, GaussianAUC, CurveAUC]


def scores(rng, distance, n):
    return rng.normal(size=n), rng.normal(size=n) + distance


def shares(bound, distance, n, repeats):
    """Return the shares of the claim that a bound shows, with its threshold picked beforehand."""
    rng = np.random.default_rng(0)
    rule = bound.rule(*scores(rng, distance, 20 * n))
    trials = [scores(rng, distance, n) for _ in range(repeats)]
    return np.array([bound.measure([(a - rule, b - rule)])[0] for a, b in trials])


def test_area_and_its_variance_are_those_of_all_pairs():
    first, second = np.array([0.0, 1.0, 1.0, 3.0]), np.array([1.0, 2.0, 4.0])
    pairs = [(b > a) + 0.5 * (a == b) for a, b in product(first, second)]
    kernel = np.reshape(pairs, (4, 3))
    variance = kernel.mean(axis=0).var(ddof=1) / 3 + kernel.mean(axis=1).var(ddof=1) / 4
    assert delong(first, second) == pytest.approx((kernel.mean(), variance))


@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_limit_of_an_area_keeps_its_level_and_little_more(alpha):
    rng = np.random.default_rng(0)
    limits = np.array([lower_limit([scores(rng, MU, 100)], alpha) for _ in range(4000)])
    above = (limits > area_of(MU)).sum()
    assert above <= binom.isf(1e-4, 4000, alpha)
    assert (
        limits > 0.97 * area_of(MU)
    ).mean() > alpha  # a limit that is hardly wrong would be seen


def test_limit_of_separated_samples_is_the_exact_one():
    trials = [(np.zeros(50), np.ones(50))]
    assert lower_limit(trials, 0.001) == pytest.approx(0.001 ** (1 / 50))
    assert lower_limit([(np.ones(50), np.zeros(50))], 0.001) == 0.0


@pytest.mark.parametrize("count", [0, 3, 20])
def test_clopper_pearson_limit_is_exact(count):
    limit = float(clopper_pearson(count, 20, 0.01))
    if count == 20:
        assert limit == 1.0
    else:
        assert binom.cdf(count, 20, limit) == pytest.approx(0.01)


@pytest.mark.parametrize("kind", BOUNDS)
def test_bound_calls_no_correct_claim_a_violation_and_finds_a_wrong_one(kind):
    bound = kind(CLAIM, 0.001)
    assert (shares(bound, MU, 1000, 500) > 1).sum() <= 3  # expected: at most 0.5
    assert (shares(bound, 4.5, 1000, 50) > 1).all()


@pytest.mark.parametrize("kind", BOUNDS)
def test_needed_effect_is_found_nine_times_in_ten_by_the_best_threshold(kind):
    bound, rng = kind(CLAIM, 0.001), np.random.default_rng(0)
    needed = bound.needed_effect(2000)

    def found(distance):
        trials = [scores(rng, distance, 2000) for _ in range(100)]
        rules = np.linspace(-1, distance + 1, 13)
        shown = [[bound.measure([(a - r, b - r)])[0] for a, b in trials] for r in rules]
        return (np.array(shown) > 1).mean(axis=1).max()

    assert found(needed) > 0.8
    assert found(0.8 * needed) < 0.8


@pytest.mark.parametrize("kind", [GaussianThreshold, GaussianAUC])
def test_gaussian_bounds_convert_mu_to_epsilon(kind):
    rng = np.random.default_rng(0)
    share, epsilon = kind(CLAIM, 0.05).measure([scores(rng, MU, 1000)])
    assert epsilon == pytest.approx(accounting.gaussian_epsilon(1e-5, max(0, share * MU)))


def test_an_area_shows_more_than_a_threshold():
    area, threshold, any_mechanism = (
        shares(kind(CLAIM, 0.05), MU, 500, 50).mean()
        for kind in (GaussianAUC, GaussianThreshold, ClopperPearson)
    )
    assert area > threshold > any_mechanism > 0


def test_the_area_of_a_curve_is_that_of_its_gaussian_law():
    assert CLAIM.largest_area == pytest.approx(area_of(MU), abs=1e-3)
    assert CLAIM.largest_area >= area_of(MU)


def test_the_area_of_one_point_is_that_of_randomized_response():
    claim = Claim(1.0, 0.0, "replace_one")
    assert claim.largest_area == pytest.approx(math.e / (1 + math.e), abs=1e-3)
    assert claim.largest_area >= math.e / (1 + math.e)


def test_the_area_of_laplace_noise_is_below_that_of_the_point_alone():
    area = Claim(1.0, 0.0, "replace_one", LaplaceDpEvent(1.0)).largest_area
    truth = 1 - math.exp(-1) * 3 / 4  # P(X < Y + 1) for Laplace X, Y
    assert truth <= area < Claim(1.0, 0.0, "replace_one").largest_area


def test_mu_is_that_of_the_gaussian_events_alone():
    event = accounting.compose_events([GaussianDpEvent(2.0), GaussianDpEvent(2.0)])
    assert Claim(1.0, 1e-5, "zero_out", event).mu == pytest.approx(math.sqrt(0.5))
    mixed = accounting.compose_events([GaussianDpEvent(2.0), LaplaceDpEvent(1.0)])
    assert Claim(1.0, 1e-5, "zero_out", mixed).mu is None
    assert effect(area_of(0.7)) == pytest.approx(0.7)
