"""What the sections of a report say, as rows of text: the same on the page and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Rows = list[tuple[str, str]]

_SAID = {
    "dataset": "data set",
    "description": "what it holds",
    "purpose": "purpose",
    "recipients": "recipients",
    "retention": "retention",
    "residual_risk": "residual risk",
}


def title_of(report: dict[str, Any]) -> str:
    """Return the title, which says first where a claim is void."""
    return f"{'' if report['holds'] else 'VOID: '}Privacy report: {report['subject']}"


def said_by_the_caller(report: dict[str, Any]) -> Rows:
    """Return what the caller said of the data and of their use."""
    rows = [(title, report["context"].get(name, "")) for name, title in _SAID.items()]
    return [row for row in rows if row[1]]


def measured(report: dict[str, Any]) -> Iterator[tuple[str, Rows]]:
    """Yield a title and rows for the scores by group, and for each piece of evidence."""
    if report["utility"]:
        yield "Utility by group", [(k, f"{v:.4g}") for k, v in report["utility"].items()]
    for piece in report["evidence"]:
        yield piece["kind"], [(name, _text(value)) for name, value in piece["facts"].items()]


def ledger_rows(ledger: dict[str, Any]) -> Rows:
    """Return the facts of one ledger."""
    return [
        ("ledger", ledger["path"]),
        *([("data set", ledger["dataset"])] if ledger["dataset"] else []),
        ("spent", f"epsilon = {_text(ledger['spent'])} of {ledger['epsilon']:g}"),
        ("delta", f"{ledger['delta']:g}"),
        ("counts", f"one {ledger['unit']}, {ledger['neighboring'].replace('_', '-')}"),
        ("charges", str(ledger["n_charges"])),
    ]


def charges_by_claim(ledger: dict[str, Any]) -> Rows:
    """Return each claim with the charges that paid for it, and those that belong to none."""
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for entry in ledger["entries"]:
        groups.setdefault(entry["claim"], []).append(entry)
    return [
        (claim or "no claim of this report", "; ".join(map(_charge, entries)))
        for claim, entries in groups.items()
    ]


def made_of(report: dict[str, Any]) -> Rows:
    """Return the digests and versions behind a report."""
    objects = [(f"digest of {o['name']}", o["digest"] or "none") for o in report["objects"]]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return [
        ("made", report["created"].replace("T", " ")),
        ("made by", report["made_by"]),
        ("versions", versions),
        *objects,
        ("digest of this report", report["digest"]),
    ]


def _charge(entry: dict[str, Any]) -> str:
    return (
        f"no. {entry['id']} of {entry['time'][:10]}, {entry['owner']}: epsilon = "
        f"{_text(entry['epsilon'])} at delta = {entry['delta']:.2g}"
    )


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
