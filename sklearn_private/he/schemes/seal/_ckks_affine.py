r"""Affine programs under CKKS: one ciphertext a column, a row in each of its slots.

The weights of an :class:`IntegerMap` are whole numbers, so they multiply ciphertexts at scale 1 and
without error, and no rescaling, no special prime and no evaluation key is needed: one prime q
carries everything. A column i of whole numbers is encrypted at the scale D, and the answer decrypts
to D (V @ i + C) plus the error below. It is read rightly as long as that is within q / 2.

**Error of a score**, in units of the whole numbers, with N the degree and ‖V‖ norms of one output's
weights. Slots are values of a real polynomial at primitive 2N-th roots of unity, of which the real
part is read:

* *encryption*: fresh noise is sub-Gaussian with parameter 10.5 for each coefficient. The real part
  of its value at a root weighs coefficient k by cos(k t), and these squares sum to N / 2. So a slot
  of the answer is sub-Gaussian with parameter 10.5 ‖V‖_2^2 N / 2, and exceeds
  ‖V‖_2 sqrt(2 ln(2 N 2^40) 10.5 N / 2) somewhere in an answer with a probability below 2^-40.
* *encoding*: coefficients are rounded, each by 1/2 at most; at a root this is at most N / pi for
  every column, so ‖V‖_1 N / pi.
* *floating point*: SEAL's transforms of length N have a relative error below 4 eps log2(N) in the
  2-norm. With ‖m‖_2 at most the largest slot, a slot of a column is off by at most
  4 eps log2(N) sqrt(N) D L, and the decoded answer by the same with the reach of a score for L.

The sum of the three is divided by D. It is deterministic but for the first term; no input makes the
others larger.
"""

import math
from typing import Any

import numpy as np

from ....exceptions import GuaranteeError, InvalidParameterError
from ._seal import NOISE_VARIANCE, context, octets, pad, seal, weighted_sum
from ._slotted import SlottedScheme, read_settings

FAILURE_BITS = 40
"""The error of an answer is within its bound but for a chance of 2**-40."""

RINGS = {128: ((2048, 54), (4096, 60)), 192: ((2048, 37), (4096, 60)), 256: ((4096, 58),)}
"""Degrees and bits of the one prime, the fastest first; SEAL's primes have at most 60 bits."""


def ring_error(program: Any, degree: Any, scale_bits: Any) -> Any:
    """Return the proven error of each score of a program, in units of its whole numbers."""
    weights, scale = np.abs(program.weights.astype(np.float64)), 2.0**scale_bits
    tail = 2 * math.log(2 * degree) + 2 * FAILURE_BITS * math.log(2)
    noise = np.sqrt((weights**2).sum(axis=1) * tail * NOISE_VARIANCE * degree / 2)
    rounding = weights.sum(axis=1) * degree / math.pi
    size = weights.sum(axis=1) * program.levels + 2 * program.reach
    floats = 4 * np.finfo(float).eps * math.log2(degree) * math.sqrt(degree) * scale * size
    return (noise + rounding + floats) / scale


def choose_ring(program: Any, security_bits: Any) -> Any:
    """Return degree, bits of the prime and bits of the scale.

    The first ring is taken in which the scheme adds no more than the rounding of a row to its grid
    does; if there is none, the one that adds the least.
    """
    rounding = np.maximum(np.abs(program.weights).sum(axis=1) / 2, 1.0)
    rings = []
    for degree, bits in RINGS[security_bits]:
        scale_bits = bits - 2 - program.reach.bit_length()
        if scale_bits < 1:
            continue
        worst = (ring_error(program, degree, scale_bits) / rounding).max()
        if worst <= 1:
            return degree, bits, scale_bits
        rings.append((worst, degree, bits, scale_bits))
    if not rings:
        raise InvalidParameterError(
            f"Scores of {program.reach.bit_length() + 1} bits do not fit a CKKS ciphertext. Lower "
            "the precision_bits or weight_bits of HEPredictor, or use scheme='paillier'."
        )
    return min(rings)[1:]


class CKKSAffine(SlottedScheme):
    """Encrypt, evaluate and decrypt rows under one layout.

    Parameters
    ----------
    layout : Layout
        The public parameters.
    """

    def __init__(self, layout: Any):
        degree, bits, self.scale_bits = read_settings(
            layout, "degree", "modulus_bits", "scale_bits"
        )
        if bits > 60 or self.scale_bits >= bits:
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        self.modulus_bits = bits
        super().__init__(
            layout,
            context("CKKS", degree, (bits,), layout.security_bits),
            degree=degree,
            n_primes=1,
            n_sent=layout.n_features,
            rows_per_block=degree // 2,
            scale=2.0**self.scale_bits,
        )
        self._encoder = seal().CKKSEncoder(self.context)

    @staticmethod
    def settings(program: Any, security_bits: Any) -> dict[Any, Any]:
        """Return the ring and the scale that carry a program."""
        if not program.weights.any(axis=1).all():
            raise InvalidParameterError(
                "CKKS multiplies each score by at least one weight, and a score of this estimator "
                "has none. Use scheme='paillier' of HEPredictor."
            )
        names = ("degree", "modulus_bits", "scale_bits")
        return dict(zip(names, choose_ring(program, security_bits), strict=True))

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statement says of the scheme."""
        return {
            "ring_degree": self.degree,
            "modulus_bits": self.modulus_bits,
            "scale_bits": self.scale_bits,
            "rows_per_ciphertext": self.rows_per_block,
            "ciphertext_bytes": self._sent,
        }

    def check(self, program: Any) -> None:
        """Refuse a program whose scores could wrap around the modulus."""
        error = ring_error(program, self.degree, self.scale_bits).max()
        room = 2.0 ** (self.modulus_bits - 1 - self.scale_bits)  # the prime is just below its bits
        if program.reach + error > 0.99 * room or not program.weights.any(axis=1).all():
            raise GuaranteeError("The server's sums could leave their slots. Nothing was read.")

    def error(self, program: Any) -> Any:
        """Return the error of the module docstring."""
        return ring_error(program, self.degree, self.scale_bits)

    def encrypt(self, key: Any, integers: Any) -> Any:
        """Return the encryption of rows, block by block and column by column."""
        ciphertexts, plaintext = [], seal().Plaintext()
        for start, stop in self.blocks(len(integers)):
            for column in integers[start:stop].T.tolist():
                self._encoder.encode(column, self.scale, plaintext)
                ciphertexts.append(pad(key.encrypt(plaintext), self._sent))
        return b"".join(ciphertexts)

    def evaluate(self, key: Any, payload: Any, n_rows: int, program: Any) -> Any:
        """Return encryptions of the scores; their noise depends on the weights."""
        evaluator = seal().Evaluator(self.context)
        weights = [self._encoded_weights(row) for row in program.weights.tolist()]
        answers = []
        for block, (start, stop) in enumerate(self.blocks(n_rows)):
            columns = self.sent(payload, block)
            for row, constant in zip(weights, program.constants.tolist(), strict=True):
                score = weighted_sum(evaluator, columns, row)
                evaluator.add_plain_inplace(score, self._encoded([constant] * (stop - start)))
                answers.append(pad(octets(score), self._answered))
        return b"".join(answers)

    def decrypt(self, key: Any, payload: Any, n_rows: int) -> np.ndarray:
        """Return the scores in units of the whole numbers, shape (n_rows, n_outputs)."""
        answers, k = self.answered(payload), self.layout.n_outputs
        slots = [self._encoder.decode_double(key.decrypt(answer)) for answer in answers]
        scores = []
        for block, (start, stop) in enumerate(self.blocks(n_rows)):
            scores.append(np.array(slots[block * k : (block + 1) * k])[:, : stop - start].T)
        return np.concatenate(scores)

    def _encoded(self, values):
        plaintext = seal().Plaintext()
        self._encoder.encode([float(v) for v in values], self.scale, plaintext)
        return plaintext

    def _encoded_weights(self, weights):
        """Return the place and the plaintext of each weight that is not zero."""
        encoded = []
        for j, weight in enumerate(weights):
            if weight:  # SEAL refuses a product with zero: it would be a ciphertext in clear
                plaintext = seal().Plaintext()
                self._encoder.encode(float(weight), 1.0, plaintext)
                encoded.append((j, plaintext))
        return encoded
