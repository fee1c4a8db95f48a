"""Losses of single rows, and their gradients by the module's outputs in closed form."""

import torch
from torch.nn import functional as F


def cross_entropy(outputs, targets):
    """Return the cross-entropy of each row.

    Parameters
    ----------
    outputs : Tensor of shape (n_rows, n_classes)
        Logits.
    targets : Tensor of int64 of shape (n_rows,)
        Positions of the labels.

    Returns
    -------
    Tensor of shape (n_rows,)
    """
    return F.cross_entropy(outputs, targets, reduction="none")


def squared_error(outputs, targets):
    """Return half the squared error of each row.

    Parameters
    ----------
    outputs : Tensor of shape (n_rows, 1) or (n_rows,)
        Predictions.
    targets : Tensor of shape (n_rows,)
        Targets.

    Returns
    -------
    Tensor of shape (n_rows,)
    """
    return (outputs.reshape(targets.shape) - targets).square() / 2


def _minus_labels(outputs, targets):
    residuals = outputs.softmax(1)
    residuals[torch.arange(len(targets), device=targets.device), targets] -= 1
    return residuals


def _minus_targets(outputs, targets):
    return outputs - targets[:, None]


# From outputs and targets to the gradient of each row's loss by its outputs.
RESIDUALS = {cross_entropy: _minus_labels, squared_error: _minus_targets}
