"""Where the vectors of the other sites come from: this process, or the far ends of a channel.

Aggregators compute, hide and open in the same way for both. :class:`Together` is the simulation:
all sites are here. :class:`Apart` is one site of a real computation: it hides its own vector, and a
channel [1]_ brings those of the others, each signed by its site, of this round and of the same
question. Every site then adds for itself, so that a coordinator cannot steer anybody by a false
total; only sums in the clear, and vectors of more than :data:`MOST_FORWARDED` sites, are added by
the coordinator, who is trusted to.

.. [1] :class:`sklearn_private.transport.Channel`
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from . import _ring

MOST_FORWARDED = 20
"""Of this many sites all vectors are passed on to all: it costs n² vectors a round."""

Question = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Adding:
    """How vectors of one kind are added and travel.

    Parameters
    ----------
    name : str
        What coordinators know it by.
    add : callable
        From two vectors to their sum.
    read : callable
        From bytes to a vector; ``tobytes`` writes one.
    hidden : bool
        Whether one vector tells nothing, so that everybody may see it.
    """

    name: str
    add: Callable[[np.ndarray, np.ndarray], np.ndarray]
    read: Callable[[bytes | memoryview], np.ndarray]
    hidden: bool

    def total(self, payloads: Sequence[bytes | memoryview]) -> bytes:
        """Return the sum of vectors, all as bytes: what a coordinator does."""
        return reduce(self.add, map(self.read, payloads)).tobytes()


IN_THE_CLEAR = Adding("float64", np.add, lambda data: np.frombuffer(data, dtype="<f8"), False)
NARROW = Adding("integers modulo 2^64", _ring.add, lambda data: _ring.from_bytes(data, 1), True)
RING = Adding("integers modulo 2^128", _ring.add, _ring.from_bytes, True)
ADDERS = {adding.name: adding.total for adding in (IN_THE_CLEAR, NARROW, RING)}
"""What a coordinator can add, by name."""


class Network(Protocol):
    """Where the vectors of the other sites come from.

    Attributes
    ----------
    n_sites : int
        How many sites there are.
    n_here : int
        How many of them are in this process.
    copies : int
        How often a site sends each of its vectors.
    scatters : bool
        Whether sites can send one another parts of a vector (``scattered_total``).
    """

    n_sites: int
    n_here: int
    copies: int
    scatters: bool

    def exchange(self, question: Question, messages: Sequence[bytes]) -> list[bytes]:
        """Return the messages of all sites, given those of the sites that are here."""

    def total(
        self, question: Question, vectors: Sequence[np.ndarray], adding: Adding
    ) -> np.ndarray:
        """Return the sum of the vectors of all sites, given those of the sites that are here."""


class Together:
    """All sites are in this process: a simulation.

    Parameters
    ----------
    n_sites : int
        How many.
    """

    def __init__(self, n_sites: int) -> None:
        self.n_sites = self.n_here = n_sites
        self.copies, self.scatters = 1, False

    def exchange(self, question: Question, messages: Sequence[bytes]) -> list[bytes]:
        """Return the messages: they are all there."""
        return list(messages)

    def total(
        self, question: Question, vectors: Sequence[np.ndarray], adding: Adding
    ) -> np.ndarray:
        """Return the sum of the vectors."""
        return reduce(adding.add, vectors)


class Apart:
    """One site is here, the others are at the far ends of a channel.

    Parameters
    ----------
    channel : transport.Channel
        Whose run has begun.
    """

    n_here = 1

    def __init__(self, channel: Any) -> None:
        self.n_sites, self.copies = len(channel.sites), channel.copies
        self.scatters = channel.scatters
        self._channel = channel

    def exchange(self, question: Question, messages: Sequence[bytes]) -> list[bytes]:
        """Send this site's message, and return those of all in the order of the sites."""
        (message,) = messages
        return [bytes(one) for one in self._channel.exchange(question, message)]

    def total(
        self, question: Question, vectors: Sequence[np.ndarray], adding: Adding
    ) -> np.ndarray:
        """Send this site's vector, and return the sum of all, added in the order of the sites."""
        payload = vectors[0].tobytes()
        if adding.hidden and self.n_sites <= MOST_FORWARDED:
            sizes = [len(payload)] * self.n_sites
            answers = self._channel.exchange(question, payload, sizes=sizes)
            return reduce(adding.add, map(adding.read, answers))
        return adding.read(self._channel.total(question, payload, add=adding.name))

    def scattered_total(
        self, question: Question, vector: np.ndarray, adding: Adding
    ) -> tuple[np.ndarray, int]:
        """Return the sum of all vectors, and the bytes sent, by reduce-scatter and broadcast.

        Each of n sites adds one n-th of all vectors and tells the others the result, so it sends
        2 (n - 1) / n vectors instead of n - 1.

        Parameters
        ----------
        question : mapping
            What is summed.
        vector : ndarray of shape (n_words, n_values)
            This site's, hidden.
        adding : Adding
            How to add.
        """
        edges = np.linspace(0, vector.shape[1], self.n_sites + 1).astype(int)
        parts = [vector[:, start:end].tobytes() for start, end in pairwise(edges)]
        sizes = [len(part) for part in parts]
        own = adding.total(self._channel.scatter(question, parts))
        totals = self._channel.exchange({**question, "step": "broadcast"}, own, sizes=sizes)
        n_bytes = sum(sizes) - len(own) + (self.n_sites - 1) * len(own)
        return np.concatenate([adding.read(total) for total in totals], axis=1), n_bytes


def question_of(statistic: Callable[..., Any], shapes: Sequence[tuple[int, ...]]) -> Question:
    """Return what one sum asks, in a form that all sites can compare.

    Parameters
    ----------
    statistic : callable
        What is summed.
    shapes : sequence of tuple of int
        Of its outputs.

    Returns
    -------
    dict
    """
    name = f"{statistic.__module__}.{statistic.__qualname__}"
    return {"statistic": name, "shapes": [list(shape) for shape in shapes]}


def digest_of(question: Question) -> bytes:
    """Return 32 bytes that stand for a question: masks of another question do not cancel."""
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).digest()
