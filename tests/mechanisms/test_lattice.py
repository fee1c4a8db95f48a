import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.mechanisms import Lattice

ROWS = st.lists(
    st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=3, max_size=3),
    min_size=1,
    max_size=30,
)
STEPS = st.integers(-60, 60).map(lambda exponent: 2.0**exponent)


def nearest(value, step):
    """The multiple of step nearest to value, as an exact Fraction (ties go to even)."""
    return round(Fraction(value) / Fraction(step)) * Fraction(step)


@given(rows=ROWS, order=st.randoms())
@settings(max_examples=50, deadline=None)
def test_a_sum_does_not_depend_on_the_order_of_the_rows(rows, order):
    lattice = Lattice(2**-40)
    shuffled = list(rows)
    order.shuffle(shuffled)
    np.testing.assert_array_equal(lattice.sum(rows), lattice.sum(shuffled))


def test_a_float_sum_does_depend_on_it():
    rows = [[1.0], [2.0**-53], [2.0**-53]]
    assert np.sum(rows[:2]) + rows[2][0] != np.sum(rows[1:]) + rows[0][0]
    lattice = Lattice(2**-60)
    assert lattice.sum(rows) == lattice.sum(rows[::-1]) == 2**60 + 2**8


@given(rows=ROWS, i=st.integers(0, 29), new=st.lists(st.floats(-1, 1), min_size=3, max_size=3))
@settings(max_examples=50, deadline=None)
def test_replacing_a_row_moves_a_sum_by_the_enlarged_sensitivity_at_most(rows, i, new):
    lattice, i = Lattice(2**-4), i % len(rows)
    replaced = [*rows[:i], new, *rows[i + 1 :]]
    moved = lattice.to_float(lattice.sum(replaced) - lattice.sum(rows))
    bound = math.dist(rows[i], new) + lattice.step * math.sqrt(3)
    assert np.linalg.norm(moved) <= bound * (1 + 1e-12)


def test_rounding_alone_can_use_up_the_enlargement():
    lattice = Lattice(1.0)
    moved = lattice.round([0.5 + 1e-9] * 4) - lattice.round([0.5 - 1e-9] * 4)
    assert np.linalg.norm(moved) == pytest.approx(lattice.step * math.sqrt(4))


@given(x=st.floats(-1e9, 1e9), step=STEPS)
@settings(max_examples=100, deadline=None)
def test_round_takes_the_nearest_multiple(x, step):
    if abs(x) < 2.0**62 * step:
        assert int(Lattice(step).round(x)) * Fraction(step) == nearest(x, step)


@given(value=st.floats(allow_nan=False, allow_infinity=False), step=STEPS)
@settings(max_examples=200, deadline=None)
def test_snap_takes_the_nearest_multiple_of_any_float(value, step):
    snapped = Lattice(step).snap(np.array([value]))[0]
    assert Fraction(float(snapped)) == nearest(value, step)


@given(
    value=st.floats(-(2.0**300), 2.0**300),
    step=STEPS,
    units=st.integers(-(2**62), 2**62) | st.integers(-100, 100),
)
@settings(max_examples=300, deadline=None)
def test_add_returns_the_float_nearest_to_the_exact_sum(value, step, units):
    total = Lattice(step).add(np.array([value]), np.array([units]))[0]
    exact = nearest(value, step) + units * Fraction(step)
    assert float(total) == float(exact)


def test_add_tells_nothing_but_the_sum_of_integers():
    lattice = Lattice(0.25)
    units = np.arange(-8, 9)
    sums = {}
    for value in (-0.5, -0.1, 0.1, 0.3, 0.6, 2.0**53, 2.0**53 + 2):
        for total, unit in zip(lattice.add(np.full(17, value), units), units, strict=True):
            key = nearest(value, 0.25) * 4 + int(unit)
            sums.setdefault(key, set()).add(total.tobytes())  # tells -0.0 from 0.0
    assert all(len(outputs) == 1 for outputs in sums.values())
    assert len(sums) < 7 * 17


def test_add_takes_scalars_and_large_units():
    lattice = Lattice(1.0)
    assert lattice.add(np.array(0.4), np.array(3)) == 3.0
    assert lattice.add(np.array(1.0), np.array(2**53 + 1)) == 2.0**53 + 2  # 2^53 + 1 is no float


@pytest.mark.parametrize("step", [2.0**-960, 2.0**900])
def test_the_largest_float_takes_the_largest_noise(step):
    largest = np.array([np.finfo(float).max])
    assert Lattice(step).add(largest, np.array([2**63 - 1])) == largest


@pytest.mark.parametrize("axis, shape", [(0, (3,)), (1, (2,)), (None, ())])
def test_sum_follows_numpy_axes(axis, shape):
    total = Lattice(0.5).sum([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], axis=axis)
    assert total.shape == shape
    assert total.dtype == np.int64
    np.testing.assert_array_equal(
        Lattice(0.5).to_float(total), np.arange(1, 7.0).reshape(2, 3).sum(axis=axis)
    )


def test_no_rows_sum_to_zero():
    assert Lattice(1.0).sum(np.empty((0, 2))).tolist() == [0, 0]


def test_a_value_that_does_not_fit_is_refused_and_not_named():
    with pytest.raises(RangeError, match="Nothing was released") as caught:
        Lattice(2**-20).round([1.0, 7.25e15])
    assert "7.25" not in str(caught.value)


def test_a_sum_that_might_overflow_is_refused():
    rows = np.full((4, 1), 2.0**61)
    assert Lattice(1.0).sum(rows[:3])[0] == 3 * 2**61
    with pytest.raises(RangeError, match=r"A sum of 4 rows .* might overflow int64"):
        Lattice(1.0).sum(rows)


@pytest.mark.parametrize("x", [[float("nan")], [float("inf")], ["secret"], [1j]])
def test_what_is_not_finite_is_refused_and_not_named(x):
    with pytest.raises(
        InvalidParameterError, match=r"The 'x' parameter of Lattice\.round"
    ) as caught:
        Lattice(1.0).round(x)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "length, step", [(1.0, 1.0), (1.99, 1.0), (0.3, 0.25), (2.0**-960, 2.0**-960)]
)
def test_finer_than_takes_the_coarsest_power_of_two(length, step):
    assert Lattice.finer_than(length) == Lattice(step)


@pytest.mark.parametrize("length", [0.0, 2.0**-961, 2.0**901, float("inf")])
def test_finer_than_refuses_what_floats_cannot_hold(length):
    with pytest.raises(RangeError, match="leaves the range of float64"):
        Lattice.finer_than(length)


@pytest.mark.parametrize(
    "step", [0, -1.0, 3.0, 0.1, float("nan"), float("inf"), "1", None, True, 2.0**-961]
)
def test_rejects_bad_step(step):
    with pytest.raises(
        InvalidParameterError, match=r"The 'step' parameter of Lattice must be .* Got"
    ):
        Lattice(step)


def test_is_a_value():
    lattice = Lattice(2)
    assert pickle.loads(pickle.dumps(lattice)) == lattice == Lattice(2.0)
    assert hash(lattice) == hash(Lattice(2.0))
    with pytest.raises(AttributeError):
        lattice.step = 4.0
