"""The loader of a private run: samples rows, fetches them, tells the run what is out.

Rows are known to the run before they are to the training loop, so the run can refuse a step that
saw other rows than were drawn. Two things differ from a :class:`torch.utils.data.DataLoader`.

* A Poisson sample may be empty. The module is not called then: the run takes that step itself,
  with noise alone, and the loop sees the next sample. So a pass may give fewer batches than
  ``len(loader)``; it never takes fewer steps. The same is done for a sample that the loop skips.
* With ``max_physical_batch_size`` a sample comes in several pieces. ``optimizer.step()`` adds up
  clipped gradients until the last piece, and only then adds noise and moves.

A pass that was left by ``break`` or a crash is continued, not begun anew.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader

from ._collate import watched


@dataclass(frozen=True)
class Piece:
    """What the loop holds: a sample, or a part of it.

    Parameters
    ----------
    step : int
        Number of the step that the sample belongs to, from 0.
    n_rows : int
        Rows of the piece.
    first, last : bool
        Whether it is the first and the last piece of its sample.
    """

    step: int
    n_rows: int
    first: bool
    last: bool


class PrivateLoader:
    """Give the samples of a private run.

    Parameters
    ----------
    dataset : torch.utils.data.Dataset
        What is loaded.
    sampler : object
        Which rows each step sees, see :class:`PoissonSampler`.
    fetch : callable
        From an iterable of row numbers (tensors) to an iterable of batches.
    n_batches : int
        Steps of one pass.
    max_physical_batch_size : int, default=None
        Rows of one piece at most; None gives each sample in one piece.

    Attributes
    ----------
    batch_size : int
        Rows of a sample, on average.
    share : callable
        From the samples of a pass to the rows of each that this process gives: all of them, or its
        part where several processes train together.
    run : object
        Who is told when a loop begins and ends (``run.enter(loop)``, ``run.leave(loop)``) and of
        every piece (``run.begin(piece, batch)``, ``run.finish()`` after the last one), and knows
        how many steps were taken (``run.n_steps``); :func:`torch_private.make_private` sets it.
    """

    def __init__(
        self,
        dataset: torch.utils.data.Dataset,
        sampler: object,
        fetch: Callable[..., Any],
        n_batches: int,
        max_physical_batch_size: int | None = None,
    ):
        self.dataset = dataset
        self.sampler = sampler
        self.batch_size = sampler.batch_size
        self.max_physical_batch_size = max_physical_batch_size
        self.run = None
        self.share = iter
        self._fetch = fetch
        self._n_batches = n_batches

    def __len__(self):
        return self._n_batches

    def __iter__(self):
        waiting, loop = deque(), object()
        self.run.enter(loop)
        try:
            for batch in self._fetch(self._row_numbers(waiting)):
                self._pass_over_empty(waiting)
                self.run.begin(waiting.popleft(), batch)
                yield batch
            self._pass_over_empty(waiting)
            self.run.finish()
        finally:
            self.run.leave(loop)

    def _row_numbers(self, waiting):
        """Draw the samples of this pass, and write each piece down before it is fetched."""
        start = self.run.n_steps
        stop = (start // self._n_batches + 1) * self._n_batches
        samples = self.share(self.sampler.rows(step) for step in range(start, stop))
        for step, sample in enumerate(samples, start):
            rows = torch.from_numpy(sample)
            pieces = rows.split(self.max_physical_batch_size or max(len(rows), 1))
            for number, piece in enumerate(pieces, start=1):
                waiting.append(Piece(step, len(piece), number == 1, number == len(pieces)))
                if len(piece):
                    yield piece

    def _pass_over_empty(self, waiting):
        while waiting and not waiting[0].n_rows:
            self.run.begin(waiting.popleft())


def fetch_tensors(
    tensors: Sequence[torch.Tensor], index: torch.Tensor | None = None
) -> Callable[..., Any]:
    """Return how to fetch rows of tensors: by slicing, without a worker or a Python loop.

    Parameters
    ----------
    tensors : sequence of torch.Tensor
        The first dimension is that of rows.
    index : torch.Tensor, default=None
        The rows of a subset; None takes all.

    Returns
    -------
    callable
        From an iterable of row numbers to an iterable of lists of tensors.
    """

    def fetch(row_numbers):
        for rows in row_numbers:
            rows = rows if index is None else index[rows]
            yield [tensor.index_select(0, rows.to(tensor.device)) for tensor in tensors]

    return fetch


def fetch_items(loader: Any) -> Any:
    """Return how to fetch rows of a dataset: by the workers and the collation of its loader."""
    kept = (
        *("num_workers", "collate_fn", "pin_memory", "timeout", "worker_init_fn"),
        *("multiprocessing_context", "generator", "prefetch_factor", "pin_memory_device"),
    )
    options = {name: getattr(loader, name) for name in kept}
    options["collate_fn"] = watched(loader.collate_fn)

    def fetch(row_numbers):
        return DataLoader(
            loader.dataset, batch_sampler=(rows.tolist() for rows in row_numbers), **options
        )

    return fetch
