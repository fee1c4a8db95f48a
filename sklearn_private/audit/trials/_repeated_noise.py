"""Noise that is not fresh: releases that come out the same again.

Noise with a density never gives the same release twice. On the lattice of
:func:`sklearn_private.mechanisms.gaussian`, of 2^40 steps a standard deviation, even a million
pairs of fits hold two equal ones with probability below 10^-6. So a release that comes back on
one side and not on the other refutes the stated mechanism, whatever its epsilon: the noise was
seeded, or copied between processes. Releases that were rounded may come back by right, and are
left out.
"""

import numpy as np

_MOST = 0.01  # share of fits that may repeat an earlier one
_DECIMALS = 8  # values with no more are taken to be rounded


def repeats(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether fits repeat the releases of others, differently on the two sides.

    Parameters
    ----------
    first, second : ndarray of shape (n, n_values)
        Releases of the two sides.

    Returns
    -------
    bool
    """
    sides = [_repeated(side) for side in (first, second)]
    return any(seen and not seen & other for seen, other in (sides, reversed(sides)))


def _repeated(releases):
    """Return the releases that come back, if more than a few do, as a set of bytes."""
    unrounded = (releases != releases.round(_DECIMALS)).any(axis=1)
    values, counts = np.unique(releases[unrounded], axis=0, return_counts=True)
    if (counts - 1).sum() <= _MOST * len(releases):
        return set()
    return {value.tobytes() for value in values[counts > 1]}
