from fractions import Fraction

import numpy as np
import pytest
from mpmath import iv

from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.mechanisms import Lattice, laplace, noise_source
from sklearn_private.mechanisms import _laplace as module

CASES = [(1.0, 1.0, 1), (0.7, 0.3, 5), (1e-9, 20.0, 100), (Fraction(1, 3), Fraction(1, 7), 1000)]


@pytest.fixture
def scales(monkeypatch):
    """The scales, in lattice units, that the mechanism asks for."""
    asked, draw = [], module.discrete_laplace

    def record(scale, size, rng):
        asked.append(scale)
        return draw(scale, size, rng)

    monkeypatch.setattr(module, "discrete_laplace", record)
    return asked


def scale_and_step(sensitivity, epsilon, n, scales):
    laplace(np.zeros(n), sensitivity=sensitivity, epsilon=epsilon, rng=noise_source())
    return scales[-1], Lattice.finer_than(float(sensitivity) / float(epsilon) / 2**40).step


@pytest.mark.parametrize("value", [3, 2.5, np.float32(1), np.array(7)])
def test_scalars_give_a_scalar(value):
    assert isinstance(laplace(value, sensitivity=1, epsilon=1, rng=noise_source()), np.float64)


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3)])
def test_keeps_the_shape_and_leaves_the_value_alone(shape):
    value = np.ones(shape)
    assert laplace(value, sensitivity=1, epsilon=1, rng=noise_source()).shape == shape
    assert (value == 1).all()


@pytest.mark.parametrize("sensitivity, epsilon, n", CASES)
def test_results_are_multiples_of_a_public_step(sensitivity, epsilon, n):
    value = np.random.default_rng(0).normal(size=300) * float(sensitivity)
    noisy = laplace(value, sensitivity=sensitivity, epsilon=epsilon, rng=noise_source())
    step = Lattice.finer_than(float(sensitivity) / float(epsilon) / 2**40).step
    assert (noisy % step == 0).all()
    assert (noisy % (2 * step) != 0).any()
    assert not (value % step == 0).all()


@pytest.mark.parametrize("sensitivity, epsilon, n", CASES)
def test_no_output_is_more_than_exp_epsilon_times_as_likely(sensitivity, epsilon, n, scales):
    scale, step = scale_and_step(sensitivity, epsilon, n, scales)
    # Neighbours S apart in one coordinate, every coordinate rounded apart as far as rounding can.
    apart = Fraction(sensitivity) / Fraction(step) + n
    assert apart / scale <= Fraction(epsilon)
    assert apart / (scale - 1) > Fraction(epsilon)  # and no smaller integer would do


def test_ratio_of_the_probabilities_holds_output_by_output(scales):
    scale, step = scale_and_step(3.0, 0.5, 1, scales)
    lattice = Lattice(step)
    data, neighbour = int(lattice.round(0.3)), int(lattice.round(3.3))
    outputs = [data + (neighbour - data) * i // 20 for i in range(-40, 60)]
    # log of P(k) / P'(k) for the law P(k) = tanh(1 / 2t) exp(-|k - data| / t), as an exact Fraction
    losses = [Fraction(abs(k - neighbour) - abs(k - data), scale) for k in outputs]
    assert max(map(abs, losses)) <= Fraction(1, 2)
    assert max(map(abs, losses)) > Fraction(1, 2) * (1 - Fraction(1, 2**35))
    half_noise = [2 * loss for loss in losses]
    assert max(map(abs, half_noise)) > Fraction(1, 2)


@pytest.mark.parametrize("sensitivity, epsilon, n", CASES)
def test_noise_is_hardly_more_than_the_plain_mechanism_needs(sensitivity, epsilon, n, scales):
    scale, step = scale_and_step(sensitivity, epsilon, n, scales)
    assert scale * step <= float(sensitivity) / float(epsilon) * (1 + 1e-7)


def test_normalised_probabilities_are_those_of_the_stated_law():
    # sum over k of exp(-|k| / t) = coth(1 / 2t), in interval arithmetic
    t = iv.mpf(3)
    total = 1 + 2 * sum(iv.exp(-k / t) for k in range(1, 200))
    exact = (1 + iv.exp(-1 / t)) / (1 - iv.exp(-1 / t))
    assert abs(total - exact).b < 1e-12


def test_two_values_of_one_lattice_cell_give_the_same_result():
    step = 2.0**-40
    outputs = {
        laplace(value, sensitivity=1, epsilon=1, rng=noise_source(3))
        for value in (1.0, 1 + 0.4 * step, 1 - 0.4 * step)
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("value", [1e17, -1e200, 1.7e308])
def test_values_of_any_size_are_released(value):
    noisy = laplace([value, 0.0], sensitivity=1, epsilon=1, rng=noise_source(0))
    assert noisy[0] == pytest.approx(value, rel=1e-15)
    assert 0 < abs(noisy[1]) < 40


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "1", None, True])
@pytest.mark.parametrize("name", ["sensitivity", "epsilon"])
def test_rejects_bad_parameters(name, bad):
    given = {"sensitivity": 1.0, "epsilon": 1.0, name: bad}
    with pytest.raises(
        InvalidParameterError, match=rf"The '{name}' parameter of laplace must be .* Got"
    ):
        laplace(1.0, rng=noise_source(), **given)


@pytest.mark.parametrize("value", [[1.0, float("nan")], [float("inf")], ["secret"], [1j], [None]])
def test_rejects_a_value_that_is_not_finite_and_does_not_show_it(value):
    with pytest.raises(InvalidParameterError, match="The 'value' parameter of laplace") as caught:
        laplace(value, sensitivity=1, epsilon=1, rng=noise_source())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sensitivity, epsilon", [(1e-320, 1.0), (1e308, 1e-3), (1e308, 1.0)])
def test_noise_beyond_the_range_of_floats_is_refused(sensitivity, epsilon):
    with pytest.raises(RangeError, match="Nothing was released"):
        laplace(1.0, sensitivity=sensitivity, epsilon=epsilon, rng=noise_source())
