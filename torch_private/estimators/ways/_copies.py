"""Clipped gradients of rows that are seen as several augmented copies at once.

An augmented copy of a row is the same row: what is clipped is the mean gradient of its copies
(augmentation multiplicity [1]_), so copies cost no privacy and smooth the gradient. The mean is
taken by ``torch.func``: one gradient of a whole function per row, which makes no assumption about
layers and cannot mix rows.

.. [1] S. De et al., "Unlocking high-accuracy differentially private image classification through
   scale", arXiv:2204.13650, section 3.2.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.func import functional_call, grad, vmap

_MOST_NUMBERS = 2**24  # of per-row gradients in memory at once


class CopiesSums:
    """Clipped mean gradients over copies, as the steps of a run want them.

    Parameters
    ----------
    module : torch.nn.Module
        What is trained.
    criterion : callable
        The loss of each row.
    mode : FlatClipping or another mode
        How gradients are clipped.
    augment : callable
        From rows to rows, at random.
    n_copies : int
        Copies of each row in a step.

    Attributes
    ----------
    parameters, flat_sums, sensitivity, batch_size, n_backwards, loss_reduction : object
        As of :class:`torch_private.clipping.Clipper`.
    """

    loss_reduction = "mean"
    engine_used_ = {"": "torch.func"}  # noqa: RUF012

    def __init__(
        self,
        module: torch.nn.Module,
        criterion: Callable[..., Any],
        mode: Any,
        augment: Callable[..., Any],
        n_copies: int,
    ):
        self.mode = mode
        self._module = module
        self._trained = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self.parameters = list(self._trained.values())
        self.flat_sums = torch.cat([p.detach().new_zeros(p.numel()) for p in self.parameters])
        self._augment = augment
        self._n_copies = n_copies
        self._by_row = vmap(grad(self._loss), in_dims=(None, 0, 0), randomness="different")
        self._criterion = criterion
        self.zero_sums()

    @property
    def sensitivity(self) -> Any:
        """L2 norm of what one row adds to the sum, at most."""
        return self.mode.sensitivity

    def rows(self, x: Any, targets: Any) -> tuple[Any, Any]:
        """Return what :meth:`add` wants to know of all rows: these themselves."""
        return x, targets

    @torch.no_grad()
    def add(self, x: torch.Tensor, targets: torch.Tensor) -> None:
        """Add the clipped gradients of rows.

        Parameters
        ----------
        x : Tensor of shape (n_rows, ...)
            Rows.
        targets : Tensor of shape (n_rows,)
            What the loss compares with.
        """
        rows = max(1, _MOST_NUMBERS // len(self.flat_sums))
        for part, wanted in zip(x.split(rows), targets.split(rows), strict=True):
            copies = torch.stack([self._augment(part) for _ in range(self._n_copies)], dim=1)
            found = self._by_row(self._trained, copies, wanted)
            gradients = torch.cat([found[name].flatten(1) for name in self._trained], dim=1)
            norms = torch.linalg.vector_norm(gradients, dim=1)
            bad = ~torch.isfinite(norms)  # Counted as zero: to raise would tell that there is one.
            gradients[bad], norms[bad] = 0, 0
            self.flat_sums.add_(self.mode.weights(norms) @ gradients)
        self.batch_size += len(x)
        self.n_backwards += 1

    def clipped_sums(self) -> list[Any]:
        """Return the sums, one for each parameter."""
        parts = self.flat_sums.split([p.numel() for p in self.parameters])
        return [part.view(p.shape) for part, p in zip(parts, self.parameters, strict=True)]

    def zero_sums(self) -> Any:
        """Begin new sums."""
        self.flat_sums.zero_()
        self.batch_size = self.n_backwards = 0
        return self.clipped_sums()

    def detach(self) -> Any:
        """Do nothing: the module has no hooks."""

    def _loss(self, trained, copies, target):
        outputs = functional_call(self._module, trained, (copies,))
        return self._criterion(outputs, target.expand(len(copies))).mean()
