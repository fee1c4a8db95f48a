r"""Networks of squares under CKKS: one ciphertext a column, 4,096 rows in its slots.

Columns t in [0, 1] are encrypted at the scale 2^37, and weights are encoded at 2^29, so that hidden
units z have the scale 2^66. Their squares are relinearised with a key of the client's bundle and
rescaled by the primes of 38 and 60 bits, to about 2^34; weights at 2^24 bring the scores to 2^58,
below half of the last prime of 60 bits, since a score is within [-1, 1]. What is linear in t is
added at that scale. Degree 8192 with 218 bits is what the table allows at 128-bit security.

**Error of a score**, N the degree, in the notation of ``_ckks_affine.py``: a column is off by noise
and encoding, a weight by less than one unit of its encoding, so

    e_z <= (‖w‖_2 noise + ‖w‖_1 N / pi) / 2^37 + (n_columns + 1) 2^-29,

and z^2 by 2 e_z + e_z^2, since z is within [-1, 1]. A rescaling rounds two polynomials by at most
1/2 in each coefficient, one of which is multiplied by the ternary secret: taken as independent and
uniform, their sum is sub-Gaussian with parameter (1 + N) / 12 in a coefficient and that times N / 2
in a slot; that of the last rescaling, divided by its scale, dominates the first and the noise of
relinearisation, for each of which as much is added. Weights of squares are off by 2^-24, a unit.
"""

import math
import secrets
from functools import lru_cache
from typing import Any

import numpy as np

from ....exceptions import GuaranteeError, InvalidParameterError
from ._ckks_affine import FAILURE_BITS
from ._seal import (
    NOISE_VARIANCE,
    PublicHalf,
    SealKey,
    ciphertext_width,
    context,
    load_item,
    octets,
    pad,
    read_ciphertext,
    seal,
    weighted_sum,
)
from ._slotted import SlottedScheme, read_settings

DEGREE, MODULI = 8192, (60, 60, 38, 60)
COLUMN_BITS, WEIGHT_BITS, SQUARE_BITS = 37, 29, 24
_NAME = 16
_LARGEST_KEYS = 1 << 22  # octets of the keys of relinearisation in a bundle


class CKKSSquares(SlottedScheme):
    """Encrypt, evaluate and decrypt rows under one layout.

    Parameters
    ----------
    layout : Layout
        The public parameters.
    """

    def __init__(self, layout: Any):
        if read_settings(layout, "degree") != (DEGREE,):
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        super().__init__(
            layout,
            context("CKKS", DEGREE, MODULI, layout.security_bits),
            degree=DEGREE,
            n_primes=3,
            n_sent=layout.n_features,
            rows_per_block=DEGREE // 2,
            scale=2.0**COLUMN_BITS,
        )
        self._answered = ciphertext_width(DEGREE, 1, 2)  # one prime is left
        self._encoder = seal().CKKSEncoder(self.context)
        primes = self.context.first_context_data().parms().coeff_modulus()
        self._squared = 2.0 ** (2 * (COLUMN_BITS + WEIGHT_BITS))
        for prime in (primes[2], primes[1]):
            self._squared /= float(prime.value())
        self._final = self._squared * 2.0**SQUARE_BITS  # scale of the scores

    @staticmethod
    def settings(program: Any, security_bits: Any) -> dict[str, Any]:
        """Return the ring, which is the same for all networks."""
        if security_bits != 128:
            raise InvalidParameterError(
                "The 'security_bits' parameter of HEPredictor must be 128 for a network. Got "
                f"{security_bits!r} instead."
            )
        return {"degree": DEGREE}

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statement says of the scheme."""
        return {
            "ring_degree": DEGREE,
            "modulus_bits": sum(MODULI),
            "rows_per_ciphertext": self.rows_per_block,
            "ciphertext_bytes": self._sent,
        }

    def check(self, program: Any) -> None:
        """Refuse a program whose scores could wrap around the modulus."""
        if not program.is_scaled() or self.error(program).max() > 0.5:
            raise GuaranteeError("The server's sums could leave their slots. Nothing was read.")

    def error(self, program: Any) -> Any:
        """Return the error of the module docstring."""
        tail = math.sqrt(2 * math.log(2 * DEGREE) + 2 * FAILURE_BITS * math.log(2))
        noise = tail * math.sqrt(NOISE_VARIANCE * DEGREE / 2)
        columns = 2.0**-COLUMN_BITS

        def sums(weights, weight_bits):
            spread = np.sqrt((weights**2).sum(axis=1)) * noise
            sizes = np.abs(weights).sum(axis=1) * DEGREE / math.pi
            return (spread + sizes) * columns + (weights.shape[1] + 1) * 2.0**-weight_bits

        z = sums(program.first, WEIGHT_BITS)
        rounding = 3 * tail * math.sqrt((1 + DEGREE) / 12 * DEGREE / 2) / self._squared
        squares = np.abs(program.square) @ (2 * z + z**2 + rounding)
        squares += (program.n_hidden + 1) * 2.0**-SQUARE_BITS
        linear_bits = math.log2(self._final) - COLUMN_BITS
        return squares + sums(program.linear, linear_bits) + 2.0**-40

    def keygen(self, private_key: Any = None) -> Any:
        """Return a new key with its keys of relinearisation, or check the one that is given."""
        if private_key is None:
            return _NetworkKey(self.context)
        if not isinstance(private_key, _NetworkKey):
            raise InvalidParameterError(
                "The 'private_key' parameter of keygen must be a key of this scheme and these "
                f"parameters, or None. Got a {type(private_key).__name__} instead."
            )
        return private_key

    def simulation_key(self) -> Any:
        """Return one key that all simulations of these parameters in this process share."""
        return _simulation_key(self.context)

    def read_key(self, secret: Any) -> Any:
        """Return the key of :meth:`write_key`."""
        return _NetworkKey.from_bytes(self.context, secret)

    def read_public_key(self, payload: Any) -> Any:
        """Return the keys of relinearisation in a bundle."""
        if not _NAME < len(payload) <= _LARGEST_KEYS:
            raise GuaranteeError("The public bundle holds no keys. Nothing was computed.")
        return _NetworkHalf(self.context, bytes(payload))

    def encrypt(self, key: Any, integers: Any) -> Any:
        """Return the encryption of rows, block by block and column by column."""
        ciphertexts, plaintext = [], seal().Plaintext()
        for start, stop in self.blocks(len(integers)):
            for column in (integers[start:stop].T / self.layout.levels).tolist():
                self._encoder.encode(column, self.scale, plaintext)
                ciphertexts.append(pad(key.encrypt(plaintext), self._sent))
        return b"".join(ciphertexts)

    def evaluate(self, key: Any, payload: Any, n_rows: int, program: Any) -> Any:
        """Return encryptions of the scores; their noise depends on the weights."""
        evaluator, answers = seal().Evaluator(self.context), []
        first = [self._weights(row, 2.0**WEIGHT_BITS) for row in program.first]
        linear = [self._weights(row, self._final / self.scale) for row in program.linear]
        for block, (start, stop) in enumerate(self.blocks(n_rows)):
            columns, n_block = self.sent(payload, block), stop - start
            squares = [
                self._square(evaluator, key.relinearise, weighted_sum(evaluator, columns, row), b)
                for row, b in zip(first, program.first_bias.tolist(), strict=True)
            ]
            square = [
                self._weights(row, 2.0**SQUARE_BITS, squares[0].parms_id())
                for row in program.square
            ]
            for k, bias in enumerate(program.bias.tolist()):
                score = weighted_sum(evaluator, squares, square[k])
                score.scale = self._final
                rest = weighted_sum(evaluator, columns, linear[k])
                evaluator.mod_switch_to_inplace(rest, score.parms_id())
                rest.scale = self._final
                evaluator.add_inplace(score, rest)
                self._add(evaluator, score, [bias] * n_block)
                answers.append(pad(octets(score), self._answered))
        return b"".join(answers)

    def decrypt(self, key: Any, payload: Any, n_rows: int) -> np.ndarray:
        """Return the scores, shape (n_rows, n_outputs)."""
        width, k = self._answered, self.layout.n_outputs
        last = self.context.last_parms_id()
        answers = [
            read_ciphertext(
                self.context, payload[at : at + width], scale=self._final, parms_id=last
            )
            for at in range(0, len(payload), width)
        ]
        slots = [self._encoder.decode_double(key.decrypt(answer)) for answer in answers]
        blocks = enumerate(self.blocks(n_rows))
        return np.concatenate(
            [np.array(slots[b * k : (b + 1) * k])[:, : end - start].T for b, (start, end) in blocks]
        )

    def _square(self, evaluator, keys, unit, bias):
        self._add(evaluator, unit, [bias] * self.rows_per_block)
        evaluator.square_inplace(unit)
        evaluator.relinearize_inplace(unit, keys)
        evaluator.rescale_to_next_inplace(unit)
        evaluator.rescale_to_next_inplace(unit)
        return unit

    def _add(self, evaluator, ciphertext, values):
        plaintext = seal().Plaintext()
        self._encoder.encode(values, ciphertext.parms_id(), ciphertext.scale, plaintext)
        evaluator.add_plain_inplace(ciphertext, plaintext)

    def _weights(self, weights, scale, parms_id=None):
        """Return the place and the plaintext of each weight that is not rounded to zero.

        Where all are, the first one is rounded up instead, to one unit: there is no sum of nothing.
        """
        level = self.context.first_parms_id() if parms_id is None else parms_id
        encoded, weights = [], weights.copy()
        if (np.abs(weights) * scale < 1).all():
            weights[0] = 1 / scale
        for j, weight in enumerate(weights.tolist()):
            if abs(weight) * scale >= 1:
                plaintext = seal().Plaintext()
                self._encoder.encode(weight, level, scale, plaintext)
                encoded.append((j, plaintext))
        return encoded


class _NetworkKey(SealKey):
    """A secret key whose public half holds keys of relinearisation."""

    def __init__(self, context, name=None, secret=None, relinearise=None):
        super().__init__(context, secrets.token_bytes(_NAME) if name is None else name, secret)
        if relinearise is None:
            maker = seal().KeyGenerator(context, self._secret)
            relinearise = octets(maker.create_relin_keys())
        self.public = PublicHalf(self.public.name + relinearise)

    def to_bytes(self):
        """Return all keys as octets, for a sealed file."""
        public = self.public.to_bytes()
        return len(public).to_bytes(4, "big") + public + octets(self._secret)

    @classmethod
    def from_bytes(cls, context, data):
        """Return the key of :meth:`to_bytes`."""
        end, secret = 4 + int.from_bytes(data[:4], "big"), seal().SecretKey()
        load_item(secret, context, data[end:])
        return cls(context, bytes(data[4 : 4 + _NAME]), secret, bytes(data[4 + _NAME : end]))


class _NetworkHalf(PublicHalf):
    """What a server is told: a name, and keys that bring a square back to two polynomials."""

    def __init__(self, context, payload):
        super().__init__(payload)
        self.relinearise = seal().RelinKeys()
        try:
            load_item(self.relinearise, context, payload[_NAME:])
        except (RuntimeError, ValueError, IndexError):
            raise GuaranteeError(
                "The public bundle holds no keys of relinearisation. Nothing was computed."
            ) from None


@lru_cache
def _simulation_key(context):
    # Where both roles are in one process the key protects nothing, so one is enough.
    return _NetworkKey(context)
