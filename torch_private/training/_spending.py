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

from dp_accounting import NoOpDpEvent

from sklearn_private.accounting import open_ledger


class Spending:
    """Charges a run once.

    Parameters
    ----------
    ledger : PrivacyLedger, path-like or None
        Where to.
    plan : Plan
        What.
    seeded : bool
        Whether the randomness can be repeated: a ledger refuses that, and without one it warns.

    Attributes
    ----------
    run_id : str
        Name of the run in the ledger.
    """

    def __init__(self, ledger, plan, seeded):
        self.ledger = open_ledger(ledger)
        self.run_id = uuid.uuid4().hex
        self._plan = plan
        self._paid = False
        if seeded:
            self._spend(seeded=True)

    @property
    def ledger_id(self):
        """Identity of the ledger, None without one."""
        return getattr(self.ledger, "uuid", None)

    def charge(self):
        """Charge the whole run, if that was not done.

        Raises
        ------
        BudgetExceededError
            If it does not fit.
        """
        if not self._paid:
            self._spend()

    def note(self, n_steps):
        """Note that the state after ``n_steps`` was released."""
        if self.ledger_id is not None and n_steps:
            self.ledger.spend(
                NoOpDpEvent(),
                owner=f"{self._name()}{_AFTER}{n_steps}",
                delta=0.0,
                neighboring=self.ledger.neighboring,
                unit=self.ledger.unit,
            )

    def resume(self, run_id, n_steps, plan):
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
        self._plan = plan
        if self.ledger_id is None or not n_steps:
            return
        theirs = f"{_OWNER}{run_id}"
        owners = [entry.owner for entry in self.ledger.entries()]
        notes = [o.removeprefix(theirs + _AFTER) for o in owners if o.startswith(theirs + _AFTER)]
        if theirs in owners and max(map(int, notes), default=0) <= n_steps:
            self.run_id, self._paid = run_id, True

    def _name(self):
        return f"{_OWNER}{self.run_id}"

    def _spend(self, seeded=False):
        self.ledger.spend(
            self._plan.event,
            owner=self._name(),
            delta=self._plan.delta,
            neighboring=self._plan.neighboring,
            seeded=seeded,
        )
        self._paid = True


_OWNER = "make_private, run "
_AFTER = ", released after step "
