"""What a run writes into the ledger, and what a continued run must not write again.

The whole run is charged at once, before its first step: its number of steps was fixed in advance,
so the price of their composition holds, also if the run stops early because of what it has seen.

A checkpoint is a release. A run that goes on from its latest one is the same run, already paid.
A run that goes on from an *older* one is a second branch: both ends are known in the end, and
together they took more steps on the rows than were paid for. So every checkpoint is noted in the
ledger, as an entry without a price, and a branch is charged as a run of its own. What a process had
computed after its last checkpoint when it was killed was never released.
"""

import uuid
from typing import Any

from dp_accounting import NoOpDpEvent

from sklearn_private.accounting import LedgerLike, open_ledger
from sklearn_private.statements import Payment, charge_name


class Spending:
    """Charges a run once.

    Parameters
    ----------
    ledger : PrivacyLedger, path-like or None
        Where to.
    plan : Plan
        What.
    rng : SecureSource or numpy.random.Generator
        Source of the noise: one that can be repeated is refused by a ledger, and warns without one.

    Attributes
    ----------
    payment : Payment
        What is paid, once.
    run_id : str
        Name of the run in the ledger.
    """

    def __init__(self, ledger: LedgerLike | None, plan: Any, rng: object):
        self.ledger = open_ledger(ledger)
        self.run_id = uuid.uuid4().hex
        self.payment = self._payment(self._name(), plan.neighboring, rng)
        self._claim(plan)
        self._paid = False
        if self.payment.seeded:
            self.charge()

    @property
    def ledger_id(self) -> Any:
        """Identity of the ledger, None without one."""
        return getattr(self.ledger, "uuid", None)

    def charge(self) -> None:
        """Charge the whole run, if that was not done.

        Raises
        ------
        BudgetExceededError
            If it does not fit.
        """
        if not self._paid:
            claim = self.payment
            claim.spend(claim.event, epsilon=self._plan.epsilon, delta=claim.delta)
            self._paid = True

    def note(self, n_steps: int) -> None:
        """Note that the state after ``n_steps`` was released."""
        if self.ledger_id is not None and n_steps:
            owner = f"{self._name()}{_AFTER}{n_steps}"
            note = self._payment(owner, self.ledger.neighboring, None, unit=self.ledger.unit)
            note.spend(NoOpDpEvent(), epsilon=0.0)

    def resume(self, run_id: str, n_steps: int, plan: Any) -> None:
        """Go on as the run ``run_id`` if this continues it; else stay a run of its own.

        Parameters
        ----------
        run_id : str
            The run of the checkpoint.
        n_steps : int
            Steps that it had taken.
        plan : Plan
            Its plan.
        """
        self._claim(plan)
        if self.ledger_id is None or not n_steps:
            return
        theirs = f"{_OWNER}{run_id}"
        owners = [entry.owner for entry in self.ledger.entries()]
        notes = [o.removeprefix(theirs + _AFTER) for o in owners if o.startswith(theirs + _AFTER)]
        if theirs in owners and max(map(int, notes), default=0) <= n_steps:
            self.run_id, self._paid = run_id, True
            paid = self.ledger.entries()[owners.index(theirs)]
            self.payment.charges = (charge_name(self.ledger, paid),)

    def _name(self):
        return f"{_OWNER}{self.run_id}"

    def _claim(self, plan):
        self._plan = plan
        self.payment.claim(plan.event, epsilon=plan.epsilon, delta=plan.delta)

    def _payment(self, owner, neighboring, rng, unit="row"):
        ledger = None if self.ledger_id is None else self.ledger
        return Payment(ledger=ledger, owner=owner, neighboring=neighboring, rng=rng, unit=unit)


_OWNER = "make_private, run "
_AFTER = ", released after step "
