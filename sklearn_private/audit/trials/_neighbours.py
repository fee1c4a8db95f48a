"""Worst-case neighbours, built from the bounds that an estimator declares.

One row differs, and it is to matter as much as the claim allows. For a loss whose gradient is a
multiple of the row, such as the logistic one, that takes a row that the rest of the data makes the
model get wrong: its gradient is then as long as the bound. Replacing it by a row of the opposite
gradient moves a sum by nearly twice that. Both can be wrong at once if they differ in a small part,
``push``, along which all other rows have the other label::

    common rows     push                label 0        many
                    -push               label 1        as many
    the row         apart + push        label 1
    its replacement apart - push        label 0

A few rows along ``apart``, of both labels, keep the noise from deciding which rows the model gets
wrong. Under add-remove and zero-out the row is there or not, and the common rows are of its
features. Where there are no labels, the replacement has the opposite ``apart`` instead, and the
same rows serve sums, means and second moments.

Where the estimator protects persons, the row that differs is a person, who owns twice as many equal
rows as are to be used: one that forgot the limit is found out. All other rows have owners of their
own.

The row that differs lies ten times beyond the declared bounds: an estimator that clips never sees
that, and one that forgot to is found out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_regressor

from ...exceptions import InvalidParameterError

N_COMMON = 250  # enough to be certain of the label, few enough to be fitted quickly
N_ACROSS = 4
BEYOND = 10.0
_PUSH = 0.22  # of the length of a row; push and apart are orthogonal
_N_FEATURES = 10  # where one range stands for any number


@dataclass(frozen=True)
class Neighbours:
    """Two neighbouring data sets.

    Parameters
    ----------
    first, second : tuple
        Arguments of ``fit``, such as ``(X, y)``.
    description : str
        By what they differ, in words.
    rows_per_unit : int, default=1
        Rows of one person that are used, where the third argument says whose data each row is.
    """

    first: tuple
    second: tuple
    description: str
    rows_per_unit: int = 1

    @property
    def n_rows(self) -> Any:
        """Rows of the larger one, or the most that its persons can have in use."""
        return max(map(self._size, (self.first, self.second)))

    def _size(self, side):
        if len(side) < 3 or side[2] is None:
            return len(side[0])
        return len(np.unique(side[2])) * self.rows_per_unit


def worst_case_neighbours(estimator: BaseEstimator, neighboring: str) -> Neighbours:
    """Return neighbours on which a sum of bounded rows differs as much as the bounds allow.

    Parameters
    ----------
    estimator : estimator
        With a parameter, its own or nested, ``feature_norm`` or ``bounds``; a classifier may
        declare ``classes``.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.

    Returns
    -------
    Neighbours

    Raises
    ------
    InvalidParameterError
        If the estimator declares no bounds, or is a regressor, whose targets have no bounds here.
    """
    if is_regressor(estimator):
        raise InvalidParameterError(_give_neighbours(estimator, "its targets"))
    centre, push, apart = _directions(estimator)
    labels, rows_per_unit = class_labels(estimator), declared_rows_per_unit(estimator)
    n_owned = 1 if rows_per_unit == 1 else 2 * rows_per_unit
    if neighboring == "replace_one":
        half = N_COMMON // 2
        rows, codes = [push] * half + [-push] * half, [0] * half + [1] * half
        replacement = (push - apart, 1) if labels is None else (apart - push, 0)
        differ = "replaced by one of the opposite gradient"
    else:
        rows, codes = [push + apart] * N_COMMON, [0] * N_COMMON
        replacement, differ = None, "or without it"
    rows, codes = rows + [apart] * N_ACROSS, codes + [0, 1] * (N_ACROSS // 2)
    first, second = (
        _arguments(
            centre,
            rows + [BEYOND * x for x, _ in row],
            labels,
            codes + [c for _, c in row],
            n_owned,
        )
        for row in (
            [(push + apart, 1)] * n_owned,
            [] if replacement is None else [replacement] * n_owned,
        )
    )
    what = "one" if n_owned == 1 else f"one person's {n_owned}"
    return Neighbours(
        first,
        second,
        f"{N_COMMON + N_ACROSS} rows, and {what} beyond the declared bounds {differ}",
        rows_per_unit,
    )


def declared(estimator: BaseEstimator, name: str) -> Any:
    """Return the value of a parameter of an estimator or of a part of it; None if there is none."""
    for key, value in estimator.get_params(deep=True).items():
        if key.split("__")[-1] == name and value is not None:
            return value
    return None


def declared_rows_per_unit(estimator: BaseEstimator) -> Any:
    """Return how many rows of one person are used; 1 where rows are protected by themselves."""
    return declared(estimator, "rows_per_unit") or 1


def bounds_by_position(bounds: Any) -> Any:
    """Return ``bounds=`` without names: pairs in the order of the columns."""
    return list(bounds.values()) if isinstance(bounds, Mapping) else bounds


def class_labels(estimator: BaseEstimator) -> np.ndarray | None:
    """Return the labels of a classifier, 0 and 1 where it declares none; else None."""
    if not is_classifier(estimator):
        return None
    classes = declared(estimator, "classes")
    return np.asarray([0, 1] if classes is None else classes)


def _directions(estimator):
    """Return the centre of the domain, and two orthogonal directions up to its bound."""
    norm, bounds = declared(estimator, "feature_norm"), declared(estimator, "bounds")
    if norm is not None:
        return np.zeros(2), np.array([_PUSH, 0.0]) * norm, np.array([0.0, 1.0]) * norm
    if bounds is None:
        raise InvalidParameterError(_give_neighbours(estimator, "feature_norm= or bounds="))
    pairs = np.atleast_2d(np.asarray(bounds_by_position(bounds), dtype=np.float64))
    if np.ndim(bounds_by_position(bounds)) == 1:
        pairs = np.repeat(pairs, _N_FEATURES, axis=0)
    low, high = pairs.T
    n_pushing = max(1, round(_PUSH**2 * len(pairs))) if len(pairs) > 1 else 0
    pushing = np.arange(len(pairs)) < n_pushing
    half = (high - low) / 2
    return (low + high) / 2, half * pushing, half * ~pushing


def _arguments(centre, rows, labels, codes, n_owned):
    X = centre + np.array(rows)
    if labels is None:
        return (X,)
    y = labels[np.array(codes)]
    if n_owned == 1:
        return X, y
    return X, y, np.minimum(np.arange(len(rows)), N_COMMON + N_ACROSS)


def _give_neighbours(estimator, what):
    return (
        f"{type(estimator).__name__} declares no bound of {what} that worst-case neighbours could "
        "be built from. Give neighbours=((X, y), (X2, y2)), which differ by one row."
    )
