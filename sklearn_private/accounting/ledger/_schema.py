"""What a ledger file holds: one budget, and charges that can only be added."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from ... import _check
from ..events import NEIGHBORING
from ._filter import Cost

SCHEMA = f"""
CREATE TABLE budget (
    uuid TEXT NOT NULL, epsilon REAL NOT NULL, delta REAL NOT NULL,
    unit TEXT NOT NULL, neighboring TEXT NOT NULL, created TEXT NOT NULL
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
    epsilon: float
    delta: float
    unit: str
    neighboring: str

    def __post_init__(self):
        _check.real(self, "epsilon", above=0)
        _check.real(self, "delta", at_least=0, below=1)
        _check.choice(self, "unit", ("row", "person", "site"))
        _check.choice(self, "neighboring", NEIGHBORING)

    def row(self):
        """Return the row of a new file, with an identity of its own."""
        budget = (float(self.epsilon), float(self.delta), self.unit, self.neighboring)
        return (str(uuid.uuid4()), *budget, now())


def now():
    """Return the time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
