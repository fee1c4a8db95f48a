"""Paillier keys: encryption and decryption by the owner, re-randomisation by anybody.

With n = p q and g = n + 1 a ciphertext of m is c = (1 + n m) r**n mod n**2 [1]_. Keys are those of
the ``phe`` library and ciphertexts are interchangeable with its raw ones. Two differences:

* **No exponents.** ``phe`` sends the exponent of a floating-point number in clear beside each
  ciphertext, which tells its magnitude. Here plaintexts are whole numbers on one public grid.
* **The owner encrypts.** Whoever knows p and q can work modulo p**2 and q**2 and combine by the
  Chinese remainder theorem. Modulo p**2 the numbers r**n are the powers of one w = t**p, t a
  generator modulo p, so a uniform power of w from a table replaces the exponentiation: w**a with a
  uniform below p - 1 is exactly uniform in the group of w. Whether t generates is checked for the
  prime factors of p - 1 below 2**16; that a larger factor spoils it has a probability below 0.3 %,
  and the group is then one of index above 2**16, for which no test is known that does not factor n.

The server re-randomises with n-th powers of its own (``_randomisers.py``), so that an answer tells
the owner of the key, who knows p, q and the randomness of the request, the score and no product of
what it sent.

.. [1] P. Paillier, "Public-key cryptosystems based on composite degree residuosity classes",
   EUROCRYPT 1999.
"""

import hashlib
import secrets
from typing import Any, Self

from ...._optional import require
from ....exceptions import GuaranteeError
from ._numbers import gcd, invert, powmod, whole
from ._powers import FixedBase

SMALL_FACTORS = 1 << 16


class PublicKey:
    """The modulus n, and what anybody can do with it.

    Parameters
    ----------
    n : int
        The modulus.
    """

    def __init__(self, n: int):
        self.n, self.n_squared = whole(n), whole(n) ** 2
        self.bits = int(n).bit_length()
        self.width = 2 * self.bits // 8  # octets of a ciphertext

    @property
    def fingerprint(self) -> Any:
        """Hash of the modulus, 32 hexadecimal digits."""
        return hashlib.sha256(b"paillier" + self.to_bytes()).hexdigest()[:32]

    def to_bytes(self) -> Any:
        """Return n, big-endian."""
        return int(self.n).to_bytes(self.bits // 8, "big")

    def shift(self, ciphertext: Any, plaintext: Any) -> Any:
        """Return a ciphertext of the sum of a ciphertext's plaintext and a given one."""
        return ciphertext * (1 + self.n * plaintext) % self.n_squared

    def nth_power(self) -> Any:
        """Return r**n modulo n**2 for a uniform r: a ciphertext of zero."""
        return powmod(1 + secrets.randbelow(int(self.n) - 1), self.n, self.n_squared)

    def rerandomise(self, ciphertext: Any, nth_power: Any) -> Any:
        """Return a fresh ciphertext of the same plaintext, by a fresh n-th power."""
        return ciphertext * nth_power % self.n_squared

    def write(self, ciphertexts: Any) -> Any:
        """Return ciphertexts as octets, all of one width."""
        return b"".join(int(c).to_bytes(self.width, "big") for c in ciphertexts)

    def read(self, payload: Any) -> Any:
        """Return the ciphertexts in octets, each checked to be one modulo n**2.

        Raises
        ------
        GuaranteeError
            If one is not: 0 < c < n**2 and gcd(c, n) = 1 must hold.
        """
        ciphertexts, product = [], whole(1)
        for start in range(0, len(payload), self.width):
            c = whole(int.from_bytes(payload[start : start + self.width], "big"))
            if not 0 < c < self.n_squared:
                raise _no_ciphertext()
            ciphertexts.append(c)
            product = product * c % self.n
        if gcd(product, self.n) != 1:
            raise _no_ciphertext()
        return ciphertexts


class SecretKey:
    """A key pair in the hands of its owner.

    Never pickled, printed or sent: only its public half leaves the process.

    Parameters
    ----------
    p, q : int
        The prime factors of the modulus.
    """

    def __init__(self, p: int, q: int):
        self.public = PublicKey(whole(p) * q)
        self._halves = _PrimeHalf(p, self.public.n), _PrimeHalf(q, self.public.n)
        p, q = (half.prime for half in self._halves)
        self._p_inverse, self._p_squared_inverse = invert(p, q), invert(p * p, q * q)

    @classmethod
    def generate(cls, bits: Any) -> Any:
        """Return a new key pair with a modulus of ``bits`` bits."""
        paillier = require("phe.paillier", extra="he")
        return cls.of(paillier.generate_paillier_keypair(n_length=bits)[1])

    @classmethod
    def of(cls, private_key: Any) -> Self:
        """Return the key pair of a ``phe`` private key."""
        return cls(private_key.p, private_key.q)

    def to_bytes(self) -> Any:
        """Return the prime factors, big-endian, each in half of the octets: for a sealed file."""
        width = self.public.bits // 8
        return b"".join(int(half.prime).to_bytes(width, "big") for half in self._halves)

    @classmethod
    def from_bytes(cls, secret: Any) -> Self:
        """Return the key pair of :meth:`to_bytes`."""
        width = len(secret) // 2
        return cls(*(int.from_bytes(part, "big") for part in (secret[:width], secret[width:])))

    def encrypt(self, plaintexts: Any) -> Any:
        """Return fresh ciphertexts of whole numbers in [0, n)."""
        for half in self._halves:
            half.prepare(len(plaintexts))
        p_half, q_half = self._halves
        modulus, other = p_half.square, q_half.square
        ciphertexts = []
        for m in plaintexts:
            c_p, c_q = p_half.encrypt(m), q_half.encrypt(m)
            ciphertexts.append(c_p + modulus * ((c_q - c_p) * self._p_squared_inverse % other))
        return ciphertexts

    def decrypt(self, ciphertext: Any) -> int:
        """Return the plaintext of a ciphertext, a Python integer in [0, n)."""
        p_half, q_half = self._halves
        m_p, m_q = p_half.decrypt(ciphertext), q_half.decrypt(ciphertext)
        return int(m_p + p_half.prime * ((m_q - m_p) * self._p_inverse % q_half.prime))

    def __reduce__(self):
        raise GuaranteeError("A secret key is never pickled or copied. Nothing was written.")

    def __repr__(self):
        return f"SecretKey(<{self.public.bits}-bit modulus {self.public.fingerprint[:8]}>)"


class _PrimeHalf:
    """Encryption and decryption modulo the square of one prime factor of n."""

    def __init__(self, prime, n):
        self.prime = whole(prime)
        self.square = self.prime**2
        self._n = n % self.square
        self._order = int(prime) - 1
        self._scale = invert(self._logarithm(1 + self._n), self.prime)
        self._base = powmod(_generator(prime), self.prime, self.square)
        self._powers, self._drawn = None, 0

    def prepare(self, n_powers):
        """Build the table that is the cheapest for all powers drawn so far and these."""
        self._drawn += n_powers
        window = FixedBase.best_window(self._drawn)
        if self._powers is None or self._powers.window < window:
            bits = self._order.bit_length()
            self._powers = FixedBase(self._base, self.square, bits, window)

    def encrypt(self, plaintext):
        noise = self._powers.power(secrets.randbelow(self._order))
        return (1 + self._n * (plaintext % self.prime)) * noise % self.square

    def decrypt(self, ciphertext):
        return self._logarithm(ciphertext) * self._scale % self.prime

    def _logarithm(self, value):
        return (powmod(value % self.square, self._order, self.square) - 1) // self.prime


def _generator(prime):
    """Return a random number of full order, as far as small factors of the order can tell."""
    prime = int(prime)
    order = prime - 1
    cofactors = [order // f for f in _primes_below(SMALL_FACTORS) if order % f == 0]
    while True:
        candidate = 2 + secrets.randbelow(prime - 3)
        if all(powmod(candidate, cofactor, prime) != 1 for cofactor in cofactors):
            return candidate


def _primes_below(limit):
    composite = bytearray(limit)
    for number in range(2, limit):
        if not composite[number]:
            yield number
            composite[number * number :: number] = b"\1" * len(composite[number * number :: number])


def _no_ciphertext():
    return GuaranteeError(
        "The message holds a number that is no Paillier ciphertext under its key. "
        "Nothing was computed. Send the request again."
    )
