"""The file of a ledger: SQLite, opened for one operation at a time.

Each operation opens its own connection, so that forked and pickled ledgers share nothing but the
file, and holds a lock of its own beside those of SQLite (:mod:`._lock`). A charge runs in an
immediate transaction: the file is locked before it is read, and the commit is synchronous, so it is
on disk before anything is released.
"""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...exceptions import LedgerError
from ._home import Home, record_home, refuse_adoption, refuse_copy, stored_home
from ._lock import LOCK_SECONDS, locked
from ._mark import refuse_older, set_mark

_APPLICATION = 0x534B5072  # "SKPr", in the header of every ledger file
_VERSION = 2


class LedgerFile:
    """One ledger file.

    Parameters
    ----------
    path : pathlib.Path
        Where it is.
    schema : str
        SQL that lays out a new file.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = (
            f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION}; {schema}"
        )

    def create(self, row: tuple[str | float | None, ...]) -> bool:
        """Create the file with its budget, unless another process just did.

        Parameters
        ----------
        row : tuple
            The row of the table ``budget``.

        Returns
        -------
        bool
            Whether the file is ours.
        """
        with self._explained():
            descriptor, draft = tempfile.mkstemp(dir=self.path.parent, prefix=".ledger-")
            os.close(descriptor)
            try:
                with contextlib.closing(sqlite3.connect(draft)) as connection:
                    connection.executescript(f"BEGIN; {self._schema}")
                    marks = ", ".join("?" * len(row))
                    connection.execute(f"INSERT INTO budget VALUES ({marks})", row)
                    record_home(connection, Home.at(Path(draft), self.path))
                    connection.commit()
                # Linking is atomic: of two processes that create one path, one opens the other's.
                os.link(draft, self.path)
            except FileExistsError:
                return False
            finally:
                os.unlink(draft)
        return True

    def exists(self) -> bool:
        """Return whether something is there."""
        with self._explained():
            return self.path.exists()

    def budget(self) -> dict[str, Any]:
        """Return the row of the table ``budget`` as a dictionary."""
        if not self.exists():
            raise LedgerError(
                f"There is no ledger at {self.path}. Create it with a budget: "
                f"PrivacyLedger({str(self.path)!r}, epsilon=..., delta=...)."
            )
        with self._connection() as connection:
            return dict(_budget(connection))

    def adopt(self) -> None:
        """Make the file the one that the ledger lives in, and its content the latest one."""
        with self._opened(writes=True) as connection:
            with _immediate(connection):
                home = Home.at(self.path, self.path)
                if not stored_home(connection).is_same_file(home):
                    refuse_adoption(connection, self.path)
                    record_home(connection, home)
            set_mark(connection, self.path)

    @contextlib.contextmanager
    def _connection(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file, which must be no copy and no older content, for one operation."""
        with self._opened(writes=writes) as connection:
            refuse_copy(connection, self.path)
            refuse_older(connection, self.path)
            yield connection

    @contextlib.contextmanager
    def _opened(self, *, writes: bool) -> Iterator[sqlite3.Connection]:
        """Lock and open the file for one operation; what fails becomes a :class:`LedgerError`."""
        with self._explained(), locked(self.path, LOCK_SECONDS, writes=writes):
            name = quote(os.fsencode(self.path))
            connection = sqlite3.connect(
                f"file:{name}?mode=rw",  # rw: a worker never creates a ledger
                uri=True,
                timeout=LOCK_SECONDS,
                isolation_level=None,
            )
            with contextlib.closing(connection):
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA fullfsync = ON")  # macOS: through the disk's own cache
                (application,) = connection.execute("PRAGMA application_id").fetchone()
                if application != _APPLICATION:
                    raise sqlite3.DatabaseError("it is not a ledger")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version != _VERSION:
                    raise sqlite3.DatabaseError(f"its format is {version}, not {_VERSION}")
                yield connection

    @contextlib.contextmanager
    def reading(self, identity: str) -> Iterator[sqlite3.Connection]:
        """Open the file, which must have the ``identity`` of the one opened before."""
        with self._connection() as connection:
            self.refuse_replaced(identity, _budget(connection)["uuid"])
            yield connection

    @contextlib.contextmanager
    def transaction(self, identity: str) -> Iterator[sqlite3.Connection]:
        """Open and lock the file, which must have the ``identity`` of the one opened before."""
        with self._connection(writes=True) as connection:
            with _immediate(connection):
                self.refuse_replaced(identity, _budget(connection)["uuid"])
                yield connection
            set_mark(connection, self.path)

    def refuse_replaced(self, identity: str, found: str) -> None:
        """Raise unless the file is the one that was opened before."""
        if found != identity:
            raise LedgerError.unreleased(
                f"The ledger {self.path} is not the file that was opened before: it was replaced.",
                "Put the first file back, or open the new one by its path.",
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"The ledger {self.path} cannot be used: {error}. Nothing was charged and nothing "
                f"was released. {_way_out(str(error))}"
            ) from error


@contextlib.contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """Run one transaction that is locked before it reads, and taken back if it fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _budget(connection: sqlite3.Connection) -> sqlite3.Row:
    row = connection.execute("SELECT * FROM budget").fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it is malformed: it has no budget")
    return row


def _way_out(text: str) -> str:
    if "locked" in text:
        return "Another process holds it: wait, and try again."
    if "full" in text or "space" in text or "disk I/O" in text or "too large" in text:
        return "Free some space, and try again."
    damage = ("not a database", "malformed", "not a ledger", "no such table")
    if any(sign in text for sign in damage):
        return "The file is damaged or no ledger: restore it from a backup; do not start afresh."
    if "format" in text:
        return "Install the version of sklearn-private that wrote it."
    return "Check that the path and its folder can be read and written."
