"""Every layer's per-sample norms and clipped sums are those of a loop over samples."""

import sys

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from support.per_sample_loop import errors
from torch_private import clipping
from torch_private.clipping import Clipper

TOLERANCE = 1e-5
N = 6


class First(nn.Module):
    """The first output of a layer, the batch brought to the front."""

    def __init__(self, layer, batch=0):
        super().__init__()
        self.layer = layer
        self.batch = batch

    def forward(self, x):
        output = self.layer(x.transpose(0, self.batch))
        output = output[0] if isinstance(output, tuple) else output
        return output.transpose(0, self.batch)


class Attention(nn.Module):
    def __init__(self, cross=False, need_weights=False, masks=False, **options):
        super().__init__()
        options = {"batch_first": True} | options
        self.layer = nn.MultiheadAttention(8, 2, **options)
        self.cross, self.need_weights, self.masks = cross, need_weights, masks
        self.batch = 0 if options["batch_first"] else 1
        if self.layer.bias_k is None and self.layer.in_proj_bias is not None:
            nn.init.normal_(self.layer.in_proj_bias)

    def forward(self, x):
        query = x[:, :3] if self.cross else x
        key = value = x[..., : self.layer.kdim] if self.cross else x
        if self.cross:
            value = x[..., : self.layer.vdim]
        options = {"need_weights": self.need_weights, "average_attn_weights": False}
        if self.masks:
            options["key_padding_mask"] = x[..., 0] > 0.5
            options["attn_mask"] = torch.eye(x.shape[1], dtype=torch.bool)[: query.shape[1]]
        query, key, value = (t.transpose(0, self.batch) for t in (query, key, value))
        output, weights = self.layer(query, key, value, **options)
        output = output.transpose(0, self.batch).flatten(1)
        return output if weights is None else torch.cat([output, weights.flatten(1)], 1)


class Bag(nn.Module):
    def __init__(self, weighted=False, **options):
        super().__init__()
        self.layer = nn.EmbeddingBag(7, 3, **options)
        self.weighted = weighted

    def forward(self, index):
        weights = torch.linspace(0, 1, index.shape[1]).expand(index.shape)
        weights = weights.to(self.layer.weight.dtype)
        return self.layer(index, per_sample_weights=weights if self.weighted else None)


def real(*shape):
    return torch.randn(N, *shape)


def index(*shape):
    return torch.randint(0, 7, (N, *shape))


CASES = {
    "linear": lambda: (nn.Linear(5, 4), real(5)),
    "linear without bias": lambda: (nn.Linear(5, 4, bias=False), real(5)),
    "linear, short sequence": lambda: (nn.Linear(5, 4), real(2, 5)),
    "linear, long sequence": lambda: (nn.Linear(3, 2), real(4, 5, 3)),
    "conv1d": lambda: (nn.Conv1d(4, 6, 3), real(4, 9)),
    "conv1d, dilated": lambda: (nn.Conv1d(2, 3, 3, 2, 2, 2), real(2, 12)),
    "conv2d": lambda: (nn.Conv2d(2, 3, 3), real(2, 6, 7)),
    "conv2d, few positions": lambda: (nn.Conv2d(5, 6, 3), real(5, 4, 4)),
    "conv2d, groups": lambda: (nn.Conv2d(4, 6, 3, groups=2), real(4, 8, 8)),
    "conv2d, groups, few positions": lambda: (nn.Conv2d(8, 8, 3, groups=2), real(8, 4, 4)),
    "conv2d, depthwise": lambda: (nn.Conv2d(4, 8, 3, groups=4, bias=False), real(4, 5, 5)),
    "conv2d, strides": lambda: (nn.Conv2d(1, 3, (2, 3), (2, 1), (0, 2)), real(1, 7, 6)),
    "conv2d, same, even kernel": lambda: (nn.Conv2d(2, 3, 4, padding="same"), real(2, 6, 6)),
    "conv2d, valid": lambda: (nn.Conv2d(2, 3, 3, padding="valid"), real(2, 6, 6)),
    "conv3d": lambda: (nn.Conv3d(2, 3, 2, padding=1), real(2, 4, 3, 4)),
    "conv3d, few positions": lambda: (nn.Conv3d(3, 5, 3, dilation=(1, 2, 1)), real(3, 4, 5, 3)),
    **{
        f"conv2d, {mode}, {padding}": lambda mode=mode, padding=padding: (
            nn.Conv2d(2, 3, (3, 4), padding=padding, padding_mode=mode),
            real(2, 6, 7),
        )
        for mode in ("reflect", "replicate", "circular")
        for padding in ((1, 2), "same")
    },
    "embedding": lambda: (nn.Embedding(7, 3), index(5)),
    "embedding of one index": lambda: (nn.Embedding(7, 3), index()),
    "embedding, padding": lambda: (nn.Embedding(7, 3, padding_idx=2), index(9)),
    "embedding, padding alone": lambda: (
        nn.Embedding(7, 3, padding_idx=2),
        torch.tensor([[2, 2], [0, 1], [2, 5], [3, 3], [6, 2], [4, 1]]),
    ),
    "embedding of a table": lambda: (nn.Embedding(7, 3), index(2, 4)),
    "bag, mean": lambda: (Bag(mode="mean"), index(5)),
    "bag, mean, padding": lambda: (Bag(mode="mean", padding_idx=2), index(4)),
    "bag, sum, weighted": lambda: (Bag(True, mode="sum"), index(5)),
    "layer norm": lambda: (nn.LayerNorm(5), real(5)),
    "layer norm of a sequence": lambda: (nn.LayerNorm(5), real(4, 5)),
    "layer norm of two axes": lambda: (nn.LayerNorm((4, 5)), real(3, 4, 5)),
    "layer norm without bias": lambda: (nn.LayerNorm(5, bias=False), real(4, 5)),
    "rms norm": lambda: (nn.RMSNorm(5), real(4, 5)),
    "group norm": lambda: (nn.GroupNorm(2, 4), real(4, 3, 3)),
    "group norm without positions": lambda: (nn.GroupNorm(2, 6), real(6)),
    "instance norm 1d": lambda: (nn.InstanceNorm1d(3, affine=True), real(3, 5)),
    "instance norm 2d": lambda: (nn.InstanceNorm2d(3, affine=True), real(3, 4, 5)),
    "attention": lambda: (Attention(), real(5, 8)),
    "attention, weights": lambda: (Attention(need_weights=True), real(5, 8)),
    "attention, masks": lambda: (Attention(masks=True), real(5, 8)),
    "attention, batch second": lambda: (Attention(batch_first=False), real(5, 8)),
    "attention, no bias": lambda: (Attention(bias=False), real(5, 8)),
    "attention, long": lambda: (Attention(), real(20, 8)),
    "attention, cross": lambda: (Attention(cross=True, kdim=8, vdim=8), real(5, 8)),
    "attention, cross, widths": lambda: (Attention(cross=True, kdim=5, vdim=6), real(5, 8)),
    "attention, learnt position": lambda: (
        Attention(add_bias_kv=True, add_zero_attn=True, masks=True, need_weights=True),
        real(5, 8),
    ),
    "lstm": lambda: (First(nn.LSTM(4, 3, batch_first=True)), real(5, 4)),
    "lstm, long": lambda: (First(nn.LSTM(3, 2, batch_first=True)), real(12, 3)),
    "lstm, batch second": lambda: (First(nn.LSTM(4, 3), 1), real(5, 4)),
    "lstm, two layers and directions": lambda: (
        First(nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True)),
        real(5, 4),
    ),
    "lstm, projections": lambda: (First(nn.LSTM(4, 5, proj_size=2, batch_first=True)), real(5, 4)),
    "gru": lambda: (First(nn.GRU(4, 3, batch_first=True)), real(5, 4)),
    "gru without bias, two directions": lambda: (
        First(nn.GRU(4, 3, bias=False, batch_first=True, bidirectional=True)),
        real(5, 4),
    ),
    "rnn, tanh": lambda: (First(nn.RNN(4, 3, batch_first=True)), real(5, 4)),
    "rnn, relu": lambda: (
        First(nn.RNN(4, 3, 2, batch_first=True, nonlinearity="relu")),
        real(5, 4),
    ),
    "encoder layer": lambda: (
        nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=True),
        real(5, 8),
    ),
}


# torch names the copies that its own forward pass makes of an unevenly padded input, and that it
# computes an LSTM with projections without oneDNN.
@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("case", CASES)
def test_norms_and_sums_are_those_of_a_loop(case, reduction):
    torch.manual_seed(0)
    module, x = CASES[case]()
    found = errors(module, [x], loss_reduction=reduction, engine="fused")
    assert max(found) < TOLERANCE


@given(st.data())
@settings(max_examples=30)
def test_linear_layers_of_random_shapes(data):
    draw = data.draw
    positions = draw(st.lists(st.integers(1, 6), max_size=2))
    width_in, width_out = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    torch.manual_seed(0)
    layer = nn.Linear(width_in, width_out, bias=draw(st.booleans()))
    assert max(errors(layer, [real(*positions, width_in)], engine="fused")) < TOLERANCE


@given(st.data())
@settings(max_examples=30)
def test_convolutions_of_random_shapes(data):
    draw = data.draw
    n_dims = draw(st.integers(1, 3))
    groups = draw(st.integers(1, 3))
    options = {
        name: tuple(draw(st.integers(1, 3)) for _ in range(n_dims))
        for name in ("kernel_size", "stride", "dilation")
    }
    options["padding"] = tuple(draw(st.integers(0, 2)) for _ in range(n_dims))
    options["padding_mode"] = draw(st.sampled_from(["zeros", "replicate", "circular"]))
    channels_in, channels_out = (groups * draw(st.integers(1, 3)) for _ in range(2))
    torch.manual_seed(0)
    kind = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[n_dims]
    layer = kind(channels_in, channels_out, groups=groups, **options)
    x = real(channels_in, *(draw(st.integers(7, 9)) for _ in range(n_dims)))
    assert max(errors(layer, [x], engine="fused")) < TOLERANCE


@given(st.integers(1, 12), st.sampled_from([None, 0, 3]))
@settings(max_examples=20)
def test_embeddings_of_random_lengths(length, padding_idx):
    torch.manual_seed(0)
    layer = nn.Embedding(7, 3, padding_idx=padding_idx)
    x = index(length)
    x[:, 0] = 1  # no sample is nothing but padding, whose norm of zero has no relative error
    assert max(errors(layer, [x], engine="fused")) < TOLERANCE


def test_a_layer_is_what_it_was_outside_training():
    torch.manual_seed(0)
    for case in ("attention, masks", "attention, learnt position", "lstm", "gru", "encoder layer"):
        module, x = CASES[case]()
        before = module(x)
        clipper = Clipper(module)
        torch.testing.assert_close(module(x), before, rtol=1e-5, atol=1e-6)
        with torch.no_grad():
            assert torch.equal(module(x), before)
        clipper.detach()
        assert torch.equal(module(x), before)


class Tied(nn.Module):
    """An embedding whose weight is the weight of the output layer, which is used twice."""

    def __init__(self, n_rows, width, twice):
        super().__init__()
        self.embedding = nn.Embedding(n_rows, width)
        self.output = nn.Linear(width, n_rows)
        self.output.weight = self.embedding.weight
        self.twice = twice

    def forward(self, index):
        x = self.embedding(index)
        return self.output(torch.tanh(x)) + (self.output(x) if self.twice else 0)


class Reused(nn.Module):
    """Layers that are used several times, with inputs of different lengths."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(torch.tanh(self.layer(x))) + self.layer(x[:, :1] * x)


class Stepwise(nn.Module):
    """A recurrence of a linear layer, one step a call."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        h = torch.zeros_like(x[:, 0])
        for step in x.unbind(1):
            h = torch.tanh(self.layer(h) + step)
        return h


SHARED = {
    "tied": lambda: (Tied(7, 3, False), index(5)),
    "tied, large": lambda: (Tied(40, 30, True), index(3)),
    "tied, few rows": lambda: (Tied(7, 2, True), index(9)),
    "linear": lambda: (Reused(nn.Linear(5, 5)), real(5)),
    "linear, sequence": lambda: (Reused(nn.Linear(5, 5)), real(8, 5)),
    "linear, stepwise": lambda: (Stepwise(), real(12, 4)),
    "conv2d": lambda: (Reused(nn.Conv2d(3, 3, 3, padding=1)), real(3, 6, 6)),
    "conv2d, few positions": lambda: (Reused(nn.Conv2d(4, 4, 3, padding=1)), real(4, 2, 2)),
    "layer norm": lambda: (Reused(nn.LayerNorm(5)), real(4, 5)),
    "attention": lambda: (
        Reused(nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=True)),
        real(5, 8),
    ),
}


@pytest.mark.parametrize("case", SHARED)
def test_gradients_of_all_uses_of_a_parameter_are_added_before_the_norm(case):
    torch.manual_seed(0)
    module, x = SHARED[case]()
    assert max(errors(module, [x], engine="fused")) < TOLERANCE


def test_two_calls_of_a_module_in_one_loss_are_one_sample():
    torch.manual_seed(0)
    module = nn.Linear(4, 2)

    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.tower = module

        def forward(self, a, b):
            return self.tower(a) - torch.tanh(self.tower(b))

    assert max(errors(Siamese(), [real(4), real(4)])) < TOLERANCE


def off(monkeypatch):
    monkeypatch.setattr(
        clipping.FlatClipping, "weights", lambda self, norms: torch.ones_like(norms)
    )


def squared_norm(monkeypatch):
    monkeypatch.setattr(
        clipping.FlatClipping, "weights", lambda self, norms: (1 / norms**2).clamp(max=1)
    )


def squared_norm_of_a_parameter(monkeypatch):
    gradients = sys.modules["torch_private.layers._gradients"]
    norms_of = gradients.norms_of
    monkeypatch.setattr(gradients, "norms_of", lambda tensor: norms_of(tensor).square())


def uses_apart(monkeypatch):
    backward = sys.modules["torch_private.clipping._backward"]

    class Apart:
        def __init__(self, gradients):
            self.gradients = gradients

        def norms(self):
            return sum(g.norms().square() for g in self.gradients).sqrt()

        def sum_into(self, out, weights, beta):
            for g in self.gradients:
                g.sum_into(out, weights, beta)
                beta = 1

    monkeypatch.setattr(backward, "together", Apart)


@pytest.mark.parametrize("mutant", [off, squared_norm, squared_norm_of_a_parameter, uses_apart])
def test_the_comparison_finds_a_mutant(mutant, monkeypatch):
    torch.manual_seed(0)
    module, x = SHARED["tied, large"]()
    assert max(errors(module, [x])) < TOLERANCE
    mutant(monkeypatch)
    assert max(errors(module, [x])) > 100 * TOLERANCE
