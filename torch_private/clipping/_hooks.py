"""Hooks that observe the layers of a module and leave the module as it is.

While a layer runs, its parameters ask for no gradient, so that autograd computes none. A copy of
the module, pickled or deep-copied, is free of hooks.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from sklearn_private.exceptions import GuaranteeError

from ..layers import FUNCTIONS


def _ignore(*_):
    """Do nothing: what a hook becomes in a copy of its module."""


def _inert():
    return _ignore


class Hook:
    """A method of an observer, as a hook that does not outlive its module."""

    def __init__(self, call: Any):
        self._call = call

    def __call__(self, *args):
        return self._call(*args)

    def __reduce__(self):
        return _inert, ()


class Observer:
    """Observes the calls of one module.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    """

    def __init__(self, module: torch.nn.Module):
        self._handles = [
            module.register_forward_pre_hook(Hook(self.before), prepend=True, with_kwargs=True),
            module.register_forward_hook(
                Hook(self.after), prepend=True, with_kwargs=True, always_call=True
            ),
        ]

    def before(self, module: Any, args: Any, kwargs: Any) -> Any:
        """Act before a call."""

    def after(self, module: Any, args: Any, kwargs: Any, output: Any) -> Any:
        """Act after a call; the output is None if it raised."""

    def detach(self) -> None:
        """Leave the module."""
        for handle in self._handles:
            handle.remove()


class LayerObserver(Observer):
    """Observes a layer with one output.

    Parameters
    ----------
    module : torch.nn.Module
        The layer.
    observe : callable
        ``observe(outputs, inputs, gradients)``, see :meth:`Recorder.observe`.
    inputs : callable
        ``inputs(*args, **kwargs)`` picks the tensors to keep from a call.
    gradients : callable
        ``gradients(*inputs, output_gradient)`` returns per-sample gradients by parameter.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        observe: Callable[..., Any],
        inputs: Callable[..., Any],
        gradients: Callable[..., Any],
    ):
        super().__init__(module)
        self._observe = observe
        self._inputs = inputs
        self._gradients = gradients
        self._parameters = [p for p in module.parameters() if p.requires_grad]
        self._paused = []

    def before(self, module: Any, args: Any, kwargs: Any) -> None:
        """Let the parameters ask for no gradient."""
        if torch.is_grad_enabled():
            self._paused = [p for p in self._parameters if p.requires_grad]
            for parameter in self._paused:
                parameter.requires_grad = False

    def after(self, module: Any, args: Any, kwargs: Any, output: Any) -> Any:
        """Let them ask for gradients again, and observe the output."""
        paused, self._paused = self._paused, []
        for parameter in paused:
            parameter.requires_grad = True
        if output is None or not paused:
            return None
        if not isinstance(output, torch.Tensor):
            raise GuaranteeError.unreleased(
                f"A layer ({type(module).__name__}) returns {type(output).__name__}, and only "
                "layers that return one tensor are known or taken by opacus.",
                "Build it from layers of torch.nn.",
            )
        return self._observe((output,), self._inputs(*args, **kwargs), self._gradients)[0]


class CompositeObserver(Observer):
    """Observes a layer that uses its parameters inside a function of torch.

    Parameters
    ----------
    module : torch.nn.Module
        The layer.
    observe : callable
        ``observe(outputs, inputs, gradients)``, see :meth:`Recorder.observe`.
    """

    def __init__(self, module: torch.nn.Module, observe: Callable[..., Any]):
        super().__init__(module)
        self._observe = observe
        self._mode = None

    def before(self, module: Any, args: Any, kwargs: Any) -> None:
        """Compute the function of torch so that it can be observed."""
        if torch.is_grad_enabled():
            self._mode = _Instead(self._observe)
            self._mode.__enter__()

    def after(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        """Leave the functions of torch as they are."""
        if self._mode is not None:
            self._mode.__exit__(None, None, None)
            self._mode = None


class _Instead(TorchFunctionMode):
    """Computes the functions of ``FUNCTIONS`` with observations."""

    def __init__(self, observe):
        super().__init__()
        self._observe = observe

    def __torch_function__(self, function, types, args=(), kwargs=None):
        known = FUNCTIONS.get(function)
        if known is None:
            return function(*args, **(kwargs or {}))
        return known(self._observe, *args, **(kwargs or {}))


class RootObserver(Observer):
    """Tells a recorder the batch size of the forward pass that runs.

    Parameters
    ----------
    module : torch.nn.Module
        The whole module.
    recorder : Recorder
        Gets ``batch_size``.
    """

    def __init__(self, module: torch.nn.Module, recorder: Any):
        super().__init__(module)
        self._recorder = recorder

    def before(self, module: Any, args: Any, kwargs: Any) -> None:
        """Read the batch size from the first tensor among the arguments."""
        first = _first_tensor((args, kwargs))
        self._recorder.batch_size = None if first is None or not first.dim() else len(first)

    def after(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        """Forget it."""
        self._recorder.batch_size = None


def _first_tensor(tree):
    if isinstance(tree, torch.Tensor):
        return tree
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if not isinstance(tree, tuple | list):
        return None
    return next((found for part in tree if (found := _first_tensor(part)) is not None), None)


class BatchNormObserver(Observer):
    """Refuses that a frozen batch norm uses the statistics of a batch."""

    def before(self, module: Any, args: Any, kwargs: Any) -> None:
        """Raise if it would."""
        if module.training and torch.is_grad_enabled():
            raise GuaranteeError.unreleased(
                "A batch norm layer is in training mode: it mixes the samples of a batch.",
                "Call eval() on it after train() on the module, or use GroupNorm.",
            )
