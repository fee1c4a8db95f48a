"""A lock that a process cannot lose by closing a file.

SQLite holds POSIX record locks, and a process loses all of these on a file as soon as it closes
*any* descriptor of it [1]_: a backup or a checksum taken by another thread is enough. Two processes
would then decide about the same room in a budget. So every operation also holds ``flock`` on a file
beside the ledger. That lock belongs to one open descriptor, and goes with it only.

The lock file is removed before it is unlocked. Whoever was waiting for it then holds a file that is
no longer there, sees that, and tries again with the new one.

.. [1] https://www.sqlite.org/howtocorrupt.html, section 2.2.
"""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: there SQLite's own locks belong to handles, and closing loses none.
    fcntl = None

LOCK_SECONDS = 120.0  # how long an operation waits for others
_SUFFIX = "-lock"  # beside SQLite's own "-journal"
_PAUSES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)  # seconds between two tries
_held: set[int] = set()  # descriptors; a forked child closes its copies


@contextlib.contextmanager
def locked(path: Path, seconds: float, *, writes: bool = True) -> Iterator[None]:
    """Hold the lock of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file that is locked; it need not exist.
    seconds : float
        How long to wait for others.
    writes : bool, default=True
        Whether the file is about to be changed. In a folder that cannot be written, readers go on
        without the lock.

    Raises
    ------
    TimeoutError
        If another process, or another thread, holds it for longer.
    """
    lock = path.resolve()  # the locks of two names of one file are one
    lock = lock.with_name(lock.name + _SUFFIX)
    descriptor = _acquire(lock, _mode_of(path), seconds, writes) if fcntl else None
    try:
        yield
    finally:
        if descriptor is not None:
            _release(lock, descriptor)


def _acquire(lock: Path, mode: int, seconds: float, writes: bool) -> int | None:
    deadline = time.monotonic() + seconds
    tries = 0
    while True:
        try:
            descriptor = _open(lock, mode)
        except OSError:
            if writes or os.access(lock.parent, os.W_OK):
                raise
            return None
        if _try(descriptor) and _is_still_there(lock, descriptor):
            _held.add(descriptor)
            return descriptor
        os.close(descriptor)
        if time.monotonic() >= deadline:
            raise TimeoutError(f"it is locked ({lock.name})")
        time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        tries += 1


def _open(lock: Path, mode: int) -> int:
    descriptor = os.open(lock, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with contextlib.suppress(PermissionError):  # Somebody else made it.
        os.fchmod(descriptor, mode)  # Whatever the umask is.
    return descriptor


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still_there(lock: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(lock), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _release(lock: Path, descriptor: int) -> None:
    if descriptor not in _held:
        return  # This is a forked child; the lock is its parent's.
    with contextlib.suppress(OSError):  # What stays behind is an unlocked file.
        if _is_still_there(lock, descriptor):
            os.unlink(lock)
    fcntl.flock(descriptor, fcntl.LOCK_UN)  # Closing would not do: a fork has it open too.
    _held.discard(descriptor)
    os.close(descriptor)


def _mode_of(path: Path) -> int:
    """Return the rights of the lock: who may use the file may lock it."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode) & 0o666 | 0o600
    return 0o600


def _close_in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
