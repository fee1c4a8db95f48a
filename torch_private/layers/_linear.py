"""Linear layers: the gradient of a weight is a sum of outer products over positions."""

from typing import Any

from ._gradients import Dense, Outer, norms_of, wide


def linear(layer: Any, x: Any, grad: Any) -> dict[str, Any]:
    """Return the per-sample gradients of a layer that computes ``x @ weight.T + bias``.

    Parameters
    ----------
    layer : torch.nn.Linear
        The layer.
    x : Tensor of shape (batch_size, ..., in_features)
        Its input.
    grad : Tensor of shape (batch_size, ..., out_features)
        Gradient of the loss by its output.

    Returns
    -------
    dict
        Gradients by parameter.
    """
    return linear_map(layer.weight, layer.bias, x, grad)


def conv1d_of_transformers(layer: Any, x: Any, grad: Any) -> dict[str, Any]:
    """Return the per-sample gradients of a layer that computes ``x @ weight + bias``."""
    x, grad = _sequences(x, grad)
    found = {layer.weight: Outer(x, grad), layer.bias: bias_gradients(grad)}
    return {p: gradients for p, gradients in found.items() if p.requires_grad}


def linear_map(weight: Any, bias: Any, x: Any, grad: Any) -> Any:
    """Return the per-sample gradients of a weight and a bias (or None) by parameter."""
    x, grad = _sequences(x, grad)
    found = {}
    grad_norms = norms_of(wide(grad)) if grad.dim() == 2 else None
    if weight.requires_grad:
        found[weight] = Outer(grad, x, grad_norms)
    if bias is not None and bias.requires_grad:
        found[bias] = bias_gradients(grad, grad_norms)
    return found


def bias_gradients(grad: Any, norms: Any = None) -> Dense:
    """Return the per-sample gradients of what is added at each position of a sequence."""
    grad = wide(grad)
    return Dense(grad, norms) if grad.dim() == 2 else Dense(grad.sum(1))


def _sequences(*tensors):
    """Return tensors with one dimension of positions, or none if there are none."""
    if tensors[0].dim() == 2:
        return tensors
    return tuple(t.reshape(t.shape[0], t.shape[1:-1].numel(), t.shape[-1]) for t in tensors)
