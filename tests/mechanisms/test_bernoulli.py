import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from sklearn_private.mechanisms import _bernoulli, bernoulli_exp, noise_source


def heads_after(n_successes, numerator, denominator, monkeypatch):
    """Toss one coin whose first inner coins succeed; return its side and the path's probability."""
    probability, rounds = Fraction(1), []

    def below(bound, n, rng):
        nonlocal probability
        success = len(rounds) < n_successes
        rounds.append(bound)
        chance = Fraction(numerator, bound)
        probability *= chance if success else 1 - chance
        return np.full(n, 0 if success else bound - 1)

    monkeypatch.setattr(_bernoulli, "uniform_below", below)
    return bool(bernoulli_exp(numerator, denominator, None)), probability


@pytest.mark.parametrize("numerator, denominator", [(1, 2), (3, 7), (999_983, 1_000_003)])
def test_the_paths_that_end_in_heads_have_probability_exp(numerator, denominator, monkeypatch):
    # Exact rational probabilities of all paths of fewer than 20 successes; the rest has 1 / 20!.
    paths = [heads_after(n, numerator, denominator, monkeypatch) for n in range(20)]
    rest = Fraction(numerator, denominator) ** 20 / math.factorial(20)
    assert sum(probability for _, probability in paths) == 1 - rest
    heads = sum(probability for side, probability in paths if side)
    assert abs(float(heads) - math.exp(-numerator / denominator)) < 1e-15


@pytest.mark.parametrize(
    "numerator, denominator",
    [(0, 1), (10**9, 2**70), (1, 3), (1, 1), (7, 2), (2**61, 2**62), (3 * 10**40, 2 * 10**40)],
)
def test_frequency_matches_the_exponential_and_sees_two_percent(numerator, denominator):
    n = 40_000
    dtype = np.int64 if numerator < 2**63 else object
    n_heads = int(
        bernoulli_exp(np.full(n, numerator, dtype=dtype), denominator, noise_source(3)).sum()
    )
    p = math.exp(-numerator / denominator)
    assert stats.binomtest(n_heads, n, p).pvalue > 0.001
    assert stats.binomtest(n_heads, n, p - 0.02).pvalue < 0.001


def test_each_element_has_its_own_probability():
    numerator = np.repeat([[0, 1], [5, 10**6]], 4000, axis=1)
    heads = bernoulli_exp(numerator, 1, noise_source(0))
    shares = heads.reshape(2, 2, 4000).mean(axis=2)
    np.testing.assert_allclose(shares, [[1, math.exp(-1)], [math.exp(-5), 0]], atol=0.03)
    assert shares[0, 0] == 1
    assert shares[1, 1] == 0


def test_coins_are_independent():
    heads = bernoulli_exp(np.full((2, 20_000), 1), 1, noise_source(1))
    table = np.histogram2d(*heads.astype(int), bins=2)[0]
    assert stats.chi2_contingency(table).pvalue > 0.001
    repeated = np.histogram2d(heads[0], heads[0], bins=2)[0]
    assert stats.chi2_contingency(repeated).pvalue < 0.001


def test_denominators_beyond_int64_work_element_by_element():
    heads = bernoulli_exp(np.array([0, 10**60], dtype=object), 10**50, noise_source(0))
    assert heads.dtype == bool
    assert heads.tolist() == [True, False]
