"""Per-sample gradients the slow way: one backward pass a sample, in float64."""

import copy

import pytest

torch = pytest.importorskip("torch")

from torch_private.clipping import Clipper


def double(tensor):
    """Return a tensor in float64, if it holds real numbers."""
    return tensor.double() if tensor.is_floating_point() else tensor


def loop_gradients(module, inputs, sample_losses):
    """Return the gradient of each sample's loss, shape (batch_size, n_parameters).

    `sample_losses(output, at)` returns the losses of the samples `at`, a slice.
    """
    reference = copy.deepcopy(module).double()
    parameters = [p for p in reference.parameters() if p.requires_grad]
    rows = []
    for i in range(len(inputs[0])):
        at = slice(i, i + 1)
        output = reference(*(double(tensor)[at] for tensor in inputs))
        loss = sample_losses(output, at).sum()
        found = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        rows.append(torch.cat([gradient.flatten() for gradient in found]))
    return torch.stack(rows)


def random_losses(module, inputs, seed=0):
    """Return losses that are random linear functions of a sample's outputs, nothing else."""
    with torch.no_grad():
        shape = module(*inputs).shape
    directions = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return lambda output, at: (output * directions[at].to(output.dtype)).flatten(1).sum(1)


def backward(module, inputs, sample_losses, loss_reduction="mean"):
    """Run one forward and one backward pass over the whole batch."""
    losses = sample_losses(module(*inputs), slice(None))
    (losses.mean() if loss_reduction == "mean" else losses.sum()).backward()


def errors(module, inputs, max_grad_norm=None, loss_reduction="mean", **options):
    """Return the relative errors of the norms and of the clipped sum against the loop.

    By default, half of the gradients are clipped.
    """
    sample_losses = random_losses(module, inputs)
    gradients = loop_gradients(module, inputs, sample_losses)
    norms = gradients.norm(dim=1)
    bound = float(norms.median()) if max_grad_norm is None else max_grad_norm
    clipper = Clipper(module, max_grad_norm=bound, loss_reduction=loss_reduction, **options)
    backward(module, inputs, sample_losses, loss_reduction)
    clipper.clipped_sums()
    clipper.detach()
    expected = (bound / norms).clamp(max=1) @ gradients
    return _distance(clipper.norms, norms), _distance(clipper.flat_sums[None], expected[None])


def _distance(found, expected):
    """Return the largest relative error of rows; a zero that is met has none."""
    found, expected = (x.reshape(len(x), -1) for x in (found, expected))
    off, size = (found - expected).norm(dim=1), expected.norm(dim=1)
    return float(torch.where(off == 0, 0.0, off / size).max())
