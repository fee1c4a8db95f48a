"""Contexts, keys and octets of Microsoft SEAL.

TenSEAL brings SEAL's own classes as ``tenseal.sealapi``. These, and not TenSEAL's vectors, are used
here: a symmetric ciphertext is then written with the seed of its uniform half, in half the octets,
a scheme without relinearisation needs no special prime, and weights have scales of their own.

SEAL reads and writes files only. Ciphertexts pass through a file in memory (``memfd_create``), or a
temporary one where the system has none.
"""

import os
import secrets
import tempfile
import threading
from functools import lru_cache
from hashlib import sha256
from typing import Any, Self

from ...._optional import require
from ....exceptions import GuaranteeError, InvalidParameterError

LARGEST_MODULUS = {
    128: {1024: 27, 2048: 54, 4096: 109, 8192: 218, 16384: 438, 32768: 881},
    192: {1024: 19, 2048: 37, 4096: 75, 8192: 152, 16384: 305, 32768: 611},
    256: {1024: 14, 2048: 29, 4096: 58, 8192: 118, 16384: 237, 32768: 476},
}
"""Bits of the largest coefficient modulus for each security level and ring degree, ternary secrets.

Table 1 of M. Albrecht et al., "Homomorphic encryption security standard", 2018, published by
HomomorphicEncryption.org. SEAL checks it as well; ours is asked first, so that a message cannot ask
for less."""

NOISE_VARIANCE = 10.5
"""A coefficient of fresh noise is a sum of 42 fair signs, halved: it has this variance, is at most
21, and is sub-Gaussian with this very parameter, since each summand is."""

_PREFIX = 4  # octets of the length in front of a padded ciphertext


def seal() -> Any:
    """Return SEAL's bindings."""
    return require("tenseal.sealapi", extra="he")


def check_ring(degree: Any, modulus_bits: Any, security_bits: Any) -> None:
    """Refuse a ring that the table does not allow at a security level."""
    allowed = LARGEST_MODULUS.get(security_bits, {}).get(degree, 0)
    if sum(modulus_bits) > allowed:
        raise GuaranteeError(
            f"A ring of degree {degree} with a modulus of {sum(modulus_bits)} bits is below "
            f"{security_bits}-bit security, which allows {allowed} bits. Nothing was computed."
        )


@lru_cache(maxsize=16)
def context(
    scheme: str, degree: int, modulus_bits: tuple[int, ...], security_bits: int, plain_bits: int = 0
) -> Any:
    """Return a SEAL context.

    Parameters
    ----------
    scheme : {"CKKS", "BFV"}
        The scheme.
    degree : int
        Degree of the ring.
    modulus_bits : tuple of int
        Bits of the primes of the coefficient modulus. Where there is more than one, the last is
        the special prime of key switching.
    security_bits : {128, 192, 256}
        Security level.
    plain_bits : int, default=0
        Bits of the plaintext modulus of BFV, a prime with slots.
    """
    check_ring(degree, modulus_bits, security_bits)
    library = seal()
    parameters = library.EncryptionParameters(getattr(library.SCHEME_TYPE, scheme))
    parameters.set_poly_modulus_degree(degree)
    parameters.set_coeff_modulus(library.CoeffModulus.Create(degree, list(modulus_bits)))
    if plain_bits:
        parameters.set_plain_modulus(library.PlainModulus.Batching(degree, plain_bits))
    level = getattr(library.SEC_LEVEL_TYPE, f"TC{security_bits}")
    made = library.SEALContext(parameters, True, level)
    if not made.parameters_set():
        raise GuaranteeError(
            f"SEAL refuses the parameters of a {scheme} context: {made.parameters_error_name()}. "
            "Nothing was computed."
        )
    return made


class PublicHalf:
    """What a server is told of a key: a random name, and the keys to evaluate with, if any.

    Parameters
    ----------
    name : bytes
        16 random octets.
    """

    def __init__(self, name: bytes):
        self.name = name

    @property
    def fingerprint(self) -> Any:
        """Hash of all that the server is told, 32 hexadecimal digits."""
        return sha256(b"seal" + self.to_bytes()).hexdigest()[:32]

    def to_bytes(self) -> Any:
        """Return the octets of a bundle."""
        return self.name

    @classmethod
    def from_bytes(cls, payload: Any) -> Self:
        """Return the half in a bundle."""
        if len(payload) != 16:
            raise GuaranteeError("The public bundle holds no name of a key. Nothing was computed.")
        return cls(payload)


class SealKey:
    """A secret key in the hands of its owner, never pickled, printed or sent.

    Parameters
    ----------
    context : SEALContext
        Its context.
    name : bytes of length 16 or None
        Its public name; None draws one, and a secret with it.
    secret : SecretKey or None
        Its secret.
    """

    def __init__(self, context: Any, name: bytes | None = None, secret: Any = None):
        library = seal()
        self.context = context
        self.public = PublicHalf(secrets.token_bytes(16) if name is None else name)
        self._secret = library.KeyGenerator(context).secret_key() if secret is None else secret
        self.encryptor = library.Encryptor(context, self._secret)
        self.decryptor = library.Decryptor(context, self._secret)

    def to_bytes(self) -> Any:
        """Return name and secret as octets, for a sealed file."""
        return self.public.name + octets(self._secret)

    @classmethod
    def from_bytes(cls, context: Any, data: Any) -> Self:
        """Return the key of :meth:`to_bytes`."""
        secret = seal().SecretKey()
        load_item(secret, context, data[16:])
        return cls(context, bytes(data[:16]), secret)

    def encrypt(self, plaintext: Any) -> Any:
        """Return the octets of a symmetric ciphertext, its uniform half as a seed."""
        return octets(self.encryptor.encrypt_symmetric(plaintext))

    def decrypt(self, ciphertext: Any) -> Any:
        """Return the plaintext of a ciphertext."""
        plaintext = seal().Plaintext()
        self.decryptor.decrypt(ciphertext, plaintext)
        return plaintext

    def __reduce__(self):
        raise GuaranteeError("A secret key is never pickled or copied. Nothing was written.")

    def __repr__(self):
        return f"SealKey(<{self.public.fingerprint[:8]}>)"


def own_key(context: Any, private_key: Any) -> Any:
    """Return a new key, or check the one that is given."""
    if private_key is None:
        return SealKey(context)
    if not (
        isinstance(private_key, SealKey)
        and private_key.context.key_parms_id() == context.key_parms_id()
    ):
        raise InvalidParameterError(
            "The 'private_key' parameter of keygen must be a key of this scheme and these "
            f"parameters, or None. Got a {type(private_key).__name__} instead."
        )
    return private_key


class _Memory(threading.local):
    """One file without a name for each thread."""

    def __init__(self):
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create("sklearn_private", os.MFD_CLOEXEC)
            self.path = f"/proc/self/fd/{self.descriptor}"
        else:
            file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - it lives as long as the thread
            self.file, self.descriptor, self.path = file, file.fileno(), file.name


_memory = _Memory()


def octets(item: Any) -> Any:
    """Return what SEAL writes of an item."""
    os.ftruncate(_memory.descriptor, 0)
    item.save(_memory.path)
    data = os.pread(_memory.descriptor, os.fstat(_memory.descriptor).st_size, 0)
    os.ftruncate(_memory.descriptor, 0)  # a secret key is here while it is sealed
    return data


def load_item(item: Any, context: Any, data: Any) -> None:
    """Let SEAL read an item."""
    os.ftruncate(_memory.descriptor, 0)
    os.pwrite(_memory.descriptor, data, 0)
    try:
        item.load(context, _memory.path)
    finally:
        os.ftruncate(_memory.descriptor, 0)


def pad(data: Any, width: Any) -> Any:
    """Return octets behind their length, filled with zeros to a fixed width."""
    if len(data) + _PREFIX > width:
        raise GuaranteeError("A ciphertext is wider than its place. Nothing was sent.")
    return len(data).to_bytes(_PREFIX, "big") + data + bytes(width - _PREFIX - len(data))


def ciphertext_width(degree: Any, n_primes: Any, n_polynomials: Any) -> Any:
    """Return the width of a padded ciphertext; a seed of 64 octets stands for one polynomial."""
    return 1024 + 8 * degree * n_primes * n_polynomials


def read_ciphertext(context: Any, padded: Any, *, scale: Any = None, parms_id: Any = None) -> Any:
    """Return the ciphertext in a padded place, checked to be a fresh one of this context.

    Raises
    ------
    GuaranteeError
        If it is none: another size, level, form or scale.
    """
    size = int.from_bytes(padded[:_PREFIX], "big")
    ciphertext = seal().Ciphertext()
    try:
        if size > len(padded) - _PREFIX or any(padded[_PREFIX + size :]):
            raise ValueError
        load_item(ciphertext, context, padded[_PREFIX : _PREFIX + size])
    except (RuntimeError, ValueError, IndexError):
        raise _no_ciphertext() from None
    good = (
        ciphertext.size() == 2
        and ciphertext.parms_id() == (parms_id or context.first_parms_id())
        and ciphertext.is_ntt_form() == (scale is not None)
        and (scale is None or ciphertext.scale == scale)
    )
    if not good:
        raise _no_ciphertext()
    return ciphertext


def weighted_sum(evaluator: Any, ciphertexts: Any, weights: Any) -> Any:
    """Return the sum of ciphertexts times plaintexts, pairs of a place and a plaintext."""
    library, total = seal(), None
    for j, plaintext in weights:
        product = library.Ciphertext()
        evaluator.multiply_plain(ciphertexts[j], plaintext, product)
        if total is None:
            total = product
        else:
            evaluator.add_inplace(total, product)
    return total


def _no_ciphertext():
    return GuaranteeError(
        "The message holds octets that are no ciphertext of its scheme and parameters. "
        "Nothing was computed. Send the request again."
    )
