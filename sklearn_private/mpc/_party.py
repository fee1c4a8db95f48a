"""One real party of a multi-party fit: what it needs to be told, and how it reaches the others."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier

from .._checks import Checks
from ..exceptions import InvalidParameterError
from ..transport import Channel, Identity, join

LOCAL = frozenset({"history", "party", "peers", "tls", "timeout", "n_parties", "classes"})
"""Parameters that parties need not have in common; labels are compared as the list they make."""


def check_party(fitter: Any, groups: Any) -> None:
    """Raise unless the parameters describe one real party, or none.

    Parameters
    ----------
    fitter : MPCFitter
        With its parameters.
    groups : array-like or None
        What ``fit`` was given.
    """
    name, check = type(fitter).__name__, Checks(fitter)
    check.real("timeout", above=0)
    places = {"peers": fitter.peers, "tls": fitter.tls}
    if fitter.party is None:
        given = [parameter for parameter, value in places.items() if value is not None]
        if given:
            raise InvalidParameterError(
                f"The {given[0]!r} parameter of {name} is for one real party: give party=, too. "
                "Nothing was computed."
            )
        return
    missing = [parameter for parameter, value in places.items() if value is None]
    if missing:
        raise InvalidParameterError(
            f"{name}(party={fitter.party!r}) needs {' and '.join(missing)}: where each party "
            "listens (host:port, in order), and this party's folder of certificates. Nothing was "
            "sent."
        )
    if isinstance(fitter.peers, str) or len(fitter.peers) < 3:
        raise check.invalid("peers", "host:port of 3 parties or more, this one included")
    check.integer("party", at_least=0, at_most=len(fitter.peers) - 1)
    if groups is not None:
        raise InvalidParameterError(
            f"{name}(party={fitter.party!r}) takes no groups: all rows are this party's. Nothing "
            "was sent."
        )
    if is_classifier(fitter) and fitter.classes is None:
        raise InvalidParameterError(
            f"{name}(party={fitter.party!r}) needs classes=, the list of labels that all parties "
            "agreed on: no party shows which labels it has. Nothing was sent."
        )


def channel_of(fitter: Any) -> Channel:
    """Return the channel of a real party over links to all others."""
    identity = Identity.load(fitter.tls, str(fitter.party))
    addresses = {str(party): address for party, address in enumerate(fitter.peers)}
    if set(identity.sites) != set(addresses):
        raise InvalidParameterError(
            f"The folder in tls has certificates of {', '.join(identity.sites)}, and peers names "
            f"the parties {', '.join(addresses)}. Nothing was sent. Make certificates for parties "
            "'0', '1', ... without a coordinator."
        )
    return join(identity, addresses, timeout=fitter.timeout)
