"""What a program over sums is, to the estimators that run it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from ..exceptions import InvalidParameterError
from ._statistic import Opens, Statistic, strongest


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


@dataclass(frozen=True)
class Budget:
    """How a noisy fit divides its budget over its sums.

    Parameters
    ----------
    shares : tuple of float
        For each sum, in order, its part of mu²; they are scaled to 1.
    n_numbers : int
        Length of all sums together.
    """

    shares: tuple[float, ...]
    n_numbers: int


def fitted_on(X: ArrayLike, y: ArrayLike | None = None) -> Callable[[Any], Any]:
    """Return a ``shell`` that fits a clone on public rows, for what only a fit sets.

    Parameters
    ----------
    X, y : array-like
        Public rows; their fitted attributes are overwritten by those of the program.

    Returns
    -------
    callable
        From an estimator to a fitted clone.

    Examples
    --------
    >>> from sklearn.linear_model import PoissonRegressor
    >>> from sklearn_private.sums import fitted_on
    >>> shell = fitted_on([[1.0], [2.0]], [1.0, 1.0])
    >>> shell(PoissonRegressor()).predict([[1.5]]).tolist()
    [1.0]
    """
    return lambda estimator: clone(estimator).fit(X, y)


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
    asks : tuple of callable
        The statistics that ``fit`` asks for. Sites answer no others.
    n_numbers : callable, default=none
        From the number of features to how many numbers ``fit`` is expected to open, in all rounds:
        the guard wants as many unknown ones in the rows before it begins.
    fit_noisy : callable, default=None
        From ``(aggregator, estimator, schema, n_rounds)`` to the same, with exactly ``n_rounds``
        sums, whatever the rows are; None where there is no such program.
    asks_noisy : tuple of callable, default=()
        The statistics that ``fit_noisy`` asks for.
    budget : callable, default=None
        From ``(estimator, schema, n_rows, mu)``, mu the Gaussian-DP loss of the whole fit, to the
        :class:`Budget` of the sums of ``fit_noisy``. Needed with ``fit_noisy``.
    least_target : float, default=-inf
        The least target that the model is for.
    target_above : float, default=-inf
        What targets must be above.
    shell : callable, default=clone
        From ``(estimator)`` to an unfitted clone with all that a fit does not learn from sums:
        :func:`fitted_on` makes one from public rows.
    """

    serves: type
    check: Callable[[Any], None]
    fit: Callable[..., dict[str, Any]]
    asks: tuple[Statistic, ...]
    n_numbers: Callable[[int], int] = lambda n_features: 0
    fit_noisy: Callable[..., dict[str, Any]] | None = None
    asks_noisy: tuple[Statistic, ...] = ()
    budget: Callable[..., Budget] | None = None
    least_target: float = -math.inf
    target_above: float = -math.inf
    shell: Callable[[Any], Any] = clone

    def check_targets(self, y: np.ndarray) -> None:
        """Raise where a target is none that the model is for."""
        if (y < self.least_target).any():
            raise InvalidParameterError(
                f"{self.serves.__name__} needs targets of at least {self.least_target:g}."
            )
        if (y <= self.target_above).any():
            raise InvalidParameterError(
                f"{self.serves.__name__} needs targets above {self.target_above:g}."
            )

    def opening(self, n_features: int, *, noisy: bool = False) -> tuple[Opens, int]:
        """Return what a fit opens, and how many numbers it is expected to open."""
        if noisy:  # whoever adds the noise may see the sums without it
            return strongest(self.asks_noisy), 0
        return strongest(self.asks), self.n_numbers(n_features)


def refuse(estimator: BaseEstimator, **values: tuple[Any, ...]) -> None:
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
