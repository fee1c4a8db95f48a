"""A loader that gives a row twice, or makes batches in which rows are mixed, is refused."""

import pytest

torch = pytest.importorskip("torch")

import numpy as np
from torch import nn
from torch.nn import functional as F
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from torch_private import make_private

X = torch.randn(60, 5, generator=torch.Generator().manual_seed(0))
DATA = TensorDataset(X, (X[:, 0] > 0).long())


def train(dataset, collate_fn=None, module=None, num_workers=0, forward=None):
    module = module or nn.Linear(5, 2)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    loader = DataLoader(dataset, 12, collate_fn=collate_fn, num_workers=num_workers)
    module, optimizer, loader = private = make_private(
        module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs=1, sampling="fixed",
        forward=forward,
    )  # fmt: skip
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
    return private


@pytest.mark.parametrize(
    "dataset",
    [
        Subset(DATA, [0, 1, 2, 3] * 10),
        Subset(DATA, [59, *range(40), -1]),
        ConcatDataset([DATA, DATA]),
        ConcatDataset([Subset(DATA, range(40)), Subset(DATA, range(39, 60))]),
        Subset(Subset(DATA, [0, 0, *range(1, 40)]), range(41)),
        Subset(ConcatDataset([DATA, DATA]), [0, 60]),
    ],
    ids=["indices", "from the end", "concatenated", "overlapping", "nested", "both"],
)
def test_a_row_that_is_there_twice_is_refused(dataset):
    with pytest.raises(InvalidParameterError, match="row.* more than once.*Nothing was released"):
        train(dataset)


@pytest.mark.parametrize(
    "dataset",
    [
        Subset(DATA, range(40)),
        ConcatDataset([DATA, TensorDataset(*(t.clone() for t in DATA.tensors))]),
        random_split(DATA, [40, 20])[0],
        ConcatDataset(random_split(DATA, [40, 20])),
        Subset(ConcatDataset([DATA, TensorDataset(*DATA.tensors)]), range(20, 80)),
    ],
    ids=["part", "another", "split", "both splits", "across"],
)
def test_parts_of_data_that_do_not_overlap_train(dataset):
    assert train(dataset).n_steps > 0


def mixup(items):
    x, y = default_collate(items)
    weight = float(np.random.default_rng().beta(1, 1))
    return weight * x + (1 - weight) * x[torch.randperm(len(x))], y


def centred(items):
    x, y = default_collate(items)
    return x - x.mean(0), y


def filtered_and_repeated(items):
    good = [item for item in items if item[0][1] < 0.5]
    good += good[: len(items) - len(good)]
    return default_collate(good)


def drawn_again(items):
    return default_collate([items[int(torch.randint(len(items), ()))] for _ in items])


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize("collate", [mixup, centred, filtered_and_repeated, drawn_again])
def test_a_collation_that_mixes_rows_is_refused(collate, num_workers):
    with pytest.raises(GuaranteeError, match="collate_fn.*rows.*Nothing was released"):
        train(DATA, collate, num_workers=num_workers)


def stacked(items):
    return torch.stack([x for x, _ in items]), torch.tensor([y for _, y in items])


def noisy(items):
    x, y = default_collate(items)
    return x + 0.1 * torch.randn_like(x), y


@pytest.mark.parametrize("num_workers", [0, 1])
@pytest.mark.parametrize("collate", [stacked, noisy])
def test_a_collation_of_single_rows_trains(collate, num_workers):
    assert train(DATA, collate, num_workers=num_workers).n_steps == 5


class Sentences(Dataset):
    def __len__(self):
        return 60

    def __getitem__(self, index):
        return [1 + index % 7] * (1 + index % 5), index % 2


def padded(items):
    width = max(len(words) for words, _ in items)
    rows = [words + [0] * (width - len(words)) for words, _ in items]
    return torch.tensor(rows), torch.tensor([y for _, y in items])


def masked(items):
    words, y = padded(items)
    return torch.where(torch.rand(words.shape) < 0.2, 8, words), y


class MeanOfWords(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.head = nn.Embedding(9, 4, padding_idx=0), nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.words(x).sum(1) / (x != 0).sum(1, keepdim=True))


@pytest.mark.parametrize("collate", [padded, masked])
def test_padding_to_the_longest_of_a_batch_mixes_nothing(collate):
    assert train(Sentences(), collate, MeanOfWords()).n_steps == 5


def without_bad_ones(items):
    return default_collate([item for item in items if item[0][1] < 0.5])


def test_leaving_out_bad_items_mixes_nothing_but_leaves_rows_uncounted():
    with pytest.raises(GuaranteeError, match="the data set"):
        train(DATA, without_bad_ones)
