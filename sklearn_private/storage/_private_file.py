"""Files that only their owner may read."""

import os
import stat
import tempfile
import warnings
from pathlib import Path

from ..exceptions import InvalidParameterError, PrivacyWarning


def write_private(path: str | os.PathLike, data: bytes, *, overwrite: bool = False) -> Path:
    """Write a file that only its owner may read, whole or not at all.

    The bytes are on the disk before the file has its name, so a crash leaves the old file or the
    new one, never half of it.

    Parameters
    ----------
    path : path-like
        Where.
    data : bytes
        What.
    overwrite : bool, default=False
        Whether a file that is there may be replaced.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InvalidParameterError
        If something is there, and is not to be replaced.
    """
    path = Path(path)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".private-")  # with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            os.replace(draft, path)
        else:
            os.link(draft, path)  # unlike a rename, it fails where something is
    except FileExistsError:
        raise InvalidParameterError(
            f"{str(path)!r} exists and is not overwritten. Nothing was written. Choose another "
            "path, or remove what is there."
        ) from None
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def warn_if_shared(path: str | os.PathLike, what: str, *, stacklevel: int = 3) -> None:
    """Warn where others than its owner may read or change a secret file.

    Parameters
    ----------
    path : path-like
        The file.
    what : str
        What it holds, for the message.
    stacklevel : int, default=3
        As in :func:`warnings.warn`.

    Warns
    -----
    PrivacyWarning
    """
    if os.name == "posix" and Path(path).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f"{what} can be read or changed by other users of this machine: chmod 600",
            PrivacyWarning,
            stacklevel=stacklevel,
        )
