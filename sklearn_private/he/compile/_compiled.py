"""A compiled model: its client map, its server program and its readout."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..maps import ClientMap
from ..programs import Program
from ._readout import Readout


@dataclass(frozen=True, eq=False)
class Task:
    """What a compiler is given.

    Parameters
    ----------
    estimator : object
        The fitted estimator.
    X : array-like of shape (n_samples, n_features)
        Training rows as the estimator takes them.
    rows : ndarray of shape (n_samples, n_features)
        The same rows as numbers.
    grid : Grid
        The public grid of the columns.
    weight_bits : int
        Bits of the largest weight of each output.
    """

    estimator: Any
    X: Any
    rows: np.ndarray
    grid: Any
    weight_bits: int


@dataclass(frozen=True, eq=False)
class Compiled:
    """The three parts of a compiled model, in terms of no scheme.

    Parameters
    ----------
    client_map : ClientMap
        Public: from columns to whole numbers.
    program : Program
        Secret: from whole numbers to scores.
    readout : Readout
        Public: from scores to predictions.
    error : ndarray of shape (n_outputs,)
        Largest error of each score, in its own units, over every row inside the ranges.
    notes : dict of str to float
        What was measured on the training rows, for the statement.
    """

    client_map: ClientMap
    program: Program
    readout: Readout
    error: np.ndarray
    notes: dict = field(default_factory=dict)
