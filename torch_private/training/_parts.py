"""What a module and an optimizer must be, whoever makes them."""

import inspect

import torch
from torch.nn.parameter import is_lazy

from sklearn_private.exceptions import InvalidParameterError


def check_optimizer(optimizer: object) -> None:
    """Refuse what is no optimizer, and one that asks for several losses a step.

    Parameters
    ----------
    optimizer : object
        Anything.

    Raises
    ------
    InvalidParameterError
        If a private step cannot take it.
    """
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise InvalidParameterError(
            "The optimizer must be a torch.optim.Optimizer, as torch.optim.SGD makes one. Got "
            f"{type(optimizer).__name__} instead."
        )
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        raise InvalidParameterError(
            "The optimizer must take one gradient a step. "
            f"{type(optimizer).__name__} evaluates the loss several times, and only one of them "
            "would be paid for. Take torch.optim.SGD or Adam."
        )


def check_module(module: torch.nn.Module) -> None:
    """Refuse a module whose layers cannot be seen, or whose parameters have no shape yet.

    Parameters
    ----------
    module : torch.nn.Module
        Any.

    Raises
    ------
    InvalidParameterError
        If a layer is compiled, or a parameter is lazy.
    """
    if any(isinstance(layer, torch.jit.ScriptModule) for layer in module.modules()):
        raise InvalidParameterError(
            "The module must be made of Python layers: what happens inside of a scripted one "
            "cannot be seen. Give the module that torch.jit.script was called on."
        )
    lazy = [name for name, parameter in module.named_parameters() if is_lazy(parameter)]
    if lazy:
        raise InvalidParameterError(
            f"The module's parameters must have shapes. {', '.join(lazy)} get theirs from the "
            "first batch, which holds private rows: call the module on made-up rows beforehand."
        )
