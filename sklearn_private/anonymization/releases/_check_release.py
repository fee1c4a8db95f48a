"""Judge a table as it stands: whether it is k-anonymous, and holds the constraints.

A fitted cell guarantees that a row shares its label with k *fitted* people. Whether the rows of one
batch do so among themselves is another question, and the one that matters where the batch is
published.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ...statements import Finding
from ..metrics._view import View
from ._statement import undeclared_columns


@dataclass(frozen=True, eq=False)
class Violation:
    """A rule that some classes of a table break.

    Attributes
    ----------
    rule : str
        The rule.
    n_classes : int
        How many classes break it.
    rows : ndarray of int
        The positions of all rows in these classes.
    """

    rule: str
    n_classes: int
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class ReleaseCheck:
    """What was found in a table; ``print`` shows it.

    Attributes
    ----------
    passed : bool
        Whether no class breaks a rule. Columns that nobody declared are warnings: they do not
        change it, but must be dealt with before the table is published.
    findings : tuple of Finding
        What is wrong, the gravest first, and what to do about it.
    violations : tuple of Violation
        The rows behind the errors.
    k : int
        People in the smallest class.
    n_classes : int
        Number of classes.
    """

    findings: tuple
    violations: tuple
    k: int
    n_classes: int

    @property
    def passed(self) -> bool:
        return not self.violations

    def __str__(self):
        head = f"{'passed' if self.passed else 'failed'}: k = {self.k}, {self.n_classes} classes"
        return "\n".join([head, *printed(self.findings)])


def check_release(
    table: Any,
    *,
    k: int,
    quasi_identifiers: list[Any] | None = None,
    sensitive: list[Any] = (),
    constraints: list[Any] = (),
    harmless: list[Any] = (),
    subject_id: Any = None,
    hierarchies: dict[Any, Any] | None = None,
) -> ReleaseCheck:
    """Check whether a table is k-anonymous and holds constraints, by itself.

    Parameters
    ----------
    table : DataFrame or array-like of shape (n_rows, n_columns)
        What is to be published: rows with equal quasi-identifiers are a class. Rows that say
        nothing (``"*"`` everywhere) are a class like any other.
    k : int
        Fewest people in a class.
    quasi_identifiers : list, default=None
        Columns that are known from elsewhere. None: all that no other parameter names.
    sensitive : list, default=()
        Sensitive columns. Of several, each is judged within classes of the quasi-identifiers and
        the others.
    constraints : list, default=()
        Such as ``LDiversity(3)``; each is asked of every sensitive column, with this table as the
        whole.
    harmless : list, default=()
        Further columns that may be published as they are.
    subject_id : str (or int), default=None
        Column that says whose row it is: people are counted. Drop it before publication.
    hierarchies : dict of column to Hierarchy, default=None
        Of sensitive columns, for the hierarchical distance.

    Returns
    -------
    ReleaseCheck

    Raises
    ------
    InvalidParameterError
        If a column does not exist, or there are constraints but no sensitive column.

    Examples
    --------
    >>> from sklearn_private.anonymization import LDiversity, check_release
    >>> rows = [["30", "flu"], ["30", "flu"], ["40", "flu"], ["40", "HIV"]]
    >>> found = check_release(rows, k=2, sensitive=[1], constraints=[LDiversity(2)])
    >>> print(found)
    failed: k = 2, 2 classes
    error: 1 of 2 classes (2 rows) break distinct 2-diversity of 1
    >>> found.violations[0].rows
    array([0, 1])
    """
    if constraints and not len(sensitive):
        raise InvalidParameterError(
            "The 'constraints' parameter of check_release needs sensitive columns, and the "
            "'sensitive' parameter names none."
        )
    view = View.of(check_release, table, None, quasi_identifiers, subject_id, sensitive, harmless)
    classes = view.classes
    broken = [_violation(f"{k}-anonymity", classes, np.flatnonzero(view.people < k))]
    for part in view.contingencies(hierarchies):
        for constraint in constraints:
            kept = part.each(lambda n, c=constraint, s=part.sensitive: c.holds(n, s))
            rule = f"{constraint.describe()} of {part.sensitive.name}"
            broken.append(_violation(rule, classes, np.unique(part.class_of_group[~kept])))
    violations = tuple(violation for violation in broken if violation.n_classes)
    errors = [_finding(violation, view.people.size) for violation in violations]
    warning = undeclared_columns(view.roles, view.table.columns)
    findings = (*errors, *[warning] * (warning is not None))
    return ReleaseCheck(findings, violations, int(view.people.min()), view.people.size)


def printed(findings: Any) -> list[Any]:
    """Return one line a finding."""
    return [f"{finding.level}: {finding.message}" for finding in findings]


def _violation(rule, classes, broken):
    return Violation(rule, broken.size, np.flatnonzero(np.isin(classes.of_row, broken)))


def _finding(violation, n_classes):
    return Finding.error(
        "release-breaks-rule",
        f"{violation.n_classes} of {n_classes} classes ({violation.rows.size} rows) break "
        f"{violation.rule}",
        "drop the rows of these classes, or release the table with KAnonymizer.release",
        where="release",
    )
