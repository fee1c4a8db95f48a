"""What all programs on SEAL share: blocks of rows, places of ciphertexts, keys."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

from ....exceptions import GuaranteeError
from ._seal import PublicHalf, SealKey, ciphertext_width, own_key, read_ciphertext


class SlottedScheme:
    """Rows in the slots of ciphertexts, ``rows_per_block`` of them in each block.

    Parameters
    ----------
    layout : Layout
        The public parameters.
    context : SEALContext
        The context that they ask for.
    degree, n_primes : int
        Degree of the ring, and primes of a fresh ciphertext.
    n_sent : int
        Ciphertexts of a block in a request.
    rows_per_block : int
        Rows of a block.
    scale : float or None
        Scale of the ciphertexts of CKKS.
    """

    def __init__(
        self,
        layout: Any,
        context: Any,
        *,
        degree: int,
        n_primes: int,
        n_sent: int,
        rows_per_block: int,
        scale: float | None = None,
    ):
        self.layout, self.context, self.degree = layout, context, degree
        self.rows_per_block, self.scale, self.n_sent = rows_per_block, scale, n_sent
        self._sent = ciphertext_width(degree, n_primes, 1)  # octets, with a seed for the other half
        self._answered = ciphertext_width(degree, n_primes, 2)

    def keygen(self, private_key: Any = None) -> Any:
        """Return a new key, or check the one that is given."""
        return own_key(self.context, private_key)

    def write_key(self, key: Any) -> Any:
        """Return the name and the secret of a key as octets."""
        return key.to_bytes()

    def read_key(self, secret: Any) -> Any:
        """Return the key of :meth:`write_key`."""
        return SealKey.from_bytes(self.context, secret)

    def simulation_key(self) -> Any:
        """Return one key that all simulations of these parameters in this process share."""
        return _simulation_key(self.context)

    def read_public_key(self, payload: Any) -> Any:
        """Return what a bundle tells of a key: its name."""
        return PublicHalf.from_bytes(payload)

    def request_size(self, n_rows: int) -> Any:
        """Return the octets of the encryption of ``n_rows`` rows."""
        return -(-n_rows // self.rows_per_block) * self.n_sent * self._sent

    def response_size(self, n_rows: int) -> Any:
        """Return the octets of the encrypted scores of ``n_rows`` rows."""
        return -(-n_rows // self.rows_per_block) * self.layout.n_outputs * self._answered

    def blocks(self, n_rows: int) -> Any:
        """Yield the first row of each block and the first one behind it."""
        return pairwise([*range(0, n_rows, self.rows_per_block), n_rows])

    def sent(self, payload: Any, block: Any) -> Any:
        """Return the ciphertexts of a block of a request."""
        size = self.n_sent * self._sent
        return self._read(payload[block * size : (block + 1) * size], self._sent)

    def answered(self, payload: Any) -> Any:
        """Return the ciphertexts of a response."""
        return self._read(payload, self._answered)

    def _read(self, payload, width):
        return [
            read_ciphertext(self.context, payload[at : at + width], scale=self.scale)
            for at in range(0, len(payload), width)
        ]


def read_settings(layout: Any, *names: Any) -> tuple[Any, ...]:
    """Return the settings of a layout, which must have these names and no others."""
    if set(layout.settings) != set(names):
        raise GuaranteeError("The message holds no valid layout. Nothing was read.")
    return tuple(layout.settings[name] for name in names)


@lru_cache
def _simulation_key(context):
    # Where both roles are in one process the key protects nothing, so one is enough.
    return SealKey(context)
