"""A report as one self-contained HTML page: no script, no network, readable on paper."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from ..statements import PrivacyStatement
from ._sections import (
    Rows,
    charges_by_claim,
    ledger_rows,
    made_of,
    measured,
    said_by_the_caller,
    title_of,
)

_STYLE = """
.skp { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; max-width: 52rem; margin: 0 auto;
       padding: 1rem; overflow-wrap: break-word; background: #fff; }
.skp h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .75rem; }
.skp h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; break-after: avoid; }
.skp h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; break-after: avoid; }
.skp h3 small { font-weight: 400; color: #57606a; font-size: .875rem; }
.skp .verdict { padding: .7rem .9rem; border-left: .3rem solid #1a7f37; background: #e7f3ea;
                margin: 0; font-size: 1.05rem; }
.skp .verdict.void { border-color: #b3261e; background: #fdecea; font-weight: 600; }
.skp .finding { border-left: .3rem solid #8a949e; padding: .2rem .8rem; margin: .9rem 0;
                break-inside: avoid; }
.skp .finding.error { border-color: #b3261e; } .skp .finding.warning { border-color: #b26a00; }
.skp .finding p { margin: .15rem 0; }
.skp .level { font-weight: 700; text-transform: uppercase; font-size: .8rem;
              letter-spacing: .04em; }
.skp .error .level { color: #b3261e; } .skp .warning .level { color: #8a5200; }
.skp .where { color: #57606a; font-size: .875rem; }
.skp code { font-size: .875em; background: #f0f2f4; padding: .05rem .25rem; border-radius: .2rem;
            overflow-wrap: anywhere; }
.skp table { border-collapse: collapse; width: 100%; } .skp tr { break-inside: avoid; }
.skp th, .skp td { text-align: left; vertical-align: top; padding: .3rem .5rem;
                   border-bottom: 1px solid #d8dde2; }
.skp td { overflow-wrap: anywhere; }
.skp th { font-weight: 600; width: 9.5rem; overflow-wrap: break-word; }
.skp .claim { font-weight: 600; }
.skp .part { margin-left: 1rem; } .skp ul { padding-left: 1.2rem; } .skp li { margin: .2rem 0; }
.skp .small { color: #57606a; font-size: .85rem; margin-top: 1.5rem; }
@media (max-width: 36rem) { .skp .part { margin-left: .5rem; }
  .skp th, .skp td { display: block; width: auto; padding: .1rem 0; }
  .skp th { border: 0; padding-top: .5rem; color: #57606a; font-size: .85rem; }
  .skp td { padding-bottom: .5rem; } }
@media print { .skp { max-width: none; padding: 0; font-size: 9.5pt; }
  .skp .verdict, .skp .finding, .skp code { print-color-adjust: exact; }
  .skp th { width: 9.5rem; } .skp th, .skp td { display: table-cell; padding: .15rem .4rem; }
  .skp h2 { margin-top: 1.1rem; } }
"""


def to_html(report: dict[str, Any], statements: dict[str, PrivacyStatement]) -> str:
    """Return an HTML page.

    Parameters
    ----------
    report : dict
        ``PrivacyReport.to_dict()``.
    statements : dict of str to PrivacyStatement
        The statements by path.

    Returns
    -------
    str
        A whole document; notebooks show it as it is.
    """
    title = escape(title_of(report))
    void = "" if report["holds"] else " void"
    body = [
        f"<h1>{title}</h1>",
        f'<p class="verdict{void}">{escape(report["verdict"])}</p>',
        "<h2>Findings</h2>",
        *([_finding(f) for f in report["findings"]] or ["<p>None.</p>"]),
        *_said(report),
        "<h2>What is promised</h2>",
        *(_statement(path, s) for path, s in statements.items()),
        *_assumed(report["assumes"]),
        *_measured(report),
        *_ledgers(report["ledgers"]),
        f"<h2>About this report</h2>{_table(made_of(report))}",
        f'<p class="small">{escape(report["disclaimer"])}</p>',
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f'<body><main class="skp">{"".join(body)}</main></body></html>\n'
    )


def _finding(finding: dict[str, str]) -> str:
    place = f" at <code>{escape(finding['where'])}</code>" if finding["where"] else ""
    return (
        f'<div class="finding {finding["level"]}"><p><span class="level">{finding["level"]}</span> '
        f'<span class="where">{escape(finding["code"])}{place}</span></p>'
        f"<p>{escape(finding['message'])}.</p>"
        f"<p><em>Remedy:</em> {escape(finding['remedy'])}.</p></div>"
    )


def _said(report: dict[str, Any]) -> Iterator[str]:
    rows = said_by_the_caller(report)
    if report["trust_models"]:
        rows.append(("trust model", ", ".join(report["trust_models"])))
    if rows:
        yield f"<h2>Data and use</h2>{_table(rows)}"


def _statement(path: str, statement: PrivacyStatement, part: str = "") -> str:
    return (
        f"<section{part}><h3><code>{escape(path)}</code> {escape(statement.owner)} "
        f"<small>{escape(_technique(statement))}</small></h3>{_table(statement.rows())}"
        + "".join(_statement(path, p, ' class="part"') for p in statement.parts)
        + "</section>"
    )


def _technique(statement: PrivacyStatement) -> str:
    return "" if statement.technique == "none" else statement.technique


def _assumed(assumes: list[str]) -> Iterator[str]:
    if assumes:
        items = "".join(f"<li>{escape(text)}.</li>" for text in assumes)
        yield f"<h2>What nobody checked</h2><ul>{items}</ul>"


def _measured(report: dict[str, Any]) -> Iterator[str]:
    for i, (title, rows) in enumerate(measured(report)):
        head = "<h2>What was measured</h2>" if i == 0 else ""
        yield f"{head}<h3>{escape(title)}</h3>{_table(rows)}"


def _ledgers(ledgers: list[dict[str, Any]]) -> Iterator[str]:
    for i, ledger in enumerate(ledgers):
        head = "<h2>What was spent</h2>" if i == 0 else ""
        yield head + _table([*ledger_rows(ledger), *charges_by_claim(ledger)])


def _table(rows: Rows) -> str:
    lines = "".join(
        f"<tr><th>{escape(title)}</th><td{' class=claim' if title == 'claim' else ''}>"
        f"{escape(text)}</td></tr>"
        for title, text in rows
    )
    return f"<table>{lines}</table>"
