"""Walk a fitted object and note what the composition rules need to know.

Pipelines pass rows on; column transformers and feature unions pass the same rows to each part;
searches by raw scores refit an estimator; other meta-estimators hold fitted estimators under the
names that scikit-learn gives them, and count as a step behind those. Everything else is one step.
"""

from dataclasses import dataclass

from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from ..accounting import open_ledger
from ..exceptions import InvalidParameterError
from ._compose import Search, Step
from ._kinds import DPStatement, MinimisationStatement

_HELD = ("best_estimator_", "estimator_", "regressor_", "classifier_", "final_estimator_")
_HELD_IN_LISTS = ("estimators_", "calibrated_classifiers_")

_LEARNS_NOTHING = {
    FixedThresholdClassifier: lambda step: True,
    SimpleImputer: lambda step: step.strategy == "constant",
    OneHotEncoder: lambda step: step.categories != "auto",
    OrdinalEncoder: lambda step: step.categories != "auto",
}


@dataclass
class Walk:
    """What was found, in the order in which the rows pass.

    Parameters
    ----------
    steps : list of Step
    searches : list of Search
    ledgers : dict of path to PrivacyLedger
    """

    steps: list
    searches: list
    ledgers: dict


def walk(obj, name):
    """Return the :class:`Walk` of one fitted object.

    Parameters
    ----------
    obj : object
        A fitted estimator, pipeline, column transformer or search, or anything else that has a
        ``privacy_statement_``.
    name : str
        What to call it in paths.

    Returns
    -------
    Walk

    Raises
    ------
    InvalidParameterError
        If it promises nothing and is no estimator, or was not fitted.
    """
    _refuse_unfitted(obj)
    found = Walk([], [], {})
    _visit(obj, name, (), found)
    return found


def _visit(obj, path, behind, found):
    """Note ``obj`` and return the steps that rows have passed once they leave it."""
    if obj is None or isinstance(obj, str):  # "passthrough", "drop"
        return behind
    _note_ledger(obj, found)
    if isinstance(obj, Pipeline):
        for name, step in obj.steps:
            behind = _visit(step, f"{path}.{name}", behind, found)
        return behind
    if isinstance(obj, ColumnTransformer | FeatureUnion):
        return _visit_parallel(obj, path, behind, found)
    if _is_search(obj):
        return _visit_search(obj, path, behind, found)
    return _visit_step(obj, path, behind, found)


def _visit_parallel(obj, path, behind, found):
    parts = obj.transformers_ if isinstance(obj, ColumnTransformer) else obj.transformer_list
    return _visit_each([(name, part) for name, part, *_ in parts], path, behind, found)


def _visit_each(parts, path, behind, found):
    """Visit parts that take the same rows, and return the steps that any of them passed."""
    after = list(behind)
    for name, part in parts:
        passed = _visit(part, f"{path}.{name}", behind, found)
        after += [step for step in passed if step not in after]
    return tuple(after)


def _visit_search(obj, path, behind, found):
    inner = getattr(obj, "best_estimator_", None)
    first = len(found.steps)
    if inner is not None:
        behind = _visit(inner, f"{path}.best", behind, found)
    steps = found.steps[first:]
    results = obj.cv_results_
    n_fits = len(results["params"]) * obj.n_splits_ + (inner is not None)
    private = any(step.promises(DPStatement) for step in steps) or (
        inner is None and _has_parameter(obj.estimator, "epsilon")
    )
    found.searches.append(
        Search(path, type(obj).__name__, n_fits, bool(ledgers_of(obj)), private=private)
    )
    return behind


def _visit_step(obj, path, behind, found):
    statement = getattr(obj, "privacy_statement_", None)
    if statement is None:
        behind = _visit_each(_held(obj), path, behind, found)
    else:
        _note_searches(obj, path, found)
    step = Step(path, type(obj).__name__, _is_stateful(obj, statement), statement, behind)
    found.steps.append(step)
    return (*behind, step)


def _note_searches(obj, path, found):
    """Note the searches inside a wrapper, whose statement has the promises of what it holds."""
    inside = Walk([], [], {})
    _visit_each(_held(obj), path, (), inside)
    found.searches.extend(inside.searches)
    found.ledgers.update(inside.ledgers)


def _held(obj):
    for name in _HELD:
        if _is_fitted(getattr(obj, name, None)):  # some are templates that are never fitted
            yield name.rstrip("_"), getattr(obj, name)
    for name in _HELD_IN_LISTS:
        for i, inner in enumerate(_flat(getattr(obj, name, ()))):
            inner = getattr(inner, "estimator", inner)  # calibrated classifiers wrap theirs
            if _is_fitted(inner):
                yield f"{name.rstrip('_')}[{i}]", inner


def _flat(values):
    return values.ravel() if hasattr(values, "ravel") else values


def _is_search(obj):
    by_raw_scores = not hasattr(obj, "privacy_statement_")
    return by_raw_scores and hasattr(obj, "cv_results_") and hasattr(obj, "n_splits_")


def _is_fitted(obj):
    if not hasattr(obj, "get_params"):
        return False
    try:
        check_is_fitted(obj)
    except NotFittedError:
        return False
    return True


def _is_stateful(obj, statement):
    if isinstance(statement, MinimisationStatement):
        return statement.detected
    if type(obj) in _LEARNS_NOTHING:
        return not _LEARNS_NOTHING[type(obj)](obj)
    return not hasattr(obj, "__sklearn_tags__") or get_tags(obj).requires_fit


def _note_ledger(obj, found):
    for ledger in ledgers_of(obj):
        found.ledgers[str(ledger.path)] = ledger


def ledgers_of(obj):
    """Return the ledgers among the parameters of an estimator and of what is inside it.

    Parameters
    ----------
    obj : object
        Anything; what has no parameters may have a ``ledger``.

    Returns
    -------
    list of PrivacyLedger
    """
    if hasattr(obj, "get_params"):
        params = obj.get_params(deep=True)
    else:
        params = {"ledger": getattr(obj, "ledger", None)}
    values = [v for k, v in params.items() if k.rpartition("__")[2] == "ledger" and v is not None]
    return [open_ledger(value) for value in values]


def _has_parameter(obj, name):
    return any(key.rpartition("__")[2] == name for key in obj.get_params(deep=True))


def _refuse_unfitted(obj):
    if not isinstance(obj, type) and hasattr(obj, "privacy_statement_"):
        return
    if isinstance(obj, type) or not hasattr(obj, "get_params"):
        got = obj.__name__ if isinstance(obj, type) else type(obj).__name__
        raise InvalidParameterError(f"privacy_report takes fitted estimators. Got {got} instead.")
    # A search with refit=False has results only.
    if not (_is_search(obj) or _is_fitted(obj)):
        raise InvalidParameterError(
            f"privacy_report needs a fitted object, since it reads what was promised. Fit this "
            f"{type(obj).__name__} first."
        )
