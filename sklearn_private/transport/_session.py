"""What the messages of one run hold, and how they are bound to it.

A run begins with a *hello* of every site, which brings a fresh nonce; the digest of all of them in
the order of the sites names the run. Every later message carries that name, the number of its
round and its sender, and is signed: none can be moved to another run, another round or another
sender.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..exceptions import GuaranteeError, TransportError
from ..statements import library_version
from ._frames import Fields, Kind, read_frame, write_frame
from ._link import SESSION_LIMITS, Message
from ._reasons import Failure, Reason, failure
from .identity import Identity

_NONCE = 16
_FIELDS: dict[Kind, Fields] = {
    Kind.HELLO: {"sender": str, "nonce": str, "version": str, "sites": list},
    Kind.ANSWER: {"sender": str, "run": str, "round": int, "question": dict, "add": str},
    Kind.TOTAL: {"sender": str, "run": str, "round": int},
    Kind.DONE: {"sender": str, "run": str, "round": int},
    Kind.ABORT: {"sender": str, "run": str, "reason": str, "about": str},
    Kind.INQUIRY: {"sender": str, "version": str, "time": float, "schemas": dict, "joined": list},
}


@dataclass(frozen=True, eq=False)
class Opened:
    """A message whose signature, sender and form were checked.

    Parameters
    ----------
    kind : Kind
        What it is.
    header : dict
        Its fields.
    payload : memoryview
        Its numbers.
    """

    kind: Kind
    header: dict
    payload: memoryview


def hello(identity: Identity) -> bytes:
    """Return the first message of a site in a new run."""
    header = {
        "sender": identity.name,
        "nonce": secrets.token_hex(_NONCE),
        "version": library_version(),
        "sites": list(identity.sites),
    }
    return signed(identity, Kind.HELLO, header)


def abort(identity: Identity, run: str, reason: Reason, about: str) -> bytes:
    """Return the message that ends a run before its end."""
    header = {"sender": identity.name, "run": run, "reason": str(reason), "about": about}
    return signed(identity, Kind.ABORT, header)


def signed(
    identity: Identity, kind: Kind, header: Mapping[str, object], payload: bytes | memoryview = b""
) -> bytes:
    """Return a frame and its sender's signature."""
    frame = write_frame(kind, header, payload)
    return frame + identity.sign(frame)


def opened(identity: Identity, message: Message, sender: str, through: str) -> Opened:
    """Return a message, or raise a failure about who sent it or passed it on.

    Parameters
    ----------
    identity : Identity
        Who reads it.
    message : Message
        As it came.
    sender : str
        Who must have sent it.
    through : str
        Whose link it came over.

    Returns
    -------
    Opened
    """
    if message.kind not in _FIELDS:
        raise failure(Reason.MALFORMED, through)
    kind = Kind(message.kind)
    try:
        header, payload = read_frame(message.frame, kind, _FIELDS[kind], SESSION_LIMITS)
        claimed = header["sender"]
        identity.verify(claimed, message.frame, message.signature)
    except TransportError:
        raise failure(Reason.FORGED, through, f" (said to be of {sender!r})") from None
    except GuaranteeError:
        raise failure(Reason.MALFORMED, through) from None
    if kind == Kind.ABORT:
        return Opened(kind, header, payload)
    if claimed != sender:
        raise failure(Reason.REPLAYED, through, f" (of {claimed!r} instead of {sender!r})")
    return Opened(kind, header, payload)


def stopped(identity: Identity, heard: Opened, octets: memoryview) -> Failure:
    """Return the error for an abort, with the message itself, to be passed on.

    Nothing of it is shown but names and reasons that are known here.
    """
    header = heard.header
    known = header["reason"] in set(Reason) and header["about"] in identity.members
    reason = Reason(header["reason"]) if known else Reason.ERROR
    about = header["about"] if known else header["sender"]
    told = "" if about == header["sender"] else f" (as {header['sender']!r} says)"
    error = failure(reason, about, told)
    error.told = bytes(octets)  # errors are pickled
    return error


def run_of(hellos: Iterable[bytes | memoryview]) -> str:
    """Return the name of the run that begins with these messages, in the order of the sites."""
    digest = hashlib.sha256()
    for octets in hellos:
        digest.update(octets)
    return digest.hexdigest()


def check_hello(identity: Identity, heard: Opened, sender: str, through: str) -> None:
    """Raise unless a site begins the same run of the same version with the same sites."""
    if heard.kind != Kind.HELLO:
        raise failure(Reason.REPLAYED, through, f" (of {sender!r}, before the run began)")
    if heard.header["version"] != library_version():
        raise failure(Reason.VERSION, sender, f" than {library_version()!r}")
    if heard.header["sites"] != list(identity.sites):
        raise failure(Reason.MEMBERS, sender)


def check_place(heard: Opened, run: str, number: int, through: str) -> None:
    """Raise unless a message belongs to this run and this round."""
    if heard.header.get("run") != run or heard.header.get("round") != number:
        sender = heard.header["sender"]
        raise failure(Reason.REPLAYED, through, f" (of {sender!r}, in round {number})")
