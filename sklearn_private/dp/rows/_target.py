"""What stands beside the features of a row: a class label, a bounded number, or nothing.

Each kind knows how it enters a sum, what bounds it, and the words in which a statement speaks of
it; so a regressor never speaks of labels, and a transformer of neither.
"""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import is_classifier, is_regressor

from ..._checks import Checks
from ...statements import Finding
from ._labels import class_codes


@dataclass(frozen=True, kw_only=True)
class Target:
    """The targets of a fit, as they enter sums, and what a statement says of them.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Positions of labels, or targets in units of ``half`` around ``centre``.
    norm : float
        Largest absolute value of a target; infinite where it enters no sum by its value.
    protects : str
        The data of one row, in words.
    refused : tuple of str
        What a fit that was not refused tells, in words.
    leaks : tuple of str
        What else is told.
    bounds : dict of str to str
        Where each bound comes from.
    findings : tuple of Finding
        Conditions of the claim.
    classes : ndarray of shape (n_classes,), default=None
        Sorted labels.
    centre, half : float
        Of the range of a regression's target.
    """

    values: np.ndarray
    norm: float = np.inf
    protects: str = "the values of one row"
    refused: tuple[str, ...] = ("all values were finite",)
    leaks: tuple[str, ...] = ()
    bounds: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    classes: np.ndarray | None = None
    centre: float = 0.0
    half: float = 1.0


def read_target(estimator: object, y: np.ndarray | None, n_rows: int) -> Target:
    """Return the targets of a classifier, of a regressor, or of an estimator that has none.

    Parameters
    ----------
    estimator : estimator
        A classifier has a parameter ``classes``, a regressor ``target_bounds``.
    y : ndarray of shape (n_rows,) or None
        What ``fit`` was given.
    n_rows : int
        Number of rows.

    Returns
    -------
    Target

    Raises
    ------
    InvalidParameterError
        If labels or bounds break their rule.
    """
    if is_classifier(estimator):
        return _labels(estimator, y)
    if is_regressor(estimator):
        return _numbers(estimator, y)
    return Target(values=np.zeros(n_rows))


def _labels(estimator, y):
    classes, codes, findings = class_codes(
        y, classes=estimator.classes, owner=type(estimator).__name__
    )
    return Target(
        values=codes,
        protects="the features and label of one row",
        refused=("all values were finite", "all labels declared ones"),
        leaks=("the set of labels in y",) if findings else (),
        bounds={"classes": "learned from y" if findings else "classes=, from the caller"},
        findings=findings,
        classes=classes,
    )


def _numbers(estimator, y):
    low, high = target_range(estimator)
    centre, half = low + (high - low) / 2, (high - low) / 2
    return Target(
        values=(np.clip(y, low, high) - centre) / half,
        norm=1.0,
        protects="the features and target of one row",
        bounds={"target": "target_bounds=, from the caller"},
        centre=centre,
        half=half,
    )


def target_range(estimator: object) -> tuple[float, float]:
    """Return the range that ``target_bounds=`` of a regressor declares.

    Raises
    ------
    InvalidParameterError
        If it is no pair of finite numbers, low below high.
    """
    check = Checks(estimator)
    rule = (
        "a pair (low, high) of finite numbers, low below high, chosen without looking at the rows "
        "(targets beyond are clipped)"
    )
    try:
        low, high = map(float, estimator.target_bounds)
    except (TypeError, ValueError) as error:
        raise check.invalid("target_bounds", rule) from error
    if not 1e-100 < high - low < 1e100:
        raise check.invalid("target_bounds", rule)
    return low, high
