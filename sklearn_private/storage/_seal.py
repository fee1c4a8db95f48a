r"""Bytes that only a passphrase opens, and of which no bit can change unseen.

The key is scrypt of the passphrase and a fresh salt [1]_; AES-256-GCM [2]_ encrypts and
authenticates under a fresh nonce. A sealed text is, in this order::

    magic      6 octets    b"SKSEA\0"
    version    1 octet
    cost       1 octet     log2 of scrypt's n
    salt      16 octets
    nonce     12 octets
    text                   as long as what was sealed, and 16 octets of tag

All of it is authenticated, and so is the purpose, which is not stored: what was sealed for one
purpose opens for no other.

.. [1] RFC 7914, "The scrypt password-based key derivation function", 2016.
.. [2] NIST SP 800-38D, "Galois/Counter Mode (GCM) and GMAC", 2007.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ..exceptions import GuaranteeError, InvalidParameterError

_MAGIC, _VERSION = b"SKSEA\0", 1
_COST = 16  # 64 MiB and about a quarter of a second a guess
_COSTS = range(14, 21)  # what is opened: whoever made a file must not choose a gigabyte
_SALT, _NONCE, _TAG = 16, 12, 16
_PREFIX = len(_MAGIC) + 2


def seal(data: bytes, passphrase: str | bytes, *, purpose: str) -> bytes:
    """Return bytes that only the passphrase opens.

    Parameters
    ----------
    data : bytes
        What to seal.
    passphrase : str or bytes
        The secret, not empty. Whoever gets the sealed text can guess at it without end: take a
        long one.
    purpose : str
        What the bytes are for; :func:`unseal` must name the same.

    Returns
    -------
    bytes
        Longer than ``data`` by 52 octets, whatever it holds.

    Examples
    --------
    >>> from sklearn_private.storage import seal, unseal
    >>> unseal(seal(b"key", "a long passphrase", purpose="test"), "a long passphrase",
    ...        purpose="test")
    b'key'
    """
    prefix = _MAGIC + bytes((_VERSION, _COST))
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    cipher = AESGCM(_key(passphrase, salt, _COST))
    return b"".join((prefix, salt, nonce, cipher.encrypt(nonce, data, _bound(prefix, purpose))))


def unseal(sealed: bytes, passphrase: str | bytes, *, purpose: str) -> bytes:
    """Return the bytes of :func:`seal`.

    Parameters
    ----------
    sealed : bytes
        What :func:`seal` returned.
    passphrase : str or bytes
        The secret.
    purpose : str
        What the bytes are for.

    Returns
    -------
    bytes

    Raises
    ------
    GuaranteeError
        If it was not sealed with this passphrase for this purpose, or a bit has changed.
    """
    if len(sealed) < _PREFIX + _SALT + _NONCE + _TAG or sealed[: len(_MAGIC)] != _MAGIC:
        raise GuaranteeError("This is no sealed file of this library. Nothing was read.")
    prefix, cost = sealed[:_PREFIX], sealed[_PREFIX - 1]
    if sealed[_PREFIX - 2] != _VERSION or cost not in _COSTS:
        raise GuaranteeError(
            "The file was sealed by another version, or its first octets have changed. Nothing was "
            "read."
        )
    salt, nonce, text = (
        sealed[_PREFIX : _PREFIX + _SALT],
        sealed[_PREFIX + _SALT : _PREFIX + _SALT + _NONCE],
        sealed[_PREFIX + _SALT + _NONCE :],
    )
    try:
        return AESGCM(_key(passphrase, salt, cost)).decrypt(nonce, text, _bound(prefix, purpose))
    except InvalidTag:
        raise GuaranteeError(
            "The passphrase is another one, the file has changed, or it was sealed for another "
            "purpose. Nothing was read."
        ) from None


def _key(passphrase, salt, cost):
    secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
    if not isinstance(secret, bytes) or not secret:
        raise InvalidParameterError(
            "The 'passphrase' must be text or bytes, and not empty. Nothing was sealed or read."
        )
    return Scrypt(salt=salt, length=32, n=1 << cost, r=8, p=1).derive(secret)


def _bound(prefix, purpose):
    return prefix + purpose.encode()
