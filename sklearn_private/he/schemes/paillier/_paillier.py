"""The Paillier scheme: packed columns, one ciphertext for each block of rows and each feature.

Addition of plaintexts is multiplication of ciphertexts, and multiplication by a known number is a
power. With the rows of a block side by side in the slots of a plaintext (see ``_slots.py``), one
product of powers evaluates the affine map on all of them at once:

    prod_j c_j ** V_j  encrypts  sum_j V_j m_j,  whose slot r holds  sum_j V_j i_rj.

The server adds the constant and the offset to the slots in use; each slot then lies in
[0, 2**slot_bits), so none reaches its neighbour.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from ....exceptions import GuaranteeError, InvalidParameterError
from ._paillier_keys import PublicKey, SecretKey
from ._powers import PowerProduct
from ._randomisers import RandomiserTables
from ._slots import constant, pack, unpack

randomiser_tables = RandomiserTables()  # of this process: keys of many requests share them

WORD_BITS = 62
"""A score fits a signed 64-bit integer with room to spare."""

MODULUS_BITS = {112: 2048, 128: 3072, 192: 7680}
"""Bits of n for each security level (NIST SP 800-57 part 1, revision 5, table 2)."""


class PaillierScheme:
    """Encrypt, evaluate and decrypt rows under one layout.

    Parameters
    ----------
    layout : Layout
        The public parameters.
    """

    def __init__(self, layout: Any):
        if set(layout.settings) != {"slot_bits"}:
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        self.slot_bits = layout.settings["slot_bits"]
        if not layout.levels.bit_length() <= self.slot_bits <= WORD_BITS:
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        self.layout = layout
        self.offset = 1 << (self.slot_bits - 1)  # added to each score, so that no slot is negative
        self.modulus_bits = MODULUS_BITS[layout.security_bits]
        self.rows_per_block = (self.modulus_bits - 1) // self.slot_bits
        self._width = self.modulus_bits // 4  # octets of a ciphertext

    @staticmethod
    def settings(program: Any, security_bits: Any) -> dict[str, Any]:
        """Return the width of a slot: scores lie in [-2**(slot_bits - 1), 2**(slot_bits - 1))."""
        return {"slot_bits": max(program.reach.bit_length() + 1, program.levels.bit_length())}

    def check(self, program: Any) -> None:
        """Refuse a program whose scores could leave their slots."""
        if program.reach.bit_length() + 1 > self.slot_bits:
            raise GuaranteeError("The server's sums could leave their slots. Nothing was read.")

    def error(self, program: Any) -> np.ndarray:
        """Return zeros: the whole numbers are exact."""
        return np.zeros(program.n_outputs)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statement says of the scheme."""
        return {
            "modulus_bits": self.modulus_bits,
            "rows_per_ciphertext": self.rows_per_block,
            "ciphertext_bytes": self._width,
            "slot_bits": self.slot_bits,
        }

    def keygen(self, private_key: Any = None) -> Any:
        """Return a new key pair, or the one of a ``phe`` private key."""
        if private_key is None:
            return SecretKey.generate(self.modulus_bits)
        key = private_key if isinstance(private_key, SecretKey) else SecretKey.of(private_key)
        self._check_size(key.public, InvalidParameterError)
        return key

    def write_key(self, key: Any) -> Any:
        """Return the prime factors of the modulus as octets."""
        return key.to_bytes()

    def read_key(self, secret: Any) -> Any:
        """Return the key pair of :meth:`write_key`."""
        key = SecretKey.from_bytes(secret)
        self._check_size(key.public, GuaranteeError)
        return key

    def simulation_key(self) -> Any:
        """Return one key pair that all simulations of this size in this process share."""
        return _simulation_key(self.modulus_bits)

    def read_public_key(self, payload: Any) -> Any:
        """Return the public key in a bundle."""
        if len(payload) != self.modulus_bits // 8:
            raise _short_key(self.modulus_bits, 8 * len(payload), GuaranteeError)
        key = PublicKey(int.from_bytes(payload, "big"))
        self._check_size(key, GuaranteeError)
        return key

    def request_size(self, n_rows: int) -> Any:
        """Return the octets of the encryption of ``n_rows`` rows."""
        return self._n_blocks(n_rows) * self.layout.n_features * self._width

    def response_size(self, n_rows: int) -> Any:
        """Return the octets of the encrypted scores of ``n_rows`` rows."""
        return self._n_blocks(n_rows) * self.layout.n_outputs * self._width

    def encrypt(self, key: Any, integers: Any) -> Any:
        """Return the encryption of rows of whole numbers, block by block and column by column."""
        ciphertexts = []
        for start in range(0, len(integers), self.rows_per_block):
            block = integers[start : start + self.rows_per_block]
            ciphertexts += key.encrypt(pack(block.T, self.slot_bits))
        return key.public.write(ciphertexts)

    def evaluate(self, key: Any, payload: Any, n_rows: int, program: Any) -> Any:
        """Return encryptions of the scores of encrypted rows, each freshly randomised."""
        products = [PowerProduct(weights) for weights in program.weights.tolist()]
        shifts = [c + self.offset for c in program.constants.tolist()]
        size, answers = self.layout.n_features * self._width, []
        fresh = randomiser_tables.of(key, self._n_blocks(n_rows) * len(products))
        for block, n_slots in enumerate(self._block_rows(n_rows)):
            columns = key.read(payload[block * size : (block + 1) * size])
            for product, shift in zip(products, shifts, strict=True):
                score = product(columns, key.n_squared)
                shifted = key.shift(score, constant(shift, n_slots, self.slot_bits))
                answers.append(key.rerandomise(shifted, fresh()))
        return key.write(answers)

    def decrypt(self, key: Any, payload: Any, n_rows: int) -> np.ndarray:
        """Return the whole-number scores, an array of shape (n_rows, n_outputs)."""
        plaintexts = [key.decrypt(c) for c in key.public.read(payload)]
        k, bits = self.layout.n_outputs, self.slot_bits
        scores = []
        for block, n_slots in enumerate(self._block_rows(n_rows)):
            packed = plaintexts[block * k : (block + 1) * k]
            if any(m >> (n_slots * bits) for m in packed):
                raise GuaranteeError(
                    "The response does not decrypt to packed scores of this model. Nothing was "
                    "returned. Ask the server of this client's split() again."
                )
            scores.append(unpack(packed, n_slots, bits).T - self.offset)
        return np.concatenate(scores)

    def _n_blocks(self, n_rows):
        return -(-n_rows // self.rows_per_block)

    def _block_rows(self, n_rows):
        for start in range(0, n_rows, self.rows_per_block):
            yield min(self.rows_per_block, n_rows - start)

    def _check_size(self, key, error):
        if key.bits != self.modulus_bits or key.n % 2 == 0:
            raise _short_key(self.modulus_bits, key.bits, error)


@lru_cache
def _simulation_key(modulus_bits):
    # Where both roles are in one process the key protects nothing, so one is enough.
    return SecretKey.generate(modulus_bits)


def _short_key(expected, found, error):
    return error(
        f"The key must have an odd modulus of {expected} bits. Got {found} bits instead. "
        "Nothing was computed. Make it with keygen() of the client of this model."
    )
