"""From the loader of an ordinary training loop to that of a private one.

The price of a run rests on how its rows are drawn, so a loader that draws them in a way of its own
is refused, not silently replaced: weights, stratification and curricula would be dropped without
a word.
"""

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

from sklearn_private.exceptions import InvalidParameterError

from ._loader import PrivateLoader, fetch_items, fetch_tensors
from ._samplers import FixedOrder, PoissonSampler, TruncatedPoissonSampler


def private_loader(
    loader: torch.utils.data.DataLoader,
    *,
    sampling: str,
    rng: object,
    truncated_batch_size: int | None = None,
    max_physical: int | None = None,
) -> PrivateLoader:
    """Return the private loader over the rows of an ordinary one.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        Its dataset, batch size, collation and workers are kept. ``drop_last`` counts in
        ``len(loader)``, the steps of a pass, alone.
    sampling : {"poisson", "truncated_poisson", "fixed"}
        How rows are drawn.
    rng : SecureSource or numpy.random.Generator
        Source of bytes of the sampler.
    truncated_batch_size : int, default=None
        Limit of ``"truncated_poisson"``.
    max_physical : int, default=None
        Rows of one piece at most.

    Returns
    -------
    PrivateLoader

    Raises
    ------
    InvalidParameterError
        If the loader draws rows in a way that has no price, or has no rows.
    """
    _refuse(loader)
    n_rows, batch_size, n_batches = len(loader.dataset), loader.batch_size, len(loader)
    if sampling == "poisson":
        sampler = PoissonSampler(n_rows, batch_size, rng)
    elif sampling == "truncated_poisson":
        sampler = TruncatedPoissonSampler(n_rows, batch_size, rng, truncated_batch_size)
    else:
        shuffled = isinstance(loader.sampler, RandomSampler)
        seed = int.from_bytes(rng.bytes(8), "little") if shuffled else None
        sampler = FixedOrder(n_rows, batch_size, n_batches, seed)
    return PrivateLoader(loader.dataset, sampler, _fetch(loader), n_batches, max_physical)


def _fetch(loader):
    """Slice tensors where nobody can tell the difference; else load items as they were."""
    dataset, index = loader.dataset, None
    while type(dataset) is Subset:
        rows = torch.as_tensor(dataset.indices)
        index = rows if index is None else rows[index]
        dataset = dataset.dataset
    plain = loader.collate_fn is default_collate and not loader.pin_memory
    if type(dataset) is TensorDataset and plain:
        return fetch_tensors(dataset.tensors, index)
    return fetch_items(loader)


def _refuse(loader):
    if not isinstance(loader, DataLoader):
        raise _invalid(f"is a {type(loader).__name__}", "Pass a torch.utils.data.DataLoader.")
    if isinstance(loader.dataset, IterableDataset):
        raise _invalid(
            "has an IterableDataset: rows that come as a stream cannot be sampled",
            "Pass a dataset with __len__ and __getitem__.",
        )
    if loader.batch_size is None:
        raise _invalid(
            f"has a {type(loader.batch_sampler or loader.sampler).__name__} that makes batches "
            "in its own way, whose privacy has no price here",
            "Pass a DataLoader with batch_size=.",
        )
    _refuse_sampler(loader)
    _refuse_repeated(loader.dataset)
    if not len(loader):
        raise _invalid("gives no batch", "Lower batch_size, or set drop_last=False.")


def _refuse_sampler(loader):
    sampler, n_rows = loader.sampler, len(loader.dataset)
    ordinary = type(sampler) is SequentialSampler or (
        type(sampler) is RandomSampler and not sampler.replacement and len(sampler) == n_rows
    )
    if not ordinary or type(loader.batch_sampler) is not BatchSampler:
        raise _invalid(
            f"has a {type(sampler).__name__}, which would be dropped: the price of a run rests on "
            "every row being drawn alike",
            "Leave `sampler` out and use shuffle=True. Instead of sampling weights, weight each "
            "row's loss; instead of a subset sampler, pass a Subset of different rows.",
        )


def _refuse_repeated(dataset):
    """Raise if a row is there twice, so that it would move the sum twice as far."""
    if type(dataset) not in (Subset, ConcatDataset):
        return
    origins = {}
    for base, rows in _origins(dataset):
        origins.setdefault(id(base), []).append(rows % len(base))  # -1 is the last one
    rows = [np.concatenate(parts) for parts in origins.values()]
    n_repeated = sum(len(part) - len(np.unique(part)) for part in rows)
    if n_repeated:
        raise _invalid(
            f"has a {type(dataset).__name__} that holds {n_repeated} rows more than once: a row "
            "that enters a step twice moves it twice as far",
            "Take each row once; to see rows more often, raise the batch size or the epochs.",
        )


def _origins(dataset):
    """Return the data sets that subsets and concatenations were made of, and which of their rows.

    Returns
    -------
    list of pairs
        A data set, and numbers of its rows in order.
    """
    if type(dataset) is Subset:
        wanted = np.asarray(dataset.indices, dtype=np.int64)
        parts = _origins(dataset.dataset)
        wanted = wanted % sum(len(rows) for _, rows in parts)
        stops = np.cumsum([len(rows) for _, rows in parts])
        inside = np.searchsorted(stops, wanted, side="right")
        return [
            (base, rows[wanted[inside == i] - (stops[i] - len(rows))])
            for i, (base, rows) in enumerate(parts)
        ]
    if type(dataset) is ConcatDataset:
        return [pair for part in dataset.datasets for pair in _origins(part)]
    return [(dataset, np.arange(len(dataset)))]


def _invalid(fault, remedy):
    return InvalidParameterError.unreleased(
        f"The 'loader' parameter of make_private {fault}.", f"{remedy}"
    )
