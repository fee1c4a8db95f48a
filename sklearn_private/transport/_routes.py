"""Two routes: a star around a coordinator, and a mesh of links between all parties."""

from collections.abc import Mapping, Sequence

from ..exceptions import InvalidParameterError
from ._frames import Kind
from ._link import Deadline, Link, Message, close_all, send_if_open


class Star:
    """One link, to a coordinator that passes messages on.

    Parameters
    ----------
    link : Link
        To the coordinator.
    others : sequence of str
        The other sites, sorted: the order in which their messages come.
    """

    patience, copies, scatters = 1.0, 1, False

    def __init__(self, link: Link, others: Sequence[str]) -> None:
        self._link = link
        self._others = others

    def deliver(self, octets: bytes, deadline: Deadline) -> dict[str, tuple[str, Message]]:
        """Send a message to the coordinator, and return those of all other sites."""
        send_if_open(self._link, octets, deadline)
        messages = {}
        for name in self._others:
            message = self._link.receive(deadline)
            messages[name] = (self._link.peer, message)
            if message.kind == Kind.ABORT:
                return {name: messages[name]}
        return messages

    def scatter(
        self, octets: Mapping[str, bytes], deadline: Deadline
    ) -> dict[str, tuple[str, Message]]:
        """Raise: a coordinator passes every message on to all."""
        raise InvalidParameterError("Over a coordinator, sites send all of a message to all.")

    def total(self, octets: bytes, deadline: Deadline) -> tuple[str, Message]:
        """Send a message to the coordinator, and return its answer."""
        send_if_open(self._link, octets, deadline)
        return self._link.peer, self._link.receive(deadline)

    def close(self, octets: bytes | None) -> None:
        """Send a last message and close."""
        close_all([self._link], octets)


class Mesh:
    """A link to every other party.

    Each pair exchanges in turn, all parties in the same order of pairs, and of each pair the first
    one sends first: nobody ever waits in a circle, whatever the size of the messages.

    Parameters
    ----------
    name : str
        This party.
    links : mapping of str to Link
        To each other party, by its name.
    """

    patience, scatters = 0.0, True

    def __init__(self, name: str, links: Mapping[str, Link]) -> None:
        self.copies = len(links)
        self._name = name
        self._links = {peer: links[peer] for peer in sorted(links)}

    def deliver(self, octets: bytes, deadline: Deadline) -> dict[str, tuple[str, Message]]:
        """Exchange a message with every other party."""
        return self.scatter(dict.fromkeys(self._links, octets), deadline)

    def scatter(
        self, octets: Mapping[str, bytes], deadline: Deadline
    ) -> dict[str, tuple[str, Message]]:
        """Exchange with every other party a message for it alone."""
        messages = {}
        for peer, link in self._links.items():
            if self._name < peer:
                send_if_open(link, octets[peer], deadline)
            message = link.receive(deadline)
            if message.kind == Kind.ABORT:
                return {peer: (peer, message)}
            if self._name > peer:
                send_if_open(link, octets[peer], deadline)
            messages[peer] = (peer, message)
        return messages

    def total(self, octets: bytes, deadline: Deadline) -> tuple[str, Message]:
        """Raise: parties have nobody who adds for them."""
        raise InvalidParameterError(
            "Parties add for themselves: there is no coordinator. Nothing was sent. Set "
            "secure_aggregation=True."
        )

    def close(self, octets: bytes | None) -> None:
        """Send a last message to all and close."""
        close_all(self._links.values(), octets)
