"""Differential privacy of one row in a federated fit: how much noise, in how many rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .. import accounting
from .._checks import Checks
from ..sums import Budget, Limits, Plan, plan


@dataclass(frozen=True)
class RowDP:
    """Ask a federated fit for differential privacy of one row.

    Parameters
    ----------
    epsilon : float
        Privacy loss of one fit, at most 30 (what the sampler misses grows as exp(epsilon)).
        Larger is more accurate and less private.
    delta : float
        Probability-like slack of the claim, in (0, 1). Keep it below one over the number of rows.
    feature_norm : float
        Bound on the L2 norm of a row of features, chosen without looking at the rows; each site
        clips longer ones.
    neighboring : {"replace_one", "zero_out"}, default="replace_one"
        Whether a row is replaced by another or by nothing; the number of rows of each site is
        public. Replace-one takes twice the noise.
    target_norm : float, default=inf
        Bound on the absolute value of a target, for regressions: each site clips larger ones.

    Examples
    --------
    >>> from sklearn_private.federated import RowDP
    >>> RowDP(epsilon=2.0, delta=1e-5, feature_norm=1.0).neighboring
    'replace_one'
    """

    epsilon: float
    delta: float
    feature_norm: float
    neighboring: str = "replace_one"
    target_norm: float = math.inf

    def __post_init__(self) -> None:
        check = Checks(self)
        check.real("epsilon", above=0, at_most=30)
        check.real("feature_norm", above=0)
        check.real("delta", above=0, below=1)
        check.choice("neighboring", among=("replace_one", "zero_out"))
        if self.target_norm != math.inf:
            check.real("target_norm", above=0)

    def limits(self, n_rows: int) -> Limits:
        """Return the limits of rows that one fit may use, ``n_rows`` being public."""
        return Limits(self.feature_norm, n_rows, target_norm=self.target_norm)

    @property
    def mu(self) -> float:
        """Gaussian-DP loss of one fit."""
        return accounting.gaussian_mu(self.epsilon, self.delta)

    def plan(self, budget: Budget) -> Plan:
        """Return the settings of one fit.

        Parameters
        ----------
        budget : Budget
            How the program divides what it is given over its sums.

        Returns
        -------
        Plan
        """
        return plan(
            self.epsilon,
            self.delta,
            neighboring=self.neighboring,
            shares=budget.shares,
            n_numbers=budget.n_numbers,
        )
