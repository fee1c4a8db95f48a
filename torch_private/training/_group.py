"""Several processes that train one module: each clips rows of its own, one adds the noise.

A step of a group is one step on one sample. The first process draws the samples of a pass and hands
out their rows, so that every row is seen by one process. Each process clips its rows; the sums meet
in the first one, which adds the noise once, and gives the noisy total to all. So parameters stay
equal everywhere, the price is that of one process, and no other process knows the noise.

The group is that of ``torch.distributed``, if it was initialised before ``make_private``; gloo and
nccl both offer what is used. Who leaves makes the others raise.
"""

import contextlib
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import distributed, nn

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError


class Alone:
    """One process.

    Attributes
    ----------
    size : int
        Number of processes.
    leads : bool
        Whether this one draws samples and noise.
    """

    size = 1
    leads = True

    def agree(self, settings: object, module: nn.Module) -> None:
        """Raise unless all processes have the same settings, and give them the same module."""

    def share(self, samples: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield this process's rows of each sample."""
        return iter(samples)

    def total(self, sums: torch.Tensor, counts: list[float]) -> list[float]:
        """Add up sums, in place, and counts over all processes, for the one that leads."""
        return counts

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the leading process has."""
        return values


class Group(Alone):
    """The processes of ``torch.distributed``."""

    def __init__(self) -> None:
        self.size = distributed.get_world_size()
        self._rank = distributed.get_rank()
        self.leads = self._rank == 0

    def agree(self, settings: object, module: nn.Module) -> None:
        """Raise unless all processes have the same settings, and give them the same module."""
        found = [None] * self.size
        with _answered():
            distributed.all_gather_object(found, repr(settings))
        if len(set(found)) > 1:
            raise InvalidParameterError.unreleased(
                "The processes of the group call make_private with other settings, or over data "
                "of another size.",
                "Give every process the same data set and the same parameters.",
            )
        for tensor in (*module.parameters(), *module.buffers()):
            self.spread(tensor.data)

    def share(self, samples: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield this process's rows of each sample, which the leading process draws."""
        drawn = [list(samples) if self.leads else None]
        with _answered():
            distributed.broadcast_object_list(drawn, src=0)
        return (rows[self._rank :: self.size] for rows in drawn[0])

    def total(self, sums: torch.Tensor, counts: list[float]) -> list[float]:
        """Add up sums, in place, and counts over all processes, for the one that leads."""
        numbers = torch.tensor(counts, dtype=torch.float64, device=sums.device)
        with _answered():
            distributed.reduce(sums, dst=0)
            distributed.reduce(numbers, dst=0)
        return numbers.tolist()

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Return what the leading process has, in place."""
        with _answered():
            distributed.broadcast(values, src=0)
        return values


def current_group() -> Alone:
    """Return the group that this process belongs to."""
    ready = distributed.is_available() and distributed.is_initialized()
    return Group() if ready and distributed.get_world_size() > 1 else Alone()


@contextlib.contextmanager
def _answered():
    try:
        yield
    except RuntimeError as error:
        raise GuaranteeError.unreleased(
            "Another process of the group is gone, or does not answer, so there is no sum of all "
            "rows.",
            "Start the group again from the last checkpoint.",
        ) from error
