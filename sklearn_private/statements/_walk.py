"""Walk a fitted object and note what the composition rules need to know.

Pipelines pass rows on; column transformers and feature unions pass the same rows to each part;
searches by raw scores refit an estimator; other meta-estimators hold fitted estimators, and count
as a step behind those. Everything else is one step. What a step learned from the rows is told by
:mod:`._learning`, what a meta-estimator does around its fits by :mod:`._holders`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline

from ..accounting import PrivacyLedger, open_ledger
from ..exceptions import InvalidParameterError, LedgerError
from ._finding import Finding
from ._holders import (
    beyond_what_it_holds,
    held_estimators,
    is_fitted,
    is_holder,
    keeps_record,
    what_it_does,
    would_claim,
)
from ._kinds import DPStatement, MinimisationStatement
from ._learning import NOTHING, OURS, SOMETHING, Learning, learning_of
from ._statement import PrivacyStatement
from ._step import Search, Step

Behind = tuple[Step, ...]


@dataclass
class Walk:
    """What was found, in the order in which the rows pass.

    Parameters
    ----------
    steps : list of Step
    searches : list of Search
    ledgers : dict of str to PrivacyLedger
        By path.
    unread : list of str
        Where a ledger stands that cannot be read, as on another machine.
    """

    steps: list[Step] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    ledgers: dict[str, PrivacyLedger] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def walk(obj: Any, name: str) -> Walk:
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
    found = Walk()
    _visit(obj, name, (), found)
    return found


def _visit(obj: Any, path: str, behind: Behind, found: Walk) -> Behind:
    """Note ``obj`` and return the steps that rows have passed once they leave it."""
    if obj is None or isinstance(obj, str):  # "passthrough", "drop"
        return behind
    _note_ledgers(obj, path, found)
    if _states_its_own(obj):
        return _visit_promise(obj, path, behind, found)
    if _is_search(obj):
        return _visit_search(obj, path, behind, found)
    if isinstance(obj, FrozenEstimator):
        return _visit_frozen(obj, path, behind, found)
    if isinstance(obj, Pipeline):
        return _visit_in_turn(obj, path, behind, found)
    if isinstance(obj, ColumnTransformer | FeatureUnion):
        return _visit_parallel(obj, path, behind, found)
    return _visit_step(obj, path, behind, found)


def _visit_in_turn(obj: Pipeline, path: str, behind: Behind, found: Walk) -> Behind:
    for name, step in obj.steps:
        behind = _visit(step, f"{path}.{name}", behind, found)
    return _note_around(obj, path, behind, found)


def _visit_parallel(
    obj: ColumnTransformer | FeatureUnion, path: str, behind: Behind, found: Walk
) -> Behind:
    parts = obj.transformers_ if isinstance(obj, ColumnTransformer) else obj.transformer_list
    after = _visit_each([(name, part) for name, part, *_ in parts], path, behind, found)
    return _note_around(obj, path, after, found)


def _note_around(obj: Any, path: str, behind: Behind, found: Walk) -> Behind:
    """Note what a subclass does around its parts, or assumes of them."""
    learned = beyond_what_it_holds(obj) if is_holder(obj) else SOMETHING
    if learned == NOTHING:
        return behind
    step = _step(obj, path, None, behind, learned)
    step = _with_hidden_fits(step, obj)
    found.steps.append(step)
    return (*behind, step)


def _visit_each(parts: Iterable[tuple[str, Any]], path: str, behind: Behind, found: Walk) -> Behind:
    """Visit parts that take the same rows, and return the steps that any of them passed."""
    after = list(behind)
    for name, part in parts:
        passed = _visit(part, f"{path}.{name}", behind, found)
        after += [step for step in passed if step not in after]
    return tuple(after)


def _visit_search(obj: Any, path: str, behind: Behind, found: Walk) -> Behind:
    inner, first = getattr(obj, "best_estimator_", None), len(found.steps)
    if inner is not None:
        behind = _visit(inner, f"{path}.best", behind, found)
    n_fits = len(obj.cv_results_["params"]) * obj.n_splits_ + (inner is not None)
    candidates = [value for one in obj.cv_results_["params"] for value in one.values()]
    fitted = [obj.estimator, *(value for value in candidates if hasattr(value, "get_params"))]
    for candidate in fitted:
        _note_ledgers(candidate, path, found)
    private = any(map(would_claim, fitted)) or any(step.is_claimed for step in found.steps[first:])
    has_ledger = all(map(keeps_record, fitted))
    found.searches.append(Search(path, type(obj).__name__, n_fits, has_ledger, private))
    if private:  # the rule for searches says what there is to say
        return behind
    step = _step(obj, path, None, behind, SOMETHING)
    found.steps.append(step)
    return (*behind, step)


def _visit_frozen(obj: FrozenEstimator, path: str, behind: Behind, found: Walk) -> Behind:
    """Visit what was fitted earlier: on which rows, nobody can see.

    What makes or hides a claim keeps what voids that claim. The rest is a condition.
    """
    inside = Walk()
    passed = _visit_each(held_estimators(obj), path, behind, inside)
    claims = any(step.promises(DPStatement) or step.hides_fits for step in inside.steps)
    if not claims:
        thawed = {id(step): step for step in inside.steps}
        inside.steps = [_on_condition(step) for step in inside.steps]
        renewed = dict(zip(thawed, inside.steps, strict=True))
        passed = tuple(renewed.get(id(step), step) for step in passed)
    found.steps += inside.steps
    found.searches += inside.searches
    found.ledgers |= inside.ledgers
    found.unread += inside.unread
    return passed


def _on_condition(step: Step) -> Step:
    if not step.stateful:
        return step
    condition = Finding.warning(
        "frozen-step",
        f"{step.kind} was fitted earlier and frozen: claims beside it hold on the condition that "
        "it was fitted on other people's rows",
        "fit it on public rows, and say where they are from",
    )
    return replace(step, stateful=False, findings=(condition,))


def _visit_promise(obj: Any, path: str, behind: Behind, found: Walk) -> Behind:
    """Note a step whose own statement speaks for all that it holds, but for searches."""
    statement, inside = _statement_of(obj), Walk()
    _visit_each(held_estimators(obj), path, (), inside)
    found.searches.extend(inside.searches)
    found.ledgers.update(inside.ledgers)
    found.unread.extend(inside.unread)
    learned = _promised(obj, statement)
    if type(obj).__module__.partition(".")[0] not in OURS:
        trusted = f"the statement of {type(obj).__name__} is true of all that it keeps"
        learned = replace(learned, assumes=(*learned.assumes, trusted))
    step = _step(obj, path, statement, behind, learned)
    found.steps.append(step)
    return (*behind, step)


def _visit_step(obj: Any, path: str, behind: Behind, found: Walk) -> Behind:
    first = len(found.steps)
    after = _visit_each(held_estimators(obj), path, behind, found)
    held = found.steps[first:]
    holder, private = is_holder(obj), would_claim(obj)
    if held and not (holder or private or any(step.statement for step in held)):
        del found.steps[first:]  # a forest of plain trees is one step
        after = behind
    if any(_is_seeded_by(obj, step) for _, step in held_estimators(obj)):
        kind = type(obj).__name__
        found.steps[first:] = [replace(s, seeded_by=kind) for s in found.steps[first:]]
    step = _step(obj, path, None, after, beyond_what_it_holds(obj))
    step = _with_hidden_fits(replace(step, does=what_it_does(obj)), obj)
    found.steps.append(step)
    return (*after, step)


def _step(
    obj: Any, path: str, statement: PrivacyStatement | None, behind: Behind, learned: Learning
) -> Step:
    return Step(
        path,
        type(obj).__name__,
        learned.stateful,
        statement,
        behind,
        findings=learned.findings,
        assumes=learned.assumes,
    )


def _with_hidden_fits(step: Step, obj: Any) -> Step:
    """Return a step that says whether DP fits were made inside and not kept."""
    hides = would_claim(obj) and not is_holder(obj)
    return replace(step, hides_fits=hides, has_ledger=hides and keeps_record(obj))


def _promised(obj: Any, statement: PrivacyStatement) -> Learning:
    """Return what a step with a statement of its own learned."""
    if isinstance(statement, MinimisationStatement):
        return SOMETHING if statement.detected else NOTHING
    return learning_of(obj) if statement.technique == "none" else SOMETHING


def _states_its_own(obj: Any) -> bool:
    """Return whether an object makes a statement itself, and does not pass on another's."""
    if inspect.getattr_static(obj, "privacy_statement_", None) is None:
        return False
    return not hasattr(obj, "get_params") or _statement_of(obj).owner == type(obj).__name__


def _statement_of(obj: Any) -> PrivacyStatement:
    statement: PrivacyStatement = obj.privacy_statement_
    return statement


def _note_ledgers(obj: Any, path: str, found: Walk) -> None:
    try:
        for ledger in ledgers_of(obj):
            found.ledgers[str(ledger.path)] = ledger
    except LedgerError:
        found.unread.append(path)


def _is_search(obj: Any) -> bool:
    return hasattr(obj, "cv_results_") and hasattr(obj, "n_splits_")


def _is_seeded_by(obj: Any, held: Any) -> bool:
    """Return whether a meta-estimator gave a seed to a fit whose user had set none."""
    template = getattr(obj, "estimator", None)
    unseeded = getattr(template, "random_state", 0) is None
    return unseeded and getattr(held, "random_state", None) is not None


def ledgers_of(obj: Any) -> list[PrivacyLedger]:
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
    values = [value for name, value in params.items() if name.rpartition("__")[2] == "ledger"]
    # A scorer is no estimator: its own parameters are not among those of the search.
    values += [getattr(v, "ledger", None) for v in params.values() if not isinstance(v, type)]
    named = [value for value in values if value is not None]
    return [ledger for ledger in map(open_ledger, named) if isinstance(ledger, PrivacyLedger)]


def _refuse_unfitted(obj: Any) -> None:
    if not isinstance(obj, type) and hasattr(obj, "privacy_statement_"):
        return
    if isinstance(obj, type) or not hasattr(obj, "get_params"):
        got = obj.__name__ if isinstance(obj, type) else type(obj).__name__
        raise InvalidParameterError(f"privacy_report takes fitted estimators. Got {got} instead.")
    # A search with refit=False has results only.
    if not (_is_search(obj) or is_fitted(obj)):
        raise InvalidParameterError(
            f"privacy_report needs a fitted object, since it reads what was promised. Fit this "
            f"{type(obj).__name__} first."
        )
