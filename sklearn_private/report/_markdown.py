"""A report as Markdown: findings first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..statements import PrivacyStatement
from ._document import VOID
from ._sections import (
    Rows,
    charges_by_claim,
    ledger_rows,
    made_of,
    measured,
    said_by_the_caller,
    title_of,
)


def to_markdown(report: dict[str, Any], statements: dict[str, PrivacyStatement]) -> str:
    """Return Markdown text.

    Parameters
    ----------
    report : dict
        ``PrivacyReport.to_dict()``.
    statements : dict of str to PrivacyStatement
        The statements by path.

    Returns
    -------
    str
    """
    first = VOID.partition(". ")[0] + "."
    parts = [
        f"# {title_of(report)}",
        report["verdict"].replace(first, f"**{first}**"),
        "## Findings",
        _findings(report["findings"]),
        *_said(report),
        "## What is promised",
        *(_statement(path, s) for path, s in statements.items()),
        *_assumed(report["assumes"]),
        *_measured(report),
        *_ledgers(report["ledgers"]),
        "## About this report",
        _table(made_of(report)),
        f"*{report['disclaimer']}*",
    ]
    return "\n\n".join(parts) + "\n"


def _findings(findings: list[dict[str, str]]) -> str:
    if not findings:
        return "None."
    return "\n".join(
        f"- **{f['level']}** ({f['code']}){_at(f['where'])}: {f['message']}. "
        f"*Remedy:* {f['remedy']}."
        for f in findings
    )


def _at(where: str) -> str:
    return f" at `{where}`" if where else ""


def _said(report: dict[str, Any]) -> Iterator[str]:
    rows = said_by_the_caller(report)
    if report["trust_models"]:
        rows.append(("trust model", ", ".join(report["trust_models"])))
    if rows:
        yield "## Data and use"
        yield _table(rows)


def _statement(path: str, statement: PrivacyStatement) -> str:
    title = f"### `{path}`: {statement.owner} ({statement.technique})"
    parts = [title, _table(statement.rows())]
    parts += [_statement(path, part) for part in statement.parts]
    return "\n\n".join(parts)


def _assumed(assumes: list[str]) -> Iterator[str]:
    if assumes:
        yield "## What nobody checked"
        yield "\n".join(f"- {text}." for text in assumes)


def _measured(report: dict[str, Any]) -> Iterator[str]:
    for i, (title, rows) in enumerate(measured(report)):
        yield "## What was measured" if i == 0 else ""
        yield f"### {title}"
        yield _table(rows)


def _ledgers(ledgers: list[dict[str, Any]]) -> Iterator[str]:
    for i, ledger in enumerate(ledgers):
        yield "## What was spent" if i == 0 else ""
        yield _table([*ledger_rows(ledger), *charges_by_claim(ledger)])


def _table(rows: Rows) -> str:
    lines = [f"| {_cell(title)} | {_cell(text)} |" for title, text in rows]
    return "\n".join(["| | |", "| --- | --- |", *lines])


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
