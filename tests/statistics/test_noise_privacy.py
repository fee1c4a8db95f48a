"""The privacy loss of each mechanism, shown by counting an event on two neighbours.

Power: claims that are 20 % too small are refuted by the same number of runs.
"""

import math

import numpy as np
import pytest
from scipy import stats

from sklearn_private.mechanisms import (
    exponential,
    gaussian,
    laplace,
    noise_source,
    permute_and_flip,
    randomized_response,
)


def epsilon_lower_bound(release, data, neighbour, event, n=20_000, alpha=1e-3, delta=0.0):
    """Privacy loss shown by counting one event on two neighbours (Clopper-Pearson)."""
    hits = [int(event(release(np.full(n, d))).sum()) for d in (data, neighbour)]
    low = stats.beta.ppf(alpha / 2, hits[0], n - hits[0] + 1)
    high = stats.beta.isf(alpha / 2, hits[1] + 1, n - hits[1])
    return math.log(max(low - delta, 1e-300) / high)


@pytest.mark.parametrize("claimed, holds", [(1.0, True), (0.8, False)])
def test_laplace_loss_stays_within_the_claim(claimed, holds):
    rng = np.random.default_rng(0)

    def release(values):
        return laplace(values, sensitivity=1.0, epsilon=1.0, rng=rng)

    bound = epsilon_lower_bound(release, 1.0, 0.0, event=lambda out: out >= 1.0)
    assert (bound <= claimed) is holds


@pytest.mark.parametrize("noise, holds", [(1.0, True), (0.5, False)])
def test_gaussian_loss_stays_within_its_curve(noise, holds):
    mu, epsilon = 1.0, 1.0
    delta = stats.norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * stats.norm.cdf(
        -mu / 2 - epsilon / mu
    )
    rng = noise_source(0)
    bound = epsilon_lower_bound(
        lambda x: gaussian(x, sensitivity=1.0, noise_multiplier=noise / mu, rng=rng),
        1.0,
        0.0,
        event=lambda out: out >= 1.5,
        delta=delta,
    )
    assert (bound <= epsilon) is holds


@pytest.mark.parametrize("select", [exponential, permute_and_flip])
@pytest.mark.parametrize("sensitivity, holds", [(1.0, True), (0.25, False)])
def test_selection_loss_stays_within_the_claim(select, sensitivity, holds):
    # All scores but one fall and that one rises: the worst case of the exponential mechanism.
    rng = noise_source(0)

    def release(steps):
        scores = np.array([steps[0], *[-steps[0]] * 9])
        return np.array(
            [select(scores, sensitivity=sensitivity, epsilon=1.0, rng=rng) for _ in steps]
        )

    bound = epsilon_lower_bound(release, 0.5, -0.5, event=lambda out: out == 0, n=3000)
    assert (bound <= 1.0) is holds


@pytest.mark.parametrize("claimed, holds", [(1.0, True), (0.8, False)])
def test_randomized_response_loss_stays_within_the_claim(claimed, holds):
    rng = noise_source(0)
    bound = epsilon_lower_bound(
        lambda codes: randomized_response(codes, n_categories=3, epsilon=1.0, rng=rng),
        2,
        0,
        event=lambda out: out == 2,
    )
    assert (bound <= claimed) is holds
