"""Class labels of DP classifiers: declared, or learned with a warning."""

import warnings

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .. import _check
from ..exceptions import InvalidParameterError, PrivacyWarning
from ..statements import Finding


def binary_labels(estimator, y):
    """Return the two classes, the labels as 0 and 1, and what is to be said about the classes.

    Parameters
    ----------
    estimator : object
        With a parameter ``classes``.
    y : ndarray of shape (n_samples,)
        Labels.

    Returns
    -------
    classes : ndarray of shape (2,)
        In sorted order.
    codes : ndarray of shape (n_samples,)
        1.0 where the label is the second class.
    findings : tuple of Finding

    Raises
    ------
    InvalidParameterError
        If there are not two classes, or a label outside the declared ones.
    """
    check_classification_targets(y)
    owner = type(estimator).__name__
    if estimator.classes is None:
        classes, findings = np.unique(y), (_learned(owner),)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if len(classes) > 2:
            raise InvalidParameterError(
                f"Only binary classification is supported. The type of the target is {kind}."
            )
        if len(classes) < 2:
            raise InvalidParameterError(
                f"{owner} needs two classes, but y holds one class only. Declare classes=[...]."
            )
        warnings.warn(findings[0].message, PrivacyWarning, stacklevel=3)
    else:
        classes, findings = _declared(estimator), ()
    codes = (y == classes[1]).astype(np.float64)
    if not (codes.astype(bool) | (y == classes[0])).all():
        raise InvalidParameterError(
            f"y of {owner} holds a label outside {classes.tolist()!r}. Nothing was released. "
            "Declare every label, or map the others to one of them first."
        )
    return classes, codes, findings


def _declared(estimator):
    """Return the declared classes in sorted order, which scorers of scikit-learn rely on."""
    try:
        given = np.asarray(estimator.classes)
        classes = np.unique(given)
    except (TypeError, ValueError):  # labels that have no order, such as None and a string
        given = classes = np.empty(0)
    if given.shape != (2,) or classes.shape != (2,):
        raise _check.invalid(estimator, "classes", "two different labels of one kind")
    return classes


def _learned(owner):
    return Finding(
        "warning",
        "",
        f"{owner} learned the class labels from y: its claim holds on the condition that the set "
        "of labels is public",
        "declare classes=[...]",
    )
