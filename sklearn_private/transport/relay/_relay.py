"""The coordinator: it passes on what all sites send, or adds it, and learns nothing else.

It holds no rows and chooses no parameter. Of each round it waits for one message of every site,
compares their rounds and questions, and sends every site those of all others: it cannot change
one, since each is signed. Where the sites ask it to add (sums in the clear, or too many sites), it
is trusted to add.
"""

import selectors
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .._frames import Kind
from .._link import Deadline, Link, Message, close_all
from .._reasons import Failure, Reason, failure, reason_of
from .._session import Opened, abort, check_hello, check_place, opened, run_of, signed, stopped
from ..identity import Identity

Adder = Callable[[Sequence[memoryview]], bytes]


@dataclass(frozen=True)
class Relayed:
    """What a coordinator can tell of a run.

    Parameters
    ----------
    run : str
        The name of the run.
    n_rounds : int
        How many questions were answered.
    n_octets : int
        Octets received from the sites.
    """

    run: str
    n_rounds: int
    n_octets: int


class Relay:
    """Carry one run between sites that are connected.

    Parameters
    ----------
    identity : Identity
        The coordinator.
    links : mapping of str to Link
        The link to each site.
    adders : mapping of str to callable
        How payloads are added, by name: from those of all sites, in their order, to one.
    timeout : float
        Seconds that one round may take.
    on_round : callable, default=None
        Called with the number of each round that was answered, and the question.
    """

    def __init__(
        self,
        identity: Identity,
        links: Mapping[str, Link],
        *,
        adders: Mapping[str, Adder],
        timeout: float,
        on_round: Callable[[int, dict], None] | None = None,
    ) -> None:
        self._identity = identity
        self._links = {site: links[site] for site in identity.sites}
        self._adders = adders
        self._timeout = timeout
        self._on_round = on_round or (lambda number, question: None)
        self._run = ""
        self._n_rounds = 0
        self._n_octets = 0

    def run(self) -> Relayed:
        """Carry the run from its first message to its last.

        Returns
        -------
        Relayed

        Raises
        ------
        TransportError
            If a site stopped, is late or broke the protocol; all others were told.
        """
        last = None
        try:
            self._begin()
            while self._round():
                self._n_rounds += 1
        except BaseException as error:
            last = self._last_message(error)
            raise
        finally:
            close_all(self._links.values(), last)
        return Relayed(self._run, self._n_rounds, self._n_octets)

    def _begin(self):
        messages, heard = self._gather()
        for site, one in heard.items():
            check_hello(self._identity, one, site, site)
        self._forward(messages)
        self._run = run_of(messages[site].octets for site in self._links)

    def _round(self):
        """Carry one round, and return whether another one follows."""
        messages, heard = self._gather()
        first = next(iter(heard.values()))
        for site, one in heard.items():
            check_place(one, self._run, self._n_rounds, site)
            if _question(one) != _question(first):
                raise failure(Reason.QUESTION, site)
        adder = first.header.get("add", "")
        if adder:
            self._send_total(adder, {site: one.payload for site, one in heard.items()})
        else:
            self._forward(messages)
        if first.kind == Kind.ANSWER:
            self._on_round(self._n_rounds, first.header["question"])
        return first.kind == Kind.ANSWER

    def _gather(self) -> tuple[dict[str, Message], dict[str, Opened]]:
        """Return one message of every site as it came and as it was opened, in site order."""
        messages: dict[str, Message] = {}
        deadline = Deadline(self._timeout)
        with selectors.DefaultSelector() as selector:
            for site, link in self._links.items():
                selector.register(link, selectors.EVENT_READ, site)
            while len(messages) < len(self._links):
                for site in self._ready(selector, deadline, messages):
                    message = self._links[site].receive(deadline)
                    self._n_octets += len(message.octets)
                    if message.kind == Kind.ABORT:
                        raise stopped(self._identity, self._open(message, site), message.octets)
                    if site in messages:
                        raise failure(Reason.MALFORMED, site, ": two messages in one round")
                    messages[site] = message
        messages = {site: messages[site] for site in self._links}
        return messages, {site: self._open(one, site) for site, one in messages.items()}

    def _open(self, message, site):
        return opened(self._identity, message, site, site)

    def _ready(self, selector, deadline, messages):
        """Return the sites that have something to read; one that has answered must not."""
        pending = [site for site, link in self._links.items() if link.pending()]
        if pending:
            return pending
        try:
            while not (ready := selector.select(deadline.left())):
                pass
        except TimeoutError:
            late = next(site for site in self._links if site not in messages)
            raise failure(Reason.LATE, late) from None
        return [key.data for key, _ in ready]

    def _forward(self, messages):
        deadline = Deadline(self._timeout)
        for site, link in self._links.items():
            for sender, message in messages.items():
                if sender != site:
                    link.send(message.octets, deadline)

    def _send_total(self, adder, payloads):
        if adder not in self._adders:
            raise failure(Reason.QUESTION, self._identity.name, f": it cannot add {adder!r}")
        sizes = {site: len(payload) for site, payload in payloads.items()}
        for site, size in sizes.items():
            if size != max(sizes.values()):
                raise failure(Reason.MALFORMED, site, ": its vector has another length")
        header = {"sender": self._identity.name, "run": self._run, "round": self._n_rounds}
        added = self._adders[adder](list(payloads.values()))
        total = signed(self._identity, Kind.TOTAL, header, added)
        deadline = Deadline(self._timeout)
        for link in self._links.values():
            link.send(total, deadline)

    def _last_message(self, error):
        if isinstance(error, Failure) and error.told is not None:
            return error.told
        about = error.about if isinstance(error, Failure) else self._identity.name
        return abort(self._identity, self._run, reason_of(error), about)


def _question(heard):
    return heard.kind, heard.header.get("question"), heard.header.get("add")
