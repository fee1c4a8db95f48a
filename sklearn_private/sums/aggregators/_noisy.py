"""Sums with Gaussian noise: differential privacy for whoever reads the answers.

Each of the k outputs is divided by its declared bound, so that one row moves each by at most 1 in
L2 norm, and all of them together by at most sqrt(k). A unit that owns ``rows_per_unit`` rows moves
them that many times as far, and *replacing* it (it leaves and another one comes) twice as far, or
sqrt(2) times where the statistic says so.

Float sums move a little further than exact ones. A coordinate of a sum of n rows is the result of
at most 2n additions (rows, then sites) and a few roundings a row, so it is off by at most
(2n + 64)·2^-53 times the sum of its terms' magnitudes [1]_; in L2 norm that is below
n·(2n + 64)·2^-53 bounds, and neighbours are off by at most twice that. The sensitivity includes it.

.. [1] N. J. Higham, "Accuracy and stability of numerical algorithms", SIAM, 2002, section 3.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from dp_accounting import GaussianDpEvent
from dp_accounting.dp_event import DpEvent

from ...exceptions import GuaranteeError, InvalidParameterError
from ...mechanisms import gaussian
from .._aggregator import finite_bounds, pack, unpack
from .._statistic import Statistic
from ._transcript import record


class Noisy:
    """Add Gaussian noise to every sum, and charge for it first.

    Parameters
    ----------
    inner : Aggregator
        Whose sums are released; it must have limits.
    noise_multiplier : float or sequence of float
        Noise over the sensitivity of the relation. Larger is more private. A sequence holds one
        for each sum, in their order.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The neighbouring relation: replace-one has twice the sensitivity.
    charge : callable
        Called with the event of each sum before anything is computed. It raises to refuse.
    rng : SecureSource or numpy.random.Generator
        Source of noise, see :func:`sklearn_private.mechanisms.noise_source`.

    Attributes
    ----------
    noise_multiplier : float
        That of the sum asked last.
    limits : Limits
        What is publicly known about the rows.
    n_sites : int
        How many sites answer.
    sent : list of int
        Bytes that each site sent, one entry a sum.

    Notes
    -----
    **Protects** one unit's rows: each answer is a Gaussian mechanism with this noise multiplier.
    **Against** whoever reads the answers, and whatever a program makes of them.
    **Leaks** what the charges add up to; whoever adds the noise sees the sums without it.
    **Assumes** that limits were chosen without looking at the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.mechanisms import noise_source
    >>> from sklearn_private.sums import Limits, Noisy, Rows, Sites, location
    >>> sites = Sites([Rows(np.ones((9, 1)), np.ones(9), np.ones(9))], Limits(1.0, 9, 1, 1.0))
    >>> paid = []
    >>> noisy = Noisy(sites, noise_multiplier=2.0, neighboring="replace_one", charge=paid.append,
    ...               rng=noise_source())
    >>> count, features, target = noisy.sum(location)
    >>> paid
    [GaussianDpEvent(noise_multiplier=2.0)]
    """

    def __init__(
        self,
        inner: Any,
        *,
        noise_multiplier: Any,
        neighboring: str,
        charge: Callable[[DpEvent], None],
        rng: Any,
    ) -> None:
        if inner.limits is None:
            raise InvalidParameterError(
                "Noise needs limits: without them a row can move a sum by any amount."
            )
        self.inner = inner
        self.limits = inner.limits
        self.n_sites = inner.n_sites
        self.network = inner.network
        self._planned = None if np.ndim(noise_multiplier) == 0 else iter(noise_multiplier)
        self.noise_multiplier: Any = noise_multiplier if self._planned is None else None
        self.neighboring = neighboring
        self.charge = charge
        self.rng = rng

    @property
    def sent(self) -> list[int]:
        """Bytes that each site sent, one entry a sum."""
        return self.inner.sent

    def addends(self, statistic: Statistic, *broadcast: Any) -> list[tuple[np.ndarray, ...]]:
        """Raise: noise protects the sum, not the addends."""
        raise GuaranteeError.unreleased("The addends of a noisy sum carry no noise of their own.")

    def sum(self, statistic: Statistic, *broadcast: Any) -> tuple[np.ndarray, ...]:
        """Return the sum over all sites plus noise."""
        bounds = finite_bounds(statistic, self.limits, *broadcast)
        self.noise_multiplier = self._next_multiplier()
        self.charge(GaussianDpEvent(self.noise_multiplier))
        outputs = self.inner.sum(statistic, *broadcast)
        vector, shapes = pack(output / bound for output, bound in zip(outputs, bounds, strict=True))
        sensitivity = self.sensitivity(len(bounds), statistic.apart)
        sensitivity += self.inner.rounding(statistic, len(vector))
        noisy = gaussian(
            vector,
            sensitivity=sensitivity,
            noise_multiplier=self.noise_multiplier,
            rng=self.rng,
        )
        record(noisy, sensitivity * self.noise_multiplier)
        pairs = zip(unpack(noisy, shapes), bounds, strict=True)
        return tuple(output * bound for output, bound in pairs)

    def noise_scales(self, statistic: Statistic, *broadcast: Any) -> np.ndarray:
        """Return the standard deviation of the noise of each output of the sum asked last."""
        bounds = finite_bounds(statistic, self.limits, *broadcast)
        return self.noise_multiplier * self.sensitivity(len(bounds), statistic.apart) * bounds

    def _next_multiplier(self) -> float:
        if self._planned is None:
            return self.noise_multiplier
        multiplier = next(self._planned, None)
        if multiplier is None:
            raise GuaranteeError("A sum was asked that no noise was planned for: not released.")
        return multiplier

    def sensitivity(self, n_outputs: int, apart: float) -> float:
        """Return the joint L2 sensitivity of outputs that were divided by their bounds.

        Parameters
        ----------
        n_outputs : int
            How many outputs.
        apart : float
            How far apart what two rows add can be, over the bound: see :func:`statistic`.

        Returns
        -------
        float
        """
        n = self.limits.n_rows
        moved = apart if self.neighboring == "replace_one" else 1.0
        rounding = 2 * n * (2 * n + 64) * 2.0**-53
        return math.sqrt(n_outputs) * (moved * self.limits.rows_per_unit + rounding)


class Prepaid:
    """A charge for a fixed number of sums, paid before the first one.

    Parameters
    ----------
    pay : callable
        Called without arguments before the first sum. It raises to refuse.
    n_sums : int
        How many sums were paid for.
    """

    def __init__(self, pay: Callable[[], object], n_sums: int) -> None:
        self._pay = pay
        self._n_left = self._n_sums = n_sums

    def __call__(self, event: DpEvent) -> None:
        """Count one sum."""
        if self._n_left == 0:
            raise GuaranteeError(
                f"{self._n_sums} sums were paid for, and one more was asked. It was not released."
            )
        if self._n_left == self._n_sums:
            self._pay()
        self._n_left -= 1
