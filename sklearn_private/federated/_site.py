"""One real site of a federated fit: what it needs to be told, and how it reaches the others."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_classifier

from .._checks import Checks
from ..exceptions import InvalidParameterError
from ..transport import Channel, Identity, connect

LOCAL = frozenset(
    {
        "history",
        "site",
        "coordinator",
        "tls",
        "timeout",
        "n_clients",
        "ledger",
        "random_state",
        "classes",
    }
)
"""Parameters that sites need not have in common; labels are compared as the list they make."""


def check_site(wrapper: Any, groups: Any) -> None:
    """Raise unless the parameters describe one real site, or none.

    Parameters
    ----------
    wrapper : FederatedWrapper
        With its parameters.
    groups : array-like or None
        What ``fit`` was given.
    """
    name = type(wrapper).__name__
    Checks(wrapper).real("timeout", above=0)
    places = {"coordinator": wrapper.coordinator, "tls": wrapper.tls}
    if wrapper.site is None:
        given = [parameter for parameter, value in places.items() if value is not None]
        if given:
            raise InvalidParameterError(
                f"The {given[0]!r} parameter of {name} is for one real site: give site=, too. "
                "Nothing was computed."
            )
        return
    missing = [parameter for parameter, value in places.items() if value is None]
    if missing:
        raise InvalidParameterError(
            f"{name}(site={wrapper.site!r}) needs {' and '.join(missing)}: where the coordinator "
            "listens (host:port), and this site's folder of certificates. Nothing was sent."
        )
    if groups is not None:
        raise InvalidParameterError(
            f"{name}(site={wrapper.site!r}) takes no groups: all rows are this site's. Nothing was "
            "sent."
        )
    if wrapper.dp is not None:
        raise InvalidParameterError(
            f"{name}(site={wrapper.site!r}) takes no dp: the coordinator of real sites adds no "
            "noise yet. Nothing was sent. Fit with dp in one process, or without dp."
        )
    if is_classifier(wrapper) and wrapper.classes is None:
        raise InvalidParameterError(
            f"{name}(site={wrapper.site!r}) needs classes=, the list of labels that all sites "
            "agreed on: no site shows which labels it has. Nothing was sent."
        )


def channel_of(wrapper: Any) -> Channel:
    """Return the channel of a real site to all others, over its coordinator."""
    identity = Identity.load(wrapper.tls, str(wrapper.site))
    return connect(identity, wrapper.coordinator, timeout=wrapper.timeout)
