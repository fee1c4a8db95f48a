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
features.

Where there are no labels, the replacement has the opposite ``apart`` instead, and the two rows lie
120 degrees apart: that moves sums and second moments by .87 each of the most there is. Under
add-remove and zero-out the common rows have the opposite features, so that the row is long around
their mean, too.

Where there is a target with declared bounds, it is at the upper bound for label 1 and at the lower
one for label 0, but halfway for the common rows along ``push``: the residuals of the two rows that
differ are then as large as any clip, and of opposite signs.

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
_WIDE_PUSH = 0.58  # ... without labels: rows 120 degrees apart, tan(30 degrees)
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
        If the estimator declares no bounds of its rows, or is a regressor without those of its
        target.
    """
    targets = _target_values(estimator)
    centre, push, apart = _directions(estimator, _WIDE_PUSH if targets is None else _PUSH)
    rows_per_unit = declared_rows_per_unit(estimator)
    n_owned = 1 if rows_per_unit == 1 else 2 * rows_per_unit
    if neighboring == "replace_one":
        half = N_COMMON // 2
        low, high = (0, 2) if is_classifier(estimator) else (1, 1)
        rows, codes = [push] * half + [-push] * half, [low] * half + [high] * half
        replacement = push - apart if targets is None else apart - push
        differ = "replaced by one of the opposite gradient"
    else:
        common = -(push + apart) if targets is None else push + apart
        rows, codes = [common] * N_COMMON, [0] * N_COMMON
        replacement, differ = None, "or without it"
    rows, codes = rows + [apart] * N_ACROSS, codes + [0, 2] * (N_ACROSS // 2)
    first, second = (
        _arguments(
            centre,
            rows + [BEYOND * x for x in row],
            targets,
            codes + [code] * len(row),
            n_owned,
        )
        for code, row in (
            (4, [push + apart] * n_owned),
            (3, [] if replacement is None else [replacement] * n_owned),
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


def _target_values(estimator):
    """Return the lower, the middle, the upper target, and two beyond; None if there is none."""
    labels = class_labels(estimator)
    if labels is not None:
        return labels[[0, 0, 1, 0, 1]]
    if not is_regressor(estimator):
        return None
    bounds = declared(estimator, "target_bounds")
    if bounds is None:
        raise InvalidParameterError(_give_neighbours(estimator, "its targets, target_bounds=,"))
    low, high = map(float, bounds)
    middle, half = (low + high) / 2, (high - low) / 2
    return middle + half * np.array([-1.0, 0.0, 1.0, -BEYOND, BEYOND])


def _directions(estimator, part):
    """Return the centre of the domain, and two orthogonal directions up to its bound.

    The first one, push, is ``part`` of the length of a row.
    """
    norm, bounds = declared(estimator, "feature_norm"), declared(estimator, "bounds")
    if norm is not None:
        return np.zeros(2), np.array([part, 0.0]) * norm, np.array([0.0, 1.0]) * norm
    if bounds is None:
        raise InvalidParameterError(_give_neighbours(estimator, "feature_norm= or bounds="))
    pairs = np.atleast_2d(np.asarray(bounds_by_position(bounds), dtype=np.float64))
    if np.ndim(bounds_by_position(bounds)) == 1:
        pairs = np.repeat(pairs, _N_FEATURES, axis=0)
    low, high = pairs.T
    n_pushing = max(1, round(part**2 * len(pairs))) if len(pairs) > 1 else 0
    pushing = np.arange(len(pairs)) < n_pushing
    half = (high - low) / 2
    return (low + high) / 2, half * pushing, half * ~pushing


def _arguments(centre, rows, targets, codes, n_owned):
    X = centre + np.array(rows)
    y = None if targets is None else targets[np.array(codes)]
    if targets is None and n_owned == 1:
        return (X,)
    if n_owned == 1:
        return X, y
    return X, y, np.minimum(np.arange(len(rows)), N_COMMON + N_ACROSS)


def _give_neighbours(estimator, what):
    return (
        f"{type(estimator).__name__} declares no bound of {what} that worst-case neighbours could "
        "be built from. Give neighbours=((X, y), (X2, y2)), which differ by one row."
    )
