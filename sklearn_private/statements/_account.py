"""A ledger as the composition rules see it: which of its charges belong to which claims."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..accounting import Charge, PrivacyLedger, other_ledgers
from ._kinds import DPStatement


def charge_name(ledger: PrivacyLedger, charge: Charge) -> str:
    """Return the name by which a statement points at a charge of a ledger."""
    return f"{ledger.uuid}/{charge.id}"


@dataclass(frozen=True)
class Account:
    """The charges of one ledger.

    Parameters
    ----------
    ledger : PrivacyLedger
        The ledger.
    """

    ledger: PrivacyLedger

    @functools.cached_property
    def entries(self) -> list[Charge]:
        """Every charge, the oldest first; read once, so that a report is of one moment."""
        return self.ledger.entries()

    @functools.cached_property
    def spent(self) -> float:
        """Epsilon of all charges together, at the delta of the budget."""
        return self.ledger.spent(self.entries)

    @functools.cached_property
    def other_paths(self) -> list[Path]:
        """Where other ledgers for the same data set are, of those whose file is still there."""
        if self.ledger.dataset is None:
            return []
        return [record.path for record in other_ledgers(self.ledger) if record.exists]

    def belonging(self, claims: Iterable[DPStatement]) -> list[Charge]:
        """Return the charges that paid for claims."""
        paid = {name for claim in claims for name in claim.charges}
        return [charge for charge in self.entries if charge_name(self.ledger, charge) in paid]

    def others(self, claims: Iterable[DPStatement]) -> list[Charge]:
        """Return the charges that paid for none of the claims, but for those that cost nothing."""
        belonging = {charge.id for charge in self.belonging(claims)}
        costly = (charge for charge in self.entries if charge.epsilon or charge.delta)
        return [charge for charge in costly if charge.id not in belonging]

    def epsilon_of(self, charges: list[Charge]) -> float:
        """Return the epsilon of some charges together, at the delta of the budget."""
        return self.spent if len(charges) == len(self.entries) else self.ledger.spent(charges)
