"""The in-process twin: a whole computation in threads, over the code that real sites run.

Frames, signatures, rounds, comparisons and closing are those of :class:`Channel` and
:class:`Relay`; only the sockets are pairs inside this process instead of TLS connections.
"""

import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations

from ._channel import Channel
from ._link import Link
from ._routes import Mesh, Star
from .identity import COORDINATOR, identities
from .relay import Adder, Relay

Site = Callable[[Channel], object]


def run_star(
    sites: Mapping[str, Site], *, adders: Mapping[str, Adder] | None = None, timeout: float = 60.0
) -> dict[str, object]:
    """Run every site in a thread of its own, and a coordinator between them.

    Parameters
    ----------
    sites : mapping of str to callable
        What each site does with its channel, whose run has not begun.
    adders : mapping of str to callable, default=None
        What the coordinator can add: see :class:`Relay`.
    timeout : float, default=60
        Seconds that one round may take.

    Returns
    -------
    dict of str to object
        What each site returned, or the exception that it raised; under the coordinator's name what
        the coordinator did.

    Examples
    --------
    >>> from sklearn_private.transport import run_star
    >>> def site(channel):
    ...     with channel:
    ...         names = channel.exchange({"ask": "name"}, channel.name.encode())
    ...         channel.finish(b"")
    ...         return b"".join(names)
    >>> run_star({"a": site, "b": site})["a"]
    b'ab'
    """
    members = identities(list(sites))
    links, routes = {}, {}
    for name in sites:
        here, there = socket.socketpair()
        links[name] = Link(here, name)
        others = [site for site in members[name].sites if site != name]
        routes[name] = Star(Link(there, COORDINATOR), others)
    relay = Relay(members[COORDINATOR], links, adders=adders or {}, timeout=timeout)
    return _run(members, sites, routes, timeout, {COORDINATOR: relay.run})


def run_mesh(parties: Mapping[str, Site], *, timeout: float = 60.0) -> dict[str, object]:
    """Run every party in a thread of its own, with links to all others.

    Parameters
    ----------
    parties : mapping of str to callable
        What each party does with its channel, whose run has not begun.
    timeout : float, default=60
        Seconds that one round may take.

    Returns
    -------
    dict of str to object
        What each party returned, or the exception that it raised.
    """
    members = identities(list(parties), coordinator=False)
    links: dict[str, dict[str, Link]] = {name: {} for name in parties}
    for one, other in combinations(parties, 2):
        here, there = socket.socketpair()
        links[one][other], links[other][one] = Link(here, other), Link(there, one)
    routes = {name: Mesh(name, links[name]) for name in parties}
    return _run(members, parties, routes, timeout, {})


def _run(members, sites, routes, timeout, besides):
    def site(name):
        try:
            return sites[name](Channel(members[name], routes[name], timeout))
        finally:  # a site that never began its run must not keep the others waiting
            routes[name].close(None)

    tasks = {name: partial(site, name) for name in sites} | besides
    with ThreadPoolExecutor(len(tasks)) as pool:
        futures = {name: pool.submit(task) for name, task in tasks.items()}
    return {name: future.exception() or future.result() for name, future in futures.items()}
