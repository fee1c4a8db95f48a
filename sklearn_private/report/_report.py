"""What a whole object protects, from whom, what it leaks and what was spent."""

from __future__ import annotations

import importlib.metadata
import json
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from os import PathLike
from typing import Any, Self

from ..exceptions import InvalidParameterError, PolicyError
from ..statements import (
    Account,
    Composition,
    DPStatement,
    Finding,
    PrivacyStatement,
    Step,
    Walk,
    charge_name,
    compose,
    library_version,
    walk,
)
from ._digest import object_digest
from ._document import from_document, read_json, to_document
from ._evidence import evidence_of, findings_of
from ._html import to_html
from ._markdown import to_markdown
from ._policy import broken_rules, read_policy

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "dp-accounting")


@dataclass(frozen=True, repr=False, eq=False)
class PrivacyReport:
    """The composed promises of one or several fitted objects.

    Reports compare by what they say, and survive :meth:`to_json` and :meth:`from_json`.

    Parameters
    ----------
    subject : str
        What the report is about.
    steps : tuple of Step
        Every step that was found, with its statement.
    composition : Composition
        Findings, assumptions and the joint claim.
    ledgers : tuple of dict
        Budget, charges and epsilon spent of each ledger; each charge names the claim that it
        belongs to, if any does here.
    evidence : tuple of dict
        Results of audits and release checks.
    objects : tuple of dict
        Name, class and digest of each object.
    context : dict of str to str
        What the caller says: data set, purpose, recipients, retention, residual risk.
    utility : dict of str to float
        Scores by group, from the caller.
    versions : dict of str to str
        Of Python and of the libraries that the numbers rest on.
    created : str
        When it was made, ISO 8601 in UTC.
    made_by : str
        Library and version.

    Examples
    --------
    >>> from sklearn_private import DPLogisticRegression, privacy_report
    >>> from sklearn_private.report import PrivacyReport
    >>> model = DPLogisticRegression(epsilon=0.5, feature_norm=1.0, classes=[0, 1])
    >>> report = privacy_report(model.fit([[0.1], [0.9]] * 40, [0, 1] * 40), purpose="triage")
    >>> report.check({"max_epsilon": 1.0, "worst_finding": "warning", "required": ["purpose"]})
    >>> PrivacyReport.from_json(report.to_json()) == report
    True
    """

    subject: str
    steps: tuple[Step, ...]
    composition: Composition
    ledgers: tuple[dict[str, Any], ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()
    objects: tuple[dict[str, Any], ...] = ()
    context: dict[str, str] = field(default_factory=dict)
    utility: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""
    made_by: str = field(default_factory=library_version)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Faults and conditions, the gravest first."""
        return self.composition.findings

    @property
    def statements(self) -> dict[str, PrivacyStatement]:
        """The statements by path."""
        return {step.path: step.statement for step in self.steps if step.statement is not None}

    @property
    def holds(self) -> bool:
        """Whether no finding voids a claim."""
        return self.composition.holds

    @property
    def digest(self) -> str:
        """SHA-256 of everything that the report says."""
        return self.to_dict()["digest"]

    def check(self, policy: Mapping[str, Any] | str | PathLike[str]) -> None:
        """Raise unless the report keeps a policy.

        Parameters
        ----------
        policy : dict or path-like
            Rules, or a ``.toml`` or ``.json`` file of them: ``max_epsilon``, ``max_delta``,
            ``unit`` (at least), ``neighboring``, ``worst_finding`` (the gravest level that is
            let through), ``forbidden`` (codes), ``max_ledgers``, ``max_spent``, ``recorded``
            (each claim is in a ledger), ``required`` (what the caller must say).

        Raises
        ------
        PolicyError
            With every rule that is broken.
        InvalidParameterError
            If the policy is malformed.
        """
        broken = broken_rules(self.to_dict(), read_policy(policy))
        if broken:
            faults = "\n".join(f"- {words}" for words in broken)
            raise PolicyError(f"The report of {self.subject} breaks the policy:\n{faults}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data; :func:`sklearn_private.report.schema` describes it.

        ``joint_claim`` is None where it is void, or where nothing claims differential privacy.
        """
        return to_document(self)

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the report that :meth:`to_json` wrote.

        Parameters
        ----------
        text : str
            JSON.

        Returns
        -------
        PrivacyReport

        Raises
        ------
        InvalidParameterError
            If it breaks the schema, or was changed after it was made.
        """
        return cls(**from_document(read_json(text)))

    def to_markdown(self) -> str:
        """Return the report as Markdown."""
        return to_markdown(self.to_dict(), self.statements)

    def to_html(self) -> str:
        """Return the report as a self-contained HTML page."""
        return to_html(self.to_dict(), self.statements)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.to_markdown()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivacyReport) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


def privacy_report(
    *objects: Any,
    same_rows: bool = True,
    evidence: Sequence[Any] = (),
    utility: Mapping[str, float] | None = None,
    dataset: str | None = None,
    description: str | None = None,
    purpose: str | None = None,
    recipients: str | None = None,
    retention: str | None = None,
    residual_risk: str | None = None,
) -> PrivacyReport:
    """Report what fitted objects protect, from whom, what leaks and what was spent.

    Parameters
    ----------
    *objects : estimators
        Fitted estimators, pipelines, column transformers or searches, or what
        :func:`torch_private.make_private` returns.
    same_rows : bool, default=True
        Whether separate objects were fitted on rows of the same people.
    evidence : sequence of results, default=()
        What audits (:mod:`sklearn_private.audit`) and release checks
        (:mod:`sklearn_private.anonymization`) found about them. A refuted claim and a table that
        failed its check are errors of the report.
    utility : dict of str to float, default=None
        A score for each group of people, such as ``{"all": 0.81, "women": 0.79}``: noise weighs
        most on small groups. A score of private rows is a release; pay for it.
    dataset, description : str, default=None
        Name of the data set, and what it holds.
    purpose, recipients, retention, residual_risk : str, default=None
        What an impact assessment asks for (GDPR, Article 35(7)), in your words.

    Returns
    -------
    PrivacyReport
        ``.findings`` come first; ``.to_markdown()``, ``.to_json()`` and HTML in notebooks;
        ``.check(policy)`` for CI.

    Raises
    ------
    InvalidParameterError
        If an object is no fitted estimator and has no ``privacy_statement_``, or there is none.

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
    if not objects:
        raise InvalidParameterError("privacy_report takes one fitted object, or several. Got none.")
    found = _walk_all(objects)
    accounts = [Account(ledger) for ledger in found.ledgers.values()]
    said = {
        "dataset": dataset,
        "description": description,
        "purpose": purpose,
        "recipients": recipients,
        "retention": retention,
        "residual_risk": residual_risk,
    }
    beside = [*_unread(found), *(f for result in evidence for f in findings_of(result))]
    return PrivacyReport(
        subject=" and ".join(type(obj).__name__ for obj in objects),
        steps=tuple(replace(step, behind=()) for step in found.steps),
        composition=compose(
            found.steps, found.searches, accounts, same_rows=same_rows, beside=beside
        ),
        ledgers=tuple(_ledger_to_dict(account, found.steps) for account in accounts),
        evidence=tuple(map(evidence_of, evidence)),
        objects=tuple(_object_to_dict(*pair) for pair in _named(objects)),
        context={name: text for name, text in said.items() if text is not None},
        utility={group: float(score) for group, score in (utility or {}).items()},
        versions=_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _walk_all(objects: Sequence[Any]) -> Walk:
    """Return what was found in all objects, one after the other."""
    every = Walk()
    for name, obj in _named(objects):
        found = walk(obj, name)
        every.steps += found.steps
        every.searches += found.searches
        every.ledgers |= found.ledgers
        every.unread += found.unread
    return every


def _named(objects: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return each object with its name in paths: that of its class, numbered where it repeats."""
    kinds = [type(obj).__name__.lower() for obj in objects]
    names = [k if kinds.count(k) == 1 else f"{k}-{i}" for i, k in enumerate(kinds, start=1)]
    return list(zip(names, objects, strict=True))


def _unread(found: Walk) -> Iterator[Finding]:
    for place in dict.fromkeys(found.unread):
        yield Finding.warning(
            "ledger-unread",
            "a ledger cannot be read here, so what it holds was not compared with the claims",
            "make the report where the ledger is",
            where=f"{place}.ledger",
        )


def _object_to_dict(name: str, obj: Any) -> dict[str, Any]:
    return {"name": name, "kind": type(obj).__name__, "digest": object_digest(obj)}


def _versions() -> dict[str, str]:
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **libraries}


def _ledger_to_dict(account: Account, steps: Sequence[Step]) -> dict[str, Any]:
    ledger = account.ledger
    paths = {
        name: step.path
        for step in steps
        for claim in step.promises(DPStatement)
        for name in claim.charges
    }
    entries = [
        {
            **{name: getattr(charge, name) for name in ("id", "time", "owner", "neighboring")},
            "epsilon": "infinity" if charge.epsilon == math.inf else charge.epsilon,
            "delta": charge.delta,
            "claim": paths.get(charge_name(ledger, charge)),
        }
        for charge in account.entries
    ]
    return {
        "path": str(ledger.path),
        **{name: getattr(ledger, name) for name in ("uuid", "dataset", "epsilon", "delta")},
        **{name: getattr(ledger, name) for name in ("unit", "neighboring")},
        "n_charges": len(entries),
        "spent": account.spent,
        "entries": entries,
    }
