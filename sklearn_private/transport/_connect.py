"""Links over TLS: a coordinator that sites connect to, and parties that connect to one another.

Both ends show a certificate, and each compares the other's with the one that lies in its folder:
names of hosts and addresses prove nothing and are not looked at. Whoever starts first waits for the
others until the timeout.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..exceptions import InvalidParameterError, TransportError
from ._channel import Channel
from ._handshakes import Handshakes
from ._inquiry import Inquiries
from ._link import Deadline, Link, close_all
from ._reasons import Reason, failure
from ._routes import Mesh, Star
from .identity import COORDINATOR, Identity, Purpose

_HANDSHAKE = 5.0  # seconds that whoever is dialled may take
_RETRY = 0.1


def connect(identity: Identity, address: str, *, timeout: float) -> Channel:
    """Return a site's channel over a coordinator, before its run begins.

    Parameters
    ----------
    identity : Identity
        The site.
    address : str
        The coordinator's ``host:port``.
    timeout : float
        Seconds to wait for it, and that each round may take.

    Returns
    -------
    Channel

    Raises
    ------
    TransportError
        If it cannot be reached, or is somebody else.
    """
    link = dial(identity, address, COORDINATOR, Deadline(timeout))
    others = [site for site in identity.sites if site != identity.name]
    return Channel(identity, Star(link, others), timeout)


def join(identity: Identity, addresses: Mapping[str, str], *, timeout: float) -> Channel:
    """Return a party's channel over links to all other parties, before its run begins.

    Parameters
    ----------
    identity : Identity
        The party.
    addresses : mapping of str to str
        ``host:port`` of every party, by its name; at its own one the party listens.
    timeout : float
        Seconds to wait for the others, and that each round may take.

    Returns
    -------
    Channel

    Raises
    ------
    TransportError
        If a party cannot be reached, or is somebody else.
    """
    before = [party for party in identity.sites if party < identity.name]
    after = [party for party in identity.sites if party > identity.name]
    deadline = Deadline(timeout)
    links: dict[str, Link] = {}
    try:
        with Listener(identity, addresses[identity.name]) as listener:
            for party in before:
                links[party] = dial(identity, addresses[party], party, deadline)
            links |= listener.wait_for(after, deadline)
    except BaseException:
        close_all(links.values(), None)
        raise
    return Channel(identity, Mesh(identity.name, links), timeout)


def dial(
    identity: Identity,
    address: str,
    peer: str,
    deadline: Deadline,
    purpose: Purpose = Purpose.RUN,
) -> Link:
    """Return a link to a member, trying until the deadline.

    Parameters
    ----------
    identity : Identity
        Who connects.
    address : str
        Where the member listens.
    peer : str
        Who must be there.
    deadline : Deadline
        Until when.
    purpose : Purpose, default=Purpose.RUN
        What for.

    Returns
    -------
    Link

    Raises
    ------
    TransportError
        If nobody is there in time, or somebody else.
    """
    host, port = host_and_port(address)
    context = identity.client_context(purpose)
    with _explained(peer, address):
        raw = _patiently(lambda: socket.create_connection((host, port), deadline.left()), deadline)
        with _closed_on_error(raw):
            raw.settimeout(min(_HANDSHAKE, deadline.left()))
            connection = context.wrap_socket(raw)
        with _closed_on_error(connection):
            found = identity.peer_name(connection)
            if connection.selected_alpn_protocol() != purpose:
                raise failure(Reason.VERSION, peer)
            if found != peer:
                raise TransportError(
                    f"At {address} {peer!r} was expected, and {found!r} is there. Nothing was sent."
                )
    return Link(connection, peer)


class Listener:
    """Accept members at an address.

    Parameters
    ----------
    identity : Identity
        Who listens.
    address : str
        ``host:port``; port 0 takes any that is free.

    Attributes
    ----------
    address : str
        Where it listens.
    """

    def __init__(self, identity: Identity, address: str) -> None:
        self._identity = identity
        self._inquiries = Inquiries(identity)
        host, port = host_and_port(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise InvalidParameterError(
                f"{identity.name!r} cannot listen at {address}: {error.strerror}. Nothing was sent."
            ) from None
        self._handshakes = Handshakes(self._socket, identity.server_context())
        self.address = f"{address.rpartition(':')[0]}:{self._socket.getsockname()[1]}"

    def accept(self, deadline: Deadline) -> Link | None:
        """Return a link to the next member that connects for a run; None for anybody else.

        A member that connects for a check gets its answer; a stranger gets none.

        Raises
        ------
        TimeoutError
            At the deadline.
        """
        connection = self._handshakes.next(deadline)
        if connection is None:
            return None
        try:
            with _closed_on_error(connection):
                link = Link(connection, self._identity.peer_name(connection))
                if connection.selected_alpn_protocol() == Purpose.RUN:
                    return link
            self._inquiries.answer(link)
        except (OSError, TransportError):  # whatever goes wrong is the other's trouble
            pass
        return None

    def wait_for(
        self,
        members: Sequence[str],
        deadline: Deadline,
        on_join: Callable[[str], None] = lambda member: None,
    ) -> dict[str, Link]:
        """Return a link to each member; of one that connects again, the last.

        Raises
        ------
        TransportError
            If one does not come in time.
        """
        links: dict[str, Link] = {}
        try:
            while len(links) < len(members):
                link = self.accept(deadline)
                if link is None or link.peer not in members:
                    continue
                if link.peer in links:
                    close_all([links[link.peer]], None)
                links[link.peer] = link
                self._inquiries.joined = sorted(links)
                on_join(link.peer)
        except BaseException as error:
            close_all(links.values(), None)
            if isinstance(error, TimeoutError):
                missing = next(member for member in members if member not in links)
                raise failure(Reason.LATE, missing, ": it did not connect") from None
            raise
        return links

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *error: object) -> None:
        self._handshakes.close()
        self._socket.close()


def host_and_port(address: str) -> tuple[str, int]:
    """Return the parts of ``host:port``, or raise.

    Examples
    --------
    >>> from sklearn_private.transport import host_and_port
    >>> host_and_port("localhost:8443"), host_and_port("[::1]:8443")
    (('localhost', 8443), ('::1', 8443))
    """
    host, colon, port = str(address).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (isinstance(address, str) and host and colon and port.isdecimal() and int(port) < 65536):
        raise InvalidParameterError(
            f"An address must be 'host:port'. Got {address!r} instead. Nothing was sent."
        )
    return host, int(port)


def _patiently(attempt, deadline):
    """Return what ``attempt`` returns, trying again while nobody listens."""
    while True:
        try:
            return attempt()
        except (ConnectionRefusedError, ConnectionResetError):
            time.sleep(min(_RETRY, deadline.left()))


@contextlib.contextmanager
def _closed_on_error(connection: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextlib.contextmanager
def _explained(peer, address):
    try:
        yield
    except TimeoutError:
        raise failure(Reason.LATE, peer, f": nobody answers at {address}") from None
    except ssl.SSLError as error:
        raise TransportError(
            f"The TLS connection to {peer!r} at {address} fails: {_plain(error)}. Nothing was "
            "sent. All members need the folders of one call of make_certificates."
        ) from None
    except OSError as error:
        raise TransportError(
            f"{peer!r} cannot be reached at {address}: {error.strerror or error}. Nothing was sent."
        ) from None


def _plain(error):
    text = getattr(error, "verify_message", "") or error.reason or "TLS"
    return text.lower().replace("_", " ")
