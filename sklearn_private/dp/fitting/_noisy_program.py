r"""One fit by noisy sums: its public settings, and its release.

Every sum is a Gaussian mechanism (:class:`~sklearn_private.sums.Noisy`); sums of noise multipliers
z_i are together exactly mu-GDP with mu² = sum of 1/z_i². Which program runs, how many sums it asks
for, their shares and every step are formulas of public quantities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from dp_accounting.dp_event import DpEvent

from ...mechanisms import SecureSource
from ...sums import Limits, Noisy, Plan, Prepaid, Rows, Sites, plan
from ._public import Public


@dataclass(frozen=True, kw_only=True)
class NoisyProgram:
    """The public settings of one fit by noisy sums.

    Parameters
    ----------
    name : str
        Of the mechanism.
    program : callable
        From an aggregator and options to whatever is released.
    options : dict
        What the program needs beyond the aggregator.
    limits : Limits
        What is publicly known of the rows.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.
    n_features : int
        Columns of rows without their constant one.
    plan : Plan
        Noise multipliers and event.
    told : tuple of str
        What a fit that was not refused tells, in words.
    """

    pure: ClassVar[bool] = False

    name: str
    program: Callable[..., Any]
    limits: Limits
    neighboring: str
    n_features: int
    plan: Plan
    options: dict[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def event(self) -> DpEvent:
        """What the release costs."""
        return self.plan.event

    @property
    def n_releases(self) -> int:
        """Number of noisy sums."""
        return self.plan.n_rounds

    def parameters(self) -> dict[str, object]:
        """Return the public numbers by name."""
        return {**self.plan.parameters(), "n_rows": self.limits.n_rows}

    def release(self, X: np.ndarray, y: np.ndarray, rng: SecureSource | np.random.Generator) -> Any:
        """Return what one run of the program releases.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            Design rows, already clipped; a constant column, the last one, is left out.
        y : ndarray of shape (n_samples,)
            Targets, as they enter sums.
        rng : SecureSource or numpy.random.Generator
            Source of noise.
        """
        features = np.ascontiguousarray(X[:, : self.n_features])
        rows = Rows(features, np.asarray(y, dtype=np.float64), np.ones(len(X)))
        aggregator = Noisy(
            Sites([rows], self.limits),
            noise_multiplier=self.plan.noise_multipliers,
            neighboring=self.neighboring,
            charge=Prepaid(lambda: None, self.plan.n_rounds),  # the caller paid
            rng=rng,
        )
        return self.program(aggregator, **self.options)


def noisy_program(
    public: Public,
    program: Callable[..., Any],
    *,
    name: str,
    shares: Sequence[float],
    n_numbers: int,
    what: str = "noisy sums",
    **options: Any,
) -> NoisyProgram:
    """Return the settings of a program over noisy sums, with the least noise for the claim.

    Parameters
    ----------
    public : Public
        What everybody knows.
    program : callable
        From an aggregator and ``options`` to what is released.
    name : str
        Of the mechanism, for the statement.
    shares : sequence of float
        For each sum its part of the budget.
    n_numbers : int
        Length of all sums together.
    what : str, default="noisy sums"
        What needs Gaussian noise, for messages.
    **options : object
        What the program takes beyond the aggregator.

    Returns
    -------
    NoisyProgram

    Raises
    ------
    InvalidParameterError
        If delta is 0, or the number of rows is hidden.
    """
    public.need_gaussian(what)
    settings = plan(
        public.noise_epsilon,
        float(public.delta),
        neighboring=public.neighboring,
        shares=tuple(shares),
        n_numbers=n_numbers,
    )
    return NoisyProgram(
        name=name,
        program=program,
        limits=public.limits(),
        neighboring=public.neighboring,
        n_features=public.n_features,
        plan=settings,
        options=options,
    )
