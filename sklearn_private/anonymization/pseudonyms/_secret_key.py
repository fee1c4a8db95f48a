"""Secret keys: made once, kept in a file, the environment or a vault, and read where they are used.

A key is never a parameter and never an attribute: estimators keep where it is, and read it again in
each call. So it is in no pickle, clone, ``repr`` or notebook. No message here shows what was given
as a place either, since it might be a key by mistake.
"""

import os
import re
import stat
import warnings
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from ...exceptions import InvalidParameterError, PrivacyWarning

N_BYTES = 32
"""Bytes of a new key, and fewest bytes of any: as many as HMAC-SHA256 puts out (RFC 2104)."""
_ENVIRONMENT = "env:"
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")


def write_key(path: str | PathLike[str]) -> Path:
    """Write a new key, drawn from the operating system, to a file that only its owner may read.

    Parameters
    ----------
    path : path-like
        Where; nothing may be there.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InvalidParameterError
        If something is there.
    """
    path = Path(path)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InvalidParameterError(
            f"{str(path)!r} exists and is not overwritten: what was made with a lost key can never "
            "be joined again. Choose another path."
        ) from None
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(os.urandom(N_BYTES).hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    return path


def read_key(owner: str, place: str | PathLike[str] | str | Callable[..., Any]) -> bytes:
    """Return the key from its place.

    Parameters
    ----------
    owner : str
        Name of the class that needs it, for messages.
    place : path-like, str or callable
        A file, ``"env:NAME"``, or a function that returns the key, as bytes or hexadecimal text.

    Returns
    -------
    bytes

    Raises
    ------
    InvalidParameterError
        If there is no key or it is too short.

    Warns
    -----
    PrivacyWarning
        If others than its owner may read the file.
    """
    rule = f"The 'key' parameter of {owner} must"
    if callable(place):
        key = place()
    elif isinstance(place, str) and place.startswith(_ENVIRONMENT):
        key = os.environ.get(place.removeprefix(_ENVIRONMENT))
    elif isinstance(place, str | os.PathLike):
        key = _from_file(owner, place)
    else:
        raise InvalidParameterError(
            f"{rule} say where the key is: the path of a file, 'env:NAME' or a function. Got "
            f"{type(place).__name__} instead. {owner}.generate_key(path) makes a key file."
        )
    if key is None:
        raise InvalidParameterError(
            f"{rule} lead to a key, and there is none: no file that can be read, or no such "
            "environment variable. No row was read."
        )
    if isinstance(key, str) and _HEX.fullmatch(key.strip()):
        key = bytes.fromhex(key.strip())
    if not isinstance(key, bytes) or len(key) < N_BYTES:
        raise InvalidParameterError(
            f"{rule} lead to at least {2 * N_BYTES} hexadecimal digits (or {N_BYTES} bytes from a "
            f"function). What is there is something else. {owner}.generate_key(path) makes a key "
            "file."
        )
    return key


def _from_file(owner, path):
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except (OSError, ValueError):  # its message shows the path, which might be a key by mistake
        return None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f"the key file of {owner} can be read or changed by other users: chmod 600",
            PrivacyWarning,
            stacklevel=4,
        )
    return text
