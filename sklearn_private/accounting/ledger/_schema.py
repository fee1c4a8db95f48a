"""What a ledger file holds: one budget, and homes and charges that can only be added."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from ..._checks import Checks
from ..events import NEIGHBORING
from ._data_sets import check_dataset
from ._filter import Cost, renyi_order

SCHEMA = f"""
CREATE TABLE budget (
    uuid TEXT NOT NULL, epsilon REAL NOT NULL, delta REAL NOT NULL,
    unit TEXT NOT NULL, neighboring TEXT NOT NULL, created TEXT NOT NULL, dataset TEXT,
    renyi_order REAL NOT NULL CHECK (renyi_order > 1)
);
CREATE TABLE homes (
    id INTEGER PRIMARY KEY, inode TEXT NOT NULL, birth TEXT, path BLOB NOT NULL
);
CREATE TABLE charges (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, owner TEXT NOT NULL, pid INTEGER NOT NULL,
    neighboring TEXT NOT NULL, event TEXT NOT NULL,
    {", ".join(f"{name} REAL NOT NULL CHECK ({name} >= 0)" for name in Cost._fields)}
);
CREATE TRIGGER keep_charges BEFORE DELETE ON charges
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its charges'); END;
CREATE TRIGGER keep_charges_as_they_are BEFORE UPDATE ON charges
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its charges'); END;
CREATE TRIGGER keep_charges_apart BEFORE INSERT ON charges
    WHEN NEW.id IN (SELECT id FROM charges)
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its charges'); END;
CREATE TRIGGER keep_homes BEFORE DELETE ON homes
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its homes'); END;
CREATE TRIGGER keep_homes_as_they_are BEFORE UPDATE ON homes
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its homes'); END;
CREATE TRIGGER keep_homes_apart BEFORE INSERT ON homes
    WHEN NEW.id IN (SELECT id FROM homes)
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its homes'); END;
CREATE TRIGGER keep_budget BEFORE DELETE ON budget
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its budget'); END;
CREATE TRIGGER keep_budget_as_it_is BEFORE UPDATE ON budget
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its budget'); END;
CREATE TRIGGER keep_one_budget BEFORE INSERT ON budget
    WHEN EXISTS (SELECT 1 FROM budget)
    BEGIN SELECT RAISE(ABORT, 'a ledger keeps its budget'); END;
"""


@dataclass
class Budget:
    """The budget of a new ledger.

    Parameters
    ----------
    epsilon, delta : float
        The budget.
    unit, neighboring : str
        What it counts.
    dataset : str or None
        Name of the data set.
    """

    epsilon: float
    delta: float
    unit: str
    neighboring: str
    dataset: str | None

    def __post_init__(self) -> None:
        check = Checks("PrivacyLedger")
        check.real(epsilon=self.epsilon, above=0)
        check.real(delta=self.delta, at_least=0, below=1)
        check.choice(unit=self.unit, among=("row", "person", "site"))
        check.choice(neighboring=self.neighboring, among=NEIGHBORING)
        check_dataset(self.dataset)

    def row(self) -> tuple[str | float | None, ...]:
        """Return the row of a new file, with an identity of its own.

        The order at which its Rényi divergences will be added is fixed here, for ever: found anew,
        by another version of SciPy, it might be another one.
        """
        budget = (float(self.epsilon), float(self.delta))
        order = renyi_order(*budget)
        counted = (self.unit, self.neighboring, now(), self.dataset)
        return (str(uuid.uuid4()), *budget, *counted, order)


def now() -> str:
    """Return the time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
