"""One ordered stream of signed frames between two members, over any stream socket.

Every wait has a deadline, so nobody hangs on a peer that died. Closing is agreed: a side that is
done shuts down its writing half and reads until the other has done so too; whoever closed at once
would reset the connection under messages that the other has not read yet.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass

from ..exceptions import GuaranteeError
from ._frames import PREFIX_SIZE, FrameLimits, frame_size
from ._reasons import Failure, Reason, failure
from .identity import SIGNATURE_SIZE

SESSION_LIMITS = FrameLimits(frame=1 << 28, header=1 << 20)
_CHUNK = 1 << 16
_LINGER = 1.5  # seconds that a side waits for the other to close


class Deadline:
    """A point in time until which something must have happened.

    Parameters
    ----------
    seconds : float
        From now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, more than 0, or raise :class:`TimeoutError`."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


@dataclass(frozen=True, eq=False)
class Message:
    """A frame as it came, and the signature behind it.

    Parameters
    ----------
    octets : memoryview
        Both: what is passed on.
    kind : int
        What the frame says it carries.
    """

    octets: memoryview
    kind: int

    @property
    def frame(self) -> memoryview:
        """The frame."""
        return self.octets[:-SIGNATURE_SIZE]

    @property
    def signature(self) -> memoryview:
        """The signature."""
        return self.octets[-SIGNATURE_SIZE:]


class Link:
    """A stream of messages to and from one member.

    Parameters
    ----------
    connection : socket.socket
        Connected, and authenticated where that is needed.
    peer : str
        The member at the other end.
    """

    def __init__(self, connection: socket.socket, peer: str) -> None:
        self._connection = connection
        self.peer = peer
        with contextlib.suppress(OSError):  # a socket pair has no such option
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, octets: bytes | memoryview, deadline: Deadline) -> None:
        """Send a message, or raise a failure about the peer."""
        view = memoryview(octets)
        with self._explained():
            while view:
                self._connection.settimeout(deadline.left())
                view = view[self._connection.send(view[:_CHUNK]) :]

    def receive(self, deadline: Deadline) -> Message:
        """Return the next message, or raise a failure about the peer.

        Its sizes are compared with the limits before anything is allocated for it.
        """
        with self._explained():
            prefix = bytearray(PREFIX_SIZE)
            self._fill(memoryview(prefix), deadline)
            kind, size = self._size(prefix)
            octets = bytearray(size + SIGNATURE_SIZE)
            octets[:PREFIX_SIZE] = prefix
            self._fill(memoryview(octets)[PREFIX_SIZE:], deadline)
        return Message(memoryview(octets).toreadonly(), kind)

    def pending(self) -> bool:
        """Return whether octets were received that the socket no longer shows as readable."""
        return isinstance(self._connection, ssl.SSLSocket) and self._connection.pending() > 0

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self._connection.fileno()

    def end(self) -> None:
        """Say that nothing more comes from this side."""
        with contextlib.suppress(OSError, ValueError):
            # On TLS this drops to the bare socket, whose rest is read but not looked at.
            self._connection.shutdown(socket.SHUT_WR)

    def close(self, deadline: Deadline) -> None:
        """Wait until the other side has ended too, and close."""
        with contextlib.suppress(OSError, ValueError):
            while True:
                self._connection.settimeout(deadline.left())
                if not self._connection.recv(_CHUNK):
                    break
        with contextlib.suppress(OSError):
            self._connection.close()

    def _size(self, prefix):
        try:
            return frame_size(prefix, SESSION_LIMITS)
        except GuaranteeError:
            raise failure(Reason.MALFORMED, self.peer) from None

    def _fill(self, view, deadline):
        while view:
            self._connection.settimeout(deadline.left())
            n = self._connection.recv_into(view)
            if n == 0:
                raise ConnectionResetError
            view = view[n:]

    @contextlib.contextmanager
    def _explained(self):
        try:
            yield
        except TimeoutError:
            raise failure(Reason.LATE, self.peer) from None
        except ssl.SSLError as error:
            detail = f" ({error.reason or 'TLS'})".lower().replace("_", " ")
            raise failure(Reason.CLOSED, self.peer, detail) from None
        except (OSError, ValueError):  # ValueError: the socket was closed here
            raise failure(Reason.CLOSED, self.peer) from None

    def __repr__(self) -> str:
        return f"Link(peer={self.peer!r})"


def send_if_open(link: Link, octets: bytes | memoryview, deadline: Deadline) -> None:
    """Send a message, unless the peer has closed: it may have said why, which is read next."""
    try:
        link.send(octets, deadline)
    except Failure as error:
        if error.reason != Reason.CLOSED:
            raise


def close_all(links: Iterable[Link], octets: bytes | memoryview | None) -> None:
    """Send a last message, if there is one, to whoever still listens, and close all links."""
    links = list(links)
    for link in links:
        if octets is not None:
            with contextlib.suppress(Failure):
                link.send(octets, Deadline(_LINGER / 2))
        link.end()
    deadline = Deadline(_LINGER)
    for link in links:
        link.close(deadline)
