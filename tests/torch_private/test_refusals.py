"""What the engine cannot bound, it refuses, and says how to go on."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.checkpoint import checkpoint

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from torch_private.clipping import Clipper


class Calls(nn.Module):
    """A module that is a function of a layer and an input."""

    def __init__(self, layer, function):
        super().__init__()
        self.layer = layer
        self.function = function

    def forward(self, x):
        return self.function(self.layer, x)


class Shift(nn.Module):
    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return x + self.shift


X = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "module, words",
    [
        (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), "'1' .BatchNorm1d. mixes the samples"),
        (nn.SyncBatchNorm(4), "GroupNorm"),
        (nn.InstanceNorm1d(4, affine=True, track_running_stats=True), "track_running_stats=False"),
        (nn.Embedding(4, 2, max_norm=1.0), "Set max_norm=None"),
        (nn.Embedding(4, 2, scale_grad_by_freq=True), "Set scale_grad_by_freq=False"),
        (nn.EmbeddingBag(4, 2, mode="max"), "Use mode='mean'"),
        (nn.Sequential(nn.Linear(4, 4), Shift()), "'1' .Shift. uses parameters of its own"),
        (parametrizations.weight_norm(nn.Linear(4, 4)), "uses parameters of its own"),
        (parametrizations.weight_norm(nn.LSTM(4, 4), "weight_hh_l0"), "uses parameters of its own"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_a_layer_is_refused_before_training(module, words):
    with pytest.raises(GuaranteeError, match=words):
        Clipper(module, engine="fused")
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())


def mean_of_batch(layer, x):
    return layer(x.mean(0, keepdim=True)).expand(len(x), -1)


def flattened(layer, x):
    return layer(x.unflatten(1, (2, 2)).flatten(0, 1)).unflatten(0, (len(x), 2))


def unshared(layer, x):
    return layer(torch.arange(4)) + x[:, :, None]


def functional(layer, x):
    return layer(F.linear(x, layer.weight))


def penalized(layer, x):
    return layer(x) + layer.weight.square().sum()


def recomputed(layer, x):
    return checkpoint(layer, x.requires_grad_(), use_reentrant=True)


def packed(layer, x):
    x = pack_padded_sequence(x[:, :, None], torch.full((len(x),), 4), batch_first=True)
    return layer(x)[0].data


@pytest.mark.parametrize(
    "layer, function, words",
    [
        (nn.Linear(4, 4), mean_of_batch, "'layer' got 1 rows"),
        (nn.Linear(2, 4), flattened, "'layer' got 12 rows"),
        (nn.Embedding(4, 3), unshared, "expand what is shared to the batch"),
        (nn.Linear(4, 4), functional, "'layer.weight' was used outside its layer"),
        (nn.Linear(4, 4), penalized, "weight_decay"),
        (nn.Linear(4, 4), recomputed, "use_reentrant=False"),
        (nn.LSTM(1, 3), packed, "padded tensor"),
        (nn.LSTM(4, 3), lambda layer, x: layer(x)[0], "'layer' got 1 rows"),
        (nn.EmbeddingBag(4, 2), lambda layer, x: layer(x[0].abs().long() % 4, torch.tensor([0])),
         "without a batch dimension"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_use_is_refused_while_training(layer, function, words):
    module = Calls(layer, function)
    Clipper(module)
    with pytest.raises(GuaranteeError, match=words):
        module(X.clone()).sum().backward()


def test_attention_without_a_batch_dimension_is_refused():
    module = nn.MultiheadAttention(4, 2)
    Clipper(module)
    with pytest.raises(GuaranteeError, match="without a batch dimension"):
        module(X, X, X)


def test_a_frozen_batch_norm_may_not_come_alive():
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4).requires_grad_(False))
    module[1].eval()
    clipper = Clipper(module)
    module(X).sum().backward()
    assert len(clipper.clipped_sums()) == 2
    module.train()
    with pytest.raises(GuaranteeError, match="in training mode"):
        module(X)


def test_differentiating_twice_is_refused():
    module = nn.Linear(4, 1)
    Clipper(module)
    x = X.clone().requires_grad_()
    with pytest.raises(GuaranteeError, match="differentiated twice"):
        torch.autograd.grad(module(x).sum(), x, create_graph=True)


def test_one_forward_pass_goes_backward_once():
    module = nn.Linear(4, 1)
    Clipper(module)
    output = module(X)
    output.sum().backward(retain_graph=True)
    with pytest.raises(GuaranteeError, match="Add the losses"):
        output.square().sum().backward()


def test_an_input_that_changes_in_place_is_an_error():
    module = nn.Linear(4, 4)
    Clipper(module)
    x = X.clone()
    loss = module(x).sum()
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize(
    "change",
    [
        lambda module: module[0].requires_grad_(False),
        lambda module: module[1].requires_grad_(True),
        lambda module: module.append(nn.Linear(4, 4)),
        lambda module: module.__setitem__(1, nn.Linear(4, 4)),
    ],
    ids=["frozen", "unfrozen", "added", "replaced"],
)
def test_other_trainable_parameters_are_refused(change):
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4).requires_grad_(False))
    clipper = Clipper(module)
    module(X).sum().backward()
    change(module)
    with pytest.raises(GuaranteeError, match="trainable parameters changed"):
        clipper.clipped_sums()


def test_sums_are_given_once():
    module = nn.Linear(4, 4)
    clipper = Clipper(module)
    module(X).sum().backward()
    clipper.clipped_sums()
    with pytest.raises(GuaranteeError, match="There are no gradients"):
        clipper.clipped_sums()


def test_a_module_without_trainable_parameters_is_refused():
    with pytest.raises(InvalidParameterError, match="must have a parameter"):
        Clipper(nn.Linear(2, 2).requires_grad_(False))
