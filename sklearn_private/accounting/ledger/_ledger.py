"""The ledger: one file that remembers what was spent on the rows of one data set.

A budget kept in a Python object is lost when scikit-learn clones the estimator that holds it: a
grid search then spends for free. This one is a SQLite file on a local disk. Clones, pickles and
worker processes all open the same file; a charge is decided and written (synchronously) under the
file's lock *before* anything is released, so no charge is lost and none is written twice. A
process that dies between charge and release has spent its charge.

The file can only grow: triggers refuse to change, replace or delete a charge or the budget. They
stop accidents; who can write the file can still drop them.
"""

import dataclasses
import json
import math
import warnings
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dp_accounting import DpEvent

from ..._optional import require
from ...exceptions import BudgetExceededError, InvalidParameterError, LedgerError, PrivacyWarning
from ..curves import check_number
from ..curves import epsilon as epsilon_of
from ..events import NEIGHBORING, check_event, event_to_dict
from ._charge import Charge, costs_of, read_charge, write_charge
from ._conversion import as_replace_one
from ._data_sets import LedgerRecord, other_ledgers, register
from ._filter import Filter, smallest_budget
from ._ledger_file import LedgerFile
from ._schema import SCHEMA, Budget

if TYPE_CHECKING:
    import pandas as pd

_BESIDE = (
    "It is less, but it does not fit beside the earlier charges: delta is used up, or no bound "
    "that holds for fits chosen one after the other takes them all (docs/proofs/ledger.md). "
)


class PrivacyLedger:
    """A budget for one data set, kept in a file that clones and processes share.

    Parameters
    ----------
    path : path-like
        A file on a local disk (network file systems do not lock reliably). It is created when
        ``epsilon`` is given and it does not exist.
    epsilon : float, optional
        The budget. Leave it out to open a ledger that exists; a value other than the stored one
        raises.
    delta : float, optional
        Delta of the budget, in [0, 1); 0 when left out of a new ledger.
    unit : {"row", "person", "site"}, default="row"
        Whose data the budget counts. A charge for another unit is refused.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The relation. Zero-out and add-remove events enter a replace-one ledger with half their
        noise multiplier, or, where they are sampled, as claims (2·epsilon,
        (1 + e^epsilon)·delta); other conversions are refused.
    dataset : str, optional
        Whose data these are, in your words, such as ``"loans-2024"``. A second ledger for the same
        data set is warned of, stands in reports, and is found by :func:`other_ledgers`.

    Notes
    -----
    **Protects** the sum of all charged releases: it stays (epsilon, delta)-DP, also when fits are
    chosen after earlier ones were seen (privacy filters, ``docs/proofs/ledger.md``).
    **Against** whoever reads every release.
    **Leaks** the number, times and events of the charges, to who can read the file.
    **Assumes** that every release about these rows is charged here, and that nobody who can write
    the file edits it or writes an older content back into it. A copy of the file is refused.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from dp_accounting import GaussianDpEvent
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "loans.ledger"
    >>> ledger = PrivacyLedger(path, epsilon=1.0, delta=1e-5)
    >>> charge = ledger.spend(GaussianDpEvent(8.0), owner="example")
    >>> round(ledger.spent(), 2), len(PrivacyLedger(path).entries())
    (0.43, 1)
    """

    def __init__(
        self,
        path: str | PathLike[str],
        epsilon: float | None = None,
        delta: float | None = None,
        unit: str | None = None,
        neighboring: str | None = None,
        dataset: str | None = None,
    ) -> None:
        self.path = Path(path).absolute()
        self._file = LedgerFile(self.path, SCHEMA)
        created = False
        if epsilon is not None and not self._file.exists():
            counted = (unit or "row", neighboring or "replace_one")
            budget = Budget(epsilon, delta or 0.0, *counted, dataset)
            created = self._file.create(budget.row())
        stored = self._file.budget()
        self.uuid, self.dataset = stored["uuid"], stored["dataset"]
        self.epsilon, self.delta = stored["epsilon"], stored["delta"]
        self.unit, self.neighboring = stored["unit"], stored["neighboring"]
        given = {"epsilon": epsilon, "delta": delta, "unit": unit, "neighboring": neighboring}
        self._refuse_another(**given, dataset=dataset)
        self._filter = Filter(self.epsilon, self.delta, stored["renyi_order"])
        if self.dataset is not None:
            register(LedgerRecord.from_ledger(self))
            self._warn_of_others(created)

    @classmethod
    def adopt(cls, path: str | PathLike[str]) -> Self:
        """Open a ledger whose file was copied, restored or brought from another disk.

        A copy would admit the whole budget once more, so it is refused until it is adopted. That
        is refused while the first file is where it was.

        Parameters
        ----------
        path : path-like
            The file that is the ledger from now on. The first one must never be charged again.

        Returns
        -------
        PrivacyLedger

        Raises
        ------
        LedgerError
            If the first file is still there.
        """
        LedgerFile(Path(path).absolute(), SCHEMA).adopt()
        return cls(path)

    def spend(
        self,
        event: DpEvent,
        *,
        owner: str = "",
        delta: float | None = None,
        unit: str = "row",
        neighboring: str = "replace_one",
        seeded: bool = False,
    ) -> Charge:
        """Charge an event, or raise with nothing charged.

        Parameters
        ----------
        event : dp_accounting.DpEvent
            What is about to be released, under ``neighboring``.
        owner : str
            Who asks; it is written down and named in errors.
        delta : float, optional
            Delta of the event as a claim; that of the budget when left out.
        unit : str, default="row"
            Whose data one unit of the event is.
        neighboring : str, default="replace_one"
            The relation of the event.
        seeded : bool, default=False
            Whether its randomness can be repeated; then it is refused.

        Returns
        -------
        Charge

        Raises
        ------
        BudgetExceededError
            If it does not fit.
        LedgerError
            If the file cannot be read or written, or counts another unit or relation.
        InvalidParameterError
            If the randomness is seeded.
        """
        check_event(event)
        owner = owner or "This charge"
        self._refuse_seeded(seeded, owner)
        self._refuse_unit(unit, owner)
        delta = self.delta if delta is None else delta
        check_number("delta", delta, at_most=1)
        event, claim = self._convert(event, delta, neighboring, owner)
        cost = self._filter.cost(event, claim, self.neighboring)
        with self._file.transaction(self.uuid) as connection:
            if self._filter.admits([*costs_of(connection), cost]):
                return write_charge(connection, owner, neighboring, event, cost)
        raise self._exceeded(owner, claim)

    def entries(self) -> list[Charge]:
        """Return every charge as a list of :class:`Charge`, the oldest first."""
        with self._file.reading(self.uuid) as connection:
            rows = connection.execute("SELECT * FROM charges ORDER BY id")
            return [read_charge(row) for row in rows]

    def spent(self, entries: list[Charge] | None = None) -> float:
        """Return the epsilon spent at ``delta``: the smallest budget that admits all charges.

        It is a reading; the guarantee is that of the budget, which was fixed in advance.

        Parameters
        ----------
        entries : list of Charge, default=None
            Some of :meth:`entries`; None takes all of them.

        Returns
        -------
        float
        """
        entries = self.entries() if entries is None else entries
        charges = [(c.event, (c.epsilon, c.delta)) for c in entries]
        if not charges:
            return 0.0
        return smallest_budget(
            charges, self.delta, limit=self.epsilon, neighboring=self.neighboring
        )

    def remaining(self) -> float:
        """Return the epsilon that is left: the budget less what was spent."""
        return self.epsilon - self.spent()

    def to_pandas(self) -> "pd.DataFrame":
        """Return the charges as a :class:`pandas.DataFrame`, one row a charge."""
        rows = [{**vars(c), "event": json.dumps(event_to_dict(c.event))} for c in self.entries()]
        columns = [field.name for field in dataclasses.fields(Charge)]
        return require("pandas", extra="examples").DataFrame(rows, columns=columns)

    def __sklearn_clone__(self) -> Self:
        return self

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (str(self.path), self.uuid)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivacyLedger) and self.uuid == other.uuid

    def __hash__(self) -> int:
        return hash(self.uuid)

    def __repr__(self) -> str:
        dataset = "" if self.dataset is None else f", dataset={self.dataset!r}"
        return (
            f"PrivacyLedger({str(self.path)!r}, epsilon={self.epsilon:g}, delta={self.delta:g}, "
            f"unit={self.unit!r}, neighboring={self.neighboring!r}{dataset})"
        )

    def _refuse_another(self, **given: str | float | None) -> None:
        for name, value in given.items():
            if value is not None and value != getattr(self, name):
                raise LedgerError(
                    f"The ledger {self.path} has {name}={getattr(self, name)!r}, not {value!r}. "
                    f"Leave {name!r} out to open it, or choose another path for another budget."
                )

    def _warn_of_others(self, created: bool) -> None:
        others = other_ledgers(self) if created else ()
        if others:
            warnings.warn(
                f"The data set {self.dataset!r} has another ledger, {others[0].path}. A budget "
                "holds for people whose every release is charged to one ledger, and that of "
                f"{self.path} says nothing of what the other one spends. Charge the first, or give "
                "different people a name of their own.",
                PrivacyWarning,
                stacklevel=3,
            )

    def _refuse_seeded(self, seeded: bool, owner: str) -> None:
        if seeded:
            raise InvalidParameterError.unreleased(
                f"{owner} is seeded by random_state, so its noise can be repeated and its epsilon "
                "is infinite; a ledger does not take it.",
                "Use random_state=None, or no ledger for a test.",
            )

    def _refuse_unit(self, unit: str, owner: str) -> None:
        if unit != self.unit:
            raise LedgerError.unreleased(
                f"{owner} protects one {unit}, but the ledger {self.path} counts by the "
                f"{self.unit}.",
                f"Open a ledger with unit={unit!r}.",
            )

    def _convert(
        self, event: DpEvent, delta: float, neighboring: str, owner: str
    ) -> tuple[DpEvent, tuple[float, float]]:
        """Return the event and its (epsilon, delta) under the relation of the ledger."""
        if neighboring == self.neighboring:
            claim = (epsilon_of(event, delta=delta, neighboring=neighboring), delta)
        elif self.neighboring == "replace_one" and neighboring in NEIGHBORING:
            event, claim = as_replace_one(event, delta, neighboring)
        else:
            raise LedgerError.unreleased(
                f"{owner} claims neighboring={neighboring!r}, which does not convert to the "
                f"{self.neighboring!r} of the ledger {self.path}.",
                f"Set neighboring={self.neighboring!r}, or open another ledger.",
            )
        if not math.isfinite(claim[0]):
            raise self._exceeded(owner, claim)
        return event, claim

    def _exceeded(self, owner: str, claim: tuple[float, float]) -> BudgetExceededError:
        left = self.remaining()
        if self.delta == 0 and (claim[1] > 0 or math.isinf(claim[0])):
            return BudgetExceededError.unreleased(
                f"{owner} asks for epsilon={claim[0]:.4g} at delta={claim[1]:.2g}, but the ledger "
                f"{self.path} has delta=0: it takes pure epsilon only, and Gaussian noise has "
                f"none ({left:.4g} of {self.epsilon:g} is left).",
                "Ask for delta=0, or open a ledger with delta > 0.",
            )
        return BudgetExceededError.unreleased(
            f"{owner} asks for epsilon={claim[0]:.4g} at delta={claim[1]:.2g}, but {left:.4g} of "
            f"{self.epsilon:g} (at delta={self.delta:g}) is left in {self.path}. "
            f"{'' if claim[0] > left else _BESIDE}",
            "Lower epsilon, or open a ledger with a larger budget.",
        )


def _reopen(path: str, identity: str) -> PrivacyLedger:
    """Open a pickled ledger; the file must still be the one that was pickled."""
    ledger = PrivacyLedger(path)
    ledger._file.refuse_replaced(identity, ledger.uuid)
    return ledger
