"""Which layers the fused engine knows, and what it refuses about them."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from ._attention import attention
from ._convolution import convolution
from ._embedding import embedding, embedding_bag
from ._linear import conv1d_of_transformers, linear
from ._normalization import group_norm, instance_norm, layer_norm, rms_norm
from ._recurrent import gru, lstm, rnn_relu, rnn_tanh


def _first(input):
    return (input,)


def _nothing(layer):
    return None


@dataclass(frozen=True)
class Rule:
    """How a layer with one output is observed.

    Parameters
    ----------
    gradients : callable
        ``gradients(layer, *inputs, output_gradient)`` returns per-sample gradients by parameter.
    n_dims : callable
        ``n_dims(layer)`` is the smallest number of dimensions of an input with a batch dimension.
    refusal : callable, default=none
        ``refusal(layer)`` says why the layer cannot be trained privately, or returns None.
    inputs : callable, default=the only argument
        ``inputs(*args, **kwargs)`` picks the tensors to keep from a call.
    """

    gradients: Callable
    n_dims: Callable
    refusal: Callable = _nothing
    inputs: Callable = _first


def _refuse_embedding(layer):
    if layer.max_norm is not None:
        return "max_norm rescales the rows that a batch looks up, without noise. Set max_norm=None"
    if layer.scale_grad_by_freq:
        return "scale_grad_by_freq mixes samples. Set scale_grad_by_freq=False"
    if layer.sparse:
        return "its gradients are sparse, and noise is on every row. Set sparse=False"
    if getattr(layer, "mode", None) == "max":
        return "mode='max' is not supported. Use mode='mean' or mode='sum'"
    return None


def _refuse_statistics(layer):
    if layer.track_running_stats:
        return "its running statistics are exact. Set track_running_stats=False"
    return None


def _bag_inputs(input, offsets=None, per_sample_weights=None):
    return (input,) if per_sample_weights is None else (input, per_sample_weights)


def _two(layer):
    return 2


RULES = {
    nn.Linear: Rule(linear, _two),
    nn.Conv1d: Rule(convolution, lambda layer: 3),
    nn.Conv2d: Rule(convolution, lambda layer: 4),
    nn.Conv3d: Rule(convolution, lambda layer: 5),
    nn.Embedding: Rule(embedding, lambda layer: 1, _refuse_embedding),
    nn.EmbeddingBag: Rule(embedding_bag, _two, _refuse_embedding, _bag_inputs),
    nn.LayerNorm: Rule(layer_norm, lambda layer: 1 + len(layer.normalized_shape)),
    nn.RMSNorm: Rule(rms_norm, lambda layer: 1 + len(layer.normalized_shape)),
    nn.GroupNorm: Rule(group_norm, _two),
    nn.InstanceNorm1d: Rule(instance_norm, lambda layer: 3, _refuse_statistics),
    nn.InstanceNorm2d: Rule(instance_norm, lambda layer: 4, _refuse_statistics),
    nn.InstanceNorm3d: Rule(instance_norm, lambda layer: 5, _refuse_statistics),
}

# Layers that use their parameters inside a function of torch, and what computes it instead.
FUNCTIONS = {
    F.multi_head_attention_forward: attention,
    torch.lstm: lstm,
    torch.gru: gru,
    torch.rnn_tanh: rnn_tanh,
    torch.rnn_relu: rnn_relu,
}
_COMPOSITES = (nn.MultiheadAttention, nn.LSTM, nn.GRU, nn.RNN)


def rule_of(layer: Any) -> Any:
    """Return the rule of a layer, or None.

    A subclass that computes something else in ``forward``, and a layer whose weight is computed
    from other parameters, have none.
    """
    names = {name for name, _ in layer.named_parameters(recurse=False)}
    if "weight" not in names or not names <= {"weight", "bias"}:
        return None
    transformers = sys.modules.get("transformers.pytorch_utils")
    if transformers is not None and type(layer) is transformers.Conv1D:
        return Rule(conv1d_of_transformers, _two)
    return next((rule for kind, rule in RULES.items() if _computes(layer, kind)), None)


def is_composite(layer: Any) -> Any:
    """Return whether a layer runs a function of ``FUNCTIONS``."""
    parametrized = any(parametrize.is_parametrized(module) for module in layer.modules())
    return not parametrized and any(_computes(layer, kind) for kind in _COMPOSITES)


def _computes(layer, kind):
    return isinstance(layer, kind) and type(layer).forward is kind.forward
