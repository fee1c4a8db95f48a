"""Class labels: one list that all sites agree on, and which of them occur.

Sites never fit on their own label sets. Every site writes its labels as positions in one list, and
a sum of indicator columns (one for each label of the list) says which of them occur anywhere: it
shows how often, but not where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks import Checks
from ..exceptions import InvalidParameterError
from ._aggregator import Aggregator
from ._program import Schema
from ._statistic import Rows, statistic


@statistic(
    bound=lambda limits, n_labels: (1.0,),
    opens="counts",
    unit=lambda scale, n_labels: (1.0,),
    bits=40,
)
def label_counts(rows: Rows, n_labels: int) -> tuple[np.ndarray]:
    """Return how many rows have each label of the agreed list."""
    return (np.bincount(rows.y.astype(np.intp), minlength=n_labels),)


def two_labels(aggregator: Aggregator, schema: Schema) -> np.ndarray:
    """Return the positions of the two labels that occur, asking one sum.

    Parameters
    ----------
    aggregator : Aggregator
        Answers the sum.
    schema : Schema
        With the agreed list of labels.

    Returns
    -------
    ndarray of shape (2,)

    Raises
    ------
    InvalidParameterError
        If other than two labels occur.
    """
    (counts,) = aggregator.sum(label_counts, 0 if schema.labels is None else len(schema.labels))
    there = np.flatnonzero(counts > 0.5)
    if len(there) > 2:
        raise InvalidParameterError(
            "Only binary classification is supported. The type of the target is multiclass."
        )
    if len(there) < 2:
        raise InvalidParameterError(
            "Two classes are needed, but the rows of all sites hold one class only."
        )
    return there


def agreed_labels(
    owner: object, y: np.ndarray, classes: Sequence[Any] | np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the agreed list of labels, and the labels of ``y`` as positions in it.

    Parameters
    ----------
    owner : estimator
        Named in errors.
    y : ndarray of shape (n_rows,)
        Labels.
    classes : sequence or None
        The declared list; None makes one of all labels in ``y``, read in the clear.

    Returns
    -------
    labels : ndarray of shape (n_labels,)
        Sorted.
    positions : ndarray of float of shape (n_rows,)

    Raises
    ------
    InvalidParameterError
        If the list is too short, or a label is not in it.
    """
    labels = np.unique(y if classes is None else np.asarray(classes))
    if classes is not None and len(labels) < 2:
        raise Checks(owner).invalid("classes", "two different labels or more, or None")
    positions = np.minimum(np.searchsorted(labels, y), len(labels) - 1)
    if not (labels[positions] == y).all():
        raise InvalidParameterError.unreleased(
            f"y of {type(owner).__name__} holds a label outside classes={labels.tolist()!r}.",
            "Declare every label.",
        )
    return labels, positions.astype(np.float64)
