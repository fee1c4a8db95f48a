"""Scorers for searches over ``k``: higher is better."""

import copy

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ._risk import marketer_risk


def information_loss_scorer(estimator: BaseEstimator, X: ArrayLike, y: None = None) -> float:
    """Score a fitted anonymizer by the detail that it leaves in new rows.

    Parameters
    ----------
    estimator : KAnonymizer
        Fitted.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Rows, such as the held-out part of a split.
    y : None
        Ignored.

    Returns
    -------
    float
        Minus the mean certainty penalty of the labels of the rows: 0 is the best, -1 the worst.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_private import KAnonymizer
    >>> from sklearn_private.anonymization import metrics
    >>> ages = np.tile(np.arange(20.0), 2)[:, None]
    >>> scoring = {"loss": metrics.information_loss_scorer, "risk": metrics.risk_scorer}
    >>> search = GridSearchCV(KAnonymizer(), {"k": [2, 8]}, scoring=scoring, refit="risk", cv=2)
    >>> search.fit(ages).best_params_
    {'k': 8}
    """
    labels = _labelled(estimator, X)
    columns = [_column(labels, name) for name in estimator.quasi_identifiers_]
    penalties = []
    for texts, part in zip(columns, estimator.labels_, strict=True):
        penalty = dict(zip(part.texts, part.penalty, strict=True))
        penalties.append(np.mean([penalty[text] for text in texts]))
    return -float(np.mean(penalties))


def risk_scorer(estimator: BaseEstimator, X: ArrayLike, y: None = None) -> float:
    """Score a fitted anonymizer by the marketer risk of new rows, if they were published.

    Parameters
    ----------
    estimator : KAnonymizer
        Fitted.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Rows, such as the held-out part of a split.
    y : None
        Ignored.

    Returns
    -------
    float
        Minus :func:`marketer_risk` of the labels: 0 is the best, -1 the worst.
    """
    return -marketer_risk(
        _labelled(estimator, X),
        quasi_identifiers=estimator.quasi_identifiers_,
        subject_id=estimator.subject_id,
    )


def _labelled(estimator, X):
    """Return the labels of rows, whatever ``output`` the estimator has."""
    return copy.copy(estimator).set_params(output="labels").transform(X)


def _column(labels, name):
    """Return a column of labels as strings."""
    column = labels[:, name] if isinstance(labels, np.ndarray) else labels[name]
    return np.asarray(column).tolist()
