"""Plain printing for the demo: headings, paragraphs, tables, reports."""


def heading(title):
    """Print a heading."""
    print(f"\n{title}\n{'=' * len(title)}")


def text(paragraph):
    """Print a paragraph."""
    print(f"\n{paragraph}")


def table(titles, rows):
    """Print rows of strings under titles; the first column is text, the others numbers."""
    lines = [titles, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
    print()
    for i, line in enumerate(lines):
        cells = [
            line[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  " + "   ".join(cells))
        if i == 0:
            print("  " + "   ".join("-" * w for w in widths))


def report(found):
    """Print the gist of a privacy report: the findings, then the claims."""
    print()
    for finding in found.findings:
        print(f"  {finding.level.upper()} at {finding.where}: {finding.message}.")
        print(f"      remedy: {finding.remedy}.")
    if not found.findings:
        print("  No findings.")
    for path, statement in found.statements.items():
        if statement.technique != "none":
            print(f"  {path}: {statement.claim()}")
            print(f"      against {statement.against}")
