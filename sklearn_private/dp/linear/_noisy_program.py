r"""Logistic regression by noisy sums: the settings of one fit, and its release.

Every sum is a Gaussian mechanism (:class:`~sklearn_private.sums.Noisy`), all of one noise
multiplier z, so T of them are exactly sqrt(T)/z-GDP together. Which program runs, T and every step
are formulas of public quantities.
"""

from dataclasses import dataclass

import numpy as np

from ...sums import (
    Limits,
    Noisy,
    Plan,
    Prepaid,
    Rows,
    Sites,
    equal_shares,
    n_newton_rounds,
    n_noisy_rounds,
    noisy_descent,
    noisy_newton,
    noisy_softmax,
    plan,
)

SOFTMAX_ROUNDS = 100


@dataclass(frozen=True, kw_only=True)
class NoisyProgram:
    """The public settings of one fit by noisy sums.

    Parameters
    ----------
    name : str
        Of the mechanism.
    program : callable
        From an aggregator and options to coefficients of design rows, a constant column last.
    options : dict
        What the program needs beyond the aggregator.
    limits : Limits
        What is publicly known of the rows.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.
    plan : Plan
        Noise multiplier, number of sums and event.
    """

    name: str
    program: object
    options: dict
    limits: Limits
    neighboring: str
    plan: Plan

    @property
    def event(self):
        """What the release costs."""
        return self.plan.event

    @property
    def n_releases(self):
        """Number of noisy sums."""
        return self.plan.n_rounds

    def parameters(self):
        """Return the public numbers by name."""
        return {**self.plan.parameters(), "n_rows": self.limits.n_rows}

    def release(self, X, codes, rng):
        """Return the private coefficients of one release.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            Design rows, already clipped, with their intercept column.
        codes : ndarray of shape (n_samples,)
            Positions of the labels.
        rng : SecureSource or numpy.random.Generator
            Source of noise.

        Returns
        -------
        ndarray of shape (n_columns,) or (n_columns, n_classes)
        """
        constant, n_features = self.options["constant"], self.options["n_features"]
        features = np.ascontiguousarray(X[:, :n_features])
        rows = Rows(features, np.asarray(codes, dtype=np.float64), np.ones(len(X)))
        aggregator = Noisy(
            Sites([rows], self.limits),
            noise_multiplier=self.plan.noise_multipliers,
            neighboring=self.neighboring,
            charge=Prepaid(lambda: None, self.plan.n_rounds),  # the caller paid
            rng=rng,
        )
        w = self.program(aggregator, n_rounds=self.plan.n_rounds, **self.options)
        return w if constant else w[:-1]


def calibrate_newton(epsilon, delta, *, limits, constant, n_features, neighboring, l2):
    """Return the settings of noisy Newton-like steps, for two classes.

    Parameters
    ----------
    epsilon, delta : float
        The claim.
    limits : Limits
        What is publicly known of the rows without their constant column.
    constant : float
        Value of the constant column; 0 where there is none.
    n_features : int
        Their other columns.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.
    l2 : float
        L2 penalty of each coefficient, in the sum of losses.

    Returns
    -------
    NoisyProgram
    """
    n_rounds = n_newton_rounds(n_features)
    triangle = (n_features + 1) * (n_features + 2) // 2
    return NoisyProgram(
        name="Newton-like steps on noisy gradients, scaled by a noisy X'X / 4",
        program=noisy_newton,
        options=_options(constant, n_features, l2, limits),
        limits=limits,
        neighboring=neighboring,
        plan=plan(
            epsilon,
            delta,
            neighboring=neighboring,
            shares=equal_shares(n_rounds),
            n_numbers=triangle + (n_rounds - 1) * (n_features + 1),
        ),
    )


def calibrate_descent(
    epsilon, delta, *, limits, constant, n_features, n_classes, neighboring, mu, l2
):
    """Return the settings of noisy gradient descent, for any number of classes.

    Parameters
    ----------
    epsilon, delta : float
        The claim.
    limits : Limits
        What is publicly known of the rows without their constant column.
    constant : float
        Value of the constant column; 0 where there is none.
    n_features, n_classes : int
        Size of the model.
    neighboring : {"replace_one", "zero_out", "add_remove"}
        The relation.
    mu : float
        Gaussian-DP loss of the claim.
    l2 : float
        L2 penalty of each coefficient, in the sum of losses.

    Returns
    -------
    NoisyProgram
    """
    options = _options(constant, n_features, l2, limits)
    if n_classes == 2:
        program, n_vectors = noisy_descent, 1
        n_rounds = n_noisy_rounds(limits.n_rows, n_features, mu)
    else:
        program, n_vectors, n_rounds = noisy_softmax, n_classes, SOFTMAX_ROUNDS
        options["n_classes"] = n_classes
    return NoisyProgram(
        name="gradient descent with momentum on noisy clipped gradients",
        program=program,
        options=options,
        limits=limits,
        neighboring=neighboring,
        plan=plan(
            epsilon,
            delta,
            neighboring=neighboring,
            shares=equal_shares(n_rounds),
            n_numbers=n_rounds * n_vectors * (n_features + 1),
        ),
    )


def _options(constant, n_features, l2, limits):
    return {"constant": constant, "n_features": n_features, "strength": l2 / limits.n_rows}
