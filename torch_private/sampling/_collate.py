"""A collation must make a batch of rows, each from one item: watched where batches are made.

``collate_fn`` is code of the user, and runs before anybody sees its batch, in a worker perhaps. So
there, for the first batches and for some at random later on, it is called again on other items:
half of them are kept, where they are, and one item takes the place of all others. The rows of kept
items must be what they were, with the same random numbers. That item is the longest one and belongs
to both halves, so that a batch that is padded to its longest item keeps its shape.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.utils.data import default_collate

from sklearn_private.exceptions import GuaranteeError

from ._generators import generators_of, same_random_numbers
from ._tensors import tensors_in

_FIRST = 3  # batches that are always watched
_ONE_OF = 25  # later ones


def watched(collate: Callable[..., Any]) -> Callable[..., Any]:
    """Return a collation that is watched; torch's own one needs no watch.

    Parameters
    ----------
    collate : callable
        From a list of items to a batch.

    Returns
    -------
    callable
    """
    return collate if collate is default_collate else _Watched(collate)


class _Watched:
    """Calls a collation, and now and then once more. It is pickled into workers."""

    def __init__(self, collate):
        self._collate = collate
        self._n_calls = 0

    def __call__(self, items):
        self._n_calls += 1
        due = self._n_calls <= _FIRST or secrets.randbelow(_ONE_OF) == 0
        states = [(g, g.get_state()) for g in generators_of(torch.device("cpu"))] if due else []
        batch = self._collate(items)
        if due and len(items) > 1:
            with same_random_numbers(torch.device("cpu")):
                self._check(items, batch, states)
        return batch

    def _check(self, items, batch, states):
        longest = max(range(len(items)), key=lambda i: _length(items[i]))
        first = {int(i) for i in _shuffled(len(items))[: len(items) // 2]}
        for kept in (first, set(range(len(items))) - first):
            kept = kept | {longest}
            others = [items[i] if i in kept else items[longest] for i in range(len(items))]
            for generator, state in states:
                generator.set_state(state)
            if not _same_rows(batch, self._collate(others), sorted(kept), len(items)):
                raise GuaranteeError.unreleased(
                    "The collate_fn of the loader makes rows of a batch from several items: a "
                    "row was another one beside other items, so no row's influence is bounded.",
                    "Make one row of each item, in the order of the items; leave items out in "
                    "the data set.",
                )


def _same_rows(before, after, kept, n_items):
    before, after = tensors_in(before), tensors_in(after)
    if [t.shape for t in before] != [t.shape for t in after]:
        return False
    rows = [(a, b) for a, b in zip(before, after, strict=True) if a.dim() and len(a) == n_items]
    return bool(rows) and all(torch.equal(_bits(a[kept]), _bits(b[kept])) for a, b in rows)


def _bits(tensor):
    return tensor.nan_to_num() if tensor.is_floating_point() else tensor


def _shuffled(n):
    return torch.randperm(n, generator=torch.Generator().manual_seed(secrets.randbits(63)))


def _length(item):
    """Return how many numbers or letters an item holds."""
    if isinstance(item, torch.Tensor):
        return item.numel()
    if isinstance(item, Mapping):
        item = list(item.values())
    if isinstance(item, list | tuple):
        return sum(map(_length, item))
    return len(item) if hasattr(item, "__len__") else 1
