"""The law of the noise, and where it comes from."""

import numpy as np
import pytest
from scipy import stats

torch = pytest.importorskip("torch")

from sklearn_private.mechanisms import noise_source
from torch_private.noise import normal, with_noise
from torch_private.noise._normal import _refine

DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


@DTYPES
def test_noise_is_normal(dtype):
    draws = normal(200_000, noise_source(0), dtype=dtype).double().numpy()
    assert stats.kstest(draws, stats.norm.cdf).pvalue > 0.01
    assert stats.kstest(draws, stats.norm(scale=1.02).cdf).pvalue < 0.01  # it sees 2 %
    assert stats.kstest(draws, stats.norm(loc=0.01).cdf).pvalue < 0.01


@DTYPES
def test_the_pair_of_a_radius_is_independent(dtype):
    a, b = normal(65_536, noise_source(1), dtype=dtype).double().view(2, -1).numpy()
    assert stats.kstest(a**2 + b**2, stats.chi2(2).cdf).pvalue > 0.01
    assert stats.kstest(a**2 + a**2, stats.chi2(2).cdf).pvalue < 0.01
    assert abs(stats.pearsonr(a, b).statistic) < 0.02
    assert stats.kstest(np.arctan2(a, b), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.01


def tail_pvalue(n_beyond, n, z):
    return stats.binomtest(int(n_beyond), n, 2 * stats.norm.sf(z)).pvalue


@DTYPES
def test_tails_are_as_heavy_as_they_should_be(dtype):
    n = 2_000_000
    draws = normal(n, noise_source(2), dtype=dtype).abs()
    for z in (3.0, 4.0, 4.7):
        assert tail_pvalue((draws > z).sum(), n, z) > 0.01
    assert tail_pvalue((draws > 4.0).sum() / 2, n, 4.0) < 0.01  # it sees a tail cut by half


class SmallFirst:
    """Random bytes whose first read holds words of 32 bits below 64 in size, and angles 0."""

    def __init__(self):
        self.rng, self.first = np.random.default_rng(0), True

    def bytes(self, n):
        if self.first:
            self.first = False
            words = self.rng.integers(-64, 64, n // 4, dtype=np.int32)
            words[n // 8 :] = 0
            return words.tobytes()
        return self.rng.bytes(n)


def test_single_precision_refines_the_deepest_tail():
    # Given that 31 bits are below 2^6, U is uniform below 2^-25: a tail from 5.89 on.
    draws = normal(20_000, SmallFirst(), dtype=torch.float32)[:10_000].double().numpy()
    coarse = np.sqrt(-2 * np.log((np.arange(64) + 1) * 2.0**-31))  # what 31 bits alone give
    assert len(np.unique(draws)) > 20 * len(coarse)
    low = np.exp(-(draws**2) / 2)  # U, since the angle is 0
    assert stats.kstest(low, stats.uniform(0, 2.0**-25).cdf).pvalue > 0.01
    assert stats.kstest(low, stats.uniform(0, 2.0**-25 * 1.05).cdf).pvalue < 0.01


def test_refinement_touches_only_coarse_words():
    refined = np.array([1, 0, 2**20], dtype=np.float32)
    _refine(refined, noise_source(0))
    assert refined[2] == 2**20
    assert 0.5 <= refined[0] <= 1.5
    assert refined[0] != 1
    assert 0 < refined[1] <= 0.5


@pytest.mark.parametrize("n", [0, 1, 2, 7, 65_536 + 3])
def test_any_number_can_be_drawn(n):
    assert torch.isfinite(normal(n, noise_source(), dtype=torch.float32)).all()
    assert normal(n, noise_source()).shape == (n,)


def test_the_operating_system_never_repeats_and_a_seed_does():
    def draw(state):
        return normal(8, noise_source(state))

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(None), draw(None))


def test_torchs_own_generator_is_not_used():
    state = torch.get_rng_state()
    normal(10, noise_source())
    assert torch.equal(state, torch.get_rng_state())


@DTYPES
def test_noise_has_the_stated_size(dtype):
    draws = normal(20_000, noise_source(3), 0.3, dtype).double().numpy()
    assert stats.kstest(draws, stats.norm(scale=0.3).cdf).pvalue > 0.01
    assert stats.kstest(draws, stats.norm(scale=0.33).cdf).pvalue < 0.01


@DTYPES
def test_little_noise_does_not_vanish(dtype):
    draws = normal(1000, noise_source(4), 1e-30, dtype).double().numpy()
    assert stats.kstest(draws * 1e30, stats.norm.cdf).pvalue > 0.01


@pytest.mark.parametrize("size", [1000, 70_000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_a_vector_gets_noise_of_the_stated_size_and_is_not_changed(size, dtype):
    vector = torch.full((size,), 2.0, dtype=dtype)
    noisy = with_noise(vector, 3.0, noise_source(0))
    assert noisy.dtype == dtype
    assert (vector == 2).all()
    law = stats.norm(2, 3)
    draws = noisy.double().numpy()[:2000]
    if dtype != torch.bfloat16:  # whose grid is coarser than the test
        assert stats.kstest(draws, law.cdf).pvalue > 0.01
    assert stats.kstest(draws, stats.norm(2, 3.5).cdf).pvalue < 0.01 or size < 2000


@pytest.mark.parametrize("size", [1000, 70_000])
def test_a_scale_multiplies_vector_and_noise(size):
    vector = torch.arange(size, dtype=torch.float32)
    once, scaled = (with_noise(vector, 3.0, noise_source(0), scale) for scale in (1.0, 0.25))
    torch.testing.assert_close(scaled, once / 4, rtol=1e-6, atol=1e-6)
