import math
from fractions import Fraction

import numpy as np
import pytest

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import exponential, noise_source, permute_and_flip
from sklearn_private.mechanisms._selection import _gaps

BOTH = pytest.mark.parametrize("select", [exponential, permute_and_flip])


@BOTH
def test_a_far_better_candidate_is_chosen(select):
    scores = np.zeros(1000)
    scores[617] = 100.0
    assert select(scores, sensitivity=1.0, epsilon=2.0, rng=noise_source()) == 617


@BOTH
def test_returns_an_index(select):
    chosen = select([1.0], sensitivity=1.0, epsilon=1.0, rng=noise_source())
    assert chosen == 0
    assert isinstance(chosen, int)


@BOTH
def test_a_tiny_epsilon_reaches_every_candidate(select):
    rng = noise_source(0)
    chosen = {select([0, 1, 2, 3], sensitivity=1, epsilon=1e-12, rng=rng) for _ in range(200)}
    assert chosen == {0, 1, 2, 3}


@BOTH
@pytest.mark.parametrize("scores", [[0.0, 1e300, -1e300], [1.7e308, -1.7e308]])
def test_scores_of_any_size_are_compared(select, scores):
    chosen = select(scores, sensitivity=1.0, epsilon=1.0, rng=noise_source())
    assert chosen == int(np.argmax(scores))


@BOTH
def test_fractions_and_floats_follow_the_same_coins(select):
    floats, fractions = [0.5, 0.0, 0.25], [Fraction(1, 2), Fraction(0), Fraction(1, 4)]
    for scores in (floats, fractions):
        rng = noise_source(0)
        counts = np.bincount(
            [select(scores, sensitivity=1, epsilon=16, rng=rng) for _ in range(1000)], minlength=3
        )
        assert counts[0] > counts[2] > counts[1]


def test_coins_of_fractions_have_the_exact_exponent():
    scores = [Fraction(1, 3), Fraction(10**20), Fraction(-2, 7)]
    gaps, scale = _gaps("exponential", scores, Fraction(2, 5), Fraction(1, 9))
    rate = Fraction(1, 9) / (2 * Fraction(2, 5))
    assert [Fraction(gap, scale) for gap in gaps] == [(max(scores) - q) * rate for q in scores]


@pytest.mark.parametrize("epsilon", [1e-3, 1.0, 30.0])
def test_neighbouring_float_scores_lose_at_most_epsilon(epsilon):
    # Rounded scores of neighbours: each coin's exponent moves by at most epsilon / 2.
    rng, sensitivity = np.random.default_rng(0), 0.3
    scores = rng.normal(size=200) * 10.0 ** rng.integers(-12, 6, size=200)
    scores[-1] = scores[:-1].max() + 1.0  # the best one stays where it is
    moved = scores + sensitivity * rng.choice([-1, 1], size=200)
    moved[-1] = scores[-1]
    exponents = []
    for row in (scores, moved):
        gaps, scale = _gaps("exponential", row, sensitivity, epsilon)
        exponents.append([Fraction(int(gap), scale) for gap in gaps])
    half = Fraction(epsilon) / 2
    shifts = [abs(a - b) for a, b in zip(*exponents, strict=True)]
    assert max(shifts) <= half
    assert max(shifts) > half * (1 - Fraction(1, 10**6))  # and little is given away


@BOTH
@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "1", None, True])
@pytest.mark.parametrize("name", ["sensitivity", "epsilon"])
def test_rejects_bad_parameters(select, name, bad):
    given = {"sensitivity": 1.0, "epsilon": 1.0, name: bad}
    with pytest.raises(
        InvalidParameterError, match=rf"The '{name}' parameter of {select.__name__} must be .* Got"
    ):
        select([1.0, 2.0], rng=noise_source(), **given)


@BOTH
@pytest.mark.parametrize(
    "scores", [[], 1.0, [[1.0]], [math.nan, 1.0], [math.inf], ["secret"], [Fraction(1), 0.5]]
)
def test_rejects_scores_that_are_no_numbers_and_does_not_show_them(select, scores):
    with pytest.raises(
        InvalidParameterError, match=f"The 'scores' parameter of {select.__name__}"
    ) as caught:
        select(scores, sensitivity=1.0, epsilon=1.0, rng=noise_source())
    assert "secret" not in str(caught.value)
