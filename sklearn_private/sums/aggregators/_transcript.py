"""What a fit released on its way: every noisy sum, for whoever audits it.

The privacy of a program over noisy sums is that of all its sums together: what the program makes of
them costs nothing more. An audit that sees them tests the whole claim, also where the program's
answer keeps only a part of what it was told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

_listener: ContextVar[list[np.ndarray] | None] = ContextVar("transcript", default=None)


@contextmanager
def transcript() -> Iterator[list[np.ndarray]]:
    """Collect the noisy sums of whatever runs inside.

    Yields
    ------
    list of ndarray
        One vector a sum, in units of its noise: of standard deviation 1 around the exact sum.

    Examples
    --------
    >>> from sklearn_private.sums import transcript
    >>> with transcript() as sums:
    ...     pass  # a fit
    >>> len(sums)
    0
    """
    sums: list[np.ndarray] = []
    token = _listener.set(sums)
    try:
        yield sums
    finally:
        _listener.reset(token)


def record(noisy: np.ndarray, noise_scale: float) -> None:
    """Tell the listener, if there is one, a noisy sum and the standard deviation of its noise."""
    sums = _listener.get()
    if sums is not None:
        sums.append(np.array(noisy) / noise_scale)
