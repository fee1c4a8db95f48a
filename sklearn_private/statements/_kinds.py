"""The statements of the techniques: what each one adds to the common fields."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from dp_accounting import DpEvent

from .. import accounting
from ._statement import PrivacyStatement, number

Relation = Literal["replace_one", "zero_out", "add_remove"]
TrustModel = Literal["central", "local", "secure computation"]


@dataclass(frozen=True, kw_only=True, repr=False)
class DPStatement(PrivacyStatement):
    """A differential-privacy claim.

    Parameters
    ----------
    epsilon, delta : float
        The claim; ``epsilon`` is infinity where the randomness is seeded.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The neighbouring relation.
    event : dp_accounting.DpEvent
        The mechanism as an event; statements compose through it.
    charges : tuple of str
        The entries of ledgers that paid for it, each as ``"uuid of the ledger/number"``.
    trust_model : {"central", "local", "secure computation"}
        Who must be trusted with the rows, in the words of NIST SP 800-226: whoever computes, nobody
        beyond the owner of each row, or parties of whom enough do not collude.
    """

    technique: ClassVar[str] = "differential privacy"

    epsilon: float
    delta: float
    neighboring: Relation
    event: DpEvent
    charges: tuple[str, ...] = ()
    trust_model: TrustModel = "central"

    def claim(self) -> str:
        """Return the claim in one line."""
        if self.epsilon == math.inf:
            return "none: epsilon = infinity, since the randomness is seeded"
        relation = self.neighboring.replace("_", "-")
        return (
            f"({number(self.epsilon)}, {number(self.delta)})-differential privacy, "
            f"{relation}, one {self.unit}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as JSON-ready data, the event as nested dictionaries."""
        return {**super().to_dict(), "event": accounting.event_to_dict(self.event)}


@dataclass(frozen=True, kw_only=True, repr=False)
class AnonymityStatement(PrivacyStatement):
    """A claim about a table whose quasi-identifiers were generalised.

    Parameters
    ----------
    k : int
        Every fitted person shares a label with at least ``k - 1`` others.
    n_people : int
        People in the fitted table.
    n_suppressed : int
        Of these, people whose quasi-identifiers were suppressed.
    information_loss : float
        Global certainty penalty of the labels, 0 (nothing lost) to 1 (all lost).
    quasi_identifiers, sensitive : tuple of str
        Columns that were generalised, and columns that must not be learnt.
    """

    technique: ClassVar[str] = "k-anonymity"

    k: int
    n_people: int
    n_suppressed: int = 0
    information_loss: float
    quasi_identifiers: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()

    def claim(self) -> str:
        """Return the claim in one line."""
        return (
            f"{self.k}-anonymity of {self.n_people} people over "
            f"{len(self.quasi_identifiers)} quasi-identifiers ({self.n_suppressed} suppressed, "
            f"information loss {self.information_loss:.3f})"
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class MinimisationStatement(PrivacyStatement):
    """A claim that columns say less: dropped, masked, under pseudonyms or coarser.

    Parameters
    ----------
    removed, masked, pseudonymised, coarsened : tuple of str
        The columns.
    detected : bool
        Whether the columns were found by looking at the table (a stateful step) or declared.
    """

    technique: ClassVar[str] = "data minimisation"

    removed: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    pseudonymised: tuple[str, ...] = ()
    coarsened: tuple[str, ...] = ()
    detected: bool = False

    def claim(self) -> str:
        """Return the claim in one line."""
        found = "detected" if self.detected else "declared"
        counts = {
            f"{found} columns dropped": len(self.removed),
            f"{found} columns masked": len(self.masked),
            "columns under pseudonyms": len(self.pseudonymised),
            "columns coarsened": len(self.coarsened),
        }
        return ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "no column changed"


@dataclass(frozen=True, kw_only=True, repr=False)
class EncryptionStatement(PrivacyStatement):
    """A claim that the party that computes sees ciphertexts only.

    Parameters
    ----------
    scheme : str
        Name of the encryption scheme.
    security_bits : int
        Classical security level of the parameters.
    simulation : bool
        Whether both roles run in one process, which protects nothing.
    """

    technique: ClassVar[str] = "homomorphic encryption"

    scheme: str
    security_bits: int
    simulation: bool = False

    def claim(self) -> str:
        """Return the claim in one line."""
        tail = "; simulation in one process" if self.simulation else ""
        return f"{self.scheme}, {self.security_bits}-bit security{tail}"


@dataclass(frozen=True, kw_only=True, repr=False)
class AggregationStatement(PrivacyStatement):
    """A claim about who learns what while several parties compute sums.

    Parameters
    ----------
    n_parties : int
        How many sites or parties take part.
    learns : dict of str to str
        What each role learns.
    simulation : bool
        Whether all roles run in one process, which protects nothing.
    """

    technique: ClassVar[str] = "federated learning"

    n_parties: int
    learns: dict[str, str]
    simulation: bool = False

    def claim(self) -> str:
        """Return the claim in one line."""
        tail = " (simulation in one process)" if self.simulation else ""
        who = "; ".join(f"{role} learns {what}" for role, what in self.learns.items())
        return f"{self.n_parties} parties: {who}{tail}"


@dataclass(frozen=True, kw_only=True, repr=False)
class MultiPartyStatement(AggregationStatement):
    """A claim about secret shares: who learns what, and how many parties may collude."""

    technique: ClassVar[str] = "multi-party computation"
