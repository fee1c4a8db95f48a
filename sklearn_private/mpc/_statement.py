"""What a multi-party fit promises: who learns what, and how many may collude."""

from typing import Any

from ..statements import MultiPartyStatement

_SIMULATED = "additive secret shares modulo 2^64 or 2^128 of each party's sums"
_AT_A_PARTY = (
    "shares of zero from pairwise seeds (X25519, HKDF-SHA256, ChaCha20), added to each party's "
    "sums modulo 2^64 or 2^128; mutual TLS 1.3, signed messages (Ed25519)"
)
_RANGE = (
    "units that parties agree on by a shared maximum; each checks its own sums, and aborts before "
    "anything is opened"
)
_LEARNS = {
    "each party": (
        "the number of rows of each party, the number and names of features, the parameters of "
        "each round, the total of each round (count, loss, gradient and curvature, or means and "
        "products), the model; not the sums of any other party"
    ),
    "a user of the model": "the model",
}


def multi_party_statement(
    fitter: Any, guard: Any, findings: tuple[Any, ...]
) -> MultiPartyStatement:
    """Return the statement of a fitted :class:`MPCFitter`.

    Parameters
    ----------
    fitter : MPCFitter
        With its fitted attributes but the statement.
    guard : Guard
        Which decided what may be opened: it says who can compute what.
    findings : tuple of Finding
        What else is to be said.

    Returns
    -------
    MultiPartyStatement
    """
    n_parties, threshold = len(fitter.sites_), guard.reach.threshold
    return MultiPartyStatement(
        owner=type(fitter).__name__,
        protects="the rows and the sums of each party: only totals are opened",
        unit="site",
        against=(
            f"up to {threshold} of {n_parties} parties together, who follow the protocol "
            "(honest but curious)"
        ),
        releases=("the total of each round", "the fitted model"),
        leaks=(
            "all totals, not the model alone",
            "what a total tells about rows: the same fit with and without one row shows that row",
            "to colluding parties, the total of the others",
            "the largest magnitude of each column of all parties, to a factor of 16",
        ),
        assumes=(
            "parties follow the protocol, and nobody else reads their channels"
            if fitter.party is None
            else "parties follow the protocol, and nobody has the key of another's certificate",
            "at least two parties do not collude",
        ),
        mechanism=_SIMULATED if fitter.party is None else _AT_A_PARTY,
        parameters={
            "n_features": guard.n_columns,
            "n_rounds": fitter.n_rounds_,
            "bytes_per_party": sum(fitter.bytes_),
            "collusion_threshold": threshold,
            "isolated_rows": guard.n_rows,
        },
        bounds={"range": _RANGE},
        randomness="operating system",
        findings=findings,
        n_rows=n_parties,
        n_parties=n_parties,
        learns={**guard.learns(fitter.n_rounds_), **_LEARNS},
        simulation=fitter.party is None,
    )
