"""Class labels of DP classifiers: declared, or learned with a warning."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

from ..._checks import Checks
from ...exceptions import InvalidParameterError, PrivacyWarning
from ...statements import Finding


def class_codes(
    y: np.ndarray, *, classes: Sequence[Any] | None, owner: str
) -> tuple[np.ndarray, np.ndarray, tuple[Finding, ...]]:
    """Return the classes, the position of each label, and what is to be said about the classes.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    classes : sequence of label or None
        The declared ones, in any order; None learns them from y and warns.
    owner : str
        Name of the classifier, for messages.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        In sorted order.
    codes : ndarray of int of shape (n_samples,)
        Position of each label among them.
    findings : tuple of Finding

    Raises
    ------
    InvalidParameterError
        If there are fewer than two classes, or a label outside the declared ones.
    """
    if classes is None:
        check_classification_targets(y)
        classes, findings = np.unique(y), (_learned(owner),)
        if len(classes) < 2:
            raise InvalidParameterError(
                f"{owner} needs two classes, but y holds one class only. Declare classes=[...]."
            )
        warnings.warn(findings[0].message, PrivacyWarning, stacklevel=3)
    else:
        classes, findings = _declared(classes, owner), ()
    codes, known = positions(classes, y)
    if not known.all():
        raise InvalidParameterError.unreleased(
            f"y of {owner} holds a label outside {classes.tolist()!r}.",
            "Declare every label, or map the others to one of them first.",
        )
    return classes, codes, findings


def positions(classes: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each label stands among classes, and whether it is one of them.

    Labels are compared for equality alone, so labels of another kind are none of the classes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Different labels.
    y : ndarray of shape (n_samples,)
        Labels of any kind.

    Returns
    -------
    at : ndarray of int of shape (n_samples,)
        0 where the label is none of the classes.
    known : ndarray of bool of shape (n_samples,)
    """
    matches = np.zeros((len(classes), len(y)), dtype=bool)
    for row, label in zip(matches, classes, strict=True):
        row[:] = y == label
    return matches.argmax(axis=0), matches.any(axis=0)


def _declared(declared, owner):
    """Return the declared classes in sorted order, which scorers of scikit-learn rely on."""
    try:
        given = np.asarray(declared)
        classes = np.unique(given)
    except (TypeError, ValueError):  # labels that have no order, such as None and a string
        given = classes = np.empty(0)
    if given.ndim != 1 or not 2 <= len(classes) == len(given):
        raise Checks(owner).invalid(
            "classes", "two or more different labels of one kind", value=declared
        )
    return classes


def _learned(owner):
    return Finding.warning(
        "learned-labels",
        f"{owner} learned the class labels from y: its claim holds on the condition that the set "
        "of labels is public",
        "declare classes=[...]",
        where="classes",
    )
