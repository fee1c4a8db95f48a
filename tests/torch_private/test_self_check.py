"""Modules that mix samples, keep statistics or would not move are refused on made-up data."""

import contextlib

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from torch_private.training._self_check import self_check

OPTIONS = {
    "max_grad_norm": 1.0,
    "clipping": "flat",
    "loss_reduction": "mean",
    "engine": "auto",
}


def check(module, *tensors, forward=None, **options):
    data = TensorDataset(*(tensors or (torch.ones(20, 5), torch.zeros(20).long())))
    self_check(module, DataLoader(data, batch_size=5), forward=forward, **(OPTIONS | options))


def mlp(*middle):
    return nn.Sequential(nn.Linear(5, 8), *middle, nn.Linear(8, 2))


class Centre(nn.Module):
    def __init__(self, scale=1.0, detached=False):
        super().__init__()
        self.scale, self.detached = scale, detached

    def forward(self, x):
        mean = x.mean(0, keepdim=True)
        return x - self.scale * (mean.detach() if self.detached else mean)


class Sorted(nn.Module):
    def forward(self, x):
        return x[x[:, 0].argsort()]


class AcrossTokens(nn.Module):
    """Attends over the batch, as an encoder without batch_first does to batches first."""

    def __init__(self):
        super().__init__()
        self.layer = nn.MultiheadAttention(8, 2, batch_first=False)

    def forward(self, x):
        return self.layer(x, x, x)[0]


class Memory(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(8))

    def forward(self, x):
        self.seen += x.detach().sum(0)
        return x


@pytest.mark.parametrize(
    "module",
    [
        mlp(Centre()),
        mlp(Centre(1e-9)),
        mlp(Centre(detached=True)),
        mlp(Sorted()),
        mlp(nn.BatchNorm1d(8, track_running_stats=False)),
    ],
    ids=["centre", "a little", "detached", "sorted", "batch norm"],
)
def test_mixing_is_found_whatever_mixes(module):
    with torch.random.fork_rng():
        torch.manual_seed(0)  # with some weights, one changed row keeps the order of the others
        for layer in module.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
    with pytest.raises(GuaranteeError, match="mixes the samples.*Nothing was released.*GroupNorm"):
        check(module)


class MixesManyRows(nn.Module):
    def forward(self, x):
        return x - x.mean(0) if len(x) > 8 else x


class SharesAConstant(nn.Module):
    def forward(self, x):
        return x / len(x)


@pytest.mark.parametrize("layer", [MixesManyRows(), SharesAConstant()])
def test_a_module_that_depends_on_the_size_of_the_batch_is_found(layer):
    with pytest.raises(GuaranteeError, match="how many rows are in the batch"):
        check(mlp(layer))


def test_attention_over_the_batch_is_found():
    with pytest.raises(GuaranteeError):
        check(nn.Sequential(AcrossTokens()), torch.randn(20, 3, 8))


def test_statistics_of_the_data_are_found():
    with pytest.raises(GuaranteeError, match="buffer '1.seen'.*without noise"):
        check(mlp(Memory()))


@pytest.mark.parametrize(
    "module",
    [
        mlp(nn.Tanh()),
        mlp(nn.Dropout()),
        mlp(nn.LayerNorm(8), nn.ReLU()),
        mlp(nn.GroupNorm(2, 8)),
        mlp().double(),
    ],
)
@pytest.mark.parametrize("clipping", ["flat", "per_layer", "automatic", "adaptive"])
def test_ordinary_modules_pass(module, clipping):
    dtype = next(module.parameters()).dtype
    check(module, torch.randn(20, 5, dtype=dtype), torch.zeros(20), clipping=clipping)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_attention_passes_with_and_without_dropout(dropout):
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=dropout, batch_first=True)
    check(nn.Sequential(layer), torch.zeros(20, 3, 8))


def test_a_module_that_the_engine_computes_otherwise_is_found(monkeypatch):
    from torch_private.training import _self_check

    class Other(_self_check.Clipper):
        def __init__(self, module, **options):
            super().__init__(module, **options)
            self._observers.append(self)
            self.handle = module.register_forward_hook(lambda module, args, output: output * 1.1)

        def detach(self):
            if self._observers.pop() is self:
                self.handle.remove()
            super().detach()

    monkeypatch.setattr(_self_check, "Clipper", Other)
    with pytest.raises(GuaranteeError, match="not those that a loop over samples gives"):
        check(mlp(nn.Tanh()))


def test_tokens_pass_without_a_vocabulary():
    module = nn.Sequential(nn.Embedding(3, 4), nn.Flatten(), nn.Linear(24, 2))
    check(module, torch.zeros(20, 6).long())


def test_a_frozen_batch_norm_passes_and_stays_frozen():
    module = mlp(nn.BatchNorm1d(8).requires_grad_(False).eval())
    check(module)
    assert not module[1].training
    assert module[0].training


def test_a_parameter_without_part_is_found():
    module = nn.ModuleDict({"used": nn.Linear(5, 2), "lost": nn.Linear(2, 2)})
    with pytest.raises(GuaranteeError, match=r"'lost\.weight'.*requires_grad_"):
        check(module, forward=lambda module, batch: module["used"](batch[0]))
    module["lost"].requires_grad_(False)
    check(module, forward=lambda module, batch: module["used"](batch[0]))


class Adapted(nn.Linear):
    """A low-rank adapter that starts at zero: its first factor has a zero gradient at first."""

    def __init__(self):
        super().__init__(5, 2)
        self.weight.requires_grad_(False)
        self.bias.requires_grad_(False)
        self.a, self.b = nn.Linear(5, 1, bias=False), nn.Linear(1, 2, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x):
        return super().forward(x) + self.b(self.a(x))


def test_low_rank_adapters_pass():
    check(nn.Sequential(Adapted()))


def test_an_engine_that_misses_a_parameter_is_found(monkeypatch):
    from torch_private.training import _self_check

    class Stale(_self_check.Clipper):
        def clipped_sums(self):
            sums = super().clipped_sums()
            sums[0].zero_()
            return sums

    monkeypatch.setattr(_self_check, "Clipper", Stale)
    with pytest.raises(GuaranteeError, match=r"'0\.weight' would never move"):
        check(mlp(nn.Tanh()))


@pytest.mark.parametrize("factor", [0.9, 1.1, 30.0])
def test_an_engine_that_clips_wrongly_is_found(monkeypatch, factor):
    from torch_private.training import _self_check

    class Wrong(_self_check.Clipper):
        def clipped_sums(self):
            sums = super().clipped_sums()
            self.flat_sums.mul_(factor)
            return sums

    monkeypatch.setattr(_self_check, "Clipper", Wrong)
    with pytest.raises(GuaranteeError, match="not those that a loop over samples gives"):
        check(mlp(nn.Tanh()))


@pytest.mark.parametrize("module", [mlp(nn.Dropout()), mlp(Centre()), mlp(nn.BatchNorm1d(8))])
def test_the_check_leaves_no_trace(module):
    module[1].eval()
    state = {name: value.clone() for name, value in module.state_dict().items()}
    modes = [layer.training for layer in module.modules()]
    random = torch.get_rng_state()
    with contextlib.suppress(GuaranteeError):
        check(module)
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert [layer.training for layer in module.modules()] == modes
    assert torch.equal(random, torch.get_rng_state())
    assert all(p.grad is None for p in module.parameters())
    assert not any(layer._forward_hooks for layer in module.modules())


class Watched(Dataset):
    """Says if a row's values were used."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        return torch.full((5,), float("nan")), 0


def test_no_value_of_the_data_enters_the_check():
    loader = DataLoader(Watched(), batch_size=5)
    self_check(mlp(nn.Tanh()), loader, **OPTIONS)  # NaN in the data would spoil every comparison


def test_a_module_that_cannot_be_called_is_refused_with_the_way_out():
    module = nn.Bilinear(5, 5, 2)
    with pytest.raises(InvalidParameterError, match="cannot be called.*forward="):
        check(module)


class Loss(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 2)

    def forward(self, x):
        return self.layer(x).square().mean()


def test_outputs_without_rows_are_refused_with_the_way_out():
    with pytest.raises(GuaranteeError, match="one row for each sample.*forward="):
        check(Loss())
    check(Loss(), forward=lambda module, batch: module.layer(batch[0]))


def test_batches_of_names_are_given_as_keywords():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, 2)

        def forward(self, *, x, mask):
            return {"logits": self.layer(x) * mask}

    class Rows(Watched):
        def __getitem__(self, index):
            return {"x": torch.zeros(5), "mask": torch.ones(1)}

    self_check(Named(), DataLoader(Rows(), batch_size=5), **OPTIONS)
