"""``certificates``: make one folder of certificates for each member of a computation."""

from pathlib import Path
from typing import Annotated

from ..transport import make_certificates
from ._events import Events
from ._options import Json, typer


def command(
    folder: Annotated[Path, typer.Option(help="Where the folders go.")],
    site: Annotated[list[str], typer.Option(help="Name of a site; give one for each.")],
    days: Annotated[float, typer.Option(help="How long they are good for.")] = 30.0,
    parties: Annotated[bool, typer.Option(help="Without a coordinator: a mesh.")] = False,
    as_json: Json = False,
) -> None:
    """Make one folder of certificates for each member; bring each to its member."""
    events = Events(as_json)
    with events.explained():
        for name, path in make_certificates(
            folder, site, coordinator=not parties, days=days
        ).items():
            events.say("done", f"{path}: for {name} alone", member=name, folder=str(path))


command.__name__ = "certificates"
