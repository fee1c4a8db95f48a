"""Canaries: made-up rows, each in the data by a secret coin of its own.

A canary should pull the model in a direction of its own, as far as clipping lets it: noise that
does not fit the data, with a label drawn at random. It is made from the shapes and types of the
data, never from its values. With neither coin does the number of rows change: a canary that is left
out is drawn like any row, and then dropped. That is the neighbouring relation "zero-out", in which
the number of rows is public.
"""

from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private.exceptions import InvalidParameterError

from ..sampling import private_loader


def random_canaries(
    loader: torch.utils.data.DataLoader,
    n_canaries: int,
    *,
    n_classes: int | None = None,
    scale: float = 1.0,
    generator: torch.Generator | None = None,
) -> tuple[torch.Tensor, ...]:
    """Make canaries: normal inputs with random targets.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        Over a ``TensorDataset`` of inputs (floating) and targets; its shapes and types are read.
    n_canaries : int
        How many.
    n_classes : int, default=None
        Targets are drawn from 0, ..., ``n_classes - 1``. None makes normal targets, and is refused
        where targets are integers: their largest value would be read off the data.
    scale : float, default=1.0
        Standard deviation of inputs. Larger makes longer gradients, of which clipping keeps the
        direction.
    generator : torch.Generator, default=None
        Source of the values, which are no secret.

    Returns
    -------
    tuple of Tensor
        Inputs and targets, one row a canary.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> from torch_private.audits import random_canaries
    >>> data = TensorDataset(torch.zeros(9, 3), torch.zeros(9, dtype=torch.long))
    >>> x, y = random_canaries(DataLoader(data, batch_size=3), 4, n_classes=2)
    >>> x.shape, y.shape
    (torch.Size([4, 3]), torch.Size([4]))
    """
    inputs, targets = _tensors_of(loader)
    if not inputs.is_floating_point() or (n_classes is None and not targets.is_floating_point()):
        raise InvalidParameterError(
            "Canaries cannot be made up for integers without knowing their range. Give n_classes= "
            "for targets; for inputs that are tokens make the rows yourself, and give canaries=."
        )
    shape = (n_canaries, *inputs.shape[1:])
    x = scale * torch.randn(shape, generator=generator, dtype=inputs.dtype)
    shape = (n_canaries, *targets.shape[1:])
    if n_classes is None:
        return x, torch.randn(shape, generator=generator, dtype=targets.dtype)
    return x, torch.randint(n_classes, shape, generator=generator).to(targets.dtype)


def planted_loader(
    loader: torch.utils.data.DataLoader, canaries: tuple[torch.Tensor, ...], rng: object
) -> torch.utils.data.DataLoader:
    """Return a loader of the same rows and of the canaries after them.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        The loader of the training loop.
    canaries : tuple of Tensor
        Rows like those of its ``TensorDataset``.
    rng : SecureSource or numpy.random.Generator
        Source of bytes.

    Returns
    -------
    torch.utils.data.DataLoader
    """
    private_loader(loader, sampling="poisson", rng=rng)  # refuses samplers that would be dropped
    pairs = zip(_tensors_of(loader), canaries, strict=True)
    rows = [torch.cat([data, canary.to(data)]) for data, canary in pairs]
    ordered = isinstance(loader.sampler, torch.utils.data.SequentialSampler)
    return DataLoader(TensorDataset(*rows), batch_size=loader.batch_size, shuffle=not ordered)


class Without:
    """A sampler whose hidden rows are drawn and then dropped.

    Parameters
    ----------
    sampler : object
        As of :mod:`torch_private.sampling`.
    hidden : ndarray of bool of shape (n_rows,)
        The rows that are not in the data.
    """

    def __init__(self, sampler: object, hidden: np.ndarray):
        self._sampler = sampler
        self._hidden = hidden

    def rows(self, step: Any) -> Any:
        """Return the rows of a step that are in the data."""
        rows = self._sampler.rows(step)
        return rows[~self._hidden[rows]]


def _tensors_of(loader):
    dataset = loader.dataset
    if type(dataset) is not TensorDataset or len(dataset.tensors) != 2:
        raise InvalidParameterError(
            "The 'loader' parameter of OneRunAudit must have a TensorDataset of inputs and "
            f"targets, so that canaries can be added. Got a {type(dataset).__name__} instead."
        )
    return dataset.tensors
