"""What the classes of one column cost: their certainty penalty, from 0 to 1.

An axis says what a class costs from the smallest and the largest code and the number of codes that
it holds (:meth:`penalty`); this module finds these three for every class at once.
"""

from typing import Any

import numpy as np

_TICKS = 100  # so many places to tick off cost less than sorting a number


def class_penalties(axis: Any, codes: np.ndarray, classes: np.ndarray) -> Any:
    """Return the certainty penalty of one column for each class, from 0 to the largest number.

    Parameters
    ----------
    axis : OrderedAxis, CategoryAxis or HierarchyAxis
        The column.
    codes, classes : ndarray of int of shape (n_rows,)
        The code and the class of each row; no class number is left out.
    """
    if not classes.size:
        return np.zeros(0)
    n_codes = axis.size.size
    pairs = distinct_keys(classes * n_codes + codes, (int(classes.max()) + 1) * n_codes)
    codes, starts = pairs % n_codes, np.flatnonzero(np.diff(pairs // n_codes, prepend=-1))
    ends = np.append(starts[1:], pairs.size) - 1
    return axis.penalty(codes[starts], codes[ends], np.add.reduceat(axis.size[codes], starts))


def distinct_keys(keys: Any, bound: Any) -> np.ndarray:
    """Return the distinct whole numbers among some below a bound, sorted."""
    if bound > _TICKS * keys.size:
        return np.unique(keys)
    seen = np.zeros(bound, dtype=bool)
    seen[keys] = True
    return np.flatnonzero(seen)
