"""A batch that is like those of a loader and holds nothing of its data.

Only shapes, kinds and types of an element are read. Floats are normal numbers from a generator of
their own, integers are ones (a valid label, token or length wherever zero is not the only one).
"""

import torch
from torch.utils.data import TensorDataset

from ..sampling import map_tensors

N_ROWS = 4


def synthetic_batch(loader: torch.utils.data.DataLoader, device: torch.device) -> object:
    """Return a batch of `N_ROWS` rows.

    Parameters
    ----------
    loader : torch.utils.data.DataLoader
        The loader of the training loop.
    device : torch.device
        Where the module is.

    Returns
    -------
    object
        Nested like a batch.
    """
    if type(loader.dataset) is TensorDataset:
        example = [tensor[:1] for tensor in loader.dataset.tensors]
    else:
        example = loader.collate_fn([loader.dataset[0]])
    generator = torch.Generator().manual_seed(0)

    def invent(tensor):
        shape = (N_ROWS, *tensor.shape[1:])
        if tensor.is_floating_point() or tensor.is_complex():
            return torch.randn(shape, generator=generator, dtype=tensor.dtype).to(device)
        return torch.ones(shape, dtype=tensor.dtype, device=device)

    return map_tensors(invent, example)


def with_other_row(batch: object, row: int) -> object:
    """Return a batch with one row replaced.

    Parameters
    ----------
    batch : object
        A synthetic batch.
    row : int
        Which row.

    Returns
    -------
    object
    """

    def replace(tensor):
        tensor = tensor.clone()
        tensor[row] = 5 - tensor[row] if tensor.is_floating_point() else 0
        return tensor

    return map_tensors(replace, batch)


def call(module: torch.nn.Module, batch: object) -> object:
    """Call a module as most training loops do.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    batch : object
        A mapping is given as keywords; of a list or tuple the first entry is the input.

    Returns
    -------
    object
    """
    if isinstance(batch, dict):
        return module(**batch)
    return module(batch[0] if isinstance(batch, list | tuple) else batch)
