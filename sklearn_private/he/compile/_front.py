"""Which leading steps of a pipeline the client applies in clear.

Affine steps in front of a linear model are folded into it and stay with the server. All that comes
before the last step that is not affine, and every step in front of a model that is not linear, goes
to the client, if ``maps/_steps.py`` knows what it publishes.
"""

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import BaseEnsemble
from sklearn.pipeline import Pipeline

from ...exceptions import InvalidParameterError
from ..maps import published
from ._affine import check_affine, inner_of
from ._compile import is_linear


def front_of(estimator: BaseEstimator) -> Any:
    """Return the steps that the client applies, pairs of a name and a step, fitted or not."""
    estimator = _unwrapped(estimator)
    if not isinstance(estimator, Pipeline):
        return []
    steps = [(name, step) for name, step in estimator.steps[:-1]]
    if is_linear(estimator):
        while steps and _is_affine(*steps[-1]):
            steps.pop()
    return steps if any(step not in (None, "passthrough") for _, step in steps) else []


def part(estimator: BaseEstimator) -> Any:
    """Return the client's steps as a fitted pipeline, or None, and the estimator behind them."""
    n_front = len(front_of(estimator))
    if not n_front:
        return None, estimator
    steps = inner_of(estimator).steps
    rest = steps[n_front:]
    return Pipeline(steps[:n_front]), Pipeline(rest) if len(rest) > 1 else rest[0][1]


def check_steps(estimator: BaseEstimator) -> None:
    """Refuse an estimator with a step that neither side may apply, before it is fitted."""
    for name, step in front_of(estimator):
        try:
            published(step)
        except InvalidParameterError:
            check_affine(name, step)  # which says why it is not folded, either
            raise
    inner = _unwrapped(estimator)
    if isinstance(inner, Pipeline) and isinstance(inner.steps[-1][1], Pipeline):
        for name, step in inner.steps[-1][1].steps[:-1]:
            check_affine(name, step)


def _unwrapped(estimator):
    """Return what stands in wrappers that need not be fitted."""
    while hasattr(estimator, "estimator") and not isinstance(estimator, BaseEnsemble):
        estimator = estimator.estimator
    return estimator


def _is_affine(name, step):
    try:
        check_affine(name, step)
    except InvalidParameterError:
        return False
    return True
