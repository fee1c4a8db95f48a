"""What the client makes of decrypted scores: scale, link function, class labels.

Homomorphic evaluation stops at the affine scores. Everything non-linear (the logistic function,
softmax, the exponential of a Poisson model, the choice of the largest score) is applied to the
decrypted scores by the client, so none of it costs anything on ciphertexts.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import is_classifier
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    SGDClassifier,
    TweedieRegressor,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from ...exceptions import GuaranteeError, InvalidParameterError
from ...transport import label_type

VOTES = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)
DOCUMENTED = (
    *(LogisticRegression, LogisticRegressionCV, LinearDiscriminantAnalysis, SGDClassifier),
    *(*VOTES, GradientBoostingClassifier, GaussianNB, QuadraticDiscriminantAnalysis),
)
"""Classifiers whose documentation names the link of ``predict_proba``."""


def _two_columns(scores):
    p = expit(scores[:, 0])
    return np.column_stack([1 - p, p])


def _one_vs_rest(scores):
    p = expit(scores)
    total = p.sum(axis=1, keepdims=True)
    return np.where(total > 0, p / np.where(total > 0, total, 1), 1 / p.shape[1])


def _margin(scores):
    p = np.clip(scores[:, 0] + 0.5, 0, 1)
    return np.column_stack([1 - p, p])


def _proportions(scores):
    scores = np.clip(scores, 0, None)
    return scores / scores.sum(axis=1, keepdims=True)


PROBABILITIES = {
    "logistic": _two_columns,
    "softmax": lambda scores: softmax(scores, axis=1),
    "one-vs-rest": _one_vs_rest,
    "margin": _margin,  # of one share above a half
    "proportions": _proportions,
}
MEANS = {"identity": lambda scores: scores, "exp": np.exp}
LINKS = ("none", *PROBABILITIES, *MEANS)


@dataclass(frozen=True, eq=False)
class Readout:
    """From whole-number scores to predictions.

    Parameters
    ----------
    link : str
        One of ``LINKS``; "none" is a classifier without probabilities.
    exponents : ndarray of shape (n_outputs,), dtype int64
        Base-2 logarithm of the scale of each output.
    classes : ndarray of shape (n_classes,) or None
        Class labels; None for a regressor.
    flat : bool
        Whether scores of one output are an array of shape (n_samples,).
    """

    link: str
    exponents: np.ndarray
    classes: np.ndarray | None
    flat: bool

    def scores(self, integers: Any) -> Any:
        """Return whole-number scores as floats."""
        scores = np.ldexp(integers.astype(np.float64), -self.exponents)
        return scores[:, 0] if self.flat else scores

    def predict(self, scores: Any) -> Any:
        """Return class labels, or the means of a regressor."""
        if self.classes is None:
            return MEANS[self.link](scores)
        return self.classes[(scores > 0).astype(int) if self.flat else scores.argmax(axis=1)]

    def predict_proba(self, scores: Any) -> Any:
        """Return class probabilities, an array of shape (n_samples, n_classes)."""
        if self.link not in PROBABILITIES:
            raise InvalidParameterError(
                "HEPredictor gives no probabilities for this estimator: it is a regressor, or its "
                "predict_proba is no known function of its scores. Use predict or the scores."
            )
        return PROBABILITIES[self.link](scores.reshape(len(scores), -1))

    def to_fields(self) -> dict[str, Any]:
        """Return the readout as JSON-ready fields, without its exponents."""
        classes = self.classes
        return {
            "link": self.link,
            "flat": self.flat,
            "classes": [] if classes is None else classes.tolist(),
            "classes_dtype": "" if classes is None else _written_dtype(classes),
        }


READOUT_FIELDS = {"link": str, "flat": bool, "classes": list, "classes_dtype": label_type}
_LABELS = re.compile(r"[<>|=](?:[biuf][1248]|O|U[0-9]{1,7})")


def plain_labels(classes: np.ndarray) -> Any:
    """Return class labels as plain Python values, or None if they are of another type."""
    labels = classes.tolist()
    return labels if all(type(label) in (bool, int, float, str) for label in labels) else None


def links_of(model: Any, n_outputs: Any) -> Any:
    """Return the links that a fitted model may use, the likeliest first."""
    if not is_classifier(model):
        return (_mean_of(model),)
    if not hasattr(model, "predict_proba") or getattr(model, "loss", None) == "modified_huber":
        return ()
    if isinstance(model, VOTES):
        return ("margin",) if n_outputs == 1 else ("proportions",)
    if n_outputs == 1:
        return ("logistic",)
    return ("one-vs-rest",) if isinstance(model, SGDClassifier) else ("softmax", "one-vs-rest")


def _mean_of(model):
    if isinstance(model, PoissonRegressor | GammaRegressor):
        return "exp"
    if isinstance(model, TweedieRegressor):
        return (
            "identity"
            if model.link == "identity" or (model.link == "auto" and model.power <= 0)
            else "exp"
        )
    return "identity"


def read_readout(header: Any, exponents: Any) -> Readout:
    """Return the readout in the header of a client, every part checked."""
    classes = _classes(header["classes"], header["classes_dtype"])
    n_classes = max(2, len(exponents))
    good = (
        header["link"] in LINKS
        and (classes is None or classes.shape == (n_classes,))
        and (not header["flat"] or len(exponents) == 1)
        and bool((np.abs(exponents) < 2000).all())
    )
    if not good:
        raise _nonsense()
    return Readout(header["link"], exponents, classes, header["flat"])


def _written_dtype(classes):
    """Return the type of labels, strings as wide as the longest of them."""
    return _widest(classes.tolist()) if classes.dtype.kind == "U" else classes.dtype.str


def _widest(labels):
    return np.dtype(("U", max(1, *map(len, labels), 1))).str


def _classes(labels, dtype):
    if not (labels or dtype):
        return None
    if not _LABELS.fullmatch(dtype):
        raise _nonsense()
    if "U" in dtype and not (all(type(label) is str for label in labels) and labels):
        raise _nonsense()
    if "U" in dtype and dtype != _widest(labels):
        raise _nonsense()
    try:
        classes = np.array(labels, dtype=dtype)
    except (OverflowError, TypeError, ValueError):
        raise _nonsense() from None
    if plain_labels(classes) != labels or classes.dtype.str != dtype:
        raise _nonsense()
    return classes


def _nonsense():
    return GuaranteeError("The client describes no way to read scores. Nothing was read.")
