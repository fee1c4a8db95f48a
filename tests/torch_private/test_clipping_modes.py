"""How gradients are weighed: flat, by layer, normalised, or by a moving norm."""

import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from sklearn_private.exceptions import InvalidParameterError
from support.per_sample_loop import backward, loop_gradients, random_losses
from torch_private.clipping import (
    AdaptiveClipping,
    AutomaticClipping,
    Clipper,
    FlatClipping,
    PerLayerClipping,
    gradient_noise_multiplier,
)


@pytest.fixture
def module():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


@pytest.fixture
def x():
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(1))


def sums_and_gradients(module, x, **options):
    losses = random_losses(module, [x])
    gradients = loop_gradients(module, [x], losses).float()
    clipper = Clipper(module, **options)
    backward(module, [x], losses)
    clipper.clipped_sums()
    clipper.detach()
    return clipper, gradients


def test_automatic_clipping_normalises(module, x):
    clipper, gradients = sums_and_gradients(
        module, x, clipping=AutomaticClipping(max_grad_norm=2.0, gamma=0.5)
    )
    expected = (2 / (gradients.norm(dim=1) + 0.5)) @ gradients
    torch.testing.assert_close(clipper.flat_sums, expected)
    assert clipper.sensitivity == 2.0


@pytest.mark.parametrize("bounds", [0.2, (0.3, 0.05)])
def test_layers_are_clipped_by_themselves(module, x, bounds):
    clipper, gradients = sums_and_gradients(module, x, clipping="per_layer", max_grad_norm=bounds)
    split = [4 * 8 + 8, 8 * 3 + 3]
    bounds = bounds if isinstance(bounds, tuple) else (bounds / math.sqrt(2),) * 2
    parts = zip(gradients.split(split, dim=1), bounds)
    expected = [(bound / part.norm(dim=1)).clamp(max=1) @ part for part, bound in parts]
    torch.testing.assert_close(clipper.flat_sums, torch.cat(expected))
    torch.testing.assert_close(clipper.norms, gradients.norm(dim=1))
    assert clipper.sensitivity == pytest.approx(math.hypot(*bounds))
    assert clipper.layers == ["0", "2"]


@pytest.mark.parametrize("clipping", ["flat", "per_layer", "automatic", "adaptive"])
def test_no_sample_adds_more_than_the_sensitivity(module, x, clipping):
    for scale in (1e-3, 1.0, 1e3):
        clipper, _ = sums_and_gradients(module, scale * x[:1], clipping=clipping, max_grad_norm=0.1)
        assert 0 < clipper.flat_sums.norm() <= 0.1 * (1 + 1e-6)


def test_adaptive_clipping_counts_and_moves(module, x):
    mode = AdaptiveClipping(1e-9, quantile=0.5, learning_rate=0.2)
    clipper, gradients = sums_and_gradients(module, x, clipping=mode)
    assert mode.count == -3.0
    mode.update(mode.count, expected_batch_size=6)
    assert mode.max_grad_norm == pytest.approx(1e-9 * math.exp(0.1))
    assert clipper.sensitivity == mode.max_grad_norm and mode.count == 0.0
    for _ in range(400):
        count = float((gradients.norm(dim=1) <= mode.max_grad_norm).sum() - 3)
        mode.update(count, expected_batch_size=6)
    assert mode.max_grad_norm == pytest.approx(float(gradients.norm(dim=1).median()), rel=0.2)


def test_adaptive_clipping_takes_an_empty_batch(module, x):
    mode = AdaptiveClipping(1.0)
    clipper = Clipper(module, clipping=mode)
    module(x[:0]).sum().backward()
    clipper.clipped_sums()
    mode.update(mode.count, expected_batch_size=4)
    assert mode.max_grad_norm == 1.0


def test_two_noisy_releases_cost_what_one_does():
    noise = gradient_noise_multiplier(1.5, count_noise=4.0)
    assert 1 / noise**2 + (0.5 / 4.0) ** 2 == pytest.approx(1 / 1.5**2)
    with pytest.raises(InvalidParameterError, match="'count_noise' parameter must be > 0.75"):
        gradient_noise_multiplier(1.5, count_noise=0.75)


@pytest.mark.parametrize("bad", [0, -1.0, math.inf, math.nan, "1", None, True])
def test_a_bad_norm_is_refused(module, bad):
    for clipping in ("flat", "per_layer", "automatic", "adaptive"):
        with pytest.raises(ValueError, match="'max_grad_norm' parameter of .* must be .* Got"):
            Clipper(module, max_grad_norm=bad, clipping=clipping)


def test_other_bad_parameters_are_refused(module):
    for options in (
        {"clipping": "none"},
        {"loss_reduction": "max"},
        {"engine": "ghost"},
        {"clipping": "per_layer", "max_grad_norm": (1.0,)},
    ):
        with pytest.raises(InvalidParameterError, match=r"parameter of .* must be .* Got"):
            Clipper(module, **options)
    for mode, options in (
        (AutomaticClipping, {"gamma": 0}),
        (AdaptiveClipping, {"max_grad_norm": 1.0, "quantile": 1}),
        (AdaptiveClipping, {"max_grad_norm": 1.0, "learning_rate": 0}),
    ):
        with pytest.raises(InvalidParameterError, match=r"parameter of .* must be .* Got"):
            mode(**options)
    assert PerLayerClipping(1.0).resolved(4).sensitivity == FlatClipping(1.0).sensitivity
