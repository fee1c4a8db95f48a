"""What one site sees of the others: one question at a time, answered by all.

A program over sums needs one thing of a network: *everybody sends one message, and everybody gets
all of them*. :class:`Channel` does that, over whatever route there is, and compares before it hands
anything on: every message is signed by its sender, of this run and this round, and answers the same
question.
"""

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from ._frames import Kind
from ._link import Deadline, Message
from ._reasons import Failure, Reason, failure, reason_of
from ._session import (
    Opened,
    abort,
    check_hello,
    check_place,
    hello,
    opened,
    run_of,
    signed,
    stopped,
)
from .identity import Identity

_log = logging.getLogger("sklearn_private.transport")


class Route(Protocol):
    """How messages get from one site to the others.

    Attributes
    ----------
    patience : float
        Seconds that a site waits longer than whoever tells it who is late.
    copies : int
        How often a site sends each of its messages.
    scatters : bool
        Whether a site can send each other one a message of its own.
    """

    patience: float
    copies: int
    scatters: bool

    def deliver(self, octets: bytes, deadline: Deadline) -> dict[str, tuple[str, Message]]:
        """Send a message to all, and return those of all other sites and whose link brought each.

        The message of a site that stopped may stand for all.
        """

    def scatter(
        self, octets: Mapping[str, bytes], deadline: Deadline
    ) -> dict[str, tuple[str, Message]]:
        """Send each other site the message for it, and return as :meth:`deliver` does."""

    def total(self, octets: bytes, deadline: Deadline) -> tuple[str, Message]:
        """Send a message to whoever adds, and return its name and its message."""

    def close(self, octets: bytes | None) -> None:
        """Send a last message, if there is one, to whoever still listens, and close."""


class Channel:
    """One site's part of one run.

    Use it as a context. Entering it begins the run with all other sites, and raises where one is
    missing, or has another version or other certificates. Leaving it by an error tells the others
    why, in one word that holds no value; leaving it after :meth:`finish` closes in the agreed
    order.

    Parameters
    ----------
    identity : Identity
        Who this site is, and who the others are.
    route : Route
        How messages travel.
    timeout : float
        Seconds that one round may take.

    Every round is logged by its number and its question, at the level INFO of the logger
    ``sklearn_private.transport``.

    Attributes
    ----------
    name : str
        This site.
    sites : tuple of str
        All sites, in the order in which all add.
    copies : int
        How often this site sends each message: once, or to every other party.
    scatters : bool
        Whether :meth:`scatter` is possible.
    run : str
        The name of the run, once it has begun.
    n_rounds : int
        Rounds so far.
    n_octets : int
        Octets that this site sent so far.
    """

    def __init__(self, identity: Identity, route: Route, timeout: float) -> None:
        self.name = identity.name
        self.sites = identity.sites
        self.copies = route.copies
        self.scatters = route.scatters
        self.run = ""
        self.n_rounds = 0
        self.n_octets = 0
        self._identity = identity
        self._route = route
        self._timeout = timeout
        self._finished = False

    def exchange(
        self,
        question: Mapping[str, object],
        payload: bytes,
        *,
        sizes: Sequence[int] | None = None,
    ) -> list[memoryview]:
        """Send a payload to all sites, and return those of all, in the order of the sites.

        Parameters
        ----------
        question : mapping
            What the payload answers: JSON-ready, and the same at all sites.
        payload : bytes
            The answer.
        sizes : sequence of int, default=None
            How long the payload of each site must be, in the order of the sites.

        Returns
        -------
        list of memoryview

        Raises
        ------
        TransportError
            If a site stopped, is late, asks another question, or a message is not what its sender
            signed for this round. Nothing of the round is returned.
        """
        delivered = self._delivered(self._answer(question, payload, add=""))
        return self._answers(question, delivered, payload, sizes)

    def scatter(
        self, question: Mapping[str, object], payloads: Sequence[bytes]
    ) -> list[memoryview]:
        """Send each site a payload for it alone, and return those for this one from all sites.

        Parameters
        ----------
        question : mapping
            What the payloads answer: JSON-ready, and the same at all sites.
        payloads : sequence of bytes
            One for each site, in the order of the sites; this site keeps its own. All those for one
            site are of one length.

        Returns
        -------
        list of memoryview
            In the order of the sites.

        Raises
        ------
        TransportError
            As :meth:`exchange`.
        """
        kept = payloads[self.sites.index(self.name)]
        messages = {
            site: self._answer(question, payload, add="")
            for site, payload in zip(self.sites, payloads, strict=True)
            if site != self.name
        }
        self.n_octets += sum(map(len, messages.values()))
        delivered = self._route.scatter(messages, self._deadline())
        return self._answers(question, delivered, kept, [len(kept)] * len(self.sites))

    def total(self, question: Mapping[str, object], payload: bytes, *, add: str) -> memoryview:
        """Send a payload to the coordinator, and return the total that it made of all.

        The coordinator is trusted to add: use :meth:`exchange` where each site can add itself.

        Parameters
        ----------
        question : mapping
            What the payload answers: JSON-ready, and the same at all sites.
        payload : bytes
            The answer.
        add : str
            How payloads are added, by a name that the coordinator knows.

        Returns
        -------
        memoryview

        Raises
        ------
        TransportError
            As :meth:`exchange`.
        """
        own = self._answer(question, payload, add=add)
        self.n_octets += self.copies * len(own)
        adder, message = self._route.total(own, self._deadline())
        heard = self._placed(message, adder, adder)
        if heard.kind != Kind.TOTAL or len(heard.payload) != len(payload):
            raise failure(Reason.MALFORMED, adder, ": it is no total of these vectors")
        self._count(question)
        return heard.payload

    def finish(self, result: bytes) -> list[memoryview]:
        """Exchange results, after which nobody needs anybody any more.

        Parameters
        ----------
        result : bytes
            What this site came to.

        Returns
        -------
        list of memoryview
            What each site came to, in the order of the sites.
        """
        header = {"sender": self.name, "run": self.run, "round": self.n_rounds}
        own = signed(self._identity, Kind.DONE, header, result)
        results = {self.name: memoryview(result)}
        for sender, (through, message) in self._delivered(own).items():
            heard = self._placed(message, sender, through)
            if heard.kind != Kind.DONE:
                raise failure(Reason.QUESTION, sender)
            results[sender] = heard.payload
        self._finished = True
        return [results[site] for site in self.sites]

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        last = None
        if not self._finished:
            reason = Reason.INTERRUPTED if error is None else reason_of(error)
            about = getattr(error, "about", "") if isinstance(error, Failure) else ""
            last = abort(self._identity, self.run, reason, about or self.name)
        self._route.close(last)

    def _open(self):
        own = hello(self._identity)
        greetings = {self.name: own}
        for sender, (through, message) in self._delivered(own).items():
            heard = self._opened(message, sender, through)
            check_hello(self._identity, heard, sender, through)
            greetings[sender] = message.octets
        self.run = run_of(greetings[site] for site in self.sites)

    def _answer(self, question, payload, *, add):
        header = {
            "sender": self.name,
            "run": self.run,
            "round": self.n_rounds,
            "question": dict(question),
            "add": add,
        }
        return signed(self._identity, Kind.ANSWER, header, payload)

    def _count(self, question):
        _log.info("round %d: %s", self.n_rounds, question.get("statistic", ""))
        self.n_rounds += 1

    def _answers(self, question, delivered, own, sizes):
        """Return the payloads of all sites, once all were checked."""
        answers = {self.name: memoryview(own)}
        for sender, (through, message) in delivered.items():
            heard = self._placed(message, sender, through)
            self._check_question(heard, sender, question)
            answers[sender] = heard.payload
        found = [answers[site] for site in self.sites]
        for site, answer, size in zip(self.sites, found, sizes or map(len, found), strict=True):
            if len(answer) != size:
                raise failure(Reason.MALFORMED, site, ": its vector has another length")
        self._count(question)
        return found

    def _deadline(self):
        return Deadline(self._timeout + self._route.patience)

    def _delivered(self, octets):
        self.n_octets += self.copies * len(octets)
        return self._route.deliver(octets, self._deadline())

    def _opened(self, message, sender, through) -> Opened:
        heard = opened(self._identity, message, sender, through)
        if heard.kind == Kind.ABORT:
            if heard.header["run"] not in ("", self.run):
                raise failure(Reason.REPLAYED, through)
            raise stopped(self._identity, heard, message.octets)
        return heard

    def _placed(self, message, sender, through):
        heard = self._opened(message, sender, through)
        check_place(heard, self.run, self.n_rounds, through)
        return heard

    def _check_question(self, heard, sender, question):
        if heard.kind != Kind.ANSWER:
            raise failure(Reason.QUESTION, sender, f": in round {self.n_rounds} it is done")
        theirs = heard.header["question"]
        if theirs != dict(question) or heard.header["add"]:
            other = sorted(name for name in question if theirs.get(name) != question[name])
            raise failure(Reason.QUESTION, sender, f": another {', '.join(other) or 'form'}")

    def __repr__(self) -> str:
        return f"Channel({self.name!r}, sites={list(self.sites)!r}, n_rounds={self.n_rounds})"
