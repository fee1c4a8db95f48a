"""Checks of parameters that are more than a number or a choice."""

from typing import Any

from sklearn.base import BaseEstimator

from .._checks import Checks
from ..exceptions import InvalidParameterError

_METHODS = ("check", "holds", "describe")


def check_constraints(estimator: BaseEstimator) -> None:
    """Refuse constraints that are none, or have no column to be judged on."""
    constraints = estimator.constraints
    if not isinstance(constraints, list | tuple) or not all(
        callable(getattr(each, name, None)) and not isinstance(each, type)
        for each in constraints
        for name in _METHODS
    ):
        rule = "a list of objects with the methods check, holds and describe, such as LDiversity(3)"
        raise Checks(estimator).invalid("constraints", rule)
    if constraints and not len(estimator.sensitive or ()):
        raise InvalidParameterError(
            f"The 'sensitive' parameter of {type(estimator).__name__} must name the columns that "
            f"constraints are judged on. Got {estimator.sensitive!r} instead."
        )


def check_hierarchies(estimator: BaseEstimator, table: Any, roles: Any) -> None:
    """Refuse hierarchies of columns that are neither quasi-identifier nor sensitive."""
    trees = estimator.hierarchies
    if trees is None:
        return
    if not isinstance(trees, dict) or not all(hasattr(tree, "ancestor") for tree in trees.values()):
        raise Checks(estimator).invalid("hierarchies", "a dict of column to Hierarchy, or None")
    positions = table.positions(type(estimator).__name__, "hierarchies", list(trees))
    idle = [i for i in positions if i not in {*roles.quasi, *roles.sensitive}]
    if idle:
        raise InvalidParameterError(
            f"The 'hierarchies' parameter of {type(estimator).__name__} must be of "
            f"quasi-identifiers and sensitive columns. {table.columns[idle[0]]!r} is neither."
        )
