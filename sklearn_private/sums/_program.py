"""What a program over sums is, to the estimators that run it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from ..exceptions import InvalidParameterError


@dataclass(frozen=True, eq=False)
class Schema:
    """What everybody knows of the columns before the first sum.

    Parameters
    ----------
    n_features : int
        Number of features.
    labels : ndarray of shape (n_labels,), default=None
        The agreed list of class labels; ``Rows.y`` holds positions in it.
    """

    n_features: int
    labels: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """How one scikit-learn class is fitted by sums.

    Parameters
    ----------
    serves : type
        The class, exactly.
    check : callable
        From an estimator to None; raises where a parameter asks for what sums cannot give.
    fit : callable
        From ``(aggregator, estimator, schema)`` to a dictionary of fitted attributes.
    fit_noisy : callable, default=None
        From ``(aggregator, estimator, schema, n_rounds)`` to the same, with exactly ``n_rounds``
        sums of exactly one vector each, whatever the rows are; None where there is no such program.
    least_target : float, default=-inf
        The least target that the model is for.
    shell : callable, default=clone
        From ``(estimator)`` to an unfitted clone with all that a fit does not learn from sums.
    """

    serves: type
    check: Callable
    fit: Callable
    fit_noisy: Callable | None = None
    least_target: float = -math.inf
    shell: Callable = clone


def refuse(estimator, **values):
    """Raise where a parameter has none of the values that its program supports.

    Parameters
    ----------
    estimator : estimator
        Whose parameters are looked at; one that this version of scikit-learn lacks is passed over.
    **values : tuple
        For each parameter the supported values.
    """
    for name, supported in values.items():
        value = getattr(estimator, name, supported[0])
        if not any(value is one or value == one for one in supported):
            raise InvalidParameterError(
                f"The {name!r} parameter of {type(estimator).__name__} must be "
                f"{' or '.join(map(repr, supported))} where it is fitted by sums. "
                f"Got {value!r} instead."
            )
