"""Who sent a message: Ed25519 signatures of requests by their client, and of answers by the server.

Ciphertexts are malleable, and whoever has a public bundle can make some. So the bundle holds the
key that signs a client's requests, the client knows the key that signs the server's answers, and an
answer names the digest of the request that it answers. A signed message is a frame followed by the
signature of the frame's digest, which covers all of it.
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ...exceptions import GuaranteeError

SIGNATURE_SIZE, SECRET_SIZE, _DIGEST_SIZE = 64, 32, 32
_CONTEXT = b"sklearn-private encrypted prediction, version 1\0"


class Signer:
    """A signing key in the hands of its owner, never pickled or printed.

    Parameters
    ----------
    secret : bytes of length 32 or None
        The secret; None draws one.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        generate, read = Ed25519PrivateKey.generate, Ed25519PrivateKey.from_private_bytes
        self._key = generate() if secret is None else read(bytes(secret))
        self.public = self._key.public_key().public_bytes_raw().hex()

    def sign(self, frame: bytes) -> bytes:
        """Return a frame with its signature behind it."""
        return frame + self._key.sign(_CONTEXT + frame[-_DIGEST_SIZE:])

    def to_bytes(self) -> bytes:
        """Return the secret, for a file that is sealed."""
        return self._key.private_bytes_raw()

    def __reduce__(self):
        raise GuaranteeError("A signing key is never pickled or copied. Nothing was written.")

    def __repr__(self) -> str:
        return f"Signer(<{self.public[:8]}>)"


def signed_frame(what: str, message: bytes, public: str) -> memoryview:
    """Return the frame in a signed message, whose digest is still to be checked by ``read_frame``.

    Raises
    ------
    GuaranteeError
        If it is not signed by the key of these 64 hexadecimal digits.
    """
    if not isinstance(message, bytes | bytearray | memoryview):
        raise GuaranteeError(
            f"The message cannot be read as a {what}: it is a {type(message).__name__}, not bytes. "
            "Nothing was computed."
        )
    view = memoryview(message).cast("B").toreadonly()
    frame, signature = view[:-SIGNATURE_SIZE], view[-SIGNATURE_SIZE:]
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes(signature), _CONTEXT + bytes(frame[-_DIGEST_SIZE:]))
    except (InvalidSignature, ValueError):
        raise GuaranteeError(
            f"The {what} cannot be read: it is not signed by whom it should come from. Nothing was "
            "computed. Whoever passed it on has changed or made it; ask its sender for it again."
        ) from None
    return frame


def bundle_fingerprint(key_fingerprint: str, signer: str) -> str:
    """Return the name of a bundle, 32 hexadecimal digits: that of both of its keys."""
    return hashlib.sha256(f"{key_fingerprint} {signer}".encode()).hexdigest()[:32]
