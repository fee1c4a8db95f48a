"""Samples have the law that is priced."""

import numpy as np
import pytest
from dp_accounting import dp_event
from scipy import stats

torch = pytest.importorskip("torch")

from sklearn_private.mechanisms import noise_source
from torch_private.sampling import (
    BinomialSize,
    FixedOrder,
    PoissonSampler,
    TruncatedPoissonSampler,
    uniform_subset,
)


@pytest.mark.parametrize(
    "n, rate", [(1000, 0.1), (30_000, 256 / 30_000), (20, 0.5), (5, 0.9), (400, 1 / 400), (3, 1.0)]
)
def test_sizes_are_binomial(n, rate):
    size, rng = BinomialSize(n, rate), noise_source(0)
    sizes = np.array([size.draw(rng) for _ in range(4000)])
    assert fits(sizes, stats.binom(n, rate))
    if rate < 1:
        assert not fits(sizes, stats.binom(n, min(1.0, rate * 1.07) if n < 30_000 else rate * 1.01))


def fits(sizes, law):
    """Return whether a chi-squared test over about ten classes accepts a law."""
    edges = np.unique(law.ppf(np.linspace(0.05, 0.95, 10)))
    observed = np.bincount(np.searchsorted(edges, sizes), minlength=len(edges) + 1)
    cdf = np.concatenate([[0], law.cdf(edges), [1]])
    expected = np.diff(cdf) * len(sizes)
    kept = expected > 1e-9
    if observed[~kept].any():
        return False
    if kept.sum() == 1:
        return True
    return stats.chisquare(observed[kept], expected[kept]).pvalue > 0.01


def test_the_tables_of_sizes_agree_with_the_law_in_both_tails():
    size = BinomialSize(1000, 0.1)
    sizes = size._low + np.arange(len(size._below))
    assert size._below[0] < 2.0**-63
    assert size._above[0] < 2.0**-63
    exact = stats.binom(1000, 0.1)
    assert np.allclose(size._above[::-1], exact.sf(sizes), rtol=1e-12)
    # Drawing from a word: the first size whose distribution function exceeds it, from either side.
    for u in (0.01, 0.3, 0.4999, 0.5001, 0.7, 0.999999):
        word = int(u * 2**64)
        word = word << 1 if u < 0.5 else ((2**64 - word) << 1) | 1
        assert size.draw(OneWord(word)) == exact.ppf(u)


class OneWord:
    def __init__(self, word):
        self.word = word

    def bytes(self, n):
        return self.word.to_bytes(8, "little")


@pytest.mark.parametrize("k, n", [(3, 6), (2, 40), (40, 120), (0, 5), (5, 5)])
def test_subsets_are_uniform(k, n):
    rng = noise_source(0)
    drawn = np.array([uniform_subset(k, n, rng) for _ in range(3000)])
    assert all(len(set(row)) == k for row in drawn)
    counts = np.bincount(drawn.ravel().astype(int), minlength=n)
    if 0 < k < n:
        assert stats.chisquare(counts).pvalue > 0.01
        first = np.bincount(drawn[:, 0], minlength=n)  # without the order nothing may be favoured
        assert stats.chisquare(first).pvalue > 0.01
        assert stats.chisquare(counts + np.where(np.arange(n) == 0, 500, 0)).pvalue < 0.01


def test_rows_join_independently():
    sampler = PoissonSampler(12, 4, noise_source(0))
    joined = np.zeros((4000, 12), dtype=bool)
    for row in joined:
        row[sampler.rows(0)] = True
    pairs = (joined[:, :6] & joined[:, 6:]).sum(0)
    assert all(stats.binomtest(int(c), 4000, 1 / 9).pvalue > 0.001 for c in pairs)
    # Pairs of subsets of a fixed size are rarer, 1 / 11, and the test sees that.
    assert stats.binomtest(4000 // 11, 4000, 1 / 9).pvalue < 0.001


def test_a_truncated_sample_never_exceeds_its_limit_and_costs_more():
    sampler = TruncatedPoissonSampler(100, 20, noise_source(0), largest=22)
    sizes = [len(sampler.rows(0)) for _ in range(500)]
    assert max(sizes) == 22
    event = sampler.event(2.0, 7).event
    assert event == dp_event.TruncatedSubsampledGaussianDpEvent(100, 0.2, 22, 2.0)


def test_a_fixed_order_sees_every_row_once_a_pass():
    order = FixedOrder(10, 4, 3, seed=5)
    for start in (0, 3):
        seen = np.concatenate([order.rows(start + step) for step in range(3)])
        assert sorted(seen) == list(range(10))
    assert order.rows(0).tolist() != order.rows(3).tolist()
    assert order.rows(0).tolist() == FixedOrder(10, 4, 3, seed=5).rows(0).tolist()


@pytest.mark.parametrize("n_steps, passes", [(0, 0), (1, 1), (3, 1), (4, 2), (6, 2)])
def test_a_fixed_order_is_charged_by_the_pass_without_amplification(n_steps, passes):
    event = FixedOrder(10, 4, 3).event(1.5, n_steps)
    assert event == dp_event.SelfComposedDpEvent(dp_event.GaussianDpEvent(1.5), passes)


def test_a_sample_of_all_rows_is_no_sample():
    sampler = PoissonSampler(10, 20, noise_source(0))
    assert sampler.rate == 1
    assert sorted(sampler.rows(0)) == list(range(10))
    assert sampler.event(2.0, 3).event == dp_event.GaussianDpEvent(2.0)
