"""A mark on the file of a ledger that its content cannot take back: how many charges it has held.

A backup that is written back into the same file forgets what was spent since. The mark is an
extended attribute, which writing the content leaves alone (``cp``, ``shutil.copy``, an editor).
What copies attributes too (``cp -a``, ``shutil.copy2``), systems other than Linux, and file systems
without them are not covered: there the mark is missing or as old as the content.

It is set after a commit, so a crash in between leaves a mark that is too low, never too high.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from ...exceptions import LedgerError

_NAME = "user.sklearn_private.charges"


def set_mark(connection: sqlite3.Connection, path: Path) -> None:
    """Write on the file how many charges it holds."""
    with contextlib.suppress(OSError, AttributeError):
        os.setxattr(path, _NAME, str(_n_charges(connection)).encode())


def refuse_older(connection: sqlite3.Connection, path: Path) -> None:
    """Raise if the file has held more charges than it holds."""
    has_held = _mark_of(path)  # first: a reader without the lock may see both change
    held = _n_charges(connection)
    if held < has_held:
        raise LedgerError.unreleased(
            f"The ledger {path} holds {held} charges and has held {has_held}: an older content "
            "was written back into it, and what was spent since is still spent.",
            "Put the newer content back; if it is lost, and you answer for what is missing, "
            f"PrivacyLedger.adopt({str(path)!r}) goes on from this one.",
        )


def _n_charges(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM charges").fetchone()[0])


def _mark_of(path: Path) -> int:
    with contextlib.suppress(OSError, AttributeError, ValueError):
        return int(os.getxattr(path, _NAME))
    return 0
