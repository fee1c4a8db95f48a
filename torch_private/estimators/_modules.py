"""From the ``module`` parameter to the module that a fit trains."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from sklearn_private._checks import Checks

from ..training import check_module


def new_module(
    made: torch.nn.Module | Callable[..., Any],
    n_features: int,
    n_outputs: int,
    *,
    device: str,
    owner: str,
) -> torch.nn.Module:
    """Return a module for one fit.

    Parameters
    ----------
    made : torch.nn.Module or callable
        The ``module`` parameter: what is copied, or a function that makes one.
    n_features, n_outputs : int
        Columns of the rows, and numbers that the loss wants for each.
    device : str
        Where it lives.
    owner : str
        Name of the estimator, for messages.

    Returns
    -------
    torch.nn.Module
    """
    if isinstance(made, nn.Module):
        check_module(made)
        return copy.deepcopy(made).to(device)
    check = Checks(owner)
    if not callable(made):
        raise check.invalid("module", "a torch.nn.Module, or a function that makes one", value=made)
    made = made(*(n_features, n_outputs)[: _n_required(made)])
    if not isinstance(made, nn.Module):
        raise check.invalid(
            "module", "a function that returns a torch.nn.Module", value=type(made).__name__
        )
    check_module(made)
    if type(made) is nn.Linear:  # Its loss is convex: zero is as good a start as any, and quieter.
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.zero_()
    return made.to(device)


def outputs_of(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return the outputs of a module in pieces, without gradients.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    x : Tensor of shape (n_rows, ...)
        Inputs, on the CPU.

    Returns
    -------
    Tensor of shape (n_rows, ...)
        On the CPU.
    """
    with torch.inference_mode():
        return torch.cat([module(as_input(module, part)).cpu() for part in x.split(_ROWS)])


def as_input(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return a tensor on the device and in the precision of a module's first weights.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    x : Tensor
        Numbers.

    Returns
    -------
    Tensor
    """
    weights = next((p for p in module.parameters() if p.is_floating_point()), x)
    return x.to(weights.device, weights.dtype)


_ROWS = 4096


def _n_required(function):
    """Return how many arguments a function cannot do without."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in kinds and p.default is p.empty for p in parameters)
