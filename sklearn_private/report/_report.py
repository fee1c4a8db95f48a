"""What a whole object protects, from whom, what it leaks and what was spent."""

from dataclasses import dataclass

from ..statements import Account, compose, library_version, walk
from ._html import to_html
from ._markdown import to_markdown

DISCLAIMER = (
    "This report is evidence for a privacy review. It is not legal advice, it certifies nothing, "
    "and it sees only the objects that it was given."
)


@dataclass(frozen=True, repr=False)
class PrivacyReport:
    """The composed promises of one or several fitted objects.

    Parameters
    ----------
    subject : str
        What the report is about.
    steps : tuple of Step
        Every step that was found, with its statement.
    composition : Composition
        Findings and the joint claim.
    ledgers : tuple of dict
        Path, budget, number of charges and epsilon spent of each ledger.
    """

    subject: str
    steps: tuple
    composition: object
    ledgers: tuple = ()

    @property
    def findings(self):
        """Faults and conditions, the gravest first."""
        return self.composition.findings

    @property
    def statements(self):
        """The statements by path."""
        return {step.path: step.statement for step in self.steps if step.statement is not None}

    @property
    def holds(self):
        """Whether no finding voids a claim."""
        return self.composition.holds

    def to_dict(self):
        """Return the report as JSON-ready data."""
        epsilon = self.composition.epsilon
        return {
            "schema_version": 1,
            "subject": self.subject,
            "holds": self.holds,
            "findings": [finding.to_dict() for finding in self.findings],
            "joint_claim": {
                "epsilon": "infinity" if epsilon == float("inf") else epsilon,
                "delta": self.composition.delta,
                "neighboring": self.composition.neighboring,
                "unit": self.composition.unit,
            },
            "statements": {path: s.to_dict() for path, s in self.statements.items()},
            "steps": [
                {"path": step.path, "kind": step.kind, "stateful": step.stateful}
                for step in self.steps
            ],
            "ledgers": list(self.ledgers),
            "made_by": library_version(),
            "disclaimer": DISCLAIMER,
        }

    def to_markdown(self):
        """Return the report as Markdown."""
        return to_markdown(self.to_dict(), self.statements)

    def to_html(self):
        """Return the report as a self-contained HTML page."""
        return to_html(self.to_dict(), self.statements)

    def _repr_html_(self):
        return self.to_html()

    def __repr__(self):
        return self.to_markdown()


def privacy_report(*objects, same_rows=True):
    """Report what fitted objects protect, from whom, what leaks and what was spent.

    Parameters
    ----------
    *objects : estimators
        Fitted estimators, pipelines, column transformers or searches, or what
        :func:`torch_private.make_private` returns.
    same_rows : bool, default=True
        Whether separate objects were fitted on rows of the same people.

    Returns
    -------
    PrivacyReport
        ``.findings`` come first; ``.to_markdown()``, ``.to_dict()`` and HTML in notebooks.

    Raises
    ------
    InvalidParameterError
        If an object is no fitted estimator and has no ``privacy_statement_``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_private import DPLogisticRegression, privacy_report
    >>> X, y = np.random.default_rng(0).normal(size=(200, 3)), np.arange(200) % 2
    >>> model = make_pipeline(
    ...     StandardScaler(), DPLogisticRegression(feature_norm=1.0, classes=[0, 1])
    ... )
    >>> report = privacy_report(model.fit(X, y))
    >>> report.findings[0].level, report.findings[0].where
    ('error', 'pipeline.standardscaler')
    """
    names = _names(objects)
    walks = [walk(obj, name) for obj, name in zip(objects, names, strict=True)]
    steps = [step for found in walks for step in found.steps]
    searches = [search for found in walks for search in found.searches]
    ledgers = {path: ledger for found in walks for path, ledger in found.ledgers.items()}
    accounts = [Account(ledger) for ledger in ledgers.values()]
    return PrivacyReport(
        subject=" and ".join(type(obj).__name__ for obj in objects),
        steps=tuple(steps),
        composition=compose(steps, searches, accounts, same_rows=same_rows),
        ledgers=tuple(map(_summary, accounts)),
    )


def _names(objects):
    kinds = [type(obj).__name__.lower() for obj in objects]
    return [k if kinds.count(k) == 1 else f"{k}-{i}" for i, k in enumerate(kinds, start=1)]


def _summary(account):
    ledger = account.ledger
    return {
        "path": str(ledger.path),
        "epsilon": ledger.epsilon,
        "delta": ledger.delta,
        "unit": ledger.unit,
        "neighboring": ledger.neighboring,
        "n_charges": len(account.entries),
        "spent": account.spent,
    }
