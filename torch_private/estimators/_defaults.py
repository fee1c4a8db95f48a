"""How far and how long to train, where the caller does not say: formulas of public numbers.

A linear layer that sees all n rows in each of T steps of learning rate r travels at most L = r T
times the bound C on a gradient. Its noise grows in the same way: T Gaussian releases that cost
mu-GDP together leave a standard deviation of L C / (mu n) on each weight, whatever T is, and a row
of norm R, with the constant of the bias, gets logits with R times that. More travel learns more
until this noise drowns it. So the travel is the one at which the noise of a logit is about 1.3,

    L = 1.3 mu n / (R C),

in many short steps rather than few long ones, with momentum against the narrow valleys of features
that fill little of their range. The number 1.3, 160 steps and the longest rate were chosen on
splits of digits, MNIST and credit cards that no published figure uses (random states from 100).
"""

import math
from typing import NamedTuple

from sklearn.base import BaseEstimator
from torch import nn

from sklearn_private import accounting

from ..training import rows_moved

_NOISE_OF_A_LOGIT = 1.3
_STEPS = 160
_MOMENTUM = 0.9
_LONGEST = 64.0  # a rate beyond which weights jump, however little noise there is
_PASSES = 40  # of a module that is not linear


class Schedule(NamedTuple):
    """How a module is trained.

    Parameters
    ----------
    lr : float
        Learning rate; with momentum, what it comes to in the long run.
    momentum : float
        Of the default optimizer.
    max_epochs : int
        Passes over the rows.
    """

    lr: float
    momentum: float
    max_epochs: int


def is_linear(module: nn.Module) -> bool:
    """Return whether a module is one linear layer and nothing else."""
    return type(module) is nn.Linear


def travelling(estimator: BaseEstimator, n_rows: int, row_norm: float) -> Schedule:
    """Return the schedule of a linear classifier of bounded rows.

    Parameters
    ----------
    estimator : DPClassifier
        With its claim and ``max_grad_norm``.
    n_rows : int
        Rows, a public number.
    row_norm : float
        What the norm of a row is to be expected, from its bounds alone.

    Returns
    -------
    Schedule
    """
    mu = accounting.gaussian_mu(estimator.epsilon, estimator.delta)
    mu /= rows_moved(estimator.neighboring)
    passes = _STEPS if estimator.max_epochs is None else estimator.max_epochs
    travel = _NOISE_OF_A_LOGIT * mu * n_rows / (row_norm * estimator.max_grad_norm)
    return Schedule(min(travel / passes, _LONGEST), _MOMENTUM, passes)


def constant(estimator: BaseEstimator, lr: float) -> Schedule:
    """Return a schedule of a constant rate, without momentum."""
    return Schedule(lr, 0.0, _PASSES if estimator.max_epochs is None else estimator.max_epochs)


def expected_norm(n_features: int, unit_rows: bool) -> float:
    """Return the norm of a row and a constant 1 to expect.

    It is that of rows of norm 1, or of features at a third of their range from 0 to 1.
    """
    return math.hypot(1.0, 1.0 if unit_rows else math.sqrt(n_features) / 3)
