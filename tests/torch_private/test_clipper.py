"""The clipper: an ordinary loop around it, what it counts, and what it leaves alone."""

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from sklearn_private.exceptions import GuaranteeError
from support.per_sample_loop import backward, errors, loop_gradients, random_losses
from torch_private.clipping import Clipper

TOLERANCE = 1e-5


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 3))


def batch(n=6):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 4, generator=generator), torch.arange(n) % 3


def test_no_gradient_reaches_a_parameter_and_every_sample_is_bounded():
    module, (x, y) = network(), batch()
    x[0] *= 1e4
    clipper = Clipper(module, max_grad_norm=0.1)
    F.cross_entropy(module(x), y).backward()
    clipper.clipped_sums()
    assert all(parameter.grad is None for parameter in module.parameters())
    assert clipper.norms[0] > 100
    assert clipper.flat_sums.norm() <= 0.1 * len(x)
    assert clipper.sensitivity == 0.1


def test_backward_passes_add_up():
    module, (x, y) = network(), batch()
    clipper = Clipper(module)
    F.cross_entropy(module(x), y).backward()
    clipper.clipped_sums()
    whole, norms = clipper.flat_sums.clone(), clipper.norms
    for part in (slice(0, 4), slice(4, 6)):
        F.cross_entropy(module(x[part]), y[part]).backward()
    clipper.clipped_sums()
    torch.testing.assert_close(clipper.flat_sums, whole)
    torch.testing.assert_close(clipper.norms, norms)
    assert (clipper.batch_size, clipper.n_backwards) == (6, 2)


def test_sums_are_parts_of_one_vector_in_the_shapes_of_the_parameters():
    module, (x, y) = network(), batch()
    clipper = Clipper(module)
    F.cross_entropy(module(x), y).backward()
    sums = clipper.clipped_sums()
    assert [s.shape for s in sums] == [p.shape for p in clipper.parameters]
    clipper.flat_sums.zero_()
    assert all(not s.any() for s in sums)


def test_an_empty_batch_has_zero_sums():
    module = network()
    clipper = Clipper(module)
    x, y = batch()
    F.cross_entropy(module(x), y).backward()
    clipper.clipped_sums()
    F.cross_entropy(module(x[:0]), y[:0]).backward()
    assert not torch.cat([s.flatten() for s in clipper.clipped_sums()]).any()
    assert clipper.batch_size == 0
    F.cross_entropy(module(x), y).backward()
    assert not any(s.any() for s in clipper.zero_sums())
    assert clipper.norms.shape == (0,)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 3, 3, groups=1),
        nn.Conv2d(4, 3, 7),
        nn.Embedding(5, 3),
        nn.LayerNorm(8),
        nn.GroupNorm(2, 4),
        nn.Linear(8, 2),
        nn.MultiheadAttention(8, 2, batch_first=True),
        nn.LSTM(8, 3, batch_first=True),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_every_layer_takes_an_empty_batch(layer):
    shape = (0, 4, 8, 8) if isinstance(layer, nn.Conv2d) else (0, 4, 8)
    x = torch.zeros(shape, dtype=torch.long if isinstance(layer, nn.Embedding) else None)
    clipper = Clipper(layer)
    inputs = (x, x, x) if isinstance(layer, nn.MultiheadAttention) else (x,)
    output = layer(*inputs)
    (output[0] if isinstance(output, tuple) else output).sum().backward()
    assert not any(s.any() for s in clipper.clipped_sums())


def test_a_gradient_that_is_not_finite_counts_as_zero():
    module, (x, y) = network(), batch()
    clipper = Clipper(module)
    F.cross_entropy(module(x[1:]), y[1:]).backward()
    clipper.clipped_sums()
    expected = clipper.flat_sums.clone()
    for value in (float("nan"), float("inf"), 1e38):
        x[0] = value
        F.cross_entropy(module(x), y).backward()
        clipper.clipped_sums()
        torch.testing.assert_close(clipper.flat_sums, expected)
        assert clipper.norms[0] == 0 and clipper.n_dropped == 1


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(4, 3, 3),
        nn.Conv2d(4, 3, 8),
        nn.LayerNorm(8),
        nn.Linear(8, 2),
        nn.Sequential(nn.Linear(8, 8), nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)),
    ],
    ids=lambda module: type(module).__name__,
)
def test_a_layer_drops_samples_that_are_not_finite(module):
    x = torch.randn(3, 4, 8, 8) if isinstance(module, nn.Conv2d) else torch.randn(3, 4, 8)
    x[1] = float("nan")
    clipper = Clipper(module)
    module(x).sum().backward()
    clipper.clipped_sums()
    assert clipper.n_dropped == 1
    assert clipper.flat_sums.isfinite().all() and clipper.flat_sums.any()


def test_a_module_that_diverged_is_named():
    module, (x, y) = network(), batch()
    clipper = Clipper(module)
    with torch.no_grad():
        module[0].weight[0, 0] = float("nan")
    with pytest.raises(GuaranteeError, match="training diverged"):
        F.cross_entropy(module(x), y).backward()
    assert clipper.n_backwards == 0


def test_frozen_parameters_stay_and_the_others_are_right():
    module, (x, _) = network(), batch()
    module[0].weight.requires_grad_(False)
    module[2].bias.requires_grad_(False)
    assert max(errors(module, [x])) < TOLERANCE
    clipper = Clipper(module)
    assert [p.shape for p in clipper.parameters] == [(8,), (3, 8)]
    module(x).sum().backward()
    assert module[0].weight.grad is None and not module[0].weight.requires_grad


def test_an_unused_parameter_has_a_zero_sum():
    module, (x, _) = network(), batch()
    module.append(nn.Identity())
    module.spare = nn.Linear(2, 2)
    module.forward = lambda x: module[2](module[1](module[0](x)))
    clipper = Clipper(module)
    for _ in range(2):
        module(x).sum().backward()
        assert [bool(s.any()) for s in clipper.clipped_sums()] == [True] * 4 + [False] * 2


def test_the_module_keeps_its_class_state_and_copies():
    module, (x, y) = network(), batch()
    expected, state = module(x.clone()), copy.deepcopy(module.state_dict())
    clipper = Clipper(module)
    assert type(module) is nn.Sequential and module.state_dict().keys() == state.keys()
    torch.testing.assert_close(module(x), expected, rtol=0, atol=0)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        F.cross_entropy(twin(x), y).backward()
        assert all(parameter.grad is not None for parameter in twin.parameters())
    assert clipper.n_backwards == 0
    clipper.detach()
    F.cross_entropy(module(x), y).backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_evaluation_leaves_no_trace():
    module, (x, _) = network(), batch()
    clipper = Clipper(module)
    with torch.no_grad():
        assert not module(x).requires_grad
    module(x)
    with pytest.raises(GuaranteeError, match=r"Call loss\.backward"):
        clipper.clipped_sums()


def test_a_forward_pass_that_fails_leaves_the_parameters_trainable():
    module, (x, y) = network(), batch()
    clipper = Clipper(module)
    with pytest.raises(RuntimeError, match="shapes"):
        module(x[:, :3])
    F.cross_entropy(module(x), y).backward()
    assert len(clipper.clipped_sums()) == 4


def test_gradients_of_inputs_do_not_count():
    module, (x, y) = network(), batch()
    clipper = Clipper(module)
    F.cross_entropy(module(x), y).backward()
    clipper.clipped_sums()
    expected = clipper.flat_sums.clone()
    attacked = x.clone().requires_grad_()
    torch.autograd.grad(F.cross_entropy(module(attacked), y), attacked)
    F.cross_entropy(module(x), y).backward()
    clipper.clipped_sums()
    assert torch.equal(clipper.flat_sums, expected)


def test_an_input_that_needs_a_gradient_gets_it():
    module, (x, y) = network(), batch()
    x.requires_grad_()
    F.cross_entropy(module(x), y).backward()
    expected, x.grad = x.grad, None
    Clipper(module)
    F.cross_entropy(module(x), y).backward()
    torch.testing.assert_close(x.grad, expected)


def test_checkpointed_layers_are_right():
    module, (x, _) = network(), batch()
    module[1] = nn.Tanh()
    reference = copy.deepcopy(module)
    losses = random_losses(module, [x])
    gradients = loop_gradients(reference, [x], losses)
    first, *rest = module
    module.forward = lambda x: checkpoint(nn.Sequential(*rest), first(x), use_reentrant=False)
    clipper = Clipper(module, max_grad_norm=1e9, loss_reduction="sum")
    backward(module, [x], losses, "sum")
    clipper.clipped_sums()
    torch.testing.assert_close(clipper.norms, gradients.norm(dim=1).float())
    torch.testing.assert_close(clipper.flat_sums, gradients.sum(0).float())


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 3e-4, 1e-4, 1e-6])
@pytest.mark.parametrize("layer", [nn.Linear(64, 512), nn.Conv1d(64, 512, 3)], ids=str)
def test_terms_that_cancel_do_not_slip_through_the_clipping(layer, gap):
    # Norms from Gram matrices are rounded to zero here: a sum of 10^6 would count as short.
    torch.manual_seed(0)
    x, grad = 1e4 * torch.randn(64), 1e4 * torch.randn(512)
    grads = torch.stack([grad, -(1 + gap) * grad])
    clipper = Clipper(layer, loss_reduction="sum")
    if isinstance(layer, nn.Linear):
        output = layer(x.repeat(1, 2, 1))
    else:
        output = layer(x[:, None].repeat(1, 1, 4)).transpose(1, 2)
    (output * grads).sum().backward()
    clipper.clipped_sums()
    clipper.detach()
    assert torch.linalg.vector_norm(clipper.flat_sums) <= 1.001


def test_activations_of_low_precision_have_norms_of_single_precision():
    torch.manual_seed(0)
    module, x = nn.Linear(64, 8), torch.randn(5, 16, 64)
    seen = []
    clipper = Clipper(module, max_grad_norm=0.1, loss_reduction="sum")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = module(x)
        output.register_hook(seen.append)
        loss = output.square().sum()
    loss.backward()
    clipper.clipped_sums()
    assert output.dtype == torch.bfloat16 and clipper.norms.dtype == torch.float32
    weights = torch.einsum("btp,btd->bpd", seen[0].double(), x.double())
    gradients = torch.cat([weights.flatten(1), seen[0].double().sum(1)], 1)
    norms = gradients.norm(dim=1)
    torch.testing.assert_close(clipper.norms.double(), norms, rtol=1e-6, atol=0)
    expected = (0.1 / norms).clamp(max=1) @ gradients
    torch.testing.assert_close(clipper.flat_sums.double(), expected, rtol=1e-5, atol=1e-7)


def test_parameters_of_low_precision_have_sums_of_single_precision():
    torch.manual_seed(0)
    module, x = nn.Linear(8, 3).bfloat16(), torch.randn(5, 8).bfloat16()
    clipper = Clipper(module, loss_reduction="sum")
    module(x).sum().backward()
    weight, _ = clipper.clipped_sums()
    norms = torch.sqrt(3 * (x.float().square().sum(1) + 1))
    torch.testing.assert_close(clipper.norms, norms)
    torch.testing.assert_close(weight[0], (1 / norms) @ x.float())


def test_double_precision_is_kept():
    module, (x, y) = network().double(), batch()
    clipper = Clipper(module)
    F.cross_entropy(module(x.double()), y).backward()
    assert {s.dtype for s in clipper.clipped_sums()} == {torch.float64}


def test_keyword_inputs_are_seen():
    module, (x, _) = nn.Linear(4, 2), batch()
    clipper = Clipper(module)
    module(input=x).sum().backward()
    assert clipper.batch_size == 6
    bag = nn.EmbeddingBag(5, 2, mode="sum")
    clipper = Clipper(bag)
    index = torch.zeros(3, 2, dtype=torch.long)
    bag(index, per_sample_weights=torch.ones(3, 2)).sum().backward()
    assert clipper.batch_size == 3


def test_low_rank_adapters_train():
    peft = pytest.importorskip("peft")
    module, (x, _) = network(), batch()
    config = peft.LoraConfig(r=2, target_modules=["0", "2"], init_lora_weights=False)
    adapted = peft.get_peft_model(module, config)
    adapted.base_model.model.forward = nn.Sequential(*module).forward
    clipper = Clipper(adapted)
    assert set(clipper.engine_used_.values()) == {"fused"} and len(clipper.parameters) == 4
    adapted(x).sum().backward()
    assert all(s.any() for s in clipper.clipped_sums())
    clipper.detach()
    assert max(errors(adapted, [x])) < TOLERANCE


def test_a_language_model_with_tied_weights_is_right():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=50, n_positions=8, n_embd=16, n_layer=1, n_head=2, use_cache=False
    )
    model = transformers.GPT2LMHeadModel(config).eval()

    class Logits(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, index):
            places = torch.arange(index.shape[1]).expand(index.shape)
            return self.model(index, position_ids=places).logits

    index = torch.randint(0, 50, (4, 6))
    assert max(errors(Logits(), [index], engine="fused")) < TOLERANCE
