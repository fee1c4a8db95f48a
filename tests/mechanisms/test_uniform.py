import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_private.mechanisms import (
    noise_source,
    random_permutation,
    uniform_below,
    uniform_words,
)
from sklearn_private.mechanisms._uniform import BLOCK, collect


def test_words_are_the_bytes_in_order(tape):
    assert uniform_words(2, tape(7, 2**64 - 1)).tolist() == [7, 2**64 - 1]


@pytest.mark.parametrize("bound", [3, 10**18 + 9, 2**62 + 1, 2**63 - 1])
def test_words_beyond_the_last_multiple_are_drawn_again(tape, bound):
    limit = 2**64 // bound * bound
    source = tape(limit - 1, limit, 2**64 - 1, limit, 1, 0)
    assert uniform_below(bound, 3, source).tolist() == [bound - 1, 0, 1]


@pytest.mark.parametrize("bound", [1, 2, 2**32, 2**63])
def test_no_word_is_drawn_again_for_a_power_of_two(tape, bound):
    assert uniform_below(bound, 1, tape(2**64 - 1)).tolist() == [bound - 1]


def test_large_bounds_give_python_integers_by_rejection(tape):
    bound = 2**64 + 3  # 65 bits: nine bytes are read, and shifted by seven
    too_large, fits = bound << 7, (bound - 1) << 7
    words = [too_large % 2**64, too_large >> 64, fits % 2**64, fits >> 64]
    assert uniform_below(bound, 1, tape(*words)).tolist() == [bound - 1]


@given(bound=st.integers(1, 2**200), n=st.integers(0, 20), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_integers_stay_below_the_bound(bound, n, seed):
    draws = uniform_below(bound, n, noise_source(seed))
    assert draws.shape == (n,)
    assert all(0 <= draw < bound for draw in draws.tolist())


def test_a_permutation_with_equal_words_is_drawn_again(tape):
    assert random_permutation(3, tape(5, 5, 1, 30, 10, 20)).tolist() == [1, 2, 0]


@pytest.mark.parametrize("size, shape", [(5, (5,)), ((), ()), ((2, 3), (2, 3)), (0, (0,))])
def test_collect_fills_the_shape(size, shape):
    assert collect(lambda n: np.arange(n), size).shape == shape


def test_collect_keeps_the_order_of_what_is_accepted():
    numbers = iter(range(10**9))

    def draw(n):
        attempts = np.array([next(numbers) for _ in range(n)])
        return attempts[attempts % 3 == 0]

    filled = collect(draw, 2 * BLOCK)
    # Only what one round accepted beyond the end is left out, so the steps of three have no gap.
    np.testing.assert_array_equal(filled, 3 * np.arange(2 * BLOCK))
