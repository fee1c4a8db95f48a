"""opacus: the same steps on the same layers, and the layers that only it can take."""

import copy
import sys
import warnings

import pytest

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # opacus uses names that torch deprecated
    opacus = pytest.importorskip("opacus")

from torch import nn
from torch.nn import functional as F

from sklearn_private.exceptions import GuaranteeError, MissingDependencyError
from support.per_sample_loop import errors
from torch_private.clipping import Clipper

# opacus registers hooks on modules whose inputs need no gradient, which torch warns of.
pytestmark = pytest.mark.filterwarnings("ignore:Full backward hook:UserWarning")

N = 8
MODELS = {
    "linear": (nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), (6,)),
    "sequence": (nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.Flatten()), (4, 6)),
    "conv1d": (nn.Sequential(nn.Conv1d(2, 3, 3, padding=1), nn.Tanh(), nn.Flatten()), (2, 7)),
    "conv2d": (
        nn.Sequential(nn.Conv2d(2, 4, 3, 2, groups=2), nn.GroupNorm(2, 4), nn.Flatten()),
        (2, 7, 7),
    ),
    "conv3d": (nn.Sequential(nn.Conv3d(1, 2, 2, dilation=2), nn.Flatten()), (1, 4, 4, 4)),
    "instance norm": (
        nn.Sequential(nn.Conv1d(2, 3, 3), nn.InstanceNorm1d(3, affine=True), nn.Flatten()),
        (2, 7),
    ),
    "rms norm": (nn.Sequential(nn.Linear(6, 5), nn.RMSNorm(5), nn.Flatten()), (4, 6)),
    "embedding": (nn.Sequential(nn.Embedding(9, 4), nn.Flatten()), None),
}


@pytest.mark.parametrize("engine", ["fused", "opacus"])
@pytest.mark.parametrize("model", MODELS)
def test_steps_equal_those_of_opacus_without_noise(model, engine):
    torch.manual_seed(0)
    module, shape = MODELS[model]
    module, theirs = copy.deepcopy(module), copy.deepcopy(module)
    x = torch.randint(0, 9, (N, 5)) if shape is None else torch.randn(N, *shape)
    y = torch.arange(N) % module(x).shape[1]
    wrapped = opacus.GradSampleModule(theirs)
    optimizer = opacus.optimizers.DPOptimizer(
        torch.optim.SGD(theirs.parameters(), 0.5),
        noise_multiplier=0.0,
        max_grad_norm=0.7,
        expected_batch_size=N,
    )
    clipper = Clipper(module, max_grad_norm=0.7, engine=engine)
    ours = torch.optim.SGD(module.parameters(), 0.5)
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(wrapped(x), y).backward()
        optimizer.step()
        F.cross_entropy(module(x), y).backward()
        for parameter, total in zip(clipper.parameters, clipper.clipped_sums()):
            parameter.grad = total / N
        ours.step()
    for a, b in zip(module.parameters(), theirs.parameters()):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
    assert set(clipper.engine_used_.values()) == {engine}


class Scale(nn.Module):
    """A layer with a parameter of its own and a child."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(5))
        self.child = nn.Linear(5, 5)

    def forward(self, x):
        return self.child(torch.tanh(self.scale * x))


def mixed():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), Scale(), nn.Linear(5, 2))


def test_layers_of_both_engines_are_right_together():
    x = torch.randn(N, 6)
    assert max(errors(mixed(), [x])) < 1e-5
    assert Clipper(mixed()).engine_used_ == {"0": "fused", "1": "opacus", "2": "fused"}


def test_a_parametrized_layer_goes_to_opacus():
    torch.manual_seed(0)
    module = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(6, 5)), nn.Tanh())
    clipper = Clipper(module)
    assert clipper.engine_used_ == {"0": "opacus"}
    module(torch.randn(N, 6)).sum().backward()
    assert all(s.any() for s in clipper.clipped_sums())


def test_a_registered_sampler_is_used(monkeypatch):
    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(6))

        def forward(self, x):
            return x + self.shift

    samplers = opacus.GradSampleModule.GRAD_SAMPLERS
    monkeypatch.setitem(samplers, Shift, lambda layer, inputs, grad: {layer.shift: grad})
    assert max(errors(nn.Sequential(nn.Linear(6, 6), Shift()), [torch.randn(N, 6)])) < 1e-5


class Two(Scale):
    def forward(self, x, y=None):
        return super().forward(x if y is None else x + y)


class Last(nn.Module):
    """The outputs of a recurrent layer of opacus."""

    def __init__(self):
        super().__init__()
        self.layer = opacus.layers.DPLSTM(4, 3, batch_first=True)

    def forward(self, x):
        return self.layer(x)[0]


def test_recurrent_layers_of_opacus_are_made_of_known_layers():
    torch.manual_seed(0)
    assert max(errors(Last(), [torch.randn(N, 5, 4)], engine="fused")) < 1e-5


def test_what_opacus_cannot_take_is_refused():
    x = torch.randn(N, 5)
    module = Two()
    Clipper(module)
    with pytest.raises(GuaranteeError, match="not called with one tensor"):
        module(x, y=x)
    module = Scale()
    module.child = nn.LSTM(5, 5)
    Clipper(module)
    with pytest.raises(GuaranteeError, match="returns tuple"):
        module(x)
    module = Scale()
    module.register_buffer("seen", torch.zeros(1))
    with pytest.raises(GuaranteeError, match="has buffers"):
        Clipper(module)
    module = Scale()
    module.child = nn.Dropout()
    Clipper(module)
    with pytest.raises(GuaranteeError, match="opacus cannot take it"):
        module(x).sum().backward()


def test_a_missing_opacus_is_named_where_it_is_needed(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "opacus"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "opacus.grad_sample", None)
    Clipper(nn.Linear(2, 2))
    with pytest.raises(MissingDependencyError, match=r"sklearn-private\[torch\]"):
        Clipper(mixed())
    with pytest.raises(MissingDependencyError, match="opacus"):
        Clipper(nn.Linear(2, 2), engine="opacus")
