"""The private loader gives the rows that were drawn, in pieces where asked, and no empty batch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import noise_source
from torch_private.sampling import private_loader


class Steps:
    """Stands for a run: every piece is used at once."""

    def __init__(self, n_steps=0):
        self.n_steps = n_steps
        self.pieces = []

    def begin(self, piece, batch=None):
        self.pieces.append(piece)
        if piece.last:
            self.n_steps = piece.step + 1

    def finish(self):
        pass

    def enter(self, loop):
        self.loop = loop

    def leave(self, loop):
        assert loop is self.loop


def over(loader, sampling="fixed", **options):
    private = private_loader(loader, sampling=sampling, rng=noise_source(0), **options)
    private.run = Steps()
    return private


X = torch.arange(10.0)
Y = torch.arange(10) % 3


class Items(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return {"x": X[index], "y": int(Y[index])}


def test_tensors_are_sliced_as_they_would_be_collated():
    loader = DataLoader(TensorDataset(X, Y), batch_size=4)
    for ours, theirs in zip(over(loader), loader, strict=True):
        assert type(ours) is type(theirs)
        assert all(torch.equal(a, b) and a.dtype == b.dtype for a, b in zip(ours, theirs))


@pytest.mark.parametrize("num_workers", [0, 1])
def test_other_datasets_keep_their_collation_and_workers(num_workers):
    loader = DataLoader(Items(), batch_size=4, num_workers=num_workers)
    for ours, theirs in zip(over(loader), loader, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_subset_gives_its_own_rows():
    inner = Subset(TensorDataset(X, Y), [9, 7, 5, 3, 1])
    outer = Subset(inner, [4, 0, 2])
    ((x, y),) = over(DataLoader(outer, batch_size=5))
    assert x.tolist() == [1, 9, 5]
    assert y.tolist() == [1, 0, 2]


def test_a_poisson_pass_sees_each_row_once_on_average():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=2), "poisson")
    seen = np.zeros(10)
    for _ in range(300):
        for x, _ in private:
            seen[x.long().numpy()] += 1
    assert len(private) == 5
    assert abs(seen.mean() / 300 - 1) < 0.06
    assert seen.std() / 300 < 0.15


@pytest.mark.parametrize("dataset", [TensorDataset(X, Y), Items()])
def test_empty_samples_are_steps_that_the_loop_does_not_see(dataset):
    private = over(DataLoader(dataset, batch_size=1), "poisson")
    batches = [batch for _ in range(20) for batch in private]
    pieces = private.run.pieces
    empty = [piece for piece in pieces if not piece.n_rows]
    assert empty
    assert len(pieces) == 200 == len(batches) + len(empty)
    assert all(piece.first and piece.last for piece in empty)
    assert [piece.step for piece in pieces] == list(range(200))


def test_pieces_hold_the_rows_of_their_sample():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=5), max_physical=2)
    sizes = [len(x) for x, _ in private]
    assert sizes == [2, 2, 1, 2, 2, 1]
    flags = [(piece.step, piece.first, piece.last) for piece in private.run.pieces]
    assert flags[:3] == [(0, True, False), (0, False, False), (0, False, True)]
    assert flags[3][0] == 1


def test_a_pass_that_was_left_is_continued():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=2))
    for number, _ in enumerate(private):
        if number == 2:
            break
    assert [x.tolist() for x, _ in private] == [[6, 7], [8, 9]]
    assert len(list(private)) == 5


def test_a_look_at_a_batch_costs_nothing():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=2))
    private.run.begin = lambda piece, batch: None
    next(iter(private))
    assert len(list(private)) == 5


def test_the_rate_is_exact_where_the_batch_does_not_divide_the_data():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=6, drop_last=True), "poisson")
    assert (private.sampler.rate, len(private)) == (0.6, 1)
    assert len(over(DataLoader(TensorDataset(X, Y), batch_size=6), "poisson")) == 2


def test_drop_last_of_a_fixed_order_leaves_rows_out():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=4, drop_last=True))
    assert [len(x) for x, _ in private] == [4, 4]


def test_shuffling_a_fixed_order_keeps_one_participation_a_pass():
    private = over(DataLoader(TensorDataset(X, Y), batch_size=4, shuffle=True))
    first, second = (torch.cat([x for x, _ in private]).tolist() for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second) == X.tolist()


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


class Longest(BatchSampler):
    pass


DATA = TensorDataset(X, Y)


@pytest.mark.parametrize(
    "loader, message",
    [
        (DataLoader(DATA, sampler=WeightedRandomSampler(torch.ones(10), 10)), "Weighted.*loss"),
        (DataLoader(DATA, sampler=RandomSampler(DATA, replacement=True)), "RandomSampler"),
        (DataLoader(DATA, sampler=RandomSampler(DATA, num_samples=3)), "RandomSampler"),
        (DataLoader(DATA, sampler=torch.utils.data.SubsetRandomSampler([1, 2])), "Subset"),
        (
            DataLoader(DATA, batch_sampler=Longest(SequentialSampler(DATA), 2, False)),
            "Longest.*batch_size",
        ),
        (DataLoader(DATA, batch_size=None), "batch_size"),
        (DataLoader(Stream(), batch_size=2), "IterableDataset.*__getitem__"),
        (DataLoader(DATA, batch_size=20, drop_last=True), "no batch"),
        ([1, 2], "list.*DataLoader"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_a_loader_without_a_price_is_refused_with_the_way_out(loader, message):
    with pytest.raises(InvalidParameterError, match=message):
        over(loader, "poisson")
