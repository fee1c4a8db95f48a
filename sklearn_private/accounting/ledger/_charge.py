"""Charges: the entries of a ledger, as they are kept in its file."""

import json
import os
import sqlite3
from dataclasses import dataclass

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
    event: object
    epsilon: float
    delta: float


def costs_of(connection):
    """Return the costs of all charges, in order."""
    # They are added in Python: SUM makes NULL of infinity in some versions of SQLite.
    names = ", ".join(Cost._fields)
    return map(Cost._make, connection.execute(f"SELECT {names} FROM charges ORDER BY id"))


def write_charge(connection, owner, neighboring, event, cost):
    stored = json.dumps(event_to_dict(event))
    values = [now(), owner, os.getpid(), neighboring, stored, *cost]
    marks = ", ".join("?" * len(values))
    cursor = connection.execute(f"INSERT INTO charges VALUES (NULL, {marks})", values)
    return Charge(cursor.lastrowid, *values[:4], event, cost.epsilon, cost.delta)


def read_charge(row):
    plain = ("id", "time", "owner", "pid", "neighboring")
    try:
        event = event_from_dict(json.loads(row["event"]))
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"entry {row['id']} is malformed") from error
    return Charge(*(row[name] for name in plain), event, row["epsilon"], row["delta"])
