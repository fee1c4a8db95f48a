"""Check a compiled model against the estimator it was read from.

The fold rests on types and public attributes. This is its second line: on the rows of the fit, the
estimator's own scores, decisions and probabilities must equal those of the folded map up to the
rounding of floating point. A class that publishes ``coef_`` but computes something else is refused
here, before a server answers anybody.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier

from ._affine import final_of, refusal
from ._readout import DOCUMENTED, MEANS, PROBABILITIES, Readout, links_of, plain_labels

AGREEMENT = 1e-5
"""Largest difference, relative to the terms of a score, that floating point can explain: about 100
units in the last place of the float32 in which a pipeline may compute."""


def floating_slack(affine: Any, rows: Any) -> Any:
    """Return what floating point can explain of a difference of affine scores."""
    return AGREEMENT * (np.abs(rows) @ np.abs(affine.coef).T + np.abs(affine.intercept))


def agreed_readout(
    scores: np.ndarray, slack: np.ndarray, exponents: np.ndarray, estimator: object, X: ArrayLike
) -> Readout:
    """Compare scores with what their estimator says and return how they are read.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_outputs)
        What the compiled model computes, before anything is rounded.
    slack : ndarray of shape (n_samples, n_outputs)
        Largest difference that floating point can explain.
    exponents : ndarray of shape (n_outputs,)
        Base-2 logarithms of the scales, for the readout.
    estimator : object
        The fitted estimator.
    X : array-like of shape (n_samples, n_features)
        The rows as the estimator takes them.

    Returns
    -------
    Readout

    Raises
    ------
    InvalidParameterError
        If the estimator computes something else.
    """
    if is_classifier(estimator):
        return _classifier(estimator, X, scores, slack, exponents)
    return _regressor(estimator, X, scores, slack, exponents)


def _regressor(estimator, X, scores, slack, exponents):
    (link,) = links_of(final_of(estimator), scores.shape[1])
    predicted = np.asarray(estimator.predict(X))
    readout = Readout(link, exponents, None, flat=predicted.ndim == 1)
    low, high = (MEANS[link](scores + sign * slack) for sign in (-1, 1))
    answers = predicted.reshape(len(scores), -1)
    if answers.shape != scores.shape or not ((low <= answers) & (answers <= high)).all():
        raise _other_map(estimator, "predict")
    return readout


def _classifier(estimator, X, scores, slack, exponents):
    classes, flat = np.asarray(estimator.classes_), scores.shape[1] == 1
    if classes.ndim != 1 or len(classes) != (2 if flat else scores.shape[1]):
        raise _other_map(estimator, "number of scores")
    if plain_labels(classes) is None:
        raise refusal(
            final_of(estimator), "its labels are no plain values", "numbers or strings as labels"
        )
    if hasattr(estimator, "decision_function"):
        answers = np.asarray(estimator.decision_function(X)).reshape(len(scores), -1)
        if answers.shape != scores.shape or not (np.abs(answers - scores) <= slack).all():
            raise _other_map(estimator, "decision_function")
    link = _probabilities(estimator, X, scores, slack)
    readout = Readout(link, exponents, classes, flat)
    clear = _margin(scores) > 2 * slack.max(axis=1)
    decisions = readout.predict(scores[:, 0] if flat else scores)
    if not np.array_equal(decisions[clear], np.asarray(estimator.predict(X))[clear]):
        raise _other_map(estimator, "predict")
    return readout


def _margin(scores):
    if scores.shape[1] == 1:
        return np.abs(scores[:, 0])
    best = np.sort(scores, axis=1)
    return best[:, -1] - best[:, -2]


def _probabilities(estimator, X, scores, slack):
    """Return the first link that gives the probabilities of the estimator, or "none"."""
    model = final_of(estimator)
    links = links_of(model, scores.shape[1])
    if not links:
        return "none"
    answers = np.asarray(estimator.predict_proba(X))
    # Far from the boundary every link gives 0 and 1: such rows tell nothing about an unknown class.
    telling = isinstance(model, DOCUMENTED) or ((answers > 1e-4) & (answers < 1 - 1e-4)).any()
    for link in links if telling else ():
        # No link here is steeper than 1, in any of its arguments.
        apart = np.abs(PROBABILITIES[link](scores) - answers)
        if (apart <= slack.sum(axis=1, keepdims=True) + AGREEMENT).all():
            return link
    return "none"


def _other_map(estimator, what):
    return refusal(
        final_of(estimator),
        f"its {what} is not what its published attributes say",
        "a model whose class is scikit-learn's own",
    )
