"""Who may ask how often, which requests were answered, and what happened: one SQLite file.

Several processes on one machine share it: every charge is one transaction that writes before the
answer is computed, so that no request is answered twice and no budget overspent, whichever process
it reaches. Tokens are kept as SHA-256 of 256 random bits. The log can be added to and read;
triggers refuse to change or delete a line.
"""

import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .._checks import Checks
from ..exceptions import BudgetExceededError, GuaranteeError, InvalidParameterError

ROLES = ("predict", "audit")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    name TEXT PRIMARY KEY, digest BLOB UNIQUE NOT NULL, role TEXT NOT NULL,
    budget INTEGER, used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS requests (digest BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL,
    octets INTEGER NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS log_is_not_changed BEFORE UPDATE ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS log_is_not_shortened BEFORE DELETE ON log
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
"""


@dataclass(frozen=True)
class Caller:
    """Whose token a request holds.

    Parameters
    ----------
    name : str
        The caller.
    role : {"predict", "audit"}
        What it may do.
    """

    name: str
    role: str


class RequestStore:
    """Tokens, budgets, answered requests and the log of a prediction service.

    Parameters
    ----------
    path : path-like
        The file, on a local disk. It is made, readable by its owner only, if it is not there.

    See Also
    --------
    create_app : The service.

    Notes
    -----
    **Protects** the model against more requests than were granted, and answers against replay.
    **Against** callers of the service, through any number of processes that share the file.
    **Leaks** to whoever reads the file: names, times and sizes of requests, and no token.
    **Assumes** that only the service's own user can write the file.

    Examples
    --------
    >>> import tempfile, os
    >>> from sklearn_private.serving import RequestStore
    >>> store = RequestStore(os.path.join(tempfile.mkdtemp(), "service.db"))
    >>> token = store.add_token("ward 3", budget=1_000)
    >>> store.remaining("ward 3")
    1000
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._connection() as connection:
            connection.executescript(f"PRAGMA journal_mode = WAL;{_SCHEMA}")

    def add_token(self, name: str, role: str = "predict", *, budget: int | None = None) -> str:
        """Return a new token, which is shown this once.

        Parameters
        ----------
        name : str
            Who will use it; one token a name.
        role : {"predict", "audit"}, default="predict"
            Whether it may ask for predictions, or read the log.
        budget : int, default=None
            Requests that it is good for; None sets no limit.

        Returns
        -------
        str
        """
        check = Checks("RequestStore.add_token")
        check.choice(role=role, among=ROLES)
        if budget is not None:
            check.integer(budget=budget, at_least=0)
        token = secrets.token_urlsafe(32)
        try:
            with self._transaction() as connection:
                connection.execute(
                    "INSERT INTO tokens (name, digest, role, budget) VALUES (?, ?, ?, ?)",
                    (name, _digest(token), role, budget),
                )
        except sqlite3.IntegrityError:
            raise InvalidParameterError(
                f"{name!r} has a token in {str(self.path)!r}. Nothing was changed. Revoke it first."
            ) from None
        return token

    def revoke(self, name: str) -> None:
        """Make the token of a name good for nothing; its requests stay in the log."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM tokens WHERE name = ?", (name,))

    def remaining(self, name: str) -> int | None:
        """Return how many requests are left to a name, or None where there is no limit."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT budget - used FROM tokens WHERE name = ?", (name,)
            ).fetchone()
        if row is None:
            raise InvalidParameterError(f"{name!r} has no token in {str(self.path)!r}.")
        return row[0]

    def caller(self, token: str) -> Caller | None:
        """Return whose token this is, or None."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT name, role FROM tokens WHERE digest = ?", (_digest(token),)
            ).fetchone()
        return None if row is None else Caller(*row)

    def charge(self, name: str, request: bytes) -> None:
        """Write down a request of a name before it is answered.

        Raises
        ------
        GuaranteeError
            If these octets were charged before, by anybody.
        BudgetExceededError
            If no request is left to the name.
        """
        digest = hashlib.sha256(request).digest()
        with self._transaction() as connection:
            spent = connection.execute(
                "UPDATE tokens SET used = used + 1 "
                "WHERE name = ? AND (budget IS NULL OR used < budget)",
                (name,),
            )
            if spent.rowcount != 1:
                raise BudgetExceededError(f"No request is left to {name!r}. Nothing was computed.")
            try:
                connection.execute("INSERT INTO requests VALUES (?)", (digest,))
            except sqlite3.IntegrityError:
                raise GuaranteeError(
                    "The request was answered before. Nothing was computed. Encrypt the rows anew."
                ) from None

    def record(self, name: str, event: str, octets: int = 0) -> None:
        """Add a line to the log."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO log (time, name, event, octets) VALUES (?, ?, ?, ?)",
                (time.time(), name, event, octets),
            )

    def log(self, after: int = 0, limit: int = 1000) -> list[dict]:
        """Return lines of the log behind the one with the number ``after``, the oldest first."""
        names = ("id", "time", "name", "event", "octets")
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT id, time, name, event, octets FROM log WHERE id > ? ORDER BY id LIMIT ?",
                (after, limit),
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
