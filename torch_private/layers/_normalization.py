"""Normalising layers: the gradient of a scale is the output gradient times the normalised input.

The input is normalised a second time, in chunks: that costs less than keeping it.
"""

from typing import Any

import torch
from torch.nn import functional as F

from ._gradients import Dense, chunks, wide


def layer_norm(layer: Any, x: Any, grad: Any) -> Any:
    """Return the per-sample gradients of a layer norm, input of shape (batch_size, ..., *shape)."""
    shape, eps = layer.normalized_shape, layer.eps
    return _scale_and_shift(
        layer, x, grad, lambda part: F.layer_norm(part, shape, eps=eps), _positions_first(shape)
    )


def rms_norm(layer: Any, x: Any, grad: Any) -> Any:
    """Return the per-sample gradients of an RMS norm, input of shape (batch_size, ..., *shape)."""
    shape, eps = layer.normalized_shape, layer.eps
    return _scale_and_shift(
        layer, x, grad, lambda part: F.rms_norm(part, shape, eps=eps), _positions_first(shape)
    )


def group_norm(layer: Any, x: Any, grad: Any) -> Any:
    """Return the per-sample gradients of a group norm, input of shape (batch_size, C, ...)."""
    groups, eps = layer.num_groups, layer.eps
    return _scale_and_shift(
        layer, x, grad, lambda part: F.group_norm(part, groups, eps=eps), _channels_first
    )


def instance_norm(layer: Any, x: Any, grad: Any) -> Any:
    """Return the per-sample gradients of an instance norm, input of shape (batch_size, C, ...)."""
    return _scale_and_shift(
        layer, x, grad, lambda part: F.instance_norm(part, eps=layer.eps), _channels_first
    )


def _positions_first(shape):
    return lambda tensor: tensor.reshape(len(tensor), -1, *shape).sum(1)


def _channels_first(tensor):
    return tensor.flatten(2).sum(2) if tensor.dim() > 2 else tensor


def _scale_and_shift(layer, x, grad, normalize, sum_positions):
    bias = getattr(layer, "bias", None)
    scales, shifts = [], []
    for part in chunks(len(x), 4 * x[:1].numel()):
        part_of_grad = wide(grad[part])
        if layer.weight.requires_grad:
            scales.append(sum_positions(normalize(wide(x[part])).mul_(part_of_grad)))
        if bias is not None and bias.requires_grad:
            shifts.append(sum_positions(part_of_grad))
    empty = wide(grad[:0]).new_empty(0, *layer.weight.shape)
    found = {layer.weight: scales, bias: shifts}
    return {
        parameter: Dense(torch.cat([empty, *parts]))
        for parameter, parts in found.items()
        if parameter is not None and parameter.requires_grad
    }
