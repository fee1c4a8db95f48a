"""Losses of single rows, and their gradients by the module's outputs in closed form."""

from typing import Any

from torch.nn import functional as F


def cross_entropy(outputs: Any, targets: Any) -> Any:
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


def squared_error(outputs: Any, targets: Any) -> Any:
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


def _shares(outputs):
    return outputs.softmax(1)


def _themselves(outputs):
    return outputs


def _one_hot(targets, n_outputs):
    return F.one_hot(targets, n_outputs).float()


def _column(targets, n_outputs):
    return targets[:, None]


# The gradient of each row's loss by its outputs is a function of the outputs, less one of targets.
RESIDUALS = {cross_entropy: (_shares, _one_hot), squared_error: (_themselves, _column)}
