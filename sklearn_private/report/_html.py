"""A report as one self-contained HTML page: no script, no network, readable on paper."""

from html import escape

from ._markdown import verdict

_STYLE = """
.skp { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; max-width: 52rem; margin: 0 auto;
       padding: 1rem; overflow-wrap: anywhere; background: #fff; }
.skp h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
.skp h2 { font-size: 1.15rem; margin: 1.6rem 0 .5rem; }
.skp h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
.skp .verdict { padding: .6rem .9rem; border-radius: .4rem; background: #e7f3ea; }
.skp .verdict.void { background: #fdecea; }
.skp .finding { border-left: .3rem solid #8a949e; padding: .3rem .8rem; margin: .6rem 0;
                break-inside: avoid; }
.skp .finding.error { border-color: #b3261e; } .skp .finding.warning { border-color: #b26a00; }
.skp .level { font-weight: 700; text-transform: uppercase; font-size: .8rem;
              letter-spacing: .04em; }
.skp .error .level { color: #b3261e; } .skp .warning .level { color: #8a5200; }
.skp code { font-size: .9em; background: #f0f2f4; padding: .05rem .25rem; border-radius: .2rem; }
.skp table { border-collapse: collapse; width: 100%; } .skp tr { break-inside: avoid; }
.skp th, .skp td { text-align: left; vertical-align: top; padding: .3rem .5rem;
                   border-bottom: 1px solid #d8dde2; }
.skp th { font-weight: 600; width: 8rem; } .skp thead th { width: auto; }
.skp .claim { font-weight: 600; } .skp .part { margin-left: 1rem; }
.skp .small { color: #57606a; font-size: .85rem; margin-top: 1.5rem; }
@media (max-width: 36rem) { .skp .facts th, .skp .facts td { display: block; width: auto; }
  .skp .facts th { border: 0; padding-bottom: 0; color: #57606a; font-size: .85rem; } }
@media print { .skp { max-width: none; padding: 0; font-size: 11pt; }
  .skp .verdict, .skp .finding { print-color-adjust: exact; } }
"""


def to_html(report, statements):
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
    title = f"Privacy report: {escape(report['subject'])}"
    void = "" if report["holds"] else " void"
    body = [
        f"<h1>{title}</h1>",
        f'<p class="verdict{void}">{escape(verdict(report).replace("**", ""))}</p>',
        "<h2>Findings</h2>",
        *([_finding(f) for f in report["findings"]] or ["<p>None.</p>"]),
        "<h2>What is promised</h2>",
        *(_statement(path, s) for path, s in statements.items()),
        _ledgers(report["ledgers"]),
        f'<p class="small">{escape(report["disclaimer"])}<br>Made by '
        f"{escape(report['made_by'])}.</p>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f'<body><main class="skp">{"".join(body)}</main></body></html>\n'
    )


def _finding(finding):
    where = f" at <code>{escape(finding['where'])}</code>" if finding["where"] else ""
    return (
        f'<div class="finding {finding["level"]}"><span class="level">{finding["level"]}</span> '
        f"{escape(finding['code'])}{where}<br>{escape(finding['message'])}.<br><em>Remedy:</em> "
        f"{escape(finding['remedy'])}.</div>"
    )


def _statement(path, statement, part=""):
    rows = "".join(
        f"<tr><th>{escape(title)}</th><td{' class=claim' if title == 'claim' else ''}>"
        f"{escape(text)}</td></tr>"
        for title, text in statement.rows()
    )
    return (
        f"<section{part}><h3><code>{escape(path)}</code> {escape(statement.owner)}: "
        f'{escape(statement.technique)}</h3><table class="facts">{rows}</table>'
        + "".join(_statement(path, p, ' class="part"') for p in statement.parts)
        + "</section>"
    )


def _ledgers(ledgers):
    if not ledgers:
        return ""
    head = "".join(f"<th>{t}</th>" for t in ("ledger", "charges", "epsilon spent", "delta", "per"))
    rows = "".join(
        f"<tr><td>{escape(entry['path'])}</td><td>{entry['n_charges']}</td>"
        f"<td>{entry['spent']:.4g} of {entry['epsilon']:g}</td><td>{entry['delta']:g}</td>"
        f"<td>{escape(entry['unit'])}, {escape(entry['neighboring'])}</td></tr>"
        for entry in ledgers
    )
    return (
        f"<h2>What was spent</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
