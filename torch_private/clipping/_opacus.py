"""Per-sample gradients of a layer by opacus: its sampler, a registered one, or functorch."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from sklearn_private._optional import require
from sklearn_private.exceptions import GuaranteeError


def opacus_gradients(name: str, module: torch.nn.Module) -> Callable[..., Any]:
    """Return the function that computes the per-sample gradients of a module.

    Parameters
    ----------
    name : str
        The module's name, for messages.
    module : torch.nn.Module
        A module of one tensor; its children belong to it.

    Returns
    -------
    callable
        ``gradients(x, output_gradient)`` returns a dict of tensors by parameter.

    Raises
    ------
    MissingDependencyError
        If opacus is not installed.
    GuaranteeError
        If opacus cannot take the module.
    """
    samplers = require("opacus.grad_sample", extra="torch").GradSampleModule.GRAD_SAMPLERS
    sampler = samplers.get(type(module))
    if sampler is not None:
        return lambda x, grad: sampler(module, [x], grad)
    functorch = require("opacus.grad_sample.functorch", extra="torch")
    try:
        functorch.prepare_layer(module)
    except NotImplementedError as error:
        raise _refused(name, module, error) from error
    per_sample = module.__dict__.pop("ft_compute_sample_grad")  # it could not be pickled
    return partial(_by_functorch, name, module, per_sample)


def _by_functorch(name, module, per_sample, x, grad):
    parameters = list(module.parameters())
    x = x.to(grad.dtype) if x.is_floating_point() else x
    try:
        found = per_sample(parameters, x, grad)
    except RuntimeError as error:
        raise _refused(name, module, error) from error
    return dict(zip(parameters, found, strict=True))


def one_tensor(name: str, module: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the only argument of a call, which opacus repeats sample by sample."""
    if len(args) == 1 and not kwargs and isinstance(args[0], torch.Tensor):
        return args
    raise _refused(name, module, "it was not called with one tensor")


def _refused(name, module, reason):
    return GuaranteeError.unreleased(
        f"Layer {name!r} ({type(module).__name__}) is no layer that the fused engine knows, and "
        f"opacus cannot take it: {reason}.",
        "Build it from layers of torch.nn with their own parameters, or register a sampler with "
        "opacus.grad_sample.register_grad_sampler.",
    )
