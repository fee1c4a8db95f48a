"""``report``: read a report, say what it claims, and check it against a policy, as in CI."""

from pathlib import Path
from typing import Annotated

from ..report import PrivacyReport
from ._events import Events
from ._options import Json, typer


def command(
    path: Annotated[Path, typer.Argument(help="What to_json() wrote.", exists=True)],
    policy: Annotated[
        Path | None, typer.Option(help="Rules, a .toml or .json file.", exists=True)
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Where to write it as a page.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a report claims; exit with 1 if it was changed, or breaks a policy."""
    events = Events(as_json)
    with events.explained():
        report = PrivacyReport.from_json(path.read_text(encoding="utf-8"))
        events.say("report", report.to_dict()["verdict"], holds=report.holds, digest=report.digest)
        for finding in report.findings:
            text = f"{finding.level} {finding.code} at {finding.where}: {finding.message}"
            events.say("finding", text, **finding.to_dict())
        if html is not None:
            html.write_text(report.to_html(), encoding="utf-8")
            events.say("done", str(html), path=str(html))
        if policy is not None:
            report.check(policy)
            events.say("passed", f"keeps {policy}", policy=str(policy))


command.__name__ = "report"
