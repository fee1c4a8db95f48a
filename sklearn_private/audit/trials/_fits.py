"""Many fits of one estimator, and what each of them released."""

import warnings
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone

from ...exceptions import InvalidParameterError, PrivacyWarning
from ...sums import transcript
from ._neighbours import bounds_by_position

_BATCH = 25  # fits that a worker makes before it returns


def audit_clone(estimator: BaseEstimator, n_rows: int) -> BaseEstimator:
    """Return a clone to audit: no ledger pays for it, and nobody has seeded its noise.

    Parameters
    ----------
    estimator : estimator
        What is audited.
    n_rows : int
        The public number of rows, for estimators with a parameter ``n_public``.

    Returns
    -------
    estimator
        Unfitted.
    """
    model = clone(estimator)
    changes = {}
    for key, value in model.get_params(deep=True).items():
        match key.split("__")[-1]:
            case "ledger" | "random_state":
                changes[key] = None
            case "n_public":
                changes[key] = n_rows
            case "bounds":
                changes[key] = bounds_by_position(value)
    return model.set_params(**changes)


def fit_once(model: Any, arguments: Any) -> Any:
    """Return a fitted clone; what its warnings say, its statement says too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrivacyWarning)
        return clone(model).fit(*arguments)


def release_names(
    fitted: BaseEstimator, statement: Any, releases: Sequence[str] | None
) -> list[str]:
    """Return the names of the attributes that are releases.

    Parameters
    ----------
    fitted : estimator
        A fitted one.
    statement : DPStatement
        Its claim.
    releases : sequence of str or None
        What the user says; None takes those that the statement lists.

    Returns
    -------
    list of str

    Raises
    ------
    InvalidParameterError
        If none of them is an attribute.
    """
    listed = statement.releases if releases is None else releases
    names = [name for name in listed if _has(fitted, name)]
    if not names or (releases is not None and len(names) < len(listed)):
        raise InvalidParameterError(
            f"{type(fitted).__name__} states the releases {list(statement.releases)}, and an audit "
            "reads attributes. Give their names, such as releases=['coef_', 'intercept_']."
        )
    for name in names:
        try:
            _flat(attrgetter(name)(fitted))
        except (TypeError, ValueError) as error:
            raise InvalidParameterError(
                f"The release {name!r} of {type(fitted).__name__} does not consist of numbers. "
                "Name parts that do, such as releases=['best_estimator_.coef_', 'best_score_']."
            ) from error
    return names


def draw(
    model: BaseEstimator,
    sides: Sequence[tuple[Any, ...]],
    names: Sequence[str],
    n_fits: int,
    *,
    n_sums: int = 0,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> list[np.ndarray]:
    """Fit ``n_fits`` clones on each data set.

    Parameters
    ----------
    model : estimator
        What :func:`audit_clone` returned.
    sides : sequence of tuple
        For each data set the arguments of ``fit``.
    names : sequence of str
        Attributes to read.
    n_fits : int
        Fits a side.
    n_sums : int, default=0
        How many noisy sums the claim covers. Where a fit makes so many, their total is read, too.
    n_jobs, verbose : int
        As in :class:`joblib.Parallel`.

    Returns
    -------
    list of ndarray of shape (n_fits, n_values)
        The releases on each data set.
    """
    sizes = [min(_BATCH, n_fits - start) for start in range(0, n_fits, _BATCH)]
    # The data sets take turns, so that whatever drifts during an audit drifts on all.
    batches = Parallel(n_jobs=n_jobs, verbose=verbose)(
        delayed(_fit_batch)(model, arguments, names, n_sums, size)
        for size in sizes
        for arguments in sides
    )
    return [np.concatenate(batches[i :: len(sides)]) for i in range(len(sides))]


def _fit_batch(model, arguments, names, n_sums, n):
    return np.array([_released(model, arguments, names, n_sums) for _ in range(n)])


def _released(model, arguments, names, n_sums):
    with transcript() as sums:
        fitted = fit_once(model, arguments)
    seen = [_flat(attrgetter(name)(fitted)) for name in names]
    return np.concatenate(seen + (_totals(sums) if len(sums) == n_sums else []))


def _totals(sums):
    """Return the total of the sums of each length, which a row moves in each of them alike."""
    lengths = sorted({len(vector) for vector in sums})
    return [np.sum([v for v in sums if len(v) == length], axis=0) for length in lengths]


def _flat(value):
    parts = value if isinstance(value, list | tuple) else [value]
    return np.concatenate([np.ravel(part).astype(np.float64) for part in parts])


def _has(fitted, name):
    try:
        attrgetter(name)(fitted)
    except AttributeError:
        return False
    return True
