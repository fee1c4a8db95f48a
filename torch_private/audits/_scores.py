r"""How much each step of a run moved along the gradient of each canary.

The claim of a run is about everything its steps release. In a step, a canary in the batch adds its
clipped gradient to a sum, and noise is added; so what tells best whether it is in the data is the
product of its clipped gradient with what was released, added up over the steps. That is the
log-likelihood ratio of two Gaussians, once what the other rows add is taken away. The adversary of
differential privacy knows all other rows, but not which of them a step drew, nor the coins of other
canaries; so what they add on average is subtracted: the sampling rate times the clipped gradients
of data rows (of a subset, if there are many) and times half of those of canaries.

The product is a directional derivative of the canary's loss, taken as a difference of two forward
passes; norms and sums come from a backward pass on a copy of the module.
"""

from collections.abc import Callable
from typing import Any

import torch

from ..clipping import Clipper

_REACH = 1e-2  # of a difference, over the norm of the parameters
_MOST_ROWS = 2000  # of the data, that stand for all of it


class CanaryScores:
    """Follows a run and scores canaries by every step.

    Parameters
    ----------
    shadow : torch.nn.Module
        A copy of the module, without hooks.
    data, canaries : tuple of Tensor
        Inputs and targets.
    loss : callable
        From outputs and targets to one loss a row.
    max_grad_norm : float
        The norm of clipping.
    batch_size, rate : float
        Rows of a step on average, and the probability of each row.
    loss_reduction : {"mean", "sum"}
        Of the run.
    noise_std : float
        Claimed standard deviation of the noise on the sum of clipped gradients.

    Attributes
    ----------
    total : Tensor of shape (n_canaries,)
        The scores.
    noise_variance : float
        What the claimed noise alone gives them, on average over canaries.
    """

    def __init__(
        self,
        shadow: torch.nn.Module,
        data: tuple[torch.Tensor, ...],
        canaries: tuple[torch.Tensor, ...],
        *,
        loss: Callable[..., Any],
        max_grad_norm: float,
        batch_size: float,
        rate: float,
        loss_reduction: str,
        noise_std: float,
    ):
        self._shadow = shadow.eval()
        self._canaries = canaries
        self._loss = loss
        self._divisor = batch_size if loss_reduction == "mean" else 1
        self._rate = rate
        self._clipper = Clipper(shadow, loss_reduction="sum", max_grad_norm=max_grad_norm)
        rows = torch.randperm(len(data[0]), generator=torch.Generator().manual_seed(0))
        rows = rows[:_MOST_ROWS]
        self._data = [tensor[rows] for tensor in data]
        self._rows_for_one = len(data[0]) / len(rows)
        self.total = torch.zeros(len(canaries[0]), dtype=torch.float64)
        self.noise_variance = 0.0
        self._noise_std = noise_std

    def add_step(self, parameters: list[Any]) -> None:
        """Score a step.

        Parameters
        ----------
        parameters : list of Parameter
            Those of the module, before the step, with the noisy gradient in ``grad``; None there
            is a piece of a sample that waits for the others.
        """
        if any(parameter.grad is None for parameter in parameters):
            return
        released = _flat(parameter.grad for parameter in parameters) * self._divisor
        now = _flat(parameter.detach() for parameter in parameters)
        self._place(now)
        others, _ = self._clipped(self._data)
        ours, norms = self._clipped(self._canaries)
        surprise = released - self._rate * (self._rows_for_one * others + ours / 2)
        reach = _REACH * max(float(now.norm()), 1.0) / float(surprise.norm())
        ahead, behind = (self._losses_at(now + s * reach * surprise) for s in (1, -1))
        product = (ahead - behind).double() / (2 * reach)
        weights = self._clipper.mode.weights(norms)
        self.total += (product * weights).cpu()
        self.noise_variance += float((self._noise_std * weights * norms).square().mean())

    def detach(self) -> None:
        """Stop watching the copy."""
        self._clipper.detach()

    def _clipped(self, rows):
        """Return the sum of the clipped gradients of rows, and their norms."""
        inputs, targets = rows
        with torch.enable_grad():
            self._loss(self._shadow(inputs), targets).sum().backward()
        self._clipper.clipped_sums()
        return self._clipper.flat_sums.clone(), self._clipper.norms

    @torch.no_grad()
    def _losses_at(self, vector):
        self._place(vector)
        inputs, targets = self._canaries
        return self._loss(self._shadow(inputs), targets)

    @torch.no_grad()
    def _place(self, vector):
        """Put a vector into the parameters of the copy."""
        parameters = self._clipper.parameters
        parts = vector.split([parameter.numel() for parameter in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.copy_(part.view(parameter.shape))


def _flat(tensors):
    return torch.cat([tensor.reshape(-1) for tensor in tensors])
