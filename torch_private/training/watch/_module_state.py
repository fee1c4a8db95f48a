"""What a module keeps from one call to the next, besides what is trained.

A running mean in a buffer, a frozen parameter that is set in ``forward``, the last batch in an
attribute: all of it is in the module that is released, and has no noise. So everything that can be
reached from a module is looked at: its parameters and buffers (by value, since ``.data`` changes
them unseen by torch's counters) and its other attributes, in lists, dictionaries and plain objects.
"""

import contextlib
import copy
from collections import deque
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import nn

_DEEPEST = 4
_OF_MODULES = frozenset(vars(nn.Module()))
_CONTAINERS = (list, dict, set, deque)


def reachable(module: nn.Module) -> Iterator[tuple[str, object]]:
    """Yield everything of a module that holds numbers.

    Parameters
    ----------
    module : torch.nn.Module
        The module.

    Yields
    ------
    path : str
        Where it is.
    value : torch.Tensor, numpy.ndarray, int, float or complex
        What it is.
    """
    for name, layer in module.named_modules():
        prefix = f"{name}." if name else ""
        yield from ((prefix + key, tensor) for key, tensor in _members(layer))
        for key, value in list(vars(layer).items()):
            if key not in _OF_MODULES:
                yield from _inside(prefix + key, value, _DEEPEST)


def _members(layer):
    """Return the parameters and buffers of one layer, by name."""
    return [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]


def _inside(path, value, depth):
    if isinstance(value, torch.Tensor | np.ndarray | int | float | complex):
        if not isinstance(value, bool):
            yield path, value
    elif depth and not isinstance(value, nn.Module | type | str | bytes):
        if isinstance(value, Mapping):
            parts = list(value.items())
        elif isinstance(value, list | tuple | set | deque):
            parts = list(enumerate(value))
        else:
            parts = [] if callable(value) else list(getattr(value, "__dict__", {}).items())
        for key, part in parts:
            yield from _inside(f"{path}.{key}", part, depth - 1)


def marks(module: nn.Module) -> dict[str, object]:
    """Return a short mark of everything reachable, by path; equal values have equal marks."""
    return {path: _mark(value) for path, value in reachable(module)}


def _mark(value):
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes() if value.dtype != object else repr(value)
    if not isinstance(value, torch.Tensor):
        return repr(value)
    value = value.detach()
    if value.is_floating_point():
        numbers = value.sum(dtype=torch.float64), value.norm(dtype=torch.float64)
    else:
        numbers = value.sum(), (value != 0).sum()
    return value.shape, *(repr(number.item()) for number in numbers)  # repr: NaN is like NaN


class ModuleState:
    """The values of everything reachable from a module, to set them back.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    """

    def __init__(self, module: nn.Module) -> None:
        self._layers = [
            (layer, {k: v for k, v in vars(layer).items() if k not in _OF_MODULES}, _members(layer))
            for layer in module.modules()
        ]
        plain = [value for _, attributes, _ in self._layers for value in attributes.values()]
        self._containers = [(c, copy.copy(c)) for c in plain if isinstance(c, _CONTAINERS)]
        self._objects = [(o, dict(vars(o))) for o in plain if _is_plain_object(o)]
        tensors = {id(t): t for _, t in reachable(module) if isinstance(t, torch.Tensor)}
        self._tensors = [(t, t.data, t.detach().clone()) for t in tensors.values()]
        self._arrays = [(a, a.copy()) for _, a in reachable(module) if isinstance(a, np.ndarray)]

    @torch.no_grad()
    def restore(self) -> None:
        """Set everything back."""
        for layer, attributes, members in self._layers:
            for key in set(vars(layer)) - set(attributes) - _OF_MODULES:
                del vars(layer)[key]
            vars(layer).update(attributes)
            for key, tensor in members:
                if getattr(layer, key, None) is not tensor:
                    setattr(layer, key, tensor)
        for container, saved in self._containers:
            container.clear()
            (container.update if isinstance(container, dict | set) else container.extend)(saved)
        for holder, saved in self._objects:
            vars(holder).clear()
            vars(holder).update(saved)
        for tensor, data, values in self._tensors:
            if tensor.data_ptr() != data.data_ptr():
                tensor.data = data
            if not torch.equal(tensor, values):  # A write would count as one for autograd.
                tensor.data.copy_(values)
        for array, values in self._arrays:
            array[...] = values


@contextlib.contextmanager
def unchanged(module: nn.Module, before: object = None) -> Iterator[None]:
    """Leave a module as it is found, whatever its calls keep.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    before : dict, default=None
        Marks of what it kept before it was called; if they are what they were, its calls keep
        nothing, and nothing is copied.
    """
    state = None if marks(module) == before else ModuleState(module)
    try:
        yield
    finally:
        if state is not None:
            state.restore()


def explain_state(module: nn.Module, path: str) -> str:
    """Say that a module keeps something of its rows."""
    kinds = (("parameter", module.named_parameters()), ("buffer", module.named_buffers()))
    kind = next((kind for kind, named in kinds if path in dict(named)), "attribute")
    return (
        f"The {kind} {path!r} keeps statistics of the data, or rows of it, which would be released "
        "without noise. Set track_running_stats=False, replace the layer by GroupNorm, or do not "
        "keep in the module what it computes."
    )


def _is_plain_object(value):
    return (
        hasattr(value, "__dict__")
        and not callable(value)
        and not isinstance(value, nn.Module | torch.Tensor | np.ndarray)
    )
