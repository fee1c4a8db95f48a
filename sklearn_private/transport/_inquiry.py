"""Questions before a run: is it you, what do you run, what time is it, who is there, what schema.

A member that checks its connection sends one signed message and gets one, with the same fields:
the version of the library, the clock, who has joined, and the schemas that members announced, by
digest, so that a site learns whether its columns are those of the others and nothing else of them.
"""

import time
from dataclasses import dataclass

from ..exceptions import TransportError
from ..statements import library_version
from ._frames import Kind
from ._link import Deadline, Link, close_all
from ._session import opened, signed
from .identity import Identity

_SECONDS = 5.0
_LONGEST = 200  # characters of a digest that a member may announce


@dataclass(frozen=True)
class Inquiry:
    """What one member says before a run.

    Parameters
    ----------
    version : str
        Its library and version.
    time : float
        Its clock, in seconds since 1970.
    schemas : dict of str to str
        The digest of the columns of each member that announced them, by name.
    joined : list of str
        Who is connected for the run.
    """

    version: str
    time: float
    schemas: dict[str, str]
    joined: list[str]


class Inquiries:
    """Answer members that check their connection.

    Parameters
    ----------
    identity : Identity
        Who answers.

    Attributes
    ----------
    joined : list of str
        Who is connected for the run.
    """

    def __init__(self, identity: Identity) -> None:
        self.joined: list[str] = []
        self._identity = identity
        self._schemas: dict[str, str] = {}

    def answer(self, link: Link) -> None:
        """Read one inquiry, answer it, and close; whatever goes wrong is the other's trouble."""
        deadline, last = Deadline(_SECONDS), None
        try:
            heard = _read(self._identity, link, deadline)
            schema = heard.schemas.get(link.peer)
            if schema is not None:
                self._schemas[link.peer] = schema
            last = _inquiry(self._identity, dict(self._schemas), self.joined)
        finally:
            close_all([link], last)


def inquire(identity: Identity, link: Link, schema: str | None) -> Inquiry:
    """Ask the member at the other end of a link, and close it.

    Parameters
    ----------
    identity : Identity
        Who asks.
    link : Link
        To the member.
    schema : str or None
        Digest of the columns here, announced to the member.

    Returns
    -------
    Inquiry

    Raises
    ------
    TransportError
        If it gives no answer that can be read.
    """
    deadline = Deadline(_SECONDS)
    try:
        own = {} if schema is None else {identity.name: schema}
        link.send(_inquiry(identity, own, []), deadline)
        return _read(identity, link, deadline)
    finally:
        close_all([link], None)


def _inquiry(identity, schemas, joined):
    header = {
        "sender": identity.name,
        "version": library_version(),
        "time": time.time(),
        "schemas": schemas,
        "joined": joined,
    }
    return signed(identity, Kind.INQUIRY, header)


def _read(identity, link, deadline):
    heard = opened(identity, link.receive(deadline), link.peer, link.peer)
    if heard.kind != Kind.INQUIRY:
        raise TransportError(f"{link.peer!r} does not answer the inquiry of this version.")
    header = heard.header
    names = [*header["schemas"], *header["schemas"].values(), *header["joined"]]
    if not all(isinstance(name, str) and len(name) <= _LONGEST for name in names):
        raise TransportError(f"{link.peer!r} gives an answer that cannot be read.")
    return Inquiry(header["version"], header["time"], header["schemas"], header["joined"])
