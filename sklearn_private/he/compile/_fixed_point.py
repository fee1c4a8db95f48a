"""Scores in whole numbers, with a proven error and a proven range.

A column with the public range [low, high] is put on a grid of ``2**precision_bits`` values, so that
a row becomes a vector of whole numbers i in [0, L], L = ``2**precision_bits - 1``. With the slope
per grid step u = coef * step and a power of two S, the weights are V = round(S u), and the constant

    C = round(S (intercept + coef @ low + sum_j (u_j - V_j / S) L / 2))

makes up for the rounding of the weights at the middle of the grid. Then (V @ i + C) / S differs
from ``coef @ x + intercept`` by at most

    sum_j |coef_j| step_j / 2  +  sum_j |u_j - V_j / S| L / 2  +  1 / (2 S)

(rounding of the row, of the weights, of the constant), and V @ i + C lies between
``C + L sum_j min(V_j, 0)`` and ``C + L sum_j max(V_j, 0)``. Both are computed from the weights at
hand, so neither rests on an assumption about the data.
"""

from dataclasses import dataclass

import numpy as np

from ...exceptions import InvalidParameterError, RangeError

CONSTANT_BITS = 59
"""The constant may be this much longer than the products, so that a large intercept keeps its
precision; two bits remain for the products and one for the sign."""

WORD_BITS = 62
"""A sum fits a signed 64-bit integer with room to spare."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The public grid on which each column is rounded.

    Parameters
    ----------
    low, high : ndarray of shape (n_features,)
        The range of each column.
    precision_bits : int
        Base-2 logarithm of the number of grid values of a column.
    names : tuple of str or None
        Names of the columns, for messages.
    clip : bool
        Whether a value outside its range is moved to the end of it, or refused.
    """

    low: np.ndarray
    high: np.ndarray
    precision_bits: int
    names: tuple | None = None
    clip: bool = False

    @classmethod
    def around(cls, rows, precision_bits, names=None, *, clip=True):
        """Return a grid on ranges learnt from rows, with room for others of their kind.

        A column whose values span r gets r / 2 on either side, and both ends are then rounded
        outward to a multiple of a power of two above r / 8. So a range says where the values
        lie, and not what the smallest and the largest of them are.
        """
        low, high = rows.min(axis=0), rows.max(axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            span = high - low
            span = np.where(span > 0, span, np.where(low != 0, np.abs(low), 1.0))
            step = np.ldexp(1.0, np.frexp(span)[1] - 3)  # in (r / 8, r / 4]
            low = np.floor((low - span / 2) / step) * step
            high = np.ceil((high + span / 2) / step) * step
        return cls(low, high, precision_bits, names, clip)

    @property
    def levels(self):
        """The largest grid value."""
        return 2**self.precision_bits - 1

    @property
    def step(self):
        """Distance of two neighbouring grid values, in units of the column."""
        return (self.high - self.low) / self.levels

    def encode(self, X):
        """Return finite rows as whole numbers.

        Raises
        ------
        RangeError
            If a value lies outside the range of its column and is not to be clipped; the message
            names the column and its public range, not the value.
        """
        if self.clip:
            X = np.clip(X, self.low, self.high)
        outside = ((self.low > X) | (self.high < X)).any(axis=0)
        if outside.any():
            raise RangeError(self._out_of_range(int(outside.argmax()), int(outside.sum())))
        step = np.where(self.step > 0, self.step, 1.0)  # a constant column is at 0
        return np.minimum(np.rint((X - self.low) / step), self.levels).astype(np.int64)

    def n_outside(self, X):
        """Return how many values lie outside the ranges of their columns."""
        return int(((self.low > X) | (self.high < X)).sum())

    def _out_of_range(self, column, n_columns):
        name = f"Column {self.names[column]!r}" if self.names else f"Column {column}"
        others = f" (and {n_columns - 1} more columns)" if n_columns > 1 else ""
        return (
            f"{name} of X{others} holds a value outside its public range "
            f"[{self.low[column]:g}, {self.high[column]:g}]. Nothing was encrypted. "
            "Fit HEPredictor with wider bounds=, or with out_of_range='clip'."
        )


@dataclass(frozen=True, eq=False)
class IntegerMap:
    """Whole-number scores ``weights @ i + constants`` of a row i of whole numbers.

    Parameters
    ----------
    weights : ndarray of shape (n_outputs, n_features), dtype int64
        V of the module docstring.
    constants : ndarray of shape (n_outputs,), dtype int64
        C of the module docstring.
    """

    weights: np.ndarray
    constants: np.ndarray

    def __call__(self, integers):
        """Return the whole-number scores of rows, an array of shape (n_samples, n_outputs)."""
        return integers @ self.weights.T + self.constants

    def sum_bits(self, levels):
        """Return b such that every score of grid rows lies in [-2**(b-1), 2**(b-1))."""
        reach = 0
        for row, constant in zip(self.weights.tolist(), self.constants.tolist(), strict=True):
            least = constant + levels * sum(min(v, 0) for v in row)
            most = constant + levels * sum(max(v, 0) for v in row)
            reach = max(reach, -least, most)
        return reach.bit_length() + 1


def quantise(affine, grid, weight_bits):
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
    integer_map = IntegerMap(weights.astype(np.int64), constants.astype(np.int64))
    bits = integer_map.sum_bits(grid.levels)
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
