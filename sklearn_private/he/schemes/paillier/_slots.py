"""Many small whole numbers in one large one, and back.

Slot r of a plaintext holds the number of row r: m = sum_r v_r * 2**(r * slot_bits). As long as
every v_r stays in [0, 2**slot_bits), adding plaintexts and multiplying them by constants acts on
each slot alone. Nothing in the arithmetic notices an overflow: it would run into the next row. So
``slot_bits`` comes from the proven range of the sums, never from an estimate.
"""

from typing import Any

import numpy as np


def pack(values: np.ndarray, slot_bits: int) -> list[int]:
    """Pack each row of an array into one Python integer.

    Parameters
    ----------
    values : ndarray of shape (n_plaintexts, n_slots), dtype int64
        Numbers in [0, 2**slot_bits).
    slot_bits : int
        Width of a slot, at most 63.

    Returns
    -------
    list of int
    """
    octets = np.ascontiguousarray(values, dtype="<u8").view(np.uint8)
    bits = np.unpackbits(octets.reshape(*values.shape, 8), axis=-1, bitorder="little")
    packed = np.packbits(bits[..., :slot_bits].reshape(len(values), -1), axis=-1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def unpack(plaintexts: Any, n_slots: Any, slot_bits: Any) -> Any:
    """Return the slots of each plaintext, an array of shape (n_plaintexts, n_slots)."""
    n_octets = -(-n_slots * slot_bits // 8)
    octets = np.frombuffer(
        b"".join(m.to_bytes(n_octets, "little") for m in plaintexts), dtype=np.uint8
    )
    bits = np.unpackbits(octets.reshape(-1, n_octets), axis=-1, bitorder="little")
    slots = bits[:, : n_slots * slot_bits].reshape(-1, n_slots, slot_bits)
    words = np.zeros((*slots.shape[:2], 64), dtype=np.uint8)
    words[..., :slot_bits] = slots
    return np.packbits(words, axis=-1, bitorder="little").view("<u8")[..., 0].astype(np.int64)


def constant(value: Any, n_slots: Any, slot_bits: Any) -> Any:
    """Return the plaintext that holds ``value`` in each of its slots."""
    return value * (((1 << (n_slots * slot_bits)) - 1) // ((1 << slot_bits) - 1))
