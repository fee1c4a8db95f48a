"""Which engine takes which layer of a module, and what is refused before training starts."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from torch import nn

from sklearn_private.exceptions import GuaranteeError

from ..layers import Dense, is_composite, rule_of, wide
from ._hooks import BatchNormObserver, CompositeObserver, LayerObserver
from ._opacus import one_tensor, opacus_gradients

# They are never called: what they hold is used by the module that holds them.
_CONTAINERS = (nn.ParameterList, nn.ParameterDict, nn.ModuleList, nn.ModuleDict)


BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


class Unit(NamedTuple):
    """A layer that is observed as a whole, with everything in it."""

    name: str
    module: nn.Module
    engine: str  # "fused" or "opacus"


def plan(module: nn.Module, engine: str) -> list[Unit]:
    """Return the units of a module that have trainable parameters.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    engine : {"auto", "fused", "opacus"}
        "auto" takes the fused engine where it knows the layer, and opacus elsewhere.

    Returns
    -------
    list of Unit

    Raises
    ------
    GuaranteeError
        If a layer mixes samples, keeps exact statistics, or is unknown to ``engine="fused"``.
    """
    units = list(_units("", module, engine))
    unique = {id(unit.module): unit for unit in reversed(units)}
    return [unit for unit in units if unique[id(unit.module)] is unit]


def _units(name, module, engine):
    if not any(parameter.requires_grad for parameter in module.parameters()):
        return
    if engine != "opacus" and (rule_of(module) or is_composite(module)):
        yield Unit(name, module, "fused")
    elif _uses_parameters(module):
        if engine == "fused":
            raise GuaranteeError.unreleased(
                f"Layer {name!r} ({type(module).__name__}) uses parameters of its own outside a "
                "layer that the fused engine knows.",
                "Move them into layers of torch.nn, or choose engine='auto' or 'opacus'.",
            )
        yield Unit(name, module, "opacus")
    else:
        for key, child in module.named_children():
            yield from _units(f"{name}.{key}" if name else key, child, engine)


def _uses_parameters(module):
    """Return whether a module, not a called child of it, holds trainable parameters.

    A parameter that a child holds, too, is an alias: its uses are the child's.
    """
    aliases = {parameter for child in module.children() for parameter in child.parameters()}
    own = (p for p in module.parameters(recurse=False) if p not in aliases)
    held = (child for child in module.children() if isinstance(child, _CONTAINERS))
    return any(p.requires_grad for p in own) or any(map(_uses_parameters, held))


def refuse_batch_norm(module: nn.Module) -> Iterator[BatchNormObserver]:
    """Raise if a batch norm would mix samples, and watch the frozen ones.

    Parameters
    ----------
    module : torch.nn.Module
        The module.

    Yields
    ------
    BatchNormObserver
    """
    for name, layer in module.named_modules():
        if isinstance(layer, BATCH_NORMS):
            if layer.training or any(p.requires_grad for p in layer.parameters()):
                raise GuaranteeError.unreleased(
                    f"Layer {name!r} ({type(layer).__name__}) mixes the samples of a batch, so no "
                    "sample's influence is bounded.",
                    "Replace it by GroupNorm (opacus.validators.ModuleValidator.fix does), or "
                    "freeze it and call eval() on it.",
                )
            yield BatchNormObserver(layer)


def attach(unit: Unit, recorder: Any) -> Any:
    """Return the observer of a unit.

    Parameters
    ----------
    unit : Unit
        The layer.
    recorder : Recorder
        Gets its per-sample gradients.

    Returns
    -------
    Observer
    """
    name, module, engine = unit
    observe = partial(recorder.observe, name)
    if engine == "opacus":
        gradients = partial(_dense, opacus_gradients(name, module))
        return LayerObserver(module, observe, partial(one_tensor, name, module), gradients)
    rule = rule_of(module)
    if rule is None:
        return CompositeObserver(module, observe)
    reason = rule.refusal(module)
    if reason:
        raise GuaranteeError.unreleased(
            f"Layer {name!r} ({type(module).__name__}) is refused: {reason}."
        )
    inputs = partial(_batched, name, rule.inputs, rule.n_dims(module))
    return LayerObserver(module, observe, inputs, partial(rule.gradients, module))


def _dense(sampler, x, grad):
    return {p: Dense(wide(values)) for p, values in sampler(x, grad).items() if p.requires_grad}


def _batched(name, pick, n_dims, *args, **kwargs):
    inputs = pick(*args, **kwargs)
    if inputs[0].dim() < n_dims:
        raise GuaranteeError.unreleased(
            f"Layer {name!r} got an input without a batch dimension, so samples cannot be told "
            "apart.",
            "Give it batches, batch dimension first.",
        )
    return inputs
