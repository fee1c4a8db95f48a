"""Convolutions in one, two and three dimensions, with groups, dilation and every padding.

A batch of gradients is the gradient of one convolution whose groups are the samples, so that
oneDNN or cuDNN computes it. Where the weight is large against the output, norms come from the Gram
matrices of patches instead, as in :class:`~torch_private.layers.Outer`.
"""

from typing import Any

import torch
from torch.nn import functional as F
from torch.nn import grad as of

from ._gradients import Dense, chunks, gram_norms, norms_of, wide

_WEIGHT_GRADIENT = {1: of.conv1d_weight, 2: of.conv2d_weight, 3: of.conv3d_weight}


def convolution(
    layer: torch.nn.Conv1d | torch.nn.Conv2d | torch.nn.Conv3d, x: torch.Tensor, grad: torch.Tensor
) -> dict[str, Any]:
    """Return the per-sample gradients of a convolution.

    Parameters
    ----------
    layer : torch.nn.Conv1d, torch.nn.Conv2d or torch.nn.Conv3d
        The layer.
    x : Tensor of shape (batch_size, in_channels, ...)
        Its input.
    grad : Tensor of shape (batch_size, out_channels, ...)
        Gradient of the loss by its output.

    Returns
    -------
    dict
        Gradients by parameter.
    """
    found = {}
    if layer.weight.requires_grad:
        found[layer.weight] = _Correlation(*_padded(layer, x), layer, grad)
    if layer.bias is not None and layer.bias.requires_grad:
        found[layer.bias] = Dense(wide(grad).flatten(2).sum(2))
    return found


def _padded(layer, x):
    """Return the input and the zero padding that is left to the convolution."""
    reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
    if layer.padding == "same":
        sides = [(r // 2, r - r // 2) for r in reach]
    elif layer.padding == "valid":
        sides = [(0, 0) for _ in reach]
    else:
        sides = [(p, p) for p in layer.padding]
    if layer.padding_mode == "zeros" and all(a == b for a, b in sides):
        return x, [a for a, _ in sides]
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    flat = [side for pair in reversed(sides) for side in pair]  # F.pad starts with the last axis
    return F.pad(x, flat, mode=mode), [0 for _ in sides]


class _Correlation:
    """Per-sample gradients of a convolution's weight, from its input and its output gradients."""

    def __init__(self, x, padding, layer, grad):
        self._x = x
        self._padding = padding
        self._layer = layer
        self._grad = grad
        self._shape = layer.weight.shape
        self._options = (layer.stride, padding, layer.dilation)

    @property
    def batch_size(self):
        """The number of samples."""
        return len(self._x)

    def _positions(self):
        return self._grad.shape[2:].numel()

    def norms(self):
        """Return the norm of each gradient, from the Gram matrices of patches."""
        groups, positions = self._layer.groups, self._positions()
        result = wide(self._grad[:0]).new_empty(self.batch_size)
        numbers = positions * (self._shape[1:].numel() + 2 * positions) * groups
        for part in chunks(self.batch_size, numbers):
            grad = wide(self._grad[part]).reshape(-1, self._shape[0] // groups, positions)
            patches = self._patches(part)
            grams = [torch.bmm(t, t.transpose(1, 2)) for t in (grad.transpose(1, 2), patches)]
            result[part] = norms_of(gram_norms(*grams).view(-1, groups))
        return result

    def _patches(self, part):
        """Return what each output position saw, shape (samples × groups, positions, D)."""
        x = wide(self._x[part])
        n_dims, groups = x.dim() - 2, self._layer.groups
        x = F.pad(x, [p for p in reversed(self._padding) for _ in range(2)])
        layer = self._layer
        for axis, (k, s, d) in enumerate(
            zip(layer.kernel_size, layer.stride, layer.dilation, strict=True), start=2
        ):
            x = x.unfold(axis, d * (k - 1) + 1, s)[..., ::d]
        x = x.unflatten(1, (groups, -1))
        places = range(3, 3 + n_dims)
        x = x.permute(0, 1, *places, 2, *(p + n_dims for p in places))
        return x.reshape(x.shape[0] * groups, self._positions(), -1)

    def settled(self):
        """Return the cheapest form to keep until the weights are known (see Outer.settled)."""
        channels, patch = self._shape[0], self._shape[1:].numel()
        factors = self._positions() * (channels + self._layer.groups * patch)
        return self._multiplied() if channels * patch <= factors else self

    def _multiplied(self):
        n = self.batch_size
        values = wide(self._grad[:0]).new_empty(n, *self._shape)
        norms = values.new_empty(n)
        numbers = values[:1].numel() + self._x[:1].numel() + self._grad[:1].numel()
        for part in chunks(n, numbers):
            values[part] = self._samples_as_groups(wide(self._x[part]), wide(self._grad[part]))
            norms[part] = norms_of(values[part])
        return Dense(values, norms)

    def _samples_as_groups(self, x, grad):
        n, groups = len(x), self._layer.groups
        shape = (n * self._shape[0], *self._shape[1:])
        x, grad = (t.reshape(1, n * t.shape[1], *t.shape[2:]) for t in (x, grad))
        weights = _WEIGHT_GRADIENT[x.dim() - 2](x, shape, grad, *self._options, n * groups)
        return weights.view(n, *self._shape)

    def dense(self):
        """Return the gradients, shape (batch_size, *parameter_shape)."""
        return self._multiplied().values

    def sum_into(self, out, weights, beta):
        """Set ``out``, of the parameter's shape, to ``beta`` (0, 1) × itself + the weighted sum."""
        if not beta:
            out.zero_()
        if not self.batch_size:
            return
        x, grad = wide(self._x), wide(self._grad)
        grad = grad * weights.view(-1, *[1] * (grad.dim() - 1))
        gradient = _WEIGHT_GRADIENT[x.dim() - 2]
        out += gradient(x, self._shape, grad, *self._options, self._layer.groups)

    def drop(self, samples):
        """Set the gradients of the marked samples to zero."""
        where = samples.view(-1, *[1] * (self._x.dim() - 1))
        self._x, self._grad = (t.masked_fill(where, 0) for t in (self._x, self._grad))
