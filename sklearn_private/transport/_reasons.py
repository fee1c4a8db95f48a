"""Why a computation between parties stopped, in words that hold no value of anybody's rows.

A member that stops tells the others one word of this list and nothing else: an error message of its
own may quote a value.
"""

from enum import StrEnum

from ..exceptions import GuaranteeError, InvalidParameterError, RangeError, TransportError


class Reason(StrEnum):
    """Why a member stopped, or was given up."""

    CLOSED = "closed"
    LATE = "late"
    ROWS = "rows"
    RANGE = "range"
    GUARANTEE = "guarantee"
    VERSION = "version"
    MEMBERS = "members"
    SETTINGS = "settings"
    QUESTION = "question"
    RESULT = "result"
    FORGED = "forged"
    REPLAYED = "replayed"
    MALFORMED = "malformed"
    INTERRUPTED = "interrupted"
    ERROR = "error"


_TEXTS = {
    Reason.CLOSED: "closed its connection",
    Reason.LATE: "did not answer in time",
    Reason.ROWS: (
        "refused its own rows or parameters (missing or infinite values, a label outside the list, "
        "too few rows, another schema); the message there says which"
    ),
    Reason.RANGE: "holds a value that would leave the range of the ring",
    Reason.GUARANTEE: "cannot keep a guarantee; the message there says which",
    Reason.VERSION: "runs another version of this library",
    Reason.MEMBERS: "has certificates of other members",
    Reason.SETTINGS: "was started with other settings",
    Reason.RESULT: "came to another result",
    Reason.QUESTION: "asks another question than the others",
    Reason.FORGED: "passed on a message that its sender did not sign",
    Reason.REPLAYED: "sent a message of another run, round or sender",
    Reason.MALFORMED: "sent a message that cannot be read",
    Reason.INTERRUPTED: "was interrupted",
    Reason.ERROR: "stopped with an error; the message there says which",
}


class Failure(TransportError):
    """A failure whose reason the other members may be told.

    Attributes
    ----------
    reason : Reason
        Why.
    about : str
        The member it is about.
    told : bytes or None
        The message that told of it, to be passed on.
    """

    reason: Reason = Reason.ERROR
    about: str = ""
    told: bytes | None = None


def failure(reason: Reason, about: str, detail: str = "") -> Failure:
    """Return the error for a member that stopped or was given up.

    Parameters
    ----------
    reason : Reason
        Why.
    about : str
        The member it is about.
    detail : str, default=""
        What else is known here; it must hold no value.

    Returns
    -------
    Failure
    """
    error = Failure(
        f"The computation stopped: {about!r} {_TEXTS[reason]}{detail}. Nothing of this round was "
        "opened. Mend the cause there, and let all members start again."
    )
    error.reason, error.about = reason, about
    return error


def reason_of(error: BaseException) -> Reason:
    """Return what the others may be told of an error here."""
    match error:
        case Failure():
            return error.reason
        case RangeError():
            return Reason.RANGE
        case InvalidParameterError() | ValueError() | TypeError():
            return Reason.ROWS
        case GuaranteeError():
            return Reason.GUARANTEE
        case KeyboardInterrupt():
            return Reason.INTERRUPTED
        case _:
            return Reason.ERROR
