"""Candidates of a search: how they are fitted, and what one fit claims.

A candidate is a clone of the estimator without a ledger, since the search pays for all of them, and
without progress output, which would tell how many there were. Nor does it cache on disk, where fits
and transformed rows would stay that nobody paid for. A fit is taken only if its statement
holds: the rules of :mod:`sklearn_private.statements` decide, so a step that learned from the same
rows without differential privacy makes the search refuse. What fits estimators inside a candidate
must be known to add nothing to them: the rest is refused before anything is fitted.
"""

import math
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joblib
import narwhals as nw
import numpy as np
from dp_accounting import SelfComposedDpEvent
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone

from ...accounting import compose_events
from ...exceptions import InvalidParameterError
from ...mechanisms import is_secure, uniform_below
from ...statements import SEEDED, DPStatement, compose, unknown_holders, walk
from ..rows import bounded_rows
from ._settings import refuse_changed_settings, settings


@dataclass(frozen=True)
class Fit:
    """One fitted candidate and what it claims.

    Parameters
    ----------
    model : object
        The fitted estimator.
    event : dp_accounting.DpEvent
        What its fit costs.
    neighboring, unit : str
        The relation and the unit of its claim.
    claims : tuple of DPStatement
        The claims themselves.
    findings : tuple of Finding
        Conditions of the claims.
    assumes : tuple of str
        What nobody checked about the steps beside them.
    """

    model: object
    event: object
    neighboring: str
    unit: str
    claims: tuple
    findings: tuple
    assumes: tuple = ()

    @property
    def is_seeded(self) -> bool:
        """Whether its noise can be repeated."""
        return any(claim.randomness == "seeded" for claim in self.claims)


def fit_candidates(
    estimator: object,
    jobs: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    rng: object,
    n_jobs: int | None,
    number: np.ndarray | None = None,
    measure: Callable[..., Any] | None = None,
    silent: bool = False,
) -> tuple[tuple[Fit, ...], tuple[Any, ...]]:
    """Fit candidates in parallel.

    Parameters
    ----------
    estimator : object
        What candidates are clones of.
    jobs : list of (dict, ndarray of int, ndarray of int)
        Of each fit: the parameters, the rows that it takes, and the rows that are measured.
    X, y : array-like
        All rows and their labels.
    rng : SecureSource or numpy.random.Generator
        Source of randomness of the search; one that is seeded, for tests, seeds the fits too.
    n_jobs : int or None
        As in joblib.
    number : ndarray of int of shape (n_samples,), default=None
        Whose data each row is; None protects each row by itself.
    measure : callable, default=None
        From ``(model, X, y)`` to what is measured on the last ones.
    silent : bool, default=False
        Whether warnings are dropped: as many as there are fits would tell their number.

    Returns
    -------
    fits : tuple of Fit
    measured : tuple
        None without ``measure``.
    """
    one = joblib.delayed(_fit)
    done = joblib.Parallel(n_jobs=n_jobs)(
        one(_settled(candidate(estimator, parameters), rng), *rows, X, y, number, measure, silent)
        for parameters, *rows in jobs
    )
    return tuple(zip(*done, strict=True))


def candidate(estimator: BaseEstimator, parameters: Any) -> Any:
    """Return a clone with these parameters."""
    # Values are cloned as in scikit-learn: a candidate may be a whole estimator.
    values = {name: clone(value, safe=False) for name, value in parameters.items()}
    return clone(estimator).set_params(**values)


def refuse_unknown_holders(model: object) -> None:
    """Refuse a candidate that fits estimators in a way that no claim is known to count.

    Parameters
    ----------
    model : object
        A candidate that was not fitted yet.

    Raises
    ------
    InvalidParameterError
        Naming what is not on the list of classes that add nothing to what they hold.
    """
    for path, words in unknown_holders(model):
        place = f" (at {path})" if path else ""
        raise InvalidParameterError.unreleased(
            "A private search takes estimators inside a Pipeline, ColumnTransformer, "
            "FixedThresholdClassifier or another class that adds nothing to their fits, but "
            f"{words}{place}.",
            "Search over the DP estimator itself.",
        )


def _settled(model, rng):
    """Return the model, set to charge no ledger, to print no progress and to cache nothing."""
    settings = {"ledger": None, "verbose": False}
    if not is_secure(rng):
        settings["random_state"] = int(uniform_below(2**32, 1, rng)[0])
    parameters = model.get_params(deep=True)
    last = {name: name.rpartition("__")[2] for name in parameters}
    caches = {n: None for n, end in last.items() if end == "memory" and _is_cache(parameters[n])}
    settled = {n: settings[end] for n, end in last.items() if end in settings}
    return model.set_params(**settled, **caches)


def _is_cache(memory):
    """Return whether scikit-learn's ``check_memory`` would cache in it."""
    return isinstance(memory, str) or hasattr(memory, "cache")


def claimed(model: object) -> Fit:
    """Return the :class:`Fit` of a fitted model, or raise where its claim is void.

    Parameters
    ----------
    model : object
        Fitted.

    Returns
    -------
    Fit

    Raises
    ------
    InvalidParameterError
        If it makes no claim of differential privacy, or one that does not hold.
    """
    found = walk(model, "estimator")
    composition = compose(found.steps, found.searches)
    claims = tuple(claim for step in found.steps for claim in step.promises(DPStatement))
    for finding in composition.findings:
        if finding.level == "error" and finding.code != SEEDED.code:
            raise InvalidParameterError.unreleased(
                f"The search cannot pay for its fits: at {finding.where}, {finding.message}.",
                f"Remedy: {finding.remedy}.",
            )
    if not claims:
        raise InvalidParameterError.unreleased(
            f"{type(model).__name__} makes no claim of differential privacy, so there is nothing "
            "to pay for.",
            "Search over a DP estimator, such as DPLogisticRegression, or use a search of "
            "scikit-learn.",
        )
    relations = sorted({claim.neighboring for claim in claims})
    if len(relations) > 1:
        raise InvalidParameterError.unreleased(
            f"The parts of one candidate claim different relations, {relations}.",
            "Give all of them one neighboring=.",
        )
    findings = tuple(f for f in composition.findings if f.level != "error")
    event = compose_events([claim.event for claim in claims])
    assumes = tuple(text for step in found.steps for text in step.assumes)
    return Fit(model, event, relations[0], composition.unit, claims, findings, assumes)


def together(events: Any) -> Any:
    """Return one event for many, equal ones counted together."""
    counts = Counter(list(events))
    return compose_events(
        [event if n == 1 else SelfComposedDpEvent(event, n) for event, n in counts.items()]
    )


def draw_folds(number: np.ndarray, n_folds: int, rng: object) -> Any:
    """Draw the fold of each unit by a coin of its own, without looking at any row.

    So a unit that is added, removed or replaced moves no other one, whatever the relation; folds
    are of nearly, but not exactly, equal size. Of a unit that is scored one row is taken, by a
    second coin: it moves a score as far as one row does.

    Parameters
    ----------
    number : ndarray of int of shape (n_samples,)
        The unit of each row, from 0.
    n_folds : int
        How many.
    rng : SecureSource or numpy.random.Generator
        Source of randomness.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        For each fold the positions of the rows that are fitted, and of those that are scored.
    """
    n_units = int(number.max(initial=-1)) + 1
    # So many that all of them fall into one fold, and leave none to fit, less than once in 2^20.
    least = max(2 * n_folds, 1 + math.ceil(20 / math.log2(n_folds)))
    if n_units < least:
        raise InvalidParameterError.unreleased(
            f"{n_folds} folds need at least {least} rows, or persons. X has n_samples = "
            f"{number.size}.",
            "Give more, or take mode='public_validation'.",
        )
    folds = uniform_below(n_folds, n_units, rng)[number]
    scored = bounded_rows(number, 1, rng)
    return [(np.flatnonzero(folds != k), scored[folds[scored] == k]) for k in range(n_folds)]


def n_rows(data: Any) -> Any:
    """Return how many rows a table, an array or a list has."""
    return data.shape[0] if hasattr(data, "shape") else len(data)


def take(data: Any, rows: Any) -> Any:
    """Return the rows at some positions of a table, an array or a list; None has none."""
    if data is None:
        return None
    table = nw.from_native(data, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(table, nw.DataFrame | nw.Series):
        return table[rows.tolist()].to_native()
    return data[rows] if hasattr(data, "shape") else np.asarray(data)[rows]


def _fit(model, fitted, measured, X, y, number, measure, silent):
    owners = {} if number is None else {"privacy_unit": number[fitted]}
    before = settings(model)
    with warnings.catch_warnings():
        if silent:
            warnings.simplefilter("ignore")
        model.fit(take(X, fitted), take(y, fitted), **owners)
    refuse_changed_settings(model, before)
    fit = claimed(model)
    if measure is None:
        return fit, None
    return fit, measure(fit.model, take(X, measured), take(y, measured))
