from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_private.exceptions import InvalidParameterError, RangeError
from sklearn_private.he.compile._affine import AffineMap
from sklearn_private.he.compile._quantise import quantise
from sklearn_private.he.maps import Grid

finite = st.floats(-1e4, 1e4, allow_subnormal=False)


@st.composite
def quantised_maps(draw):
    d, k = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    floats = st.lists(finite, min_size=d, max_size=d).map(np.array)
    low = draw(floats)
    width = draw(st.lists(st.floats(0.01, 1e3), min_size=d, max_size=d).map(np.array))
    coef = np.array([draw(floats) for _ in range(k)])
    intercept = draw(st.lists(finite, min_size=k, max_size=k).map(np.array))
    grid = Grid(low, low + width, draw(st.integers(1, 20)))
    return AffineMap(coef, intercept), grid, draw(st.integers(1, 20))


def exact_scores(affine, row):
    x = [Fraction(float(v)) for v in row]
    return [
        sum((Fraction(float(c)) * v for c, v in zip(coef, x, strict=True)), Fraction(float(b)))
        for coef, b in zip(affine.coef, affine.intercept, strict=True)
    ]


def worst_rows(affine, grid):
    """Rows at the ends of the grid, and half a step beside it, where rounding is worst."""
    half_step = np.nextafter(grid.step / 2, 0)
    for coef in affine.coef:
        for sign in (1, -1):
            end = np.where(sign * coef > 0, grid.high, grid.low)
            yield end
            yield np.clip(
                end - half_step * np.sign(end - grid.low - half_step), grid.low, grid.high
            )


@given(quantised_maps(), st.integers(0, 2**32 - 1))
def test_the_error_of_a_score_is_within_the_proven_bound(case, seed):
    affine, grid, weight_bits = case
    integer_map, exponents, error = quantise(affine, grid, weight_bits)
    inside = np.random.default_rng(seed).uniform(grid.low, grid.high, size=(5, len(grid.low)))
    for row in (*inside, *worst_rows(affine, grid)):
        scores = integer_map(grid.encode(row[None]))[0].tolist()
        for ours, e, exact, bound in zip(
            scores, exponents.tolist(), exact_scores(affine, row), error, strict=True
        ):
            assert abs(Fraction(ours) / Fraction(2) ** e - exact) <= Fraction(float(bound))


@given(quantised_maps())
def test_every_sum_fits_the_proven_bits_and_no_fewer_would_do(case):
    affine, grid, weight_bits = case
    integer_map, *_ = quantise(affine, grid, weight_bits)
    ends = [np.where(w > 0, grid.levels, 0) for w in (*integer_map.weights, *-integer_map.weights)]
    sums = integer_map(np.array(ends))
    bits = integer_map.reach.bit_length() + 1
    assert (-(2 ** (bits - 1)) <= sums).all()
    assert (sums < 2 ** (bits - 1)).all()
    assert np.abs(sums).max() >= 2 ** (bits - 2) or bits == 1


def test_the_proven_bound_is_reached_to_a_tenth():
    rng = np.random.default_rng(0)
    affine = AffineMap(rng.normal(size=(1, 6)), np.zeros(1))
    grid = Grid(np.zeros(6), np.ones(6), 8)
    integer_map, exponents, error = quantise(affine, grid, 24)  # rounding of the row dominates
    row = (100 + 0.499999 * np.sign(affine.coef[0])) * grid.step
    ours = np.ldexp(integer_map(grid.encode(row[None])).astype(float), -exponents)[0, 0]
    assert 0.9 * error[0] < abs(ours - affine(row)[0]) <= error[0]


def test_a_large_intercept_costs_no_precision_of_the_slopes():
    affine = AffineMap(np.array([[1.0]]), np.array([1e9]))
    _, _, error = quantise(affine, Grid(np.zeros(1), np.ones(1), 16), 14)
    assert error[0] < 1e-4  # 32 bits, as without the intercept, would leave an error above 0.1


def test_sums_that_fit_no_machine_word_are_refused():
    affine = AffineMap(np.ones((1, 2_000)), np.zeros(1))
    with pytest.raises(InvalidParameterError, match="Lower precision_bits or weight_bits"):
        quantise(affine, Grid(np.zeros(2_000), np.ones(2_000), 24), 30)


@pytest.mark.parametrize(("names", "name"), [(None, "Column 1"), (("age", "pay"), "Column 'pay'")])
@pytest.mark.parametrize("value", [np.nextafter(5.0, 6.0), -1e300, np.nextafter(-5.0, -6.0), 1e300])
def test_a_value_outside_its_range_is_refused_by_name_and_not_shown(names, name, value):
    grid = Grid(np.array([0.0, -5.0]), np.array([1.0, 5.0]), 16, names)
    with pytest.raises(RangeError, match=rf"^{name} of X holds .* \[-5, 5\]") as refusal:
        grid.encode(np.array([[0.5, 0.0], [0.5, value]]))
    assert repr(float(value)) not in str(refusal.value)


def test_both_ends_of_a_range_are_inside():
    grid = Grid(np.array([0.1, 7.0]), np.array([0.3, 7.0]), 16)
    ends = np.array([[0.1, 7.0], [0.3, 7.0]])
    np.testing.assert_array_equal(grid.encode(ends), [[0, 0], [2**16 - 1, 0]])
    with pytest.raises(RangeError, match="Column 1"):
        grid.encode(np.array([[0.2, 7.1]]))  # a column that is constant stays so
