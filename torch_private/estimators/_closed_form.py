r"""Clipped gradients of a linear module without autograd.

A row x with residuals r (the gradient of its loss by the outputs, known in closed form) has the
gradient r xᵀ by the weight and r by the bias, so its norm is :math:`|r| \sqrt{|x|^2 + 1}`, and the
clipped sum over a batch is one product of matrices.
"""

import torch
from torch import nn

from ._losses import RESIDUALS


def has_closed_form(module, criterion):
    """Return whether a module is one linear layer, and its loss one whose gradient is known.

    Parameters
    ----------
    module : torch.nn.Module
        The module.
    criterion : callable
        The loss of each row.

    Returns
    -------
    bool
    """
    names = [name for name, p in module.named_parameters() if p.requires_grad]
    plain = type(module) is nn.Linear and not (module._forward_hooks or module._forward_pre_hooks)
    return plain and names in (["weight"], ["weight", "bias"]) and criterion in RESIDUALS


class LinearSums:
    """Clipped gradients of a linear layer, as the steps of a run want them.

    Parameters
    ----------
    module : torch.nn.Linear
        The layer.
    criterion : callable
        The loss of each row.
    mode : FlatClipping or another mode
        How gradients are clipped.

    Attributes
    ----------
    parameters, flat_sums, sensitivity, batch_size, n_backwards, loss_reduction : object
        As of :class:`torch_private.clipping.Clipper`.
    """

    loss_reduction = "mean"
    engine_used_ = {"": "closed form"}  # noqa: RUF012

    def __init__(self, module, criterion, mode):
        self.mode = mode
        self.parameters = [p for p in (module.weight, module.bias) if p is not None]
        self.flat_sums = torch.zeros_like(torch.cat([p.detach().flatten() for p in self.parameters]))
        parts = self.flat_sums.split([p.numel() for p in self.parameters])
        self._weight_sum = parts[0].view(module.weight.shape)
        self._bias_sum = parts[1] if len(parts) > 1 else None
        self._module = module
        self._residuals = RESIDUALS[criterion]
        self.zero_sums()

    @property
    def sensitivity(self):
        """L2 norm of what one row adds to all sums together, at most."""
        return self.mode.sensitivity

    @torch.no_grad()
    def add(self, x, targets):
        """Add the clipped gradients of rows.

        Parameters
        ----------
        x : Tensor of shape (n_rows, n_features)
            Rows.
        targets : Tensor of shape (n_rows,)
            What the loss compares with.
        """
        residuals = self._residuals(self._module(x), targets)
        lengths = torch.linalg.vector_norm(x, dim=1)
        if self._bias_sum is not None:
            lengths = torch.hypot(lengths, lengths.new_ones(()))
        norms = torch.linalg.vector_norm(residuals, dim=1).mul_(lengths)
        if not torch.isfinite(norms.sum()):
            bad = ~torch.isfinite(norms)  # Counted as zero: to raise would tell that there is one.
            norms, residuals = norms.masked_fill(bad, 0), residuals.masked_fill(bad[:, None], 0)
        residuals = residuals * self.mode.weights(norms[None])[0][:, None]
        self._weight_sum.addmm_(residuals.T, x)
        if self._bias_sum is not None:
            self._bias_sum.add_(residuals.sum(0))
        self.batch_size += len(x)
        self.n_backwards += 1

    def clipped_sums(self):
        """Return the sums, one for each parameter."""
        return [self._weight_sum] + ([] if self._bias_sum is None else [self._bias_sum])

    def zero_sums(self):
        """Begin new sums."""
        self.flat_sums.zero_()
        self.batch_size = self.n_backwards = 0
        return self.clipped_sums()

    def detach(self):
        """Do nothing: the module has no hooks."""
