"""What a federated fit promises: one part for each protection, with its own adversary."""

import math
from typing import Any

from ..statements import AggregationStatement, Finding
from ..sums import MOST_FORWARDED

CENTRAL = Finding.note(
    "noise-at-the-coordinator",
    "noise is added to the totals by the coordinator, who sees them without noise",
    "run the coordinator where exact totals may be seen",
    where="dp",
)
UNITS_LEAK = ("the largest magnitude of each column of all sites, to a factor of 16",)
IN_THE_CLEAR = Finding.note(
    "sums-in-the-clear",
    "no secure aggregation: the coordinator sees the sums of every single site",
    "set secure_aggregation=True",
    where="secure_aggregation",
)
TRUSTED_TO_ADD = Finding.note(
    "coordinator-adds",
    "the coordinator adds what the sites send, and is trusted to: whoever gives sites false totals "
    "chooses the parameters at which they answer",
    "set secure_aggregation=True with at most 20 sites, which then add for themselves",
    where="coordinator",
)
_KEYS = "nobody has the key of another member's certificate"
_TRUE_KEYS = "the coordinator passes on the true public keys"  # real sites sign them
_TRANSPORT = "mutual TLS 1.3, every message signed (Ed25519) for its run and round"


def adds_for_itself(wrapper: Any) -> Any:
    """Return whether each real site adds what all sites sent."""
    return wrapper.secure_aggregation and len(wrapper.sites_) <= MOST_FORWARDED


def federated_statement(
    wrapper: Any, guard: Any, findings: tuple[Finding, ...], parts: tuple[Any, ...]
) -> AggregationStatement:
    """Return the statement of a fitted wrapper.

    Parameters
    ----------
    wrapper : FederatedWrapper
        With its fitted attributes but the statement.
    guard : Guard
        Which decided what may be opened: it says who can compute what.
    findings : tuple of Finding
        What else is to be said.
    parts : tuple of PrivacyStatement
        Protections beyond federation.

    Returns
    -------
    AggregationStatement
    """
    secure = wrapper.secure_aggregation
    seen = "the total of each round" if secure else "the sums of each site in each round"
    return AggregationStatement(
        owner=type(wrapper).__name__,
        protects="the rows: only sums over the rows of a site leave it",
        unit="row",
        against="other sites and the coordinator, who follow the protocol",
        releases=("the fitted model", "the parameters of each round, to all sites"),
        leaks=(
            "number of rows of each site",
            "number and names of features",
            "number of rounds, and bytes of each",
            f"{seen}, to the coordinator",
        ),
        assumes=(
            "sites follow the program and clip, weigh and label their rows as agreed",
            *((_KEYS,) if wrapper.site is not None else ()),
        ),
        mechanism=f"{type(wrapper.estimator).__name__} as a program over sums",
        parameters={
            **({} if wrapper.site is None else {"transport": _TRANSPORT}),
            "n_features": guard.n_columns,
            "n_rounds": wrapper.n_rounds_,
            "bytes_per_site": sum(wrapper.bytes_),
            "isolated_rows": guard.n_rows,
            "needed_rows": guard.needed
            if wrapper.min_client_rows is None
            else wrapper.min_client_rows,
        },
        findings=findings,
        n_rows=guard.n_samples,
        parts=parts,
        n_parties=len(wrapper.sites_),
        learns=guard.learns(wrapper.n_rounds_),
        simulation=wrapper.site is None,
    )


def masks_statement(wrapper: Any, guard: Any) -> AggregationStatement:
    """Return the part that secure aggregation adds."""
    n_sites, threshold = len(wrapper.sites_), guard.reach.threshold
    return AggregationStatement(
        owner=type(wrapper).__name__,
        protects="the sums of each site: only their total is opened",
        unit="site",
        against=(
            "a coordinator that follows the protocol and reads every message, also together with "
            f"up to {threshold} of {n_sites} sites"
        ),
        releases=("the total of each round",),
        leaks=(
            "the sum of the sites that do not collude",
            *(UNITS_LEAK if wrapper.dp is None else ()),
        ),
        assumes=(
            *(() if wrapper.site is not None else (_TRUE_KEYS,)),
            "no site drops out: a sum that lacks one site is not opened",
        ),
        mechanism=(
            "secure aggregation by pairwise masks from X25519, HKDF-SHA256 and ChaCha20, modulo "
            "2^64 or 2^128"
        ),
        parameters={
            "security_bits": 128,
            "collusion_threshold": threshold,
        },
        bounds={
            "range": (
                "units that sites agree on by a masked maximum; each checks its own sums"
                if wrapper.dp is None
                else "feature_norm and n_rows"
            )
        },
        randomness="operating system",
        n_rows=n_sites,
        n_parties=n_sites,
        learns={"the coordinator": "the total of all sites", "each site": "nothing of the others"},
        simulation=wrapper.site is None,
    )


def dp_statement(wrapper: Any, plan: Any, payment: Any, findings: Any, n_rows: int) -> Any:
    """Return the part that differential privacy adds."""
    dp = wrapper.dp
    return payment.statement(
        protects="the features and target of one row at its site",
        n_rows=n_rows,
        against=(
            "whoever reads the fitted model and the parameters of every round (sites, users of the "
            "model), but not the coordinator, who reads every total without noise"
        ),
        releases=("the fitted model", "the parameters of each round"),
        leaks=(
            "number of rows of each site",
            "number and names of features",
            "that values are finite, and labels or targets valid",
            "time of the fit",
        ),
        assumes=(
            "bounds, classes and parameters were chosen without looking at the rows",
            "one row per person, or the claim is per row and not per person",
            "the coordinator does not show the totals without noise",
        ),
        mechanism="Gaussian noise on the total gradient of each round",
        parameters=plan.parameters(),
        bounds={
            "rows": f"feature_norm={dp.feature_norm:g}, from the caller",
            "targets": (
                f"target_norm={dp.target_norm:g}, from the caller"
                if math.isfinite(dp.target_norm)
                else "labels" + (", learned from y" if findings else ", declared")
            ),
        },
        findings=(*findings, CENTRAL),
    )
