"""A coordinator from its first connection to its last: wait for all sites, and carry one run."""

from collections.abc import Callable, Mapping

from .._connect import Listener
from .._link import Deadline
from ..identity import Identity
from ._relay import Adder, Relay, Relayed


def coordinate(
    identity: Identity,
    address: str,
    *,
    adders: Mapping[str, Adder],
    timeout: float,
    wait: float,
    on_listen: Callable[[str], None] = lambda address: None,
    on_join: Callable[[str], None] = lambda site: None,
    on_round: Callable[[int, dict], None] | None = None,
) -> Relayed:
    """Listen until all sites are there, and carry one run between them.

    Parameters
    ----------
    identity : Identity
        The coordinator.
    address : str
        Where to listen: ``host:port``; port 0 takes any that is free.
    adders : mapping of str to callable
        What it can add: ``sklearn_private.sums.ADDERS``.
    timeout : float
        Seconds that one round may take, the computing of the slowest site included.
    wait : float
        Seconds to wait for all sites.
    on_listen, on_join, on_round : callable, default=None
        Called with the address, with each site that connects, and with the number of each round
        and its question.

    Returns
    -------
    Relayed

    Raises
    ------
    TransportError
        If a site is missing, stopped, is late or broke the protocol; all others were told.
    """
    with Listener(identity, address) as listener:
        on_listen(listener.address)
        links = listener.wait_for(identity.sites, Deadline(wait), on_join)
    return Relay(identity, links, adders=adders, timeout=timeout, on_round=on_round).run()
