"""Which rows each step sees, and the event that this is.

A sampler answers two questions that must never come from different places: which rows take part in
a step, and what so many steps cost. A loader that shuffles is *not* a Poisson sampler, and pricing
it as one reports a fraction of the true loss [1]_.

Events follow the convention of :mod:`sklearn_private.accounting`: a noise multiplier is over the
sensitivity of the neighbouring relation.

.. [1] L. Chua et al., "How private are DP-SGD implementations?", ICML 2024.
"""

from typing import Any

import numpy as np
from dp_accounting import dp_event

from sklearn_private.mechanisms import random_permutation

from ._draws import BinomialSize, uniform_subset


class PoissonSampler:
    """Every row joins every step by a coin of its own.

    Parameters
    ----------
    n_rows : int
        Rows of the data.
    batch_size : int
        Rows that a step sees on average.
    rng : SecureSource or numpy.random.Generator
        Source of bytes.

    Attributes
    ----------
    rate : float
        Probability of each row.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.sampling import PoissonSampler
    >>> sampler = PoissonSampler(1000, 100, noise_source())
    >>> sampler.rate, sampler.event(2.0, 50).event.sampling_probability
    (0.1, 0.1)
    """

    name = "poisson"

    def __init__(self, n_rows: int, batch_size: int, rng: object):
        self.n_rows = n_rows
        self.batch_size = min(batch_size, n_rows)
        self.rate = self.batch_size / n_rows
        self._rng = rng
        self._size = BinomialSize(n_rows, self.rate)

    def rows(self, step: int) -> np.ndarray:
        """Return the rows of a step; every call draws anew.

        Parameters
        ----------
        step : int
            Number of the step, from 0.

        Returns
        -------
        ndarray of int64
            Empty with the probability that no coin shows heads.
        """
        return uniform_subset(self._size.draw(self._rng), self.n_rows, self._rng)

    def event(self, noise_multiplier: Any, n_steps: int) -> Any:
        """Return what the first ``n_steps`` cost together, as a dp_accounting event."""
        single = dp_event.GaussianDpEvent(noise_multiplier)
        if self.rate < 1:
            single = dp_event.PoissonSampledDpEvent(self.rate, single)
        return dp_event.SelfComposedDpEvent(single, n_steps)

    def nearby_event(self, noise_multiplier: Any, n_steps: int) -> Any:
        """Return an event of nearly the same price that is quick to price."""
        return PoissonSampler.event(self, noise_multiplier, n_steps)


class TruncatedPoissonSampler(PoissonSampler):
    """A Poisson sample of which a uniform subset is kept when it is larger than a limit.

    Memory is then bounded, at a price that is counted: truncation makes the batch of a neighbour
    differ in two rows at once [1]_.

    Parameters
    ----------
    n_rows, batch_size, rng
        As in :class:`PoissonSampler`.
    largest : int, default=None
        The limit. None is the mean and six standard deviations.

    References
    ----------
    .. [1] A. Ganesh et al., arXiv:2508.15089, 2025.

    Examples
    --------
    >>> from sklearn_private.mechanisms import noise_source
    >>> from torch_private.sampling import TruncatedPoissonSampler
    >>> sampler = TruncatedPoissonSampler(1000, 100, noise_source())
    >>> sampler.largest
    157
    """

    name = "truncated_poisson"

    def __init__(self, n_rows: int, batch_size: Any, rng: object, largest: int | None = None):
        super().__init__(n_rows, batch_size, rng)
        spread = 6 * np.sqrt(self.batch_size * (1 - self.rate))
        self.largest = min(n_rows, int(np.ceil(self.batch_size + spread)))
        if largest is not None:
            self.largest = min(n_rows, largest)

    def rows(self, step: Any) -> Any:
        """Return the rows of a step, at most ``largest``; every call draws anew."""
        size = min(self._size.draw(self._rng), self.largest)
        return uniform_subset(size, self.n_rows, self._rng)

    def event(self, noise_multiplier: Any, n_steps: int) -> Any:
        """Return what the first ``n_steps`` cost together, as a dp_accounting event."""
        if self.largest == self.n_rows:
            return super().event(noise_multiplier, n_steps)
        single = dp_event.TruncatedSubsampledGaussianDpEvent(
            self.n_rows, self.rate, self.largest, noise_multiplier
        )
        return dp_event.SelfComposedDpEvent(single, n_steps)


class FixedOrder:
    """Every row takes part in exactly one step of each pass over the data.

    Nothing is amplified: one pass is one Gaussian mechanism, since the steps of a pass see disjoint
    rows, and which step sees a row does not depend on any row.

    Parameters
    ----------
    n_rows, batch_size : int
        Rows of the data and of a step. The last step of a pass may see fewer.
    n_batches : int
        Steps of a pass. Rows beyond the last one are never seen.
    seed : int, default=None
        Seed of the order, a new one each pass; None keeps the order of storage. The order is no
        secret: the price is the same if it is known.

    Examples
    --------
    >>> from torch_private.sampling import FixedOrder
    >>> order = FixedOrder(10, 4, 3)
    >>> order.rows(2).tolist(), order.event(2.0, n_steps=4).count
    ([8, 9], 2)
    """

    name = "fixed"

    def __init__(self, n_rows: int, batch_size: int, n_batches: int, seed: int | None = None):
        self.n_rows = n_rows
        self.batch_size = min(batch_size, n_rows)
        self.rate = self.batch_size / n_rows
        self.n_batches = n_batches
        self.seed = seed
        self._order = (None, None)

    def rows(self, step: Any) -> Any:
        """Return the rows of a step: the same ones at every call."""
        number, position = divmod(step, self.n_batches)
        start = position * self.batch_size
        stop = min(start + self.batch_size, self.n_rows)
        if self.seed is None:
            return np.arange(start, stop)
        if self._order[0] != number:
            rng = np.random.default_rng([self.seed, number])
            self._order = (number, random_permutation(self.n_rows, rng))
        return self._order[1][start:stop]

    def event(self, noise_multiplier: Any, n_steps: int) -> Any:
        """Return what the first ``n_steps`` cost together: a pass that began counts."""
        single = dp_event.GaussianDpEvent(noise_multiplier)
        return dp_event.SelfComposedDpEvent(single, -(-n_steps // self.n_batches))
