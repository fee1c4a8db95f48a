import math
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp
from scipy import stats

from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.mechanisms import _discrete_gaussian as module
from sklearn_private.mechanisms import discrete_gaussian, noise_source

SIGMAS = [
    2.0**-500,
    0.01,
    0.3,
    1,
    1.7,
    15.9,
    16,
    17,
    Fraction(1000, 3),
    2.0**20,
    1.9 * 2.0**40,
    2**56,
]


@pytest.fixture
def clean_cache():
    module._staircase.cache_clear()
    yield
    module._staircase.cache_clear()


@pytest.mark.parametrize("size, shape", [(4, (4,)), ((2, 3), (2, 3)), ((), ()), (0, (0,))])
def test_returns_int64_of_the_shape_asked_for(size, shape):
    draws = discrete_gaussian(3, size, noise_source())
    assert draws.shape == shape
    assert draws.dtype == np.int64


@pytest.mark.parametrize("sigma", SIGMAS)
def test_exact_arithmetic_decides_as_floats_do(sigma, monkeypatch):
    by_floats = discrete_gaussian(sigma, 300, noise_source(5))
    monkeypatch.setattr(module, "MARGIN", 2.0)
    exactly = discrete_gaussian(sigma, 300, noise_source(5))
    np.testing.assert_array_equal(by_floats, exactly)


def above(weight, staircase, x):
    """Whether a weight lies above c f(x), decided exactly."""
    exponent = Fraction(x) ** 2 / (2 * staircase.sigma**2)
    value, error = module._exp(exponent, digits=60)
    return weight >= staircase.c * (value + error)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_every_step_of_the_staircase_lies_above_the_law(sigma):
    staircase = module._staircase(Fraction(sigma))
    weights = [int(weight) for weight in staircase.weights]
    assert sum(weights) < 2**63
    for k, weight in enumerate(weights[:-1]):
        assert above(weight, staircase, k << staircase.shift)
        assert staircase.ratios[k] == float(staircase.c) / weight
    start, width = staircase.tail << staircase.shift, module.TAIL_WIDTH << staircase.shift
    for j in range(40):
        share = Fraction(weights[-1], module.TAIL_WIDTH * 2 ** (j + 1))  # of each block of m values
        assert above(share, staircase, start + j * width)


def test_a_lower_step_is_noticed():
    staircase = module._staircase(Fraction(1000))
    assert not above(int(staircase.weights[3] * (1 - 2.0**-38)), staircase, 3 << staircase.shift)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_most_attempts_are_accepted(sigma):
    n = 4000
    accepted = module._draw(module._staircase(Fraction(sigma)), n, noise_source(0)).size
    assert accepted > (0.9 if sigma > 16 else 0.45) * n  # below 1, half of the zeros are "minus"


def law_beyond(start, sigma):
    """Probability of each x >= start under the discrete Gaussian that is conditioned on it."""
    x = np.arange(start, start + 20 * math.ceil(sigma))
    weights = np.exp(-0.5 * ((x / sigma) ** 2 - (start / sigma) ** 2))
    return weights / weights.sum()


@pytest.mark.parametrize("sigma, wrong", [(1.5, 2), (40, 52)])
def test_draws_beyond_the_blocks_follow_the_law(sigma, wrong, monkeypatch, clean_cache):
    monkeypatch.setattr(module, "BODY", 2)  # 5 % of the draws come from the tail
    staircase = module._staircase(Fraction(sigma))
    start = staircase.tail << staircase.shift
    draws = np.abs(discrete_gaussian(sigma, 8_000, noise_source(0)))
    beyond = draws[draws >= start] - start
    assert beyond.size > 300

    def p_value(sigma):
        law = law_beyond(start, sigma)
        edges = 1 + np.unique(np.searchsorted(law.cumsum(), [0.3, 0.6, 0.8, 0.9]))
        expected = [part.sum() for part in np.split(law, edges)]
        observed = np.bincount(
            np.searchsorted(edges, beyond, side="right"), minlength=len(expected)
        )
        return stats.chisquare(observed, beyond.size * np.array(expected)).pvalue

    assert p_value(sigma) > 0.001
    assert p_value(wrong) < 0.001


@pytest.mark.parametrize("sigma", [1.5, 40])
def test_as_many_draws_lie_beyond_the_blocks_as_should(sigma, monkeypatch, clean_cache):
    monkeypatch.setattr(module, "BODY", 2)
    staircase = module._staircase(Fraction(sigma))
    start = staircase.tail << staircase.shift
    draws = discrete_gaussian(sigma, 8_000, noise_source(1))
    n_beyond = int((np.abs(draws) >= start).sum())
    x = np.arange(-20 * math.ceil(sigma), 20 * math.ceil(sigma) + 1)
    weights = np.exp(-0.5 * (x / sigma) ** 2)
    share = weights[np.abs(x) >= start].sum() / weights.sum()
    assert stats.binomtest(n_beyond, draws.size, share).pvalue > 0.001
    assert stats.binomtest(n_beyond, draws.size, 1.3 * share).pvalue < 0.001


def test_near_ties_are_decided_with_more_bits(tape):
    factor, exponent = Fraction(9, 10), Fraction(1, 3)
    with mp.workdps(80):
        p = mp.mpf(9) / 10 * mp.exp(-mp.mpf(1) / 3)
        first = int(mp.floor(p * 2**64))
        second = int(mp.floor(p * 2**128)) - first * 2**64
    assert module._below_exp(first - 1, factor, exponent, tape())
    assert not module._below_exp(first + 1, factor, exponent, tape())
    assert module._below_exp(first, factor, exponent, tape(second - 1))
    assert not module._below_exp(first, factor, exponent, tape(second + 1))
    assert not module._below_exp(first, factor, exponent, tape(second, 2**64 - 1))


@pytest.mark.parametrize(
    "exponent", [Fraction(0), Fraction(1, 3), Fraction(85, 2), Fraction(10**9, 7)]
)
@pytest.mark.parametrize("digits", [30, 60])
def test_stated_error_of_the_exponential_holds(exponent, digits):
    value, error = module._exp(exponent, digits)
    with mp.workdps(200):
        exact = mp.exp(-mp.mpf(exponent.numerator) / exponent.denominator)
        assert abs(mp.mpf(value.numerator) / value.denominator - exact) <= mp.mpf(10) ** (
            1 - digits
        )
    assert error == Fraction(10) ** (1 - digits)


@pytest.mark.parametrize("sigma", [2.0**-501, Fraction(1, 10**400), 2**56 + 1, 1e300])
def test_a_sigma_out_of_range_is_refused(sigma):
    with pytest.raises(RangeError, match=r"discrete_gaussian cannot draw .* Nothing was released"):
        discrete_gaussian(sigma, 1, noise_source())


@pytest.mark.parametrize("sigma", [0, -1.0, float("nan"), float("inf"), "1", None, True])
def test_rejects_bad_sigma(sigma):
    with pytest.raises(
        InvalidParameterError, match=r"The 'sigma' parameter of discrete_gaussian must be .* Got"
    ):
        discrete_gaussian(sigma, 1, noise_source())
