"""Multi-head attention, computed so that its projections can be observed.

``torch.nn.MultiheadAttention`` multiplies by its packed weights inside one function. This is the
same function, batch first, with an observation after each projection.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.nn import functional as F

from sklearn_private.exceptions import GuaranteeError

from ._gradients import Blocks, Dense, Outer, wide
from ._linear import bias_gradients, linear_map


def attention(
    observe: Callable[..., Any],
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    embed_dim: Any,
    num_heads: Any,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: Any,
    dropout_p: Any,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    average_attn_weights: bool = True,
    **_: Any,
) -> tuple[Any, Any]:
    """Return what ``torch.nn.functional.multi_head_attention_forward`` returns.

    Parameters
    ----------
    observe : callable
        ``observe(outputs, inputs, gradients)`` returns the outputs; in the backward pass,
        ``gradients(*inputs, *output_gradients)`` returns per-sample gradients by parameter.
    query, key, value : Tensor of shape (T, batch_size, ...)
        As for the function of torch, like the parameters that follow.
    """
    _refuse_without_batch(query)
    weights = in_proj_weight
    if weights is None:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    inputs = [tensor.transpose(0, 1) for tensor in (query, key, value)]
    same = query is key is value
    q, k, v = _project(observe, inputs, weights, in_proj_bias, same)
    if bias_k is not None:
        k, v = (_appended(observe, t, bias) for t, bias in ((k, bias_k), (v, bias_v)))
    if add_zero_attn:
        k, v = (F.pad(tensor, (0, 0, 0, 1)) for tensor in (k, v))
    mask = _mask(attn_mask, key_padding_mask, k, num_heads)
    dropout_p = dropout_p if training else 0.0
    heads = [t.unflatten(2, (num_heads, -1)).transpose(1, 2) for t in (q, k, v)]
    if need_weights:
        mixed, scores = _mix_and_weigh(*heads, mask, dropout_p)
        scores = scores.mean(1) if average_attn_weights else scores
    else:
        mixed, scores = F.scaled_dot_product_attention(*heads, mask, dropout_p), None
    # mixed: (batch_size, num_heads, T, head_dim)
    mixed = mixed.transpose(1, 2).flatten(2)
    output = F.linear(mixed, *(_values(p) for p in (out_proj_weight, out_proj_bias)))
    (output,) = observe((output,), (mixed,), partial(linear_map, out_proj_weight, out_proj_bias))
    return output.transpose(0, 1), scores


def _refuse_without_batch(query):
    if query.dim() != 3:
        raise GuaranteeError.unreleased(
            "MultiheadAttention got an input without a batch dimension, so samples cannot be "
            "told apart.",
            "Give it inputs of three dimensions.",
        )


def _values(parameter):
    return None if parameter is None else parameter.detach()


def _project(observe, inputs, weights, bias, same):
    """Return queries, keys and values, and observe them."""
    packed = isinstance(weights, torch.Tensor)
    if packed and same:
        output = F.linear(inputs[0], _values(weights), _values(bias))
        (output,) = observe((output,), (inputs[0],), partial(linear_map, weights, bias))
        return output.chunk(3, dim=2)
    parts = _values(weights).chunk(3) if packed else [_values(weight) for weight in weights]
    biases = [None] * 3 if bias is None else _values(bias).chunk(3)
    outputs = tuple(F.linear(*three) for three in zip(inputs, parts, biases, strict=True))
    return observe(outputs, tuple(inputs), partial(_projection_gradients, weights, bias))


def _projection_gradients(weights, bias, *tensors):
    inputs, grads = tensors[:3], tensors[3:]
    products = [Outer(grad, x) for x, grad in zip(inputs, grads, strict=True)]
    packed = isinstance(weights, torch.Tensor)
    found = {weights: Blocks(products)} if packed else dict(zip(weights, products, strict=True))
    if bias is not None:
        found[bias] = Dense(torch.cat([bias_gradients(grad).values for grad in grads], dim=1))
    return {
        parameter: gradients for parameter, gradients in found.items() if parameter.requires_grad
    }


def _appended(observe, sequence, bias):
    """Append a learnt position to a sequence."""
    position = bias.detach().expand(len(sequence), 1, -1)

    def gradients(_, grad):
        return {bias: Dense(wide(grad)[:, None])} if bias.requires_grad else {}

    (position,) = observe((position,), (position,), gradients)
    return torch.cat([sequence, position], dim=1)


def _mask(attn_mask, key_padding_mask, k, num_heads):
    """Return what is added to the scores, of a shape that broadcasts to (batch, heads, T, S)."""
    n, length = k.shape[:2]
    mask = None
    if attn_mask is not None:
        shape = (n, num_heads) if attn_mask.dim() == 3 else (1, 1)
        mask = attn_mask.reshape(*shape, *attn_mask.shape[-2:])
        mask = F.pad(mask, (0, length - mask.shape[-1]))
    if key_padding_mask is not None:
        padding = key_padding_mask[:, None, None, :]
        padding = F.pad(padding, (0, length - padding.shape[-1]))
        mask = padding if mask is None else mask + padding
    return mask


def _mix_and_weigh(q, k, v, mask, dropout_p):
    scores = (q * math.sqrt(1 / q.shape[-1])) @ k.transpose(-2, -1)
    weights = F.softmax(scores if mask is None else scores + mask, dim=-1)
    weights = F.dropout(weights, dropout_p) if dropout_p > 0 else weights
    return weights @ v, weights
