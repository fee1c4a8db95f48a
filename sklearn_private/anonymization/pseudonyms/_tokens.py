"""Tokens: the text of a value under a key.

The token of a value is ``HMAC(HMAC(key, "domain:" + domain), value)`` with SHA-256 [1]_, its first
bits written in an alphabet. Whoever lacks the key cannot tell it from a random text, and so can
neither find the value by trying candidates, as with a plain hash, nor tell which tokens of two
domains belong together. Of n values, two share a token of b bits with probability at most
n (n - 1) / 2^(b + 1).

.. [1] H. Krawczyk, M. Bellare, R. Canetti, "HMAC: keyed-hashing for message authentication", RFC
   2104 (1997).
"""

import hmac
from typing import Any

import numpy as np

_LETTERS = {"base32": b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "hex": b"0123456789abcdef"}
BITS = {encoding: len(letters).bit_length() - 1 for encoding, letters in _LETTERS.items()}
"""Bits of one character of each alphabet (RFC 4648)."""
_AT_ONCE = 2**16
"""Digests that are written in one go; their bits take a byte each."""


def key_id(key: Any) -> Any:
    """Return a public name of a key, from which nothing follows about it."""
    return _mac(key)("key id").hex()[:16]


def tokens(
    texts: list[str] | None, key: bytes, domain: str, encoding: str, length: int
) -> list[str] | None:
    """Return the token of each text.

    Parameters
    ----------
    texts : list of str or None
        Canonical texts; None where missing.
    key : bytes
        The key.
    domain : str
        Equal texts have equal tokens within a domain, and unrelated ones in two domains.
    encoding : {"base32", "hex"}
        The alphabet.
    length : int
        Characters of a token.

    Returns
    -------
    list of str or None

    Examples
    --------
    >>> from sklearn_private.anonymization.pseudonyms._tokens import tokens
    >>> tokens(["Ann", None, "Bo", "Ann"], bytes(32), "name", "base32", 13)
    ['HADURB2N4LXZX', None, 'OHG27B7L2M6AL', 'HADURB2N4LXZX']
    """
    mac = _mac(_mac(key)(f"domain:{domain}"))
    distinct = list({*texts} - {None})
    of_text = {}
    for start in range(0, len(distinct), _AT_ONCE):
        some = distinct[start : start + _AT_ONCE]
        of_text.update(zip(some, _written(map(mac, some), encoding, length), strict=True))
    return [of_text.get(text) for text in texts]


def _mac(key):
    """Return the function that authenticates a text under a key."""
    keyed = hmac.new(key, digestmod="sha256")

    def digest(text):
        mac = keyed.copy()
        # Lone surrogates, which broken encodings leave behind, have bytes of their own.
        mac.update(text.encode("utf-8", "surrogatepass"))
        return mac.digest()

    return digest


def _written(digests, encoding, length):
    """Return the first characters of digests in an alphabet."""
    digests = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32)
    n_bits = BITS[encoding]
    bits = np.unpackbits(digests, axis=1, count=n_bits * length).reshape(-1, length, n_bits)
    numbers = bits @ (1 << np.arange(n_bits)[::-1]).astype(np.uint8)
    letters = np.frombuffer(_LETTERS[encoding], dtype=np.uint8)[numbers]
    return letters.view(f"S{length}").ravel().astype(str).tolist()
