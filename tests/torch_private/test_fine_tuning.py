"""Models that people fine-tune: embeddings looked up once for all rows, and small real ones.

The models of transformers are made from configurations: nothing is downloaded.
"""

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private.exceptions import GuaranteeError
from support.per_sample_loop import errors
from torch_private import make_private
from torch_private.clipping import Clipper
from torch_private.training._self_check import self_check


class WithPositions(nn.Module):
    """Adds an embedding of positions, looked up once for all rows, as BERT and GPT-2 do."""

    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(9, 6), nn.Embedding(5, 6)
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, 2)
        self.register_buffer("position_ids", torch.arange(5).expand(1, -1))

    def forward(self, x):
        h = self.words(x) + self.positions(self.position_ids[:, : x.shape[1]])
        return self.head(self.norm(h)).mean(1)


def test_an_embedding_that_is_looked_up_once_for_all_rows():
    x = torch.randint(9, (7, 4), generator=torch.Generator().manual_seed(0))
    assert max(errors(WithPositions(), (x,))) < 1e-5
    module = WithPositions()
    Clipper(module)
    assert module(x).shape == (7, 2)


def test_a_lookup_that_depends_on_the_batch_is_found_by_the_self_check(loops):
    class ByTheBatch(WithPositions):
        def forward(self, x):
            index = x.sum(0, keepdim=True) % 5
            return self.head(self.norm(self.words(x) + self.positions(index))).mean(1)

    data = TensorDataset(torch.randint(9, (40, 4)), torch.zeros(40).long())
    with pytest.raises(GuaranteeError, match="mixes"):
        self_check(
            ByTheBatch(), DataLoader(data, 10), max_grad_norm=1.0, clipping="flat",
            loss_reduction="mean", engine="auto",
        )  # fmt: skip


def bert(transformers):
    config = transformers.BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=12, num_labels=2,
    )  # fmt: skip
    return transformers.BertForSequenceClassification(config)


def distilbert(transformers):
    config = transformers.DistilBertConfig(
        vocab_size=30, dim=16, n_layers=1, n_heads=2, hidden_dim=32, max_position_embeddings=12,
        num_labels=2,
    )  # fmt: skip
    return transformers.DistilBertForSequenceClassification(config)


def gpt2(transformers):
    config = transformers.GPT2Config(
        vocab_size=30, n_embd=16, n_layer=1, n_head=2, n_positions=12, num_labels=2, pad_token_id=0
    )
    return transformers.GPT2ForSequenceClassification(config)


def llama_with_adapters(transformers):
    peft = pytest.importorskip("peft")
    config = transformers.LlamaConfig(
        vocab_size=30, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=12, num_labels=2,
        pad_token_id=0,
    )  # fmt: skip
    model = transformers.LlamaForSequenceClassification(config)
    return peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))


@pytest.mark.parametrize("made", [bert, distilbert, gpt2, llama_with_adapters])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_models_of_transformers_train(made):
    transformers = pytest.importorskip("transformers")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = made(transformers)
        words = torch.randint(1, 30, (24, 8))
    trained = [p for p in module.parameters() if p.requires_grad]
    before = [p.detach().clone() for p in trained]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    loader = DataLoader(TensorDataset(words, (words[:, 0] > 15).long()), batch_size=8)
    module, optimizer, loader = private = make_private(
        module, optimizer, loader, epsilon=8.0, delta=1e-5, epochs=1, sampling="fixed",
        forward=lambda module, batch: module(input_ids=batch[0]).logits,
    )  # fmt: skip
    module.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(module(input_ids=x).logits, y).backward()
        optimizer.step()
    assert private.n_steps == 3
    assert all(not torch.equal(a, b) for a, b in zip(before, trained, strict=True))
    assert set(private.engine_used_.values()) == {"fused"}
