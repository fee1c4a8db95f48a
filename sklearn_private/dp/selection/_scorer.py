"""Scores with differential privacy, which pay for the rows that they look at."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from dp_accounting import ComposedDpEvent, GaussianDpEvent, LaplaceDpEvent
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ..._checks import Checks
from ...accounting import NEIGHBORING, EpsilonDeltaEvent, gaussian_mu
from ...mechanisms import gaussian, gaussian_tv, laplace, noise_source
from ...statements import Payment
from ._metrics import RocAuc, accuracy, negative_log_loss

METRICS = {
    "accuracy": lambda scorer: accuracy(),
    "neg_log_loss": lambda scorer: negative_log_loss(scorer.min_probability),
    "roc_auc": lambda scorer: RocAuc(scorer.n_bins, scorer.reach),
}


@dataclass(frozen=True)
class DPScorer:
    """Score a fitted classifier on private rows, with noise.

    A scorer for ``scoring=`` of scikit-learn: each call charges the ledger and returns the score of
    the rows plus noise. The searches of this package take it too, and charge for it themselves.
    A score without noise tells about the rows, and no claim of the model counts it.

    Parameters
    ----------
    metric : {"accuracy", "neg_log_loss", "roc_auc"}, default="accuracy"
        Share of right labels; mean log-probability of the labels; area under the ROC curve (two
        classes).
    epsilon : float, default=0.5
        Privacy loss of one score. Larger is more precise and less private.
    delta : float, default=1e-5
        Delta of one score. Its noise is Gaussian; 0 takes Laplace noise instead.
    neighboring : {"replace_one", "zero_out", "add_remove"}, default="replace_one"
        The neighbouring relation.
    min_probability : float, default=0.01
        Of ``neg_log_loss``: smaller probabilities count as this one. Smaller adds noise.
    n_bins : int, default=16
        Of ``roc_auc``: bins of the log-odds. More resolve scores better and gather more noise.
    reach : float, default=8.0
        Of ``roc_auc``: log-odds beyond are told apart by their sign alone.
    ledger : PrivacyLedger or path-like, default=None
        Ledger that each call is charged to, before anything is returned.
    random_state : None, int or numpy.random.Generator, default=None
        None takes noise from the operating system; a seed is for tests.

    Notes
    -----
    **Protects** the features and the label of one scored row.
    **Against** whoever reads the scores and knows all other rows.
    **Leaks** the number of rows (unless ``neighboring="add_remove"``), and the time of the call.
    **Assumes** that the model was fitted on other rows, or that its fit was paid for.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.dp import DPLogisticRegression, DPScorer
    >>> X = np.linspace(-1, 1, 2000).reshape(-1, 1)
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = DPLogisticRegression(feature_norm=1.0, classes=[0, 1]).fit(X[::2], y[::2])
    >>> bool(0.9 < DPScorer("accuracy", epsilon=1.0)(model, X[1::2], y[1::2]) < 1.1)
    True
    """

    metric: str = "accuracy"
    epsilon: float = 0.5
    delta: float = 1e-5
    neighboring: str = "replace_one"
    min_probability: float = 0.01
    n_bins: int = 16
    reach: float = 8.0
    ledger: object = None
    random_state: object = None

    def __post_init__(self):
        check = Checks(self)
        check.choice("metric", among=tuple(METRICS))
        check.real("epsilon", above=0, at_most=30)
        check.real("delta", at_least=0, below=1)
        check.choice("neighboring", among=NEIGHBORING)
        check.real("min_probability", above=0, below=1)
        check.integer("n_bins", at_least=3)
        check.real("reach", above=0, at_most=30)
        if 0 < self.delta <= self._missed:
            rule = f"0, or above the {self._missed:.2g} that its noise misses at this epsilon"
            raise check.invalid("delta", f"{rule}: raise delta or lower epsilon")

    @property
    def event(self) -> Any:
        """What one score costs, a :class:`dp_accounting.DpEvent`."""
        if self.delta == 0:
            return LaplaceDpEvent(1 / self.epsilon)
        return ComposedDpEvent(
            (GaussianDpEvent(self._noise_multiplier), EpsilonDeltaEvent(0.0, self._missed))
        )

    def __call__(self, estimator, X, y):
        """Charge for one score and return it.

        Parameters
        ----------
        estimator : object
            A fitted classifier.
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        float
            Larger is better. Noise may take it out of its range.

        Raises
        ------
        BudgetExceededError
            If the ledger refuses; nothing was released.
        """
        rng = noise_source(self.random_state)
        payment = Payment(
            ledger=self.ledger,
            owner=type(self).__name__,
            neighboring=self.neighboring,
            rng=rng,
        )
        payment.spend(self.event, epsilon=self.epsilon, delta=self.delta)
        return self.noisy(self.sums(estimator, X, y), rng)

    def sums(self, estimator: BaseEstimator, X: ArrayLike, y: ArrayLike) -> Any:
        """Return the exact sums of a score: not for release."""
        if len(y) == 0:  # a fold that no coin chose: predict would refuse it
            return self._statistic.nothing
        with warnings.catch_warnings():
            # What a model warns of while it predicts depends on the rows: an overflow, for example.
            warnings.simplefilter("ignore")
            return self._statistic.sums(estimator, X, y)

    def noisy(self, sums: np.ndarray, rng: object) -> float:
        """Return a score with noise, from exact sums; the caller has paid.

        Parameters
        ----------
        sums : ndarray
            What :meth:`sums` returned.
        rng : SecureSource or numpy.random.Generator
            Source of noise.

        Returns
        -------
        float
        """
        visible = self._statistic.visible(sums, self.neighboring)
        l1, l2 = self._statistic.sensitivity(self.neighboring)
        if self.delta == 0:
            noisy = laplace(visible, sensitivity=l1, epsilon=self.epsilon, rng=rng)
        else:
            multiplier = self._noise_multiplier
            noisy = gaussian(visible, sensitivity=l2, noise_multiplier=multiplier, rng=rng)
        return self._statistic.value(noisy, sums)

    @property
    def _statistic(self):
        return METRICS[self.metric](self)

    @property
    def _missed(self):
        """Delta that the sampler misses of the ideal law."""
        n_numbers = 2 * self.n_bins if self.metric == "roc_auc" else 2
        return (1 + math.exp(self.epsilon)) * gaussian_tv(n_numbers)

    @property
    def _noise_multiplier(self):
        return 1 / gaussian_mu(self.epsilon, self.delta - self._missed)
