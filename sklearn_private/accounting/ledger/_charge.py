"""Charges: the entries of a ledger, as they are kept in its file."""

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from dp_accounting import DpEvent

from ..events import event_from_dict, event_to_dict
from ._filter import Cost
from ._schema import now


@dataclass(frozen=True)
class Charge:
    """One entry of a ledger.

    Parameters
    ----------
    id : int
        Number of the entry, from 1.
    time : str
        When it was written, ISO 8601 in UTC.
    owner : str
        Who asked, usually the class of an estimator.
    pid : int
        The process that asked.
    neighboring : str
        The relation under which the event was declared.
    event : dp_accounting.DpEvent
        What was spent, under the relation of the ledger.
    epsilon, delta : float
        The event as a claim, under the relation of the ledger.
    """

    id: int
    time: str
    owner: str
    pid: int
    neighboring: str
    event: DpEvent
    epsilon: float
    delta: float


def costs_of(connection: sqlite3.Connection) -> Iterator[Cost]:
    """Return the costs of all charges, in order."""
    # They are added in Python: SUM makes NULL of infinity in some versions of SQLite.
    names = ", ".join(Cost._fields)
    return map(Cost._make, connection.execute(f"SELECT {names} FROM charges ORDER BY id"))


def write_charge(
    connection: sqlite3.Connection, owner: str, neighboring: str, event: DpEvent, cost: Cost
) -> Charge:
    """Add a charge, and return it as it will be read."""
    stored = json.dumps(event_to_dict(event))
    said = (now(), owner, os.getpid(), neighboring)
    values = (*said, stored, *cost)
    marks = ", ".join("?" * len(values))
    cursor = connection.execute(f"INSERT INTO charges VALUES (NULL, {marks})", values)
    number = int(cursor.lastrowid or 0)
    return Charge(number, *said, event, cost.epsilon, cost.delta)


def read_charge(row: sqlite3.Row) -> Charge:
    """Return the charge of a row of the table."""
    plain = ("id", "time", "owner", "pid", "neighboring", "epsilon", "delta")
    try:
        event = event_from_dict(json.loads(row["event"]))
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"entry {row['id']} is malformed") from error
    kept = {name: row[name] for name in plain}
    return Charge(**kept, event=event)
