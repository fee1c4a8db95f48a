"""The JSON form of a report: what it holds, its schema, and how it is read back."""

from __future__ import annotations

import functools
import json
import math
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..exceptions import InvalidParameterError
from ..statements import (
    Composition,
    DPStatement,
    Finding,
    JointClaim,
    PrivacyStatement,
    Step,
    statement_from_dict,
    validate,
)
from ..statements import schema as schema_of_statements
from ._digest import data_digest

if TYPE_CHECKING:
    from ._report import PrivacyReport

SCHEMA_VERSION = 2
DISCLAIMER = (
    "This report is evidence for a privacy review. It is not legal advice, it certifies nothing, "
    "and it sees only the objects that it was given."
)
VOID = "A claim below is void. The findings say which, why, and what to do."
_AS_IT_IS = ("subject", "created", "context", "utility", "versions", "made_by")
_LISTS = ("ledgers", "evidence", "objects")


@functools.cache
def _schema_text() -> str:
    """Return the schema of reports as text, with that of statements inside."""
    report = json.loads(files(__package__).joinpath("schema.json").read_text(encoding="utf-8"))
    statement = schema_of_statements()
    definitions = statement.pop("$defs")
    inside = json.dumps(statement).replace('"$ref": "#"', '"$ref": "#/$defs/statement"')
    report["$defs"] = {**definitions, "statement": json.loads(inside)}
    return json.dumps(report)


def schema() -> dict[str, Any]:
    """Return the JSON schema of :meth:`PrivacyReport.to_json`, as a dictionary."""
    return json.loads(_schema_text())


def to_document(report: PrivacyReport) -> dict[str, Any]:
    """Return a report as JSON-ready data, its digest last."""
    composition = report.composition
    document = {
        "verdict": verdict(composition, report.statements),
        "schema_version": SCHEMA_VERSION,
        **{name: getattr(report, name) for name in ("subject", "created")},
        "holds": report.holds,
        "joint_claim": _joint_to_dict(composition) if report.holds else None,
        "trust_models": _trust_models(report.statements),
        "findings": [finding.to_dict() for finding in report.findings],
        "assumes": list(composition.assumes),
        "statements": {path: s.to_dict() for path, s in report.statements.items()},
        "steps": [{n: getattr(s, n) for n in ("path", "kind", "stateful")} for s in report.steps],
        **{name: list(getattr(report, name)) for name in _LISTS},
        **{name: getattr(report, name) for name in ("context", "utility", "versions", "made_by")},
        "disclaimer": DISCLAIMER,
    }
    return {**document, "digest": data_digest(document)}


def read_json(text: str) -> Any:
    """Return what JSON text holds; numbers that JSON lacks are refused."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InvalidParameterError(f"The report is no JSON: {error}.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}")


def from_document(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the report whose JSON form this is.

    Raises
    ------
    InvalidParameterError
        If it breaks the schema, or is not what its digest was made of.
    """
    validate(data, schema())
    rest = {name: value for name, value in data.items() if name != "digest"}
    if data_digest(rest) != data["digest"]:
        raise InvalidParameterError(
            "The report was changed after it was made: its digest is another one. Make it anew."
        )
    statements = {path: statement_from_dict(s) for path, s in data["statements"].items()}
    return {
        **{name: data[name] for name in _AS_IT_IS},
        **{name: tuple(data[name]) for name in _LISTS},
        "steps": tuple(
            Step(s["path"], s["kind"], s["stateful"], statements.get(s["path"]))
            for s in data["steps"]
        ),
        "composition": Composition(
            tuple(Finding(**finding) for finding in data["findings"]),
            _joint_from_dict(data["joint_claim"]),
            tuple(data["assumes"]),
        ),
    }


def verdict(composition: Composition, statements: dict[str, PrivacyStatement]) -> str:
    """Return what an object promises in one or two sentences; the first line of every form."""
    joint = composition.joint
    if not composition.holds:
        return VOID
    if joint is None:
        kinds = sorted({s.technique for s in statements.values()} - {"none"})
        promised = f"Promised: {', '.join(kinds)}. " if kinds else ""
        return promised + "No differential privacy is claimed."
    epsilon = "infinity" if joint.epsilon == math.inf else f"{joint.epsilon:.4g}"
    return (
        f"The DP steps together: epsilon = {epsilon} at delta = {joint.delta:.2g}, "
        f"{joint.neighboring.replace('_', '-')}, one {joint.unit}. "
        f"Against {'; and '.join(joint.against)}."
    )


def _joint_to_dict(composition: Composition) -> dict[str, Any] | None:
    joint = composition.joint
    if joint is None:
        return None
    epsilon = "infinity" if joint.epsilon == math.inf else joint.epsilon
    return {**vars(joint), "epsilon": epsilon, "against": list(joint.against)}


def _joint_from_dict(data: dict[str, Any] | None) -> JointClaim | None:
    if data is None:
        return None
    epsilon = math.inf if data["epsilon"] == "infinity" else data["epsilon"]
    return JointClaim(**{**data, "epsilon": epsilon, "against": tuple(data["against"])})


def _trust_models(statements: dict[str, PrivacyStatement]) -> list[str]:
    """Return whom the DP claims trust, in the words of NIST SP 800-226."""
    parts = [part for statement in statements.values() for part in statement.flatten()]
    return sorted({part.trust_model for part in parts if isinstance(part, DPStatement)})
