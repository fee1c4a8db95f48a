"""What used to crash in the middle of torch has an answer: how to go on, and nothing released."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from sklearn_private.exceptions import GuaranteeError
from torch_private.clipping import Clipper


def test_parameters_that_were_replaced_after_make_private(loops):
    private = loops.make()
    values = {k: v.clone() for k, v in private.module.state_dict().items()}
    private.module.load_state_dict(values, assign=True)
    with pytest.raises(GuaranteeError, match="parameters changed.*Nothing was released.*assign"):
        loops.train(private)


def test_sparse_gradients(loops):
    module = nn.Sequential(nn.Embedding(5, 2, sparse=True), nn.Flatten())
    with pytest.raises(GuaranteeError, match="Set sparse=False"):
        Clipper(module)


class Checkpointed(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(5, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(checkpoint(self.inner, x, use_reentrant=True))


def test_a_reentrant_checkpoint(loops):
    with pytest.raises(GuaranteeError, match="Nothing was released.*use_reentrant=False"):
        loops.make(Checkpointed())


def test_a_scaled_loss(loops):
    module, _, loader = loops.make()
    scaler = torch.amp.GradScaler("cpu")
    x, y = next(iterator := iter(loader))
    with pytest.raises(GuaranteeError, match="GradScaler.*bfloat16"):
        scaler.scale(F.cross_entropy(module(x), y)).backward()
    iterator.close()


def a_sequence():
    return nn.Sequential(nn.Linear(32, 64), nn.LayerNorm(64), nn.Tanh(), nn.Linear(64, 4))


def a_layer_twice():
    layer = nn.Linear(32, 32)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), layer)


@pytest.mark.parametrize("made", [a_sequence, a_layer_twice])
def test_no_row_is_longer_than_its_bound_where_autocast_covers_backward(made):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(20):
            module = made()
            clipper = Clipper(module, max_grad_norm=0.01)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                module(10 * torch.randn(1, 6, 32)).float().square().sum().backward()
            clipper.clipped_sums()
            assert float(clipper.flat_sums.norm()) <= 0.01 * (1 + 1e-5)
