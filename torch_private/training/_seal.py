"""Checkpoints that nobody can change: sealed by a passphrase.

A key is stretched from the passphrase by scrypt and used once, for AES-256-GCM. Every byte of the
file is either encrypted and authenticated or authenticated alone, so that a changed one is refused,
whichever it is. What is read is only then parsed.
"""

import os
from os import PathLike
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from sklearn_private.exceptions import GuaranteeError, InvalidParameterError

_MAGIC = b"sklearn-private run 1\n"
_SALT = 16
_NONCE = bytes(12)  # The salt makes every key new, so its only nonce may be constant.


def write_sealed(path: str | PathLike[str], content: bytes, passphrase: str | bytes) -> None:
    """Write a sealed file, all of it or nothing.

    Parameters
    ----------
    path : path-like
        Where to; an older file is replaced.
    content : bytes
        What.
    passphrase : str or bytes
        Whoever has it can read and make such files.
    """
    salt = os.urandom(_SALT)
    header = _MAGIC + salt
    sealed = AESGCM(_key(passphrase, salt)).encrypt(_NONCE, content, header)
    path = Path(path)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(header)
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def read_sealed(path: str | PathLike[str], passphrase: str | bytes) -> bytes:
    """Return the content of a sealed file.

    Parameters
    ----------
    path : path-like
        A file of :func:`write_sealed`.
    passphrase : str or bytes
        That of the writer.

    Returns
    -------
    bytes

    Raises
    ------
    GuaranteeError
        If it was changed, is not such a file, or the passphrase is another.
    """
    data = Path(path).read_bytes()
    header, sealed = data[: len(_MAGIC) + _SALT], data[len(_MAGIC) + _SALT :]
    try:
        return AESGCM(_key(passphrase, header[len(_MAGIC) :])).decrypt(_NONCE, sealed, header)
    except InvalidTag as error:
        raise GuaranteeError(
            f"{path} is not what was saved: it was changed or cut, or the passphrase is another. "
            "Nothing was loaded. Take an older checkpoint, or check the passphrase."
        ) from error


def _key(passphrase, salt):
    if isinstance(passphrase, str):
        passphrase = passphrase.encode()
    if not isinstance(passphrase, bytes) or not passphrase:
        raise InvalidParameterError("passphrase must be a string or bytes, and not empty.")
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase)
