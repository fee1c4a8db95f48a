"""What keeps a member from taking part, in plain words: one check after another.

Each check names what it looked at and what to do. Where one fails, those that need it are left out.
"""

import hashlib
import json
import os
import socket
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..exceptions import InvalidParameterError, PrivacyWarning, TransportError
from ..statements import library_version
from ._connect import dial, host_and_port
from ._inquiry import Inquiry, inquire
from ._link import Deadline
from .identity import COORDINATOR, Identity, Purpose

_CLOCKS = 60.0  # seconds that clocks may differ
_SOON = 3.0  # days


@dataclass(frozen=True)
class Check:
    """The outcome of one check.

    Parameters
    ----------
    name : str
        What was looked at: certificates, address, link, tls, version, clock, schema or sites.
    ok : bool
        Whether a run can go on.
    text : str
        What was found, and what to do.
    """

    name: str
    ok: bool
    text: str


def schema_digest(columns: Sequence[tuple[str, str]]) -> str:
    """Return a digest of the names and kinds of columns, in their order.

    Parameters
    ----------
    columns : sequence of tuple of str
        Name and kind of each column.

    Returns
    -------
    str

    Examples
    --------
    >>> from sklearn_private.transport import schema_digest
    >>> len(schema_digest([("age", "number"), ("sex", "number")]))
    32
    """
    text = json.dumps([list(column) for column in columns])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def diagnose(
    folder: str | os.PathLike,
    address: str,
    *,
    peer: str = COORDINATOR,
    schema: str | None = None,
    timeout: float = 10.0,
) -> Iterator[Check]:
    """Check all that a run needs, and say what fails.

    Parameters
    ----------
    folder : path-like
        The member's folder of certificates.
    address : str
        Where the other member listens: ``host:port``.
    peer : str, default="coordinator"
        Who must be there.
    schema : str, default=None
        Digest of the columns here (:func:`schema_digest`), to be compared with those of the others.
    timeout : float, default=10
        Seconds to wait for a connection.

    Yields
    ------
    Check
        As soon as each is known.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", PrivacyWarning)
            identity = Identity.load(folder)
    except InvalidParameterError as error:
        yield Check("certificates", False, str(error))
        return
    yield from _certificates(identity, [str(one.message) for one in caught])
    try:
        place = host_and_port(address)
        socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
    except (InvalidParameterError, OSError) as error:
        yield Check("address", False, f"{address} is no address that this machine knows: {error}")
        return
    found = yield from _ask(identity, address, place, peer, schema, timeout)
    if found is not None:
        yield from _compare(identity, found, peer, schema)


def _certificates(identity, warned):
    days = identity.days_left
    text = (
        f"{identity.name!r} knows {len(identity.sites)} sites: {', '.join(identity.sites)}; all "
        f"certificates are good for {days:.0f} more days"
    )
    yield Check("certificates", True, text + (", make new ones soon" if days < _SOON else ""))
    for one in warned:
        yield Check("certificates", False, one)


def _ask(identity, address, place, peer, schema, timeout):
    """Yield the checks of link and TLS, and return the answer of the other end."""
    start = time.monotonic()
    try:
        socket.create_connection(place, timeout).close()
    except OSError as error:
        reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
        yield Check(
            "link",
            False,
            f"nothing listens at {address} ({reason}): start {peer!r} there (while a run is on, it "
            "accepts nobody), and let firewalls pass this port",
        )
        return None
    yield Check("link", True, f"{address} answers in {1000 * (time.monotonic() - start):.0f} ms")
    try:
        link = dial(identity, address, peer, Deadline(timeout), Purpose.CHECK)
        found = inquire(identity, link, schema)
    except TransportError as error:
        yield Check("tls", False, str(error))
        return None
    yield Check("tls", True, f"TLS 1.3 with {peer!r}, both certificates as in the folder")
    return found


def _compare(identity, found: Inquiry, peer, schema):
    here = library_version()
    good = found.version == here
    yield Check(
        "version",
        good,
        f"both run {here}"
        if good
        else f"here is {here!r}, {peer!r} runs {found.version!r}: install the same version",
    )
    apart = found.time - time.time()
    text = f"the clock of {peer!r} is {abs(apart):.0f} s {'ahead' if apart > 0 else 'behind'}"
    good = abs(apart) <= _CLOCKS
    yield Check("clock", good, text + ("" if good else ": set the clocks, certificates need them"))
    others = {who: one for who, one in found.schemas.items() if who != identity.name}
    if schema is not None:
        other = sorted(who for who, one in others.items() if one != schema)
        text = (
            f"other columns (names, kinds or order) than {', '.join(other)}: agree on one list"
            if other
            else f"the columns are those of {', '.join(sorted(others)) or 'nobody yet'}"
        )
        yield Check("schema", not other, text)
    joined = ", ".join(found.joined) or "nobody"
    yield Check("sites", True, f"connected for the run: {joined}")
