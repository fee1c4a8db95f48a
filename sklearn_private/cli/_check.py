"""``check``: say which link, certificate, version, clock or schema keeps this member out."""

import sys
from typing import Annotated

from ..transport import diagnose, schema_digest
from ._data import columns_of, load
from ._events import Events
from ._options import Coordinator, DataIfAny, Json, Target, Tls, typer


def command(
    tls: Tls,
    coordinator: Coordinator,
    data: DataIfAny = None,
    target: Target = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a connection.")] = 10.0,
    as_json: Json = False,
) -> None:
    """Check all that a run needs while the coordinator waits, and say what fails."""
    events = Events(as_json)
    failed = 0
    with events.explained():
        schema = None if data is None else schema_digest(columns_of(load(data, target)[0]))
        for check in diagnose(tls, coordinator, schema=schema, timeout=timeout):
            failed += not check.ok
            event = "passed" if check.ok else "failed"
            events.say(event, f"{check.name}: {check.text}", check=check.name)
    sys.exit(failed > 0)


command.__name__ = "check"
