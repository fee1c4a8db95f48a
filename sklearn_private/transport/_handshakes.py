"""TLS handshakes of whoever connects, side by side: a silent stranger holds up nobody."""

import selectors
import socket
import ssl
import time

from ._link import Deadline

_SECONDS = 5.0
_AT_ONCE = 64


class Handshakes:
    """Accept connections at a listening socket, and finish their handshakes in any order.

    Parameters
    ----------
    listening : socket.socket
        Where connections come in.
    context : ssl.SSLContext
        Settings of the accepting side.
    """

    def __init__(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        self._listening, self._context = listening, context
        self._begun: dict[ssl.SSLSocket, float] = {}  # oldest first
        self._selector = selectors.DefaultSelector()
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)

    def next(self, deadline: Deadline) -> ssl.SSLSocket | None:
        """Return the next connection whose handshake is done; None where one has failed.

        Raises
        ------
        TimeoutError
            At the deadline.
        """
        while True:
            for key, _ in self._selector.select(min(deadline.left(), _SECONDS / 10)):
                if key.fileobj is self._listening:
                    self._begin()
                elif not self._is_pending(key.fileobj):
                    return self._finished(key.fileobj)
            for connection in [c for c, start in self._begun.items() if _is_over(start)]:
                self._drop(connection)

    def close(self) -> None:
        """Close whatever has not finished."""
        for connection in list(self._begun):
            self._drop(connection)
        self._selector.close()

    def _begin(self):
        try:
            raw, _ = self._listening.accept()
        except OSError:  # it has gone again
            return
        if len(self._begun) >= _AT_ONCE:
            self._drop(next(iter(self._begun)))
        raw.setblocking(False)
        connection = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        self._begun[connection] = time.monotonic()
        self._selector.register(connection, selectors.EVENT_READ)

    def _is_pending(self, connection):
        """Do what can be done of a handshake, and return whether more is to come."""
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            self._selector.modify(connection, selectors.EVENT_READ)
            return True
        except ssl.SSLWantWriteError:
            self._selector.modify(connection, selectors.EVENT_WRITE)
            return True
        except OSError:
            self._drop(connection)
        return False

    def _finished(self, connection):
        if connection not in self._begun:  # it has failed
            return None
        del self._begun[connection]
        self._selector.unregister(connection)
        return connection

    def _drop(self, connection):
        del self._begun[connection]
        self._selector.unregister(connection)
        connection.close()


def _is_over(start):
    return time.monotonic() - start > _SECONDS
