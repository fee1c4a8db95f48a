from fractions import Fraction

import numpy as np
import pytest

from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.mechanisms import discrete_laplace, noise_source


@pytest.mark.parametrize("size, shape", [(4, (4,)), ((2, 3), (2, 3)), ((), ()), (0, (0,))])
def test_returns_int64_of_the_shape_asked_for(size, shape):
    draws = discrete_laplace(3, size, noise_source())
    assert draws.shape == shape
    assert draws.dtype == np.int64


def test_equal_scales_draw_the_same_whatever_their_type():
    rows = [
        discrete_laplace(scale, 100, noise_source(0))
        for scale in (1.5, Fraction(3, 2), np.float32(1.5))
    ]
    assert (rows[0] == rows[1]).all() and (rows[0] == rows[2]).all()


def test_largest_scale_draws_without_overflow():
    draws = discrete_laplace(2**54, 2000, noise_source(0))
    assert 0.9 < np.abs(draws).mean() / 2**54 < 1.1


def test_a_tiny_scale_draws_zeros():
    assert not discrete_laplace(1e-30, 100, noise_source()).any()


@pytest.mark.parametrize("scale", [2**54 + 1, Fraction(2**60 + 1, 2**60), 1e300])
def test_a_scale_that_could_overflow_is_refused(scale):
    with pytest.raises(RangeError, match=r"discrete_laplace cannot draw .* Nothing was released"):
        discrete_laplace(scale, 1, noise_source())


@pytest.mark.parametrize("scale", [0, -1.0, float("nan"), float("inf"), "1", None, True])
def test_rejects_bad_scale(scale):
    with pytest.raises(
        InvalidParameterError, match=r"The 'scale' parameter of discrete_laplace must be .* Got"
    ):
        discrete_laplace(scale, 1, noise_source())


@pytest.mark.parametrize("rng", [None, 0, "secure"])
def test_rejects_what_is_no_source(rng):
    with pytest.raises(InvalidParameterError, match="The 'rng' parameter of discrete_laplace"):
        discrete_laplace(1, 1, rng)
