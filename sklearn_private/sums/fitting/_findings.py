"""What every fit over sums has to say about its sites and its labels."""

from __future__ import annotations

from typing import Any, Literal

from sklearn.base import is_classifier

from ...statements import Finding
from ._prepare import Prepared


def partition_findings(prepared: Prepared) -> tuple[Finding, ...]:
    """Return what is to be said where nobody told which site a row belongs to.

    Parameters
    ----------
    prepared : Prepared
        What the fit works on.

    Returns
    -------
    tuple of Finding
    """
    if not prepared.partition.simulated:
        return ()
    message = (
        "simulated partition: no groups reached fit, so rows were dealt out to "
        f"{len(prepared.sites)} made-up sites"
    )
    remedy = (
        "pass groups=; inside a search or pipeline they arrive with "
        "sklearn.set_config(enable_metadata_routing=True)"
    )
    return (Finding.warning("simulated-partition", message, remedy, where="groups"),)


def label_findings(owner: Any, level: Literal["error", "warning", "note"]) -> tuple[Finding, ...]:
    """Return what is to be said where the labels were read from the rows of all sites.

    Parameters
    ----------
    owner : SumsEstimator
        With parameter ``classes``.
    level : {"error", "warning", "note"}
        How grave that is.

    Returns
    -------
    tuple of Finding
    """
    if not is_classifier(owner) or owner.classes is not None:
        return ()
    message = "the list of class labels was read from y of all sites in the clear"
    return (
        Finding(level, "labels-in-the-clear", message, "declare classes=[...]", where="classes"),
    )
