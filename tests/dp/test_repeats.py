"""How many runs a selection makes: the law of the draw."""

import math

import numpy as np
import pytest
from scipy import stats

from sklearn_private import accounting
from sklearn_private.dp.selection._repeats import SHAPES, draw_repeats


def probabilities(law, mean, n):
    gamma = accounting.halting_probability(mean, SHAPES[law])
    k = np.arange(1, n)
    weight = (1 - gamma) ** k / k if law == "logarithmic" else gamma * (1 - gamma) ** (k - 1)
    p = weight / -math.log(gamma) if law == "logarithmic" else weight
    return np.append(p, 1 - p.sum())


@pytest.mark.parametrize("mean", [3.0, 20.0])
@pytest.mark.parametrize("law, other", [("logarithmic", "geometric"), ("geometric", "logarithmic")])
def test_the_number_of_runs_has_the_stated_law(law, other, mean, rng):
    draws = np.array([draw_repeats(law, mean, rng) for _ in range(2000)])
    counts = np.bincount(np.minimum(draws, 8), minlength=9)[1:]
    assert stats.chisquare(counts, 2000 * probabilities(law, mean, 8)).pvalue > 0.01
    assert stats.chisquare(counts, 2000 * probabilities(other, mean, 8)).pvalue < 1e-6
    assert stats.chisquare(counts, 2000 * probabilities(law, mean * 2, 8)).pvalue < 0.01


def test_a_mean_of_one_is_always_one_run(rng):
    for law in SHAPES:
        assert {draw_repeats(law, 1.0, rng) for _ in range(100)} == {1}
