"""What a k-anonymous table promises, in words."""

from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.base import BaseEstimator

from ...statements import AnonymityStatement, Finding
from ..methods import METHODS

_SAME = "sensitive values, where all who share a label have the same one (homogeneity)"
_ALIKE = "what the sensitive values of a class have in common, as far as constraints let them"
_LEAKS = (
    "sensitive values of people of whom more is known than the quasi-identifiers "
    "(background knowledge)",
    "what this and other tables or models of the same people tell together (composition)",
    "the rule by which cuts were chosen, which can narrow values inside a cell (minimality, "
    "downcoding)",
    "the number of people, and the categories of each quasi-identifier",
)
_EXTREMES = "the extremes of the people in each class (tight labels)"
_SUPPORTED = (
    "between which points the extremes of each class lie, with k people of the table between each "
    "two (supported labels)"
)
_MEANS = "the mean of the people in each class"
_JUDGED = (
    "that a class was kept large because of sensitive values, to whoever knows the rule "
    "(minimality): constraints read the sensitive columns"
)
_REFINED = (
    "how rare finer values are inside a class, from what stayed coarse (combinatorial refinement)"
)
_NEW_ROWS = (
    "a new row is in a cell of k people of the fitted table, whose labels it gets if they are true "
    "of it; a batch of new rows is k-anonymous only if it comes from release()"
)
_PAIRS = (
    "somebody with several sensitive values counts once for each of them: shares of a class are "
    "those of its pairs of a person and a value"
)
_SEVERAL = "the classes of all rows of one person, to whoever can tell that they are one person's"


def anonymity_statement(
    estimator: BaseEstimator,
    roles: Any,
    columns: list[Any],
    findings: tuple[Finding, ...] = (),
    **facts: Any,
) -> AnonymityStatement:
    """Return the statement about the table that ``fit`` or ``release`` saw.

    Parameters
    ----------
    estimator : KAnonymizer
        Whose statement it is.
    roles : Roles
        The part of each column.
    columns : list
        Names of the columns of the table.
    findings : tuple of Finding, default=()
        What was found beside columns that no parameter lists.
    **facts
        ``n_people``, ``n_suppressed`` and ``information_loss`` of the statement.
    """
    by_person, method = roles.subject is not None, METHODS[estimator.method]
    constraints = tuple(constraint.describe() for constraint in estimator.constraints)
    finding = undeclared_columns(roles, columns)
    return AnonymityStatement(
        owner=type(estimator).__name__,
        k=int(estimator.k),
        protects=_protects(estimator.k, constraints),
        unit="person" if by_person else "row",
        against="whoever reads the output and knows the quasi-identifiers of some people",
        releases=("labels in place of the quasi-identifiers", "all other columns as they are"),
        leaks=(
            _ALIKE if constraints else _SAME,
            *_LEAKS,
            *_further_leaks(estimator, method),
            *[_SEVERAL] * by_person,
        ),
        assumes=(
            "the quasi-identifiers are all that can be known about a person from elsewhere",
            "direct identifiers were removed",
            "one value of subject_id is one person" if by_person else "each row is one person",
            *[_PAIRS] * (by_person and len(constraints) > 0),
            *[_NEW_ROWS] * (not method.by_row),
        ),
        mechanism=method.mechanism,
        parameters={
            "k": int(estimator.k),
            "labels": estimator.labels,
            "max_suppression": float(estimator.max_suppression),
            "constraints": constraints,
        },
        bounds={"cuts and categories": "learned from the fitted table"}
        | {f"hierarchy of {name}": "given" for name in estimator.hierarchies or ()},
        findings=(*[finding] * (finding is not None), *findings),
        n_rows=facts["n_people"],
        quasi_identifiers=_names(columns, roles.quasi),
        sensitive=_names(columns, roles.sensitive),
        **facts,
    )


def _protects(k, constraints):
    text = (
        "the link from the quasi-identifiers of a person to one row: each label is shared by at "
        f"least {k} people of the table"
    )
    if not constraints:
        return text
    return f"{text}, and the sensitive values of each class hold {', '.join(constraints)}"


def _further_leaks(estimator, method):
    """Return what a method, its labels and constraints tell beyond what all of them do."""
    if len(estimator.constraints):
        yield _JUDGED
    if estimator.method == "microaggregation":
        yield _MEANS
    elif method.by_row:
        yield _REFINED
        yield _EXTREMES
    elif estimator.labels != "cell" and not method.by_level:
        yield _EXTREMES if estimator.labels == "tight" else _SUPPORTED


def undeclared_columns(roles: Any, columns: Any) -> Any:
    """Return the finding about columns that no parameter lists, or None."""
    if not roles.undeclared:
        return None
    names = ", ".join(map(repr, _names(columns, roles.undeclared)))
    return Finding.warning(
        "columns-kept",
        f"columns are kept as they are although nothing says that they are safe: {names}",
        "list each of them in quasi_identifiers, sensitive or harmless, or drop it",
        where="harmless",
    )


def columns_without_detail(names: Sequence[str]) -> Iterator[Any]:
    """Yield the finding about columns of which nothing is left, if there are any."""
    if names:
        yield Finding.note(
            "column-says-nothing",
            f"nothing is left of columns whose every label is '*': {', '.join(map(repr, names))}",
            "give each a hierarchy (Hierarchy.masking for codes), declare the order of its "
            "categories, convert numbers that are stored as texts, or lower k",
            where="quasi_identifiers",
        )


def unseen_values(n_rows: int) -> Any:
    """Return the finding about rows with values that no fitted row had, if there are any."""
    if not n_rows:
        return ()
    return (
        Finding.warning(
            "values-unseen",
            f"{n_rows} rows hold a value that no fitted row had, and are suppressed: nothing but "
            "'*' would be true of them",
            "fit again on a table that has such values, or give a hierarchy that lists them",
            where="release",
        ),
    )


def _names(columns, positions):
    return tuple(str(columns[i]) for i in positions)
