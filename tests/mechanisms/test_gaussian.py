import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.mechanisms import Lattice, gaussian, gaussian_tv, noise_source
from sklearn_private.mechanisms import _gaussian as module


@pytest.fixture
def scales(monkeypatch):
    """The sigmas, in lattice units, that the mechanism asks for."""
    asked, draw = [], module.discrete_gaussian

    def record(sigma, size, rng):
        asked.append(sigma)
        return draw(sigma, size, rng)

    monkeypatch.setattr(module, "discrete_gaussian", record)
    return asked


@pytest.mark.parametrize("value", [3, 2.5, np.float32(1), np.array(7)])
def test_scalars_give_a_scalar(value):
    noisy = gaussian(value, sensitivity=1, noise_multiplier=1, rng=noise_source())
    assert isinstance(noisy, np.float64)


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3)])
def test_keeps_the_shape_and_leaves_the_value_alone(shape):
    value = np.ones(shape)
    noisy = gaussian(value, sensitivity=1, noise_multiplier=1, rng=noise_source())
    assert noisy.shape == shape
    assert (value == 1).all()


@pytest.mark.parametrize("sensitivity, noise_multiplier", [(1.0, 1.0), (0.3, 5.0), (1e-200, 2.0)])
def test_results_are_multiples_of_a_public_step(sensitivity, noise_multiplier):
    value = np.random.default_rng(0).normal(size=500) * sensitivity
    noisy = gaussian(
        value, sensitivity=sensitivity, noise_multiplier=noise_multiplier, rng=noise_source()
    )
    step = Lattice.finer_than(sensitivity * noise_multiplier / 2**40).step
    assert (noisy % step == 0).all()
    assert (noisy % (2 * step) != 0).any()  # and of no coarser one
    assert not (value % step == 0).all()  # float values are not, nor would a float sum be


def test_two_values_of_one_lattice_cell_give_the_same_result():
    step = Lattice.finer_than(2.0**-40).step
    nearby = np.array([1.0, 1 + 0.4 * step, 1 - 0.4 * step])
    outputs = {
        gaussian(value, sensitivity=1, noise_multiplier=1, rng=noise_source(3)) for value in nearby
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("value", [1e17, -1e200, 1.7e308])
def test_values_of_any_size_are_released(value):
    noisy = gaussian([value, 0.0], sensitivity=1, noise_multiplier=1, rng=noise_source(0))
    assert noisy[0] == pytest.approx(value, rel=1e-15)
    assert 0 < abs(noisy[1]) < 10


@pytest.mark.parametrize("noise_multiplier", [0.3, 1.0, 700.0])
@pytest.mark.parametrize("n", [1, 999])
def test_noise_covers_the_sensitivity_that_rounding_adds(noise_multiplier, n, scales):
    gaussian(np.zeros(n), sensitivity=0.7, noise_multiplier=noise_multiplier, rng=noise_source())
    step = Lattice.finer_than(0.7 * noise_multiplier / 2**40).step
    # sigma² >= z² (S + h sqrt(n))², squared so that the comparison is between rational numbers.
    room = (Fraction(scales[0]) * Fraction(step) / Fraction(noise_multiplier)) - Fraction(0.7)
    assert room**2 >= Fraction(step) ** 2 * n
    assert scales[0] >= 2**40  # the assumption of the bound on the total variation
    assert scales[0] * step <= 0.7 * noise_multiplier * (1 + 1e-7)


def test_halves_of_one_and_a_half_times_the_noise_agree():
    noise = [
        gaussian(np.zeros(1000), sensitivity=a, noise_multiplier=b, rng=noise_source(1))
        for a, b in ((1.0, 2.0), (2.0, 1.0), (4.0, 0.5))
    ]
    np.testing.assert_allclose(noise[1:], np.broadcast_to(noise[0], (2, 1000)), rtol=1e-6)


@pytest.mark.parametrize("s", [1, 2, 5, 40, 300])
def test_total_variation_of_the_two_lattice_laws_is_within_its_bound(s):
    k = np.arange(-12 * s, 12 * s + 1)
    rounded = ndtr((k + 0.5) / s) - ndtr((k - 0.5) / s)
    discrete = np.exp(-0.5 * (k / s) ** 2)
    distance = 0.5 * np.abs(rounded - discrete / discrete.sum()).sum()
    assert 1 / (64 * s**2) < distance < 1 / (16 * s**2)  # the bound holds, and is not idle


def test_stated_distance_is_the_bound_at_the_resolution_in_use():
    assert gaussian_tv(0) == 0
    assert gaussian_tv(1) == 2.0**-84
    assert gaussian_tv(10**6) == 10**6 * 2.0**-84


@pytest.mark.parametrize("n_draws", [-1, 1.5, "1", None, True])
def test_rejects_a_bad_number_of_draws(n_draws):
    with pytest.raises(InvalidParameterError, match="The 'n_draws' parameter of gaussian_tv"):
        gaussian_tv(n_draws)


def test_rows_summed_on_a_coarser_lattice_are_released_without_further_rounding():
    lattice = Lattice(2**-20)
    total = lattice.to_float(lattice.sum(np.random.default_rng(0).uniform(-1, 1, (50, 3))))
    noisy = gaussian(total, sensitivity=2.0, noise_multiplier=1.0, rng=noise_source(0))
    noise = gaussian(np.zeros(3), sensitivity=2.0, noise_multiplier=1.0, rng=noise_source(0))
    np.testing.assert_array_equal(noisy, total + noise)


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "1", None, True])
@pytest.mark.parametrize("name", ["sensitivity", "noise_multiplier"])
def test_rejects_bad_parameters(name, bad):
    given = {"sensitivity": 1.0, "noise_multiplier": 1.0, name: bad}
    with pytest.raises(
        InvalidParameterError, match=rf"The '{name}' parameter of gaussian must be .* Got"
    ):
        gaussian(1.0, rng=noise_source(), **given)


@pytest.mark.parametrize("value", [[1.0, float("nan")], [float("inf")], ["secret"], [1j], [None]])
def test_rejects_a_value_that_is_not_finite_and_does_not_show_it(value):
    with pytest.raises(InvalidParameterError, match="The 'value' parameter of gaussian") as caught:
        gaussian(value, sensitivity=1, noise_multiplier=1, rng=noise_source())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sensitivity", [1e-320, 1e308])
def test_noise_beyond_the_range_of_floats_is_refused(sensitivity):
    with pytest.raises(RangeError, match="Nothing was released"):
        gaussian(1.0, sensitivity=sensitivity, noise_multiplier=1.0, rng=noise_source())


def test_neighbours_are_told_apart_as_well_as_the_curve_says_and_no_better():
    n, mu = 20_000, 1.0
    out = [
        gaussian(
            np.full(n, v),
            sensitivity=math.sqrt(n),
            noise_multiplier=1 / math.sqrt(n),
            rng=noise_source(seed),
        )
        for seed, v in enumerate((0.0, 1.0))
    ]
    power = (out[1] > 0.5).mean() - (out[0] > 0.5).mean()
    advantage = 2 * stats.norm.cdf(mu / 2) - 1
    assert abs(power - advantage) < 0.015
