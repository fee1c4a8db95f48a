r"""Sums of leaf values under BFV: one ciphertext a leaf, a row and a tree in each of its slots.

Slot (row, tree) of ciphertext l is 1 where the row reaches leaf l of the tree, and 0 elsewhere. The
server multiplies each ciphertext by the values of its leaf, a plaintext, and adds up: slot
(row, tree) then holds the value of the leaf that was reached, exactly, modulo t. So that the client
learns the total of a row and not the value of each tree, the server adds masks that are uniform
modulo t and cancel over the trees of a row.

**Noise.** A fresh ciphertext is q / t m + e, with a rounding of 1/2 in each coefficient and e
sub-Gaussian with parameter 10.5. A product with a plaintext p (coefficients within t / 2) keeps the
message modulo t and multiplies the error by p in the ring, so the sum over M leaves has an error of
at most

    ‖p‖_2 sqrt(10.5 tail) + ‖p‖_1 / 2 + 1 / 2,    ‖p‖_2 <= sqrt(M N) t / 2,  ‖p‖_1 <= M N t / 2,

in each coefficient, N the degree, tail = 2 ln(2 N 2^40), but for a chance of 2^-40. The answer
decrypts rightly while that is below q / (2 t). No input makes it larger: it is proven for every
row, and for whatever a client encrypts within the noise of a fresh ciphertext.
"""

import math
from typing import Any

import numpy as np

from ....exceptions import GuaranteeError, InvalidParameterError
from ....mechanisms import noise_source, uniform_below
from ._seal import NOISE_VARIANCE, context, octets, pad, seal, weighted_sum
from ._slotted import SlottedScheme, read_settings

FAILURE_BITS = 40

MODULI = {
    (128, 4096): (36, 36, 37),
    (128, 8192): (50, 50, 52),
    (192, 8192): (50, 50, 52),
    (256, 8192): (39, 39, 40),
    (256, 16384): (59, 59, 60),
}
"""Primes for each security level and degree, the fastest first; the last one is SEAL's special
prime, which a fresh ciphertext does not have."""

FEWEST_PLAIN_BITS, MOST_PLAIN_BITS = 20, 40


def noise_fits(security_bits: Any, degree: Any, plain_bits: Any, n_leaves: Any) -> bool:
    """Return whether the answer of so many leaves decrypts rightly."""
    q_bits = sum(MODULI[security_bits, degree][:-1]) - 0.1  # primes are just below their bits
    tail = 2 * math.log(2 * degree) + 2 * FAILURE_BITS * math.log(2)
    spread = math.sqrt(n_leaves * degree * NOISE_VARIANCE * tail)
    error = 2.0 ** (plain_bits - 1) * (spread + n_leaves * degree / 2) + 1 / 2
    return math.log2(error) < q_bits - 1 - plain_bits


class BFVLeaves(SlottedScheme):
    """Encrypt leaves, evaluate and decrypt under one layout.

    Parameters
    ----------
    layout : Layout
        The public parameters; a row is one leaf for each tree.
    """

    def __init__(self, layout: Any):
        degree, self.plain_bits = read_settings(layout, "degree", "plain_bits")
        moduli = MODULI.get((layout.security_bits, degree))
        good = moduli and FEWEST_PLAIN_BITS <= self.plain_bits <= MOST_PLAIN_BITS
        if not good or layout.n_features > degree:
            raise GuaranteeError("The message holds no valid layout. Nothing was read.")
        made = context("BFV", degree, moduli, layout.security_bits, self.plain_bits)
        super().__init__(
            layout,
            made,
            degree=degree,
            n_primes=len(moduli) - 1,
            n_sent=layout.levels + 1,
            rows_per_block=degree // layout.n_features,
        )
        self._encoder = seal().BatchEncoder(made)
        self.modulus = seal().PlainModulus.Batching(degree, self.plain_bits).value()

    @staticmethod
    def settings(program: Any, security_bits: Any) -> dict[str, Any]:
        """Return the smallest ring that carries a program."""
        plain_bits = max(program.reach.bit_length() + 2, FEWEST_PLAIN_BITS)
        for level, degree in MODULI:
            fits = level == security_bits and program.n_columns <= degree
            if fits and noise_fits(level, degree, plain_bits, program.levels + 1):
                return {"degree": degree, "plain_bits": plain_bits}
        raise InvalidParameterError(
            f"{program.n_columns} trees of {program.levels + 1} leaves fit no BFV ciphertext. Use "
            "fewer or smaller trees."
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statement says of the scheme."""
        return {
            "ring_degree": self.degree,
            "modulus_bits": sum(MODULI[self.layout.security_bits, self.degree]),
            "plain_modulus": self.modulus,
            "rows_per_ciphertext": self.rows_per_block,
            "ciphertexts_per_request": self.n_sent,
            "ciphertext_bytes": self._sent,
        }

    def check(self, program: Any) -> None:
        """Refuse a program whose totals or whose noise could be too large."""
        level, n_leaves = self.layout.security_bits, program.levels + 1
        fits = noise_fits(level, self.degree, self.plain_bits, n_leaves)
        if not fits or program.reach.bit_length() + 2 > self.plain_bits:
            raise GuaranteeError("The server's sums could leave their slots. Nothing was read.")

    def error(self, program: Any) -> np.ndarray:
        """Return zeros: the whole numbers are exact."""
        return np.zeros(program.n_outputs)

    def encrypt(self, key: Any, integers: Any) -> Any:
        """Return the encryption of leaves, block by block and leaf by leaf."""
        ciphertexts, plaintext = [], seal().Plaintext()
        for start, stop in self.blocks(len(integers)):
            leaves = integers[start:stop].ravel()  # slot (row, tree)
            for leaf in range(self.n_sent):
                self._encoder.encode((leaves == leaf).astype(np.int64).tolist(), plaintext)
                ciphertexts.append(pad(key.encrypt(plaintext), self._sent))
        return b"".join(ciphertexts)

    def evaluate(self, key: Any, payload: Any, n_rows: int, program: Any) -> Any:
        """Return masked values of the leaves that were reached; their noise depends on them."""
        evaluator, answers, weights = seal().Evaluator(self.context), [], None
        for block, (start, stop) in enumerate(self.blocks(n_rows)):
            n_block = stop - start
            if weights is None or n_block != self.rows_per_block:
                weights = [self._encoded(evaluator, v, n_block) for v in program.values]
            leaves = self.sent(payload, block)
            for ciphertext in leaves:
                evaluator.transform_to_ntt_inplace(ciphertext)
            for row in weights:
                total = weighted_sum(evaluator, leaves, row)
                evaluator.transform_from_ntt_inplace(total)
                evaluator.add_plain_inplace(total, self._masks(n_block))
                answers.append(pad(octets(total), self._answered))
        return b"".join(answers)

    def decrypt(self, key: Any, payload: Any, n_rows: int) -> np.ndarray:
        """Return the whole-number scores, an array of shape (n_rows, n_outputs)."""
        answers, k, n_trees = self.answered(payload), self.layout.n_outputs, self.layout.n_features
        slots = [self._encoder.decode_int64(key.decrypt(answer)) for answer in answers]
        scores = []
        for block, (start, stop) in enumerate(self.blocks(n_rows)):
            used = np.array(slots[block * k : (block + 1) * k])[:, : (stop - start) * n_trees]
            totals = used.reshape(k, stop - start, n_trees).sum(axis=2) % self.modulus
            scores.append(np.where(2 * totals > self.modulus, totals - self.modulus, totals).T)
        return np.concatenate(scores)

    def _encoded(self, evaluator, values, n_rows):
        """Return the place and the plaintext of each leaf that is worth something."""
        encoded = []
        for leaf, column in enumerate(values.T):  # values: (n_trees, n_leaves)
            if column.any():  # SEAL refuses a product with zero: it would be one in clear
                plaintext = seal().Plaintext()
                self._encoder.encode(np.tile(column, n_rows).tolist(), plaintext)
                evaluator.transform_to_ntt_inplace(plaintext, self.context.first_parms_id())
                encoded.append((leaf, plaintext))
        return encoded

    def _masks(self, n_rows):
        """Return numbers that are uniform modulo t and cancel over the trees of each row."""
        t, n_trees, plaintext = self.modulus, self.layout.n_features, seal().Plaintext()
        drawn = uniform_below(t, n_rows * (n_trees - 1), noise_source()).astype(np.int64)
        masks = np.zeros((n_rows, n_trees), dtype=np.int64)
        masks[:, 1:] = drawn.reshape(n_rows, n_trees - 1)
        masks[:, 0] = -masks.sum(axis=1) % t
        self._encoder.encode((masks - t * (2 * masks > t)).ravel().tolist(), plaintext)
        return plaintext
