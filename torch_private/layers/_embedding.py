"""Embeddings: the gradient of a weight is non-zero in the rows that a sample looks up."""

from typing import Any

import torch

from ._gradients import Rows


def embedding(layer: torch.nn.Embedding, index: torch.Tensor, grad: torch.Tensor) -> dict[str, Any]:
    """Return the per-sample gradients of an embedding.

    Parameters
    ----------
    layer : torch.nn.Embedding
        The layer.
    index : Tensor of shape (batch_size, ...)
        The rows that were looked up.
    grad : Tensor of shape (batch_size, ..., embedding_dim)
        Gradient of the loss by its output.

    Returns
    -------
    dict
        Gradients by parameter.
    """
    index = index.reshape(len(index), index.shape[1:].numel()).long()
    values = grad.reshape(*index.shape, grad.shape[-1])
    return {layer.weight: Rows(index, _without_padding(layer, index, values), len(layer.weight))}


def embedding_bag(
    layer: torch.nn.EmbeddingBag, index: torch.Tensor, *weights_and_grad: torch.Tensor
) -> dict[str, Any]:
    """Return the per-sample gradients of an embedding bag, which sums or averages rows.

    Parameters
    ----------
    layer : torch.nn.EmbeddingBag
        The layer.
    index : Tensor of shape (batch_size, T)
        One bag a sample.
    *weights_and_grad : Tensors
        Weights of the rows, shape (batch_size, T), if there are; and the gradient of the loss by
        the layer's output, shape (batch_size, embedding_dim).

    Returns
    -------
    dict
        Gradients by parameter.
    """
    *row_weights, grad = weights_and_grad
    index = index.long()
    kept = torch.ones_like(index, dtype=grad.dtype)
    if layer.padding_idx is not None:
        kept = kept.masked_fill(index == layer.padding_idx, 0)
    if layer.mode == "mean":
        kept = kept / kept.sum(1, keepdim=True).clamp(min=1)
    for row_weight in row_weights:
        kept = kept * row_weight
    values = kept[:, :, None] * grad[:, None, :]
    return {layer.weight: Rows(index, values, len(layer.weight))}


def _without_padding(layer, index, values):
    if layer.padding_idx is None:
        return values
    return values.masked_fill((index == layer.padding_idx)[:, :, None], 0)
