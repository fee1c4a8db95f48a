"""One payment: a release is paid for first, and stated afterwards from the same facts.

What a fit spends and what its statement says share an owner, a unit, a relation, an event and
whether the noise can be repeated. They are given once here, so that the two cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np
from dp_accounting import DpEvent

from .. import accounting
from ..accounting import LedgerLike, PrivacyLedger, open_ledger
from ._account import charge_name
from ._finding import SEEDED, Finding
from ._kinds import DPStatement

_MOVED = {
    "replace_one": "replaced by any other {unit}",
    "zero_out": "replaced by nothing",
    "add_remove": "added or removed",
}


@dataclass(kw_only=True)
class Payment:
    """Pay for one release, and say what was paid.

    Parameters
    ----------
    ledger : PrivacyLedger, path-like or None
        What is charged; None takes every charge and keeps none.
    owner : str
        Who pays: the class of an estimator.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation of the claim.
    rng : SecureSource or numpy.random.Generator
        The source of the noise, as :func:`~sklearn_private.mechanisms.noise_source` returned it.
    unit : {"row", "person", "site"}, default="row"
        Whose data the claim protects.
    seeded : bool, default=False
        Whether other noise of the release can be repeated, whatever ``rng`` is.

    Attributes
    ----------
    event : DpEvent
        What was paid for, once it was.
    epsilon, delta : float
        The claim; epsilon is infinite where the noise can be repeated.
    charges : tuple of str
        The entries of the ledger that paid for it.

    Examples
    --------
    >>> from dp_accounting import LaplaceDpEvent
    >>> from sklearn_private.mechanisms import noise_source
    >>> from sklearn_private.statements import Payment
    >>> payment = Payment(
    ...     ledger=None, owner="Mean", neighboring="replace_one", rng=noise_source()
    ... )
    >>> payment.spend(LaplaceDpEvent(2.0))
    >>> payment.epsilon, payment.moved
    (0.5, 'replaced by any other row')
    """

    ledger: InitVar[LedgerLike | None]
    owner: str
    neighboring: str
    rng: InitVar[object]
    unit: str = "row"
    seeded: bool = False
    event: DpEvent = field(init=False)
    epsilon: float = field(init=False)
    delta: float = field(init=False)
    charges: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self, ledger: LedgerLike | None, rng: object) -> None:
        self._ledger = open_ledger(ledger)
        # Only what tests seed is a generator of NumPy.
        self.seeded = self.seeded or isinstance(rng, np.random.Generator)

    @property
    def moved(self) -> str:
        """What the relation does to one unit, in words."""
        return _MOVED[self.neighboring].format(unit=self.unit)

    def spend(self, event: DpEvent, *, epsilon: float | None = None, delta: float = 0.0) -> None:
        """Charge the ledger before anything is released.

        Parameters
        ----------
        event : DpEvent
            What is about to be released.
        epsilon : float, optional
            Epsilon of the claim, where the event was calibrated to it; else the event is priced.
        delta : float, default=0.0
            Delta of the claim.

        Raises
        ------
        BudgetExceededError
            If it does not fit; nothing was released.
        InvalidParameterError
            If the noise can be repeated and there is a ledger.
        LedgerError
            If the ledger cannot be read or written, or counts another unit or relation.
        """
        charge = self._ledger.spend(
            event,
            owner=self.owner,
            delta=delta,
            unit=self.unit,
            neighboring=self.neighboring,
            seeded=self.seeded,
        )
        if charge is not None and isinstance(self._ledger, PrivacyLedger):
            self.charges = (*self.charges, charge_name(self._ledger, charge))
        self.claim(event, epsilon=epsilon, delta=delta)

    def claim(self, event: DpEvent, *, epsilon: float | None = None, delta: float = 0.0) -> None:
        """Fix what is claimed of an event that was paid for, or will be; as in :meth:`spend`."""
        if epsilon is None:
            epsilon = accounting.epsilon(event, delta=delta, neighboring=self.neighboring)
        self.event, self.delta = event, float(delta)
        self.epsilon = math.inf if self.seeded else float(epsilon)

    def statement(
        self,
        *,
        protects: str,
        n_rows: int | None,
        findings: Iterable[Finding] = (),
        **words: Any,
    ) -> DPStatement:
        """Return the statement of what was paid for.

        Parameters
        ----------
        protects : str
            What of one unit is protected; what the relation does to it is added.
        n_rows : int or None
            Public number of units; None where it is hidden.
        findings : iterable of Finding
            What else is to be said; that noise can be repeated is added.
        **words : object
            The other fields of a :class:`DPStatement`, and those of the payment that it words
            otherwise.

        Returns
        -------
        DPStatement
        """
        protects = f"{protects}, {self.moved}"
        facts = {**self.facts(findings), "protects": protects, "n_rows": n_rows}
        return DPStatement(**(facts | words))

    def facts(self, findings: Iterable[Finding] = ()) -> dict[str, Any]:
        """Return the fields of a statement that follow from the payment."""
        return {
            "owner": self.owner,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "neighboring": self.neighboring,
            "event": self.event,
            "charges": self.charges,
            "unit": self.unit,
            "randomness": "seeded" if self.seeded else "operating system",
            "findings": (*findings, *((SEEDED,) if self.seeded else ())),
        }
