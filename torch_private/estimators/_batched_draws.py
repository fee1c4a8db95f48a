"""Samples drawn for several steps in one go, while the code that draws them is in the cache."""

from typing import Any

_MOST_STEPS, _MOST_ROWS = 32, 2**17  # drawn ahead


class BatchedDraws:
    """A sampler that draws for the next steps, too. The samples have the same law.

    Parameters
    ----------
    sampler : object
        As of :mod:`torch_private.sampling`.
    """

    def __init__(self, sampler: object):
        self.batch_size = sampler.batch_size
        self._sampler = sampler
        self._n_ahead = max(1, min(_MOST_STEPS, _MOST_ROWS // sampler.batch_size))
        self._waiting = {}

    def rows(self, step: Any) -> Any:
        """Return the rows of a step, once."""
        if step not in self._waiting:
            steps = range(step, step + self._n_ahead)
            self._waiting = {ahead: self._sampler.rows(ahead) for ahead in steps}
        return self._waiting.pop(step)
