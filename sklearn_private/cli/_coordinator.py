"""``coordinator``: carry one run between sites, over rows that it never sees."""

from typing import Annotated

from ..sums import ADDERS
from ..transport import COORDINATOR, Identity, coordinate
from ._events import Events
from ._options import Json, Timeout, Tls, typer


def command(
    tls: Tls,
    listen: Annotated[str, typer.Option(help="Where to listen: host:port.")] = "127.0.0.1:8443",
    timeout: Timeout = 300.0,
    wait: Annotated[float, typer.Option(help="Seconds to wait for all sites.")] = 3600.0,
    runs: Annotated[int, typer.Option(help="How many runs to carry, one after another.")] = 1,
    as_json: Json = False,
) -> None:
    """Wait for all sites and carry one run between them, or several."""
    events = Events(as_json)
    with events.explained():
        identity = Identity.load(tls, COORDINATOR)
        for _ in range(runs):
            _carry(events, identity, listen, timeout, wait)


command.__name__ = "coordinator"


def _carry(events, identity, listen, timeout, wait):
    """Carry one run, and say what happens."""
    sites = ", ".join(identity.sites)
    relayed = coordinate(
        identity,
        listen,
        adders=ADDERS,
        timeout=timeout,
        wait=wait,
        on_listen=lambda address: events.say(
            "listening", f"listening at {address} for {sites}", address=address
        ),
        on_join=lambda site: events.say("joined", f"{site} joined", site=site),
        on_round=lambda number, question: events.say(
            "round", f"round {number}: {question.get('statistic', '')}", number=number
        ),
    )
    events.say(
        "done",
        f"{relayed.n_rounds} rounds, {relayed.n_octets:,} octets from all sites",
        rounds=relayed.n_rounds,
        octets=relayed.n_octets,
        run=relayed.run,
    )
