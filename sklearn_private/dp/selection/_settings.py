"""Parameters of a user's steps, before and after a fit: a fit must not keep rows in them."""

from typing import Any

import joblib
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from ...exceptions import InvalidParameterError
from ...statements import held_estimators

_TRUSTED = ("sklearn", "sklearn_private", "torch_private")  # packages whose fits change none


def settings(model: Any) -> dict[type, list[dict[str, str]]]:
    """Return the parameters of each user's class in a model that was not fitted yet, by value."""
    found: dict[type, list[dict[str, str]]] = {}
    for part in (model, *model.get_params(deep=True).values()):
        if _is_of_a_user(part):
            found.setdefault(type(part), []).append(_values(part))
    return found


def refuse_changed_settings(model: Any, before: dict[type, list[dict[str, str]]]) -> None:
    """Refuse a fitted model in which a user's step has other parameters than any had before.

    Parameters
    ----------
    model : object
        Fitted.
    before : dict of type to list of dict
        What :func:`settings` returned before the fit.

    Raises
    ------
    InvalidParameterError
        Naming the class and the parameters.
    """
    for part in _fitted_parts(model, set()):
        known = before.get(type(part))
        if known is None or not hasattr(part, "get_params"):
            continue
        now = _values(part)
        changed = min(([n for n in now if now[n] != old.get(n)] for old in known), key=len)
        if changed:
            raise InvalidParameterError.unreleased(
                f"The fit of {type(part).__name__} changed its own parameters, "
                f"{', '.join(map(repr, changed))}, which may hold rows now.",
                "Let fit keep what it learned in attributes that end in an underscore.",
            )


def _is_of_a_user(part):
    is_estimator = hasattr(part, "get_params") and not isinstance(part, type)
    return is_estimator and type(part).__module__.partition(".")[0] not in _TRUSTED


def _fitted_parts(model, seen):
    """Yield a fitted model and all that it holds, each once."""
    if id(model) in seen:
        return
    seen.add(id(model))
    yield model
    for part in _parts(model):
        yield from _fitted_parts(part, seen)


def _parts(model):
    if isinstance(model, Pipeline):
        return [part for _, part in model.steps]
    if isinstance(model, ColumnTransformer):
        return [part for _, part, _ in model.transformers_]
    if isinstance(model, FeatureUnion):
        return [part for _, part in model.transformer_list]
    return [part for _, part in held_estimators(model)]


def _values(part):
    """Return the parameters that can be compared; seeds are set by what holds an estimator."""
    shallow = part.get_params(deep=False).items()
    return {n: _value(v) for n, v in shallow if n != "random_state" and not _holds_estimators(v)}


def _holds_estimators(value):
    items = value.values() if isinstance(value, dict) else value
    if isinstance(items, str | bytes | np.ndarray) or not hasattr(items, "__iter__"):
        return hasattr(value, "get_params")
    return hasattr(value, "get_params") or any(
        _holds_estimators(item)
        for item in items
        if isinstance(item, list | tuple | dict) or hasattr(item, "get_params")
    )


def _value(value):
    """Return what equal values share, or the class of one that cannot be written down."""
    if isinstance(value, np.random.Generator | np.random.RandomState):
        return type(value).__name__
    try:
        return joblib.hash(value)
    except Exception:  # a lambda, an open file
        return f"{type(value).__name__} {getattr(value, '__qualname__', '')}"
