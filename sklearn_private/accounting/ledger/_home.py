"""Where a ledger lives: what tells its file from copies of it.

A copy holds the same charges and the same identity, and would admit the rest of the budget once
more. Its inode is another one. File systems use the number of a deleted inode again, often at once,
so what is compared is the number *and* its birth: the generation of the inode on Linux, the time of
birth elsewhere, nothing where neither is known. Moving a file within its file system keeps both.

An older content that is written back *into* the same file is a matter of :mod:`._mark`.
"""

import contextlib
import os
import sqlite3
import struct
from pathlib import Path
from typing import Any, NamedTuple

from ...exceptions import LedgerError

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: its files have a time of birth.
    fcntl = None

# FS_IOC_GETVERSION of <linux/fs.h>, _IOR('v', 1, long); ext4, XFS and Btrfs answer it.
_GET_GENERATION = 2 << 30 | struct.calcsize("l") << 16 | ord("v") << 8 | 1


class Home(NamedTuple):
    """The file that a ledger lives in.

    Parameters
    ----------
    inode : str
        Number of its inode; text, since it may pass the integers of SQLite.
    birth : str or None
        What tells it from other files that had the same number before.
    path : str
        Where it was when it was created or adopted.
    """

    inode: str
    birth: str | None
    path: str

    @classmethod
    def at(cls, file: Path, path: Path) -> "Home":
        """Return the home that ``file`` is, or will be once it is known as ``path``."""
        status = file.stat()
        return cls(str(status.st_ino), _birth(file, status), str(path))

    def is_same_file(self, other: "Home") -> bool:
        """Return whether both are one file, wherever it was moved to."""
        births = {self.birth, other.birth} - {None}
        return self.inode == other.inode and len(births) < 2


def record_home(connection: sqlite3.Connection, home: Home) -> None:
    """Write down where the ledger lives from now on."""
    path = os.fsencode(home.path)  # A name need not be Unicode.
    connection.execute("INSERT INTO homes VALUES (NULL, ?, ?, ?)", (*home[:2], path))


def stored_home(connection: sqlite3.Connection) -> Home:
    """Return where the ledger lives."""
    query = "SELECT inode, birth, path FROM homes ORDER BY id DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    if row is None:
        raise sqlite3.DatabaseError("it is malformed: it has no home")
    return Home(row[0], row[1], os.fsdecode(row[2]))


def refuse_copy(connection: sqlite3.Connection, path: Path) -> None:
    """Raise if the file is not the one that the ledger lives in."""
    home = stored_home(connection)
    if not home.is_same_file(Home.at(path, path)):
        raise LedgerError.unreleased(
            f"The ledger {path} is a copy: it was {home.path}, in another file. Each copy would "
            "admit the whole budget again.",
            "Use the first file, or link to it; if it is lost, or was moved here from another "
            f"disk, then PrivacyLedger.adopt({str(path)!r}) makes this the ledger.",
        )


def refuse_adoption(connection: sqlite3.Connection, path: Path) -> None:
    """Raise if the file that the ledger lives in is still where it was."""
    home = stored_home(connection)
    with contextlib.suppress(OSError):
        if Home.at(Path(home.path), path).is_same_file(home):
            raise LedgerError(
                f"The ledger {path} is a copy of {home.path}, which is still there: two of them "
                "would admit the budget twice. Nothing was changed. Use the first one."
            )


def _birth(file: Path, status: os.stat_result) -> str | None:
    birth = getattr(status, "st_birthtime", None)  # macOS and Windows
    if birth is not None:
        return repr(birth)
    if fcntl is None:
        return None
    with contextlib.suppress(OSError), open(file, "rb") as opened:
        (generation,) = struct.unpack("l", fcntl.ioctl(opened, _GET_GENERATION, bytes(8)))
        return str(generation & 0xFFFFFFFF)
    return None
