r"""Clipped gradients of a linear module without autograd.

A row x with residuals r (the gradient of its loss by the outputs, known in closed form) has the
gradient r xᵀ by the weight and r by the bias, so its norm is :math:`|r| \sqrt{|x|^2 + 1}`, and the
clipped sum over a batch is one product of matrices. What does not depend on the weights (lengths of
rows, one-hot labels) is computed once, before training.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from ._losses import RESIDUALS


def has_closed_form(module: torch.nn.Module, criterion: Callable[..., Any]) -> bool:
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
    known = names in (["weight"], ["weight", "bias"]) and criterion in RESIDUALS
    return plain and known and module.weight.dtype in (torch.float32, torch.float64)


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

    def __init__(self, module: torch.nn.Linear, criterion: Callable[..., Any], mode: Any):
        self.mode = mode
        self.parameters = [p for p in (module.weight, module.bias) if p is not None]
        self.flat_sums = torch.zeros_like(
            torch.cat([p.detach().flatten() for p in self.parameters])
        )
        parts = self.flat_sums.split([p.numel() for p in self.parameters])
        self._weight_sum = parts[0].view(module.weight.shape)
        self._bias_sum = parts[1] if len(parts) > 1 else None
        self._module = module
        self._shares, self._wanted = RESIDUALS[criterion]
        self._columns = [module.in_features, module.out_features, 1]
        self.zero_sums()

    @property
    def sensitivity(self) -> Any:
        """L2 norm of what one row adds to all sums together, at most."""
        return self.mode.sensitivity

    def rows(self, x: torch.Tensor, targets: torch.Tensor) -> tuple[Any, ...]:
        """Return what :meth:`add` wants to know of all rows.

        Parameters
        ----------
        x : Tensor of shape (n_rows, n_features)
            Rows.
        targets : Tensor of shape (n_rows,)
            What the loss compares with.

        Returns
        -------
        tuple of one Tensor of shape (n_rows, n_features + n_outputs + 1)
            Rows, what their outputs should be, and lengths of their gradients over that of their
            residuals.
        """
        constant = 0.0 if self._bias_sum is None else 1.0
        lengths = torch.hypot(torch.linalg.vector_norm(x, dim=1), x.new_tensor(constant))
        wanted = self._wanted(targets, self._module.out_features)
        return (torch.cat([x, wanted, lengths[:, None]], dim=1),)  # One tensor is fetched faster.

    @torch.no_grad()
    def add(self, rows: torch.Tensor) -> None:
        """Add the clipped gradients of rows.

        Parameters
        ----------
        rows : Tensor of shape (n_rows, n_features + n_outputs + 1)
            Some of :meth:`rows`.
        """
        x, wanted, lengths = rows.split_with_sizes(self._columns, dim=1)
        residuals = self._shares(F.linear(x, self._module.weight, self._module.bias)).sub_(wanted)
        norms = torch.linalg.vector_norm(residuals, dim=1, keepdim=True).mul_(lengths)
        if not math.isfinite(norms.sum().item()):
            bad = ~torch.isfinite(norms[:, 0])  # Counted as zero: to raise would tell of it.
            norms[bad], residuals[bad] = 0, 0
        residuals.mul_(self.mode.weights(norms))
        self._weight_sum.addmm_(residuals.T, x)
        if self._bias_sum is not None:
            self._bias_sum.add_(residuals.sum(0))
        self.batch_size += len(rows)
        self.n_backwards += 1

    def clipped_sums(self) -> Any:
        """Return the sums, one for each parameter."""
        return [self._weight_sum] + ([] if self._bias_sum is None else [self._bias_sum])

    def zero_sums(self) -> Any:
        """Begin new sums."""
        self.flat_sums.zero_()
        self.batch_size = self.n_backwards = 0
        return self.clipped_sums()

    def detach(self) -> Any:
        """Do nothing: the module has no hooks."""
