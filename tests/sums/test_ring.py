"""Fixed-point numbers modulo 2^128."""

from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from sklearn_private.exceptions import RangeError
from sklearn_private.sums.aggregators import _ring

SMALL = st.floats(-(2.0**58), 2.0**58)


def exact(words):
    """Return the integers, from -2^127 to 2^127, that ring elements hold."""
    values = [int(low) + (int(high) << 64) for low, high in words.T]
    return [v - (1 << 128) if v >> 127 else v for v in values]


@given(st.lists(SMALL, min_size=1, max_size=20))
def test_encoding_is_the_nearest_multiple_of_the_unit(values):
    for value, unit in zip(values, exact(_ring.encode(np.array(values), 1)), strict=True):
        assert abs(Fraction(value) * 2**64 - unit) <= Fraction(1, 2)


@given(st.lists(SMALL, min_size=1, max_size=20))
def test_sums_in_the_ring_are_exact_in_any_order(values):
    encoded = [_ring.encode(np.array([value]), len(values)) for value in values]
    total = reduce(_ring.add, encoded)
    assert exact(total) == [sum(exact(words)[0] for words in encoded)]
    assert (reduce(_ring.add, encoded[::-1]) == total).all()


@given(arrays(np.float64, 5, elements=st.floats(-(2.0**62), 2.0**62)))
def test_decoding_returns_what_was_encoded(values):
    decoded = _ring.decode(_ring.encode(values, 1))
    assert np.abs(decoded - values).max() <= 2.0**-64 + 2.0**-52 * np.abs(values).max()


@given(arrays(np.uint64, (2, 4), elements=st.integers(0, 2**64 - 1)))
def test_an_element_and_its_negative_add_up_to_zero(words):
    assert not _ring.add(words, _ring.negate(words)).any()


@pytest.mark.parametrize("value", [-1.0, -(2.0**-64), 2.0**-64, -(2.0**-80), 0.0, -0.0, 0.1, 1e18])
def test_hard_cases_come_back(value):
    assert _ring.decode(_ring.encode(np.array([value]), 1))[0] == pytest.approx(value, abs=2**-65)


@pytest.mark.parametrize("value", [2.0**63, -(2.0**63), np.inf, -np.inf, np.nan, 1e300])
def test_what_leaves_the_ring_is_refused(value):
    with pytest.raises(RangeError, match="nothing was opened"):
        _ring.encode(np.array([1.0, value]), 1)


@pytest.mark.parametrize("n_addends", [3, 7, 100])
def test_the_largest_addends_do_not_wrap_around(n_addends):
    largest = np.nextafter(_ring.largest_addend(n_addends), 0)
    for sign in (1, -1):
        addends = [_ring.encode(np.array([sign * largest]), n_addends)] * n_addends
        total = _ring.decode(reduce(_ring.add, addends))[0]
        assert total == pytest.approx(sign * n_addends * largest, rel=1e-12)


@given(st.lists(st.integers(-(2**50), 2**50), min_size=1, max_size=20))
def test_whole_numbers_in_one_word_are_exact(values):
    words = [_ring.encode(np.array([float(value)]), len(values), 1) for value in values]
    assert _ring.decode(reduce(_ring.add, words))[0] == sum(values)
    assert not _ring.add(words[0], _ring.negate(words[0])).any()


def test_random_elements_are_uniform_in_every_byte():
    counts = np.bincount(np.frombuffer(_ring.uniform(4096).tobytes(), np.uint8), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-9  # drawn by the operating system, not seeded
