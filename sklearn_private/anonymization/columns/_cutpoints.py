"""Round points between two values, so that a cut shows nobody's own value where it need not."""

from typing import Any

import numpy as np

_TENS = np.array([float(f"1e{n}") for n in range(309)])
_DIGITS = 17  # a float holds no more
_TIME_UNITS = ("Y", "M", "D", "h", "m", "s")


def between(low: Any, high: Any, *, whole: bool) -> np.ndarray:
    """Return the roundest point between each pair of neighbouring values.

    Parameters
    ----------
    low, high : ndarray of float64 or datetime64 of shape (n_pairs,)
        Values with ``low < high``.
    whole : bool
        Whether all values are whole numbers (or days). The point is then one as well, which for
        two neighbours, such as 24 and 25, can only be ``high``.

    Returns
    -------
    ndarray of shape (n_pairs,)
        Points with ``low < point <= high``, and ``point < high`` where anything lies between.
    """
    pick = _between_times if np.issubdtype(low.dtype, np.datetime64) else _between_numbers
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows lies not between
        return pick(low, high, whole)


def _between_numbers(low, high, whole):
    point = np.where(np.isneginf(low), -np.finfo(float).max, high)
    bounded = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    a, b = low[bounded], high[bounded]
    middle = a / 2 + b / 2  # their sum may overflow
    inside = (a < middle) & (middle < b)
    if not whole:
        point[bounded[inside]] = middle[inside]
    open_ = bounded[inside]
    a, b, middle = a[inside], b[inside], middle[inside]
    top = np.floor(np.log10(np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-280)))
    for drop in range(_DIGITS + 1):
        for five in (1.0, 5.0):  # the steps 10, 5, 1, 0.5, ... in turn
            exponent = np.clip(top + 1 - drop - (five > 1), -300, 308)
            step = five * _TENS[np.maximum(exponent, 0).astype(int)]
            parts = _TENS[np.maximum(-exponent, 0).astype(int)]
            round_ = np.rint(middle * parts / step) * step / parts
            good = (a < round_) & (round_ < b) & (~np.bool_(whole) | (exponent >= 0))
            point[open_[good]] = round_[good]
            open_, a, b, middle, top = (v[~good] for v in (open_, a, b, middle, top))
    return point + 0.0  # no negative zero


def _between_times(low, high, whole):
    middle = low + (high - low) // 2
    inside = low < middle
    point = np.where(inside & ~np.bool_(whole), middle, high)
    open_ = inside.copy()
    for unit in _TIME_UNITS[: 3 if whole else None]:
        start = middle.astype(f"datetime64[{unit}]")
        for round_ in (start.astype(low.dtype), (start + 1).astype(low.dtype)):
            good = open_ & (low < round_) & (round_ < high)
            point[good] = round_[good]
            open_ &= ~good
    return point
