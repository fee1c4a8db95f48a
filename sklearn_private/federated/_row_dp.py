"""Differential privacy of one row in a federated fit: how much noise, in how many rounds.

A fit asks for T gradients of noise multiplier z. Together they are exactly sqrt(T)/z-GDP, whatever
each round made of the ones before [1]_; what the sampler misses of the ideal law adds to delta. T
is a formula of public quantities, and z is the least that meets (epsilon, delta). The whole fit is
one event, charged before the first sum.

.. [1] J. Dong, A. Roth, W. Su, "Gaussian differential privacy", JRSS-B 84, 2022, corollary 2.
"""

import math
from dataclasses import dataclass

from dp_accounting import ComposedDpEvent, GaussianDpEvent, SelfComposedDpEvent

from .. import _check, accounting
from ..mechanisms import gaussian_tv
from ..sums import Limits, n_noisy_rounds


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

    def __post_init__(self):
        _check.real(self, "epsilon", above=0, at_most=30)
        _check.real(self, "feature_norm", above=0)
        _check.real(self, "delta", above=0, below=1)
        _check.choice(self, "neighboring", ("replace_one", "zero_out"))
        if self.target_norm != math.inf:
            _check.real(self, "target_norm", above=0)

    def limits(self, n_rows):
        """Return the limits of rows that one fit may use, ``n_rows`` being public."""
        return Limits(self.feature_norm, n_rows, target_norm=self.target_norm)

    def plan(self, n_rows, n_features):
        """Return the settings of one fit.

        Parameters
        ----------
        n_rows, n_features : int
            Size of the data, which is public.

        Returns
        -------
        Plan
        """
        mu = accounting.gaussian_mu(self.epsilon, self.delta)
        n_rounds = n_noisy_rounds(n_rows, n_features, mu)
        n_draws = n_rounds * (n_features + 1)
        missed = (1 + math.exp(self.epsilon)) * gaussian_tv(n_draws)
        sampler = accounting.EpsilonDeltaEvent(0.0, missed)

        def event(noise_multiplier):
            rounds = SelfComposedDpEvent(GaussianDpEvent(noise_multiplier), n_rounds)
            return ComposedDpEvent((rounds, sampler))

        noise_multiplier = accounting.calibrate(
            event, epsilon=self.epsilon, delta=self.delta, neighboring=self.neighboring
        )
        return Plan(noise_multiplier, n_rounds, event(noise_multiplier))


@dataclass(frozen=True)
class Plan:
    """The public settings of one noisy fit.

    Parameters
    ----------
    noise_multiplier : float
        Noise of each sum over its sensitivity.
    n_rounds : int
        Number of sums.
    event : dp_accounting.DpEvent
        What all of them cost together.
    """

    noise_multiplier: float
    n_rounds: int
    event: object
