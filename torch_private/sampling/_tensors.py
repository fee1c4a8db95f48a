"""The tensors in what a loader gives and a module returns."""

from collections.abc import Callable, Mapping
from typing import Any

import torch


def tensors_in(tree: object) -> list[torch.Tensor]:
    """Return all tensors of nested lists, tuples and mappings, in order.

    Parameters
    ----------
    tree : object
        Anything.

    Returns
    -------
    list of torch.Tensor
    """
    if isinstance(tree, torch.Tensor):
        return [tree]
    if isinstance(tree, Mapping):
        tree = list(tree.values())
    elif isinstance(tree, slice):
        tree = [tree.start, tree.stop, tree.step]
    if isinstance(tree, list | tuple):
        return [tensor for part in tree for tensor in tensors_in(part)]
    return []


def map_tensors(function: Callable[..., Any], tree: object) -> object:
    """Return the same nest with ``function`` applied to every tensor.

    Parameters
    ----------
    function : callable
        From a tensor to anything.
    tree : object
        Nested lists, tuples and mappings.

    Returns
    -------
    object
    """
    if isinstance(tree, torch.Tensor):
        return function(tree)
    if isinstance(tree, slice):
        return slice(*map_tensors(function, (tree.start, tree.stop, tree.step)))
    if isinstance(tree, Mapping):
        return {key: map_tensors(function, part) for key, part in tree.items()}
    if isinstance(tree, list):
        return [map_tensors(function, part) for part in tree]
    if isinstance(tree, tuple):
        parts = [map_tensors(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return tree
