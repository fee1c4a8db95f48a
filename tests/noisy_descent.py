"""A small noisy gradient descent: what an audit of iterative solvers is tested on."""

import math

import numpy as np
from dp_accounting import GaussianDpEvent, SelfComposedDpEvent
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_private import accounting, mechanisms
from sklearn_private.statements import DPStatement
from sklearn_private.sums import Limits, Noisy, Rows, Sites
from sklearn_private.sums._noisy_logistic import log_loss_slope

CONSTANT = 0.35


class NoisyDescent(ClassifierMixin, BaseEstimator):
    """Logistic regression by plain noisy gradient descent: the last iterate is released.

    Its claim is Gaussian DP and tight: the iterate is a sum of the noisy gradients.
    """

    def __init__(
        self,
        epsilon=4.0,
        delta=1e-5,
        neighboring="zero_out",
        feature_norm=1.0,
        classes=(0, 1),
        n_rounds=10,
        learning_rate=20.0,
        random_state=None,
    ):
        self.epsilon = epsilon
        self.delta = delta
        self.neighboring = neighboring
        self.feature_norm = feature_norm
        self.classes = classes
        self.n_rounds = n_rounds
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X, y):
        X, codes = np.asarray(X, dtype=float), np.asarray(y == self.classes[1], dtype=float)
        multiplier = math.sqrt(self.n_rounds) / accounting.gaussian_mu(self.epsilon, self.delta)
        aggregator = Noisy(
            Sites([Rows(X, codes, np.ones(len(X)))], Limits(self.feature_norm, len(X))),
            noise_multiplier=multiplier,
            neighboring=self.neighboring,
            charge=lambda event: None,
            rng=mechanisms.noise_source(self.random_state),
        )
        w = np.zeros(X.shape[1] + 1)
        for _ in range(self.n_rounds):
            (slope,) = aggregator.sum(log_loss_slope, w, CONSTANT * self.feature_norm, 1.0)
            w = w - self.learning_rate * slope / 250
        self.coef_, self.intercept_, self.classes_ = w[None, :-1], w[-1:], np.array(self.classes)
        self.privacy_statement_ = DPStatement(
            owner=type(self).__name__,
            epsilon=self.epsilon if self.random_state is None else math.inf,
            delta=self.delta,
            neighboring=self.neighboring,
            event=SelfComposedDpEvent(GaussianDpEvent(multiplier), self.n_rounds),
            protects="one row",
            unit="row",
            against="whoever reads the fitted attributes",
            releases=("coef_", "intercept_"),
            mechanism="noisy gradient descent",
            randomness="operating system",
        )
        return self
