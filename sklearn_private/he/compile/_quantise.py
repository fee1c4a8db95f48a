"""Scores in whole numbers, with a proven error and a proven range.

A row is a vector of whole numbers i in [0, L] on a public grid (``maps/_grid.py``). With the slope
per grid step u = coef * step and a power of two S, the weights are V = round(S u), and the constant

    C = round(S (intercept + coef @ low + sum_j (u_j - V_j / S) L / 2))

makes up for the rounding of the weights at the middle of the grid. Then (V @ i + C) / S differs
from ``coef @ x + intercept`` by at most

    sum_j |coef_j| step_j / 2  +  sum_j |u_j - V_j / S| L / 2  +  1 / (2 S)

(rounding of the row, of the weights, of the constant), and V @ i + C lies between
``C + L sum_j min(V_j, 0)`` and ``C + L sum_j max(V_j, 0)``. Both are computed from the weights at
hand, so neither rests on an assumption about the data.
"""

from typing import Any

import numpy as np

from ...exceptions import InvalidParameterError
from ..programs import IntegerMap

CONSTANT_BITS = 59
"""The constant may be this much longer than the products, so that a large intercept keeps its
precision; two bits remain for the products and one for the sign."""

WORD_BITS = 62
"""A sum fits a signed 64-bit integer with room to spare."""


def quantise(affine: Any, grid: Any, weight_bits: int) -> tuple[IntegerMap, np.ndarray, np.ndarray]:
    """Round an affine map to whole numbers.

    Parameters
    ----------
    affine : AffineMap
        The map, in units of the columns.
    grid : Grid
        The grid of the rows.
    weight_bits : int
        The largest weight of each output has this many bits.

    Returns
    -------
    integer_map : IntegerMap
        The rounded map.
    exponents : ndarray of shape (n_outputs,), dtype int64
        Base-2 logarithm of the scale S of each output.
    error : ndarray of shape (n_outputs,)
        Largest difference between a whole-number score divided by S and the affine map, over
        every row inside the grid.

    Raises
    ------
    InvalidParameterError
        If the sums do not fit a machine word.
    """
    slopes, middle = affine.coef * grid.step, grid.levels / 2
    centre = affine.intercept + affine.coef @ grid.low
    exponents = _exponents(slopes, centre, weight_bits)
    weights = np.rint(np.ldexp(slopes, exponents[:, None]))
    rest = slopes - np.ldexp(weights, -exponents[:, None])
    constants = np.rint(np.ldexp(centre + rest.sum(axis=1) * middle, exponents))
    integer_map = IntegerMap(weights.astype(np.int64), constants.astype(np.int64), grid.levels)
    bits = integer_map.reach.bit_length() + 1
    if bits > WORD_BITS:
        raise InvalidParameterError(
            f"The sums of HEPredictor need {bits} bits, and {WORD_BITS} are there. "
            "Lower precision_bits or weight_bits, or reduce the number of columns."
        )
    error = (
        np.abs(affine.coef) @ grid.step / 2 * (1 + 1e-6)  # at most 2**24 grid values of 2**-53
        + np.abs(rest).sum(axis=1) * middle
        + np.ldexp(0.5, -exponents)
        + _rounding(affine, grid)
    )
    return integer_map, exponents, error


def _exponents(slopes, centre, weight_bits):
    """Return the largest powers of two that keep weights and constants within their bits."""
    largest, constant = np.abs(slopes).max(axis=1), np.abs(centre)
    for_weights = np.where(largest > 0, weight_bits - np.frexp(largest)[1], 1000)
    for_constants = np.where(constant > 0, CONSTANT_BITS - np.frexp(constant)[1], 1000)
    return np.minimum(for_weights, for_constants).astype(np.int64)


def _rounding(affine, grid):
    """Bound the floating-point rounding of the few sums above (Higham 2002, section 3.1)."""
    size = np.abs(affine.intercept) + np.abs(affine.coef) @ np.maximum(
        np.abs(grid.low), np.abs(grid.high)
    )
    return 4 * (len(grid.low) + 4) * np.finfo(np.float64).eps * size
