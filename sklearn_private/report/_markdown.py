"""A report as Markdown: findings first."""


def to_markdown(report, statements):
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
    parts = [
        f"# Privacy report: {report['subject']}",
        verdict(report),
        "## Findings",
        _findings(report["findings"]),
        "## What is promised",
        *(_statement(path, s) for path, s in statements.items()),
        *_ledgers(report["ledgers"]),
        f"*{report['disclaimer']}*",
        f"*Made by {report['made_by']}.*",
    ]
    return "\n\n".join(parts) + "\n"


def verdict(report):
    """Return the joint claim in one sentence."""
    if not report["holds"]:
        return "**A claim below is void.** The findings say which, why, and what to do."
    joint = report["joint_claim"]
    if joint["epsilon"] is None:
        kinds = sorted({s["technique"] for s in report["statements"].values()} - {"none"})
        promised = f"Promised: {', '.join(kinds)}. " if kinds else ""
        return promised + "No differential privacy is claimed."
    return (
        f"The DP steps together: epsilon = {joint['epsilon']:.4g} at delta = {joint['delta']:.2g}, "
        f"{joint['neighboring'].replace('_', '-')}, one {joint['unit']}. "
        f"Against {_adversaries(report['statements'].values())}."
    )


def _adversaries(statements):
    """Return, from the statements that claim DP, whom they hold against."""
    todo, found = list(statements), set()
    while todo:
        statement = todo.pop()
        todo += statement["parts"]
        if statement["technique"] == "differential privacy":
            found.add(statement["against"])
    return "; and ".join(sorted(found))


def _findings(findings):
    if not findings:
        return "None."
    return "\n".join(
        f"- **{f['level']}** ({f['code']}){_at(f['where'])}: {f['message']}. "
        f"*Remedy:* {f['remedy']}."
        for f in findings
    )


def _at(where):
    return f" at `{where}`" if where else ""


def _statement(path, statement):
    parts = [f"### `{path}`: {statement.owner} ({statement.technique})", _table(statement)]
    parts += [_statement(path, part) for part in statement.parts]
    return "\n\n".join(parts)


def _table(statement):
    rows = [f"| {title} | {_cell(text)} |" for title, text in statement.rows()]
    return "\n".join(["| | |", "| --- | --- |", *rows])


def _cell(text):
    return text.replace("|", r"\|").replace("\n", " ")


def _ledgers(ledgers):
    if not ledgers:
        return []
    rows = [
        f"| `{_cell(entry['path'])}` | {entry['n_charges']} | {entry['spent']:.4g} of "
        f"{entry['epsilon']:g} | {entry['delta']:g} | {entry['unit']}, {entry['neighboring']} |"
        for entry in ledgers
    ]
    head = "| ledger | charges | epsilon spent | delta | unit, relation |"
    return ["## What was spent", "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])]
