from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp
from scipy.special import ndtri

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import (
    CONTINUOUS_GAUSSIAN_ERROR,
    continuous_gaussian,
    noise_source,
)

DEEPEST = 128  # zero bits: |z| is about 13


def exact_quantile(u, near):
    """The normal quantile of a Fraction, by Newton's method in 60 digits."""
    z, u = mp.mpf(float(near)), mp.mpf(u.numerator) / u.denominator
    for _ in range(3):
        z -= (mp.ncdf(z) - u) / mp.npdf(z)
    return z


def test_scipy_inverts_the_normal_distribution_down_to_the_deepest_tail():
    rng = np.random.default_rng(0)
    u = np.concatenate(
        [
            rng.random(600) / 2,
            2.0 ** -rng.uniform(1, 1060, 600),
            0.5 - 2.0 ** -rng.uniform(2, 50, 200),
            np.exp(-2) * (1 + 1e-6 * rng.normal(size=200)),  # where ndtri changes its formula
            np.exp(-32) * (1 + 1e-6 * rng.normal(size=200)),
        ]
    )
    z = ndtri(u)
    with mp.workdps(60):
        exact = [exact_quantile(Fraction(float(a)), b) for a, b in zip(u, z, strict=True)]
        errors = np.array([float(abs(a - mp.mpf(float(b)))) for a, b in zip(exact, z, strict=True)])
    assert (errors / np.maximum(1, np.abs(z))).max() < 1e-15
    assert errors.max() < CONTINUOUS_GAUSSIAN_ERROR / 2
    assert np.abs(z).min() < 1e-14 and np.abs(z).max() > 38


@pytest.mark.parametrize("zeros", [0, 1, 7, 52, 53, 60, 106, DEEPEST])
@pytest.mark.parametrize("bits", [0, 1, 2**62 + 2**9 + 1, 2**63 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_a_draw_is_within_the_stated_error_of_the_number_its_bits_begin(tape, zeros, bits, sign):
    # The words give U = 0.0 [zeros] 1 [63 bits] ... in binary, and the sign.
    heads = [0] * (zeros // 53) + [2 ** (52 - zeros % 53) << 11]
    draw = continuous_gaussian(3.0, 1, tape(sign << 63 | bits, *heads))[0]
    scale = 2 ** (65 + zeros)
    ends = (Fraction(2**63 + bits, scale), Fraction(2**63 + bits + 1, scale))  # U lies between
    with mp.workdps(60):
        for u in ends:
            exact = 3 * (-1) ** sign * exact_quantile(u, ndtri(float(u)))
            assert abs(mp.mpf(float(draw)) - exact) <= 3 * CONTINUOUS_GAUSSIAN_ERROR


def test_bits_of_the_words_beyond_the_first_one_are_not_used(tape):
    first = continuous_gaussian(1.0, 1, tape(5, 1 << 63))
    assert first == continuous_gaussian(1.0, 1, tape(5, 2**64 - 1))


@pytest.mark.parametrize("size, shape", [(4, (4,)), ((2, 3), (2, 3)), ((), ()), (0, (0,))])
def test_returns_float64_of_the_shape_asked_for(size, shape):
    draws = continuous_gaussian(2, size, noise_source())
    assert draws.shape == shape
    assert draws.dtype == np.float64


def test_draws_fill_the_floats_and_no_lattice():
    draws = continuous_gaussian(1.0, 2000, noise_source())
    small = draws[np.abs(draws) < 0.1]
    assert (small % 2.0**-53 != 0).any()
    assert len(np.unique(draws)) == 2000


def test_sigma_only_scales():
    draws = continuous_gaussian(1.0, 100, noise_source(0))
    np.testing.assert_array_equal(8 * draws, continuous_gaussian(8, 100, noise_source(0)))


@pytest.mark.parametrize("sigma", [0, -1.0, float("nan"), float("inf"), "1", None, True])
def test_rejects_bad_sigma(sigma):
    with pytest.raises(
        InvalidParameterError, match=r"The 'sigma' parameter of continuous_gaussian must be .* Got"
    ):
        continuous_gaussian(sigma, 1, noise_source())
