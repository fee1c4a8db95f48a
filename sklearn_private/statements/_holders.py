"""What meta-estimators do with rows around the estimators that they fit.

A holder of every fit adds nothing to the claims of what it holds: each estimator that it fitted is
among its attributes, on all rows, and what it does with their answers is post-processing. Holders
of labels also keep the set of labels. Every other meta-estimator (and every unknown one) does more
with the rows than any claim counts: it drops fits, scores them, or fits to what they predict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE, RFECV, SelectFromModel, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RANSACRegressor
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils.validation import check_is_fitted

from ..accounting import PrivacyLedger
from ._finding import Finding
from ._learning import (
    NOTHING,
    OURS,
    SOMETHING,
    Learning,
    keeps_something,
    known_class,
    learning_of,
    vars_of,
)

_LABELS = Learning(
    stateful=False,
    findings=(
        Finding.warning(
            "learned-labels",
            "it keeps the set of labels that it found in y: the claims of what it holds hold on "
            "the condition that this set is public",
            "give DPLogisticRegression all labels in classes=[...], or make sure that each occurs",
        ),
    ),
)


def _add_nothing(obj: Any) -> Learning:
    return NOTHING


def _keep_labels(obj: Any) -> Learning:
    return _LABELS


def _of_chain(obj: ClassifierChain | RegressorChain) -> Learning:
    return NOTHING if obj.cv is None else SOMETHING


def _of_columns(obj: ColumnTransformer) -> Learning:
    chosen = [columns for _, _, columns in obj.transformers]
    if not any(callable(c) and not isinstance(c, make_column_selector) for c in chosen):
        return NOTHING
    unread = "the functions that choose columns look at names and types, not at values"
    return Learning(stateful=False, assumes=(unread,))


def _of_selector(obj: SelectFromModel) -> Learning:
    return SOMETHING if callable(obj.max_features) else NOTHING


_HOLDERS: dict[type, Callable[[Any], Learning]] = {
    ClassifierChain: _of_chain,
    ColumnTransformer: _of_columns,
    FeatureUnion: _add_nothing,
    FixedThresholdClassifier: _add_nothing,
    FrozenEstimator: _add_nothing,
    MultiOutputClassifier: _add_nothing,
    MultiOutputRegressor: _add_nothing,
    OneVsRestClassifier: _keep_labels,
    OutputCodeClassifier: _keep_labels,
    Pipeline: _add_nothing,
    RegressorChain: _of_chain,
    SelectFromModel: _of_selector,
    TransformedTargetRegressor: _add_nothing,
    VotingClassifier: _keep_labels,
    VotingRegressor: _add_nothing,
}
_TRANSPARENT = {"imblearn.pipeline.Pipeline"}  # as Pipeline; its samplers are steps of their own
_HELD = (
    "best_estimator_",
    "estimator_",
    "transformer_",
    "regressor_",
    "classifier_",
    "estimators_",
    "calibrated_classifiers_",
    "final_estimator_",
)  # the names that scikit-learn gives
_OTHER_THINGS = ("builtins", "numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn_private")
_DOES: dict[type, str] = {
    AdaBoostClassifier: "weighs the rows by how earlier fits predict them",
    AdaBoostRegressor: "weighs the rows by how earlier fits predict them",
    BaggingClassifier: "draws rows repeatedly, so that one row counts several times in a fit",
    BaggingRegressor: "draws rows repeatedly, so that one row counts several times in a fit",
    CalibratedClassifierCV: "fits calibrators to predictions for the same rows",
    ClassifierChain: "fits to predictions of fits that it drops",
    OneVsOneClassifier: "fits parts of the rows that the labels choose, whose sizes are not public",
    RANSACRegressor: "keeps the rows that its fits predict best",
    RegressorChain: "fits to predictions of fits that it drops",
    RFE: "makes a fit for each step of the elimination and keeps the last one",
    RFECV: "scores fits on the same rows, and drops all but the last one",
    SelfTrainingClassifier: "labels rows by fits that it drops, and keeps the labels",
    SequentialFeatureSelector: "scores fits on the same rows, and drops them",
    StackingClassifier: "fits a model to predictions of fits that it drops",
    StackingRegressor: "fits a model to predictions of fits that it drops",
    TunedThresholdClassifierCV: "chooses a threshold by scores on the same rows",
}


def is_holder(obj: Any) -> bool:
    """Return whether each estimator that an object fits is among its attributes."""
    known = known_class(obj, _HOLDERS)
    return _is_transparent(obj) if known is None else not _HOLDERS[known](obj).stateful


def beyond_what_it_holds(obj: Any) -> Learning:
    """Return what an object learned from the rows, beyond what the estimators that it holds did.

    Parameters
    ----------
    obj : object
        A fitted estimator, which may hold others.

    Returns
    -------
    Learning
    """
    known = known_class(obj, _HOLDERS)
    if known is not None:
        return _HOLDERS[known](obj)
    return NOTHING if _is_transparent(obj) else learning_of(obj)


def what_it_does(obj: Any) -> str:
    """Return in words what a meta-estimator does with rows that no claim counts."""
    return next((words for cls, words in _DOES.items() if isinstance(obj, cls)), "")


def held_estimators(obj: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fitted estimators among the attributes of an object, each once, with its name.

    Those of scikit-learn hold them under known names. In any other class they are looked for in
    every attribute: in lists, tuples, dictionaries and arrays, and in the objects there.

    Parameters
    ----------
    obj : object
        A fitted meta-estimator.

    Yields
    ------
    name : str
    estimator : object
    """
    attributes = vars_of(obj)
    if isinstance(obj, FrozenEstimator):
        attributes = {"estimator": obj.estimator}
    elif _package(obj) == "sklearn" or known_class(obj, _HOLDERS):
        attributes = {name: attributes[name] for name in _HELD if name in attributes}
    seen = {id(obj)}
    for name, value in attributes.items():
        yield from _fitted_inside(value, name.rstrip("_"), seen)


def _fitted_inside(value: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(value) in seen:
        return
    if isinstance(value, dict | list | tuple) or getattr(value, "dtype", None) == np.dtype(object):
        seen.add(id(value))
        for key, item in _items(value):
            yield from _fitted_inside(item, f"{name}[{key}]", seen)
    elif is_fitted(value):
        seen.add(id(value))
        yield name, value
    elif _may_hold(value):
        seen.add(id(value))
        for attribute, inner in vars(value).items():
            # What scikit-learn wraps around a fit, for calibration, is no estimator of its own.
            if attribute == "estimator" or _package(value) != "sklearn":
                yield from _fitted_inside(inner, name, seen)


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value.ravel() if hasattr(value, "ravel") else value))


def _may_hold(value: Any) -> bool:
    """Return whether a value is an object, but no estimator, whose attributes are worth a look."""
    return (
        hasattr(value, "__dict__")
        and not hasattr(value, "get_params")
        and not isinstance(value, type | FunctionType | ModuleType)
        and _package(value) not in _OTHER_THINGS
    )


def is_fitted(obj: Any) -> bool:
    """Return whether something is an estimator that was fitted, whatever it calls what it keeps."""
    if isinstance(obj, type) or not hasattr(obj, "get_params"):
        return False
    try:
        check_is_fitted(obj)
    except NotFittedError:
        return keeps_something(obj) and _package(obj) != "sklearn"
    except TypeError:  # it has no fit
        return False
    return True


def unknown_holders(template: Any) -> list[tuple[str, str]]:
    """Return what fits estimators inside a template and is not known to add nothing to them.

    Parameters
    ----------
    template : estimator
        Fitted or not.

    Returns
    -------
    list of (str, str)
        The path of its parameter, empty for the template itself, and what it is.
    """
    parts = {"": template, **template.get_params(deep=True)}
    return [
        (path, _in_words(part))
        for path, part in parts.items()
        if _fits_estimators(part) and _package(part) not in OURS and not is_holder(part)
    ]


def _fits_estimators(part: Any) -> bool:
    if isinstance(part, type) or not hasattr(part, "get_params"):
        return False
    values = part.get_params(deep=False).values()
    return any(True for value in values for _ in _estimators_inside(value))


def _estimators_inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list | tuple):
        for _, item in _items(value):
            yield from _estimators_inside(item)
    elif hasattr(value, "get_params") and not isinstance(value, type):
        yield value


def _in_words(part: Any) -> str:
    does = what_it_does(part) or "is not known to keep every estimator that it fits"
    return f"{type(part).__name__} {does}"


def would_claim(template: Any) -> bool:
    """Return whether an estimator, fitted or not, or a part of it is set to claim DP."""
    return bool(_claimants(template))


def keeps_record(template: Any) -> bool:
    """Return whether each part that is set to claim DP, or what holds it, has a ledger."""
    parts = _claimants(template)
    ledgers = [part.ledger for part in parts if hasattr(part, "ledger")]
    if len(ledgers) < len(parts):  # such as the RowDP of a FederatedWrapper
        ledgers.append(getattr(template, "ledger", None))
    return None not in ledgers


def _claimants(template: Any) -> list[Any]:
    if not hasattr(template, "get_params"):
        return []
    inside = [template, *template.get_params(deep=True).values()]
    return [part for part in inside if _is_claimant(part)]


def _is_claimant(part: Any) -> bool:
    settings = hasattr(part, "epsilon") and hasattr(part, "delta")
    return settings and not isinstance(part, type | PrivacyLedger)


def _is_transparent(obj: Any) -> bool:
    return f"{type(obj).__module__}.{type(obj).__qualname__}" in _TRANSPARENT


def _package(obj: Any) -> str:
    return type(obj).__module__.partition(".")[0]
