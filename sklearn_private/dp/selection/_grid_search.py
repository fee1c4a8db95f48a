"""Search over a grid with differential privacy."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterGrid

from ...accounting import LedgerLike
from ._search import PrivateSearch


class DPGridSearchCV(PrivateSearch):
    """Search over a grid of parameters, and pay for it.

    Takes the place of :class:`sklearn.model_selection.GridSearchCV` around an estimator with
    differential privacy, or around a pipeline that holds one: scikit-learn picks by exact scores,
    which no claim counts.

    Parameters
    ----------
    estimator : estimator
        With differential privacy. It is cloned.
    param_grid : dict or list of dict
        Values of each parameter, as in scikit-learn.
    mode : {"select", "compose", "public_validation", "free"}, default="select"
        How to pick. ``"select"`` fits and scores a secret number of random candidates and releases
        the best one alone: it costs about twice one fit, however many candidates there are.
        ``"compose"`` fits and scores every candidate on every fold and releases all scores: it
        costs the sum of everything. ``"public_validation"`` pays for one fit of each candidate and
        scores them on public rows. ``"free"`` searches over what can be made of one fitted model
        (wrapped in :class:`sklearn.frozen.FrozenEstimator`), such as thresholds, and scores on
        public rows: it costs nothing, and the rows given to ``fit`` are not read.
    scoring : str or DPScorer, default="accuracy"
        Higher is better. On private rows ``"accuracy"``, ``"neg_log_loss"``, ``"roc_auc"`` or a
        :class:`DPScorer`, whose ``epsilon`` is the loss of one score; on public rows any scorer of
        scikit-learn.
    cv : int, default=5
        Number of folds of ``"compose"``; ``"select"`` holds out one of them for its scores. Rows
        are dealt out by secret coins, since splits that look at labels are not private. With
        ``privacy_unit=`` persons are, and one row of each person is scored.
    n_draws : float, default=30
        Mean number of candidates that ``"select"`` draws, with replacement. More find a better
        candidate; the cost grows slowly.
    law : {"logarithmic", "geometric"}, default="logarithmic"
        Law of the number of draws. The logarithmic one costs less, but draws a single candidate in
        one search of five at mean 30; the geometric one does so in one of thirty.
    refit : bool or callable, default=True
        Whether to keep the winner. A callable picks it from ``cv_results_``, such as
        :class:`most_private`.
    delta : float, default=1e-5
        Delta of the claim of the whole search, in [0, 1).
    ledger : PrivacyLedger or path-like, default=None
        Ledger that the whole search is charged to, once. None takes the one that the estimator
        has, if any; the fits themselves charge nothing.
    n_jobs : int, default=None
        Number of fits that run in parallel, as in joblib.
    random_state : None, int or numpy.random.Generator, default=None
        None takes coins, draws and the noise of scores from the operating
        system. A seed is for tests: epsilon is then infinite in the statement.

    Attributes
    ----------
    best_estimator_ : estimator
        The winner, fitted; without ``refit`` there is none. That of ``"select"`` was fitted on all
        folds but one, that of the other modes on all rows.
    best_params_ : dict
        Its parameters.
    best_score_ : float
        Its score, with the noise of the mode.
    best_index_ : int
        Which candidate it is.
    cv_results_ : dict
        Parameters and scores of all candidates, as in scikit-learn but without times; not in
        ``"select"``.
    classes_ : ndarray of shape (n_classes,)
        Labels of the winner.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, when X has string names.
    privacy_statement_ : DPStatement
        What the whole search promises: fits, scores and choice.

    See Also
    --------
    DPRandomizedSearchCV : Over random candidates.
    DPScorer : A private score on its own.

    Notes
    -----
    **Protects** what one fit of the estimator protects, in everything that the search releases.
    **Against** whoever reads the fitted attributes and knows all other rows.
    **Leaks** what one fit leaks; in ``"select"`` also the number of draws, to whoever can time the
    search or watch the process: its running time is proportional to that number.
    **Assumes** that the candidates were listed without looking at the rows, that public rows are
    public, and that no candidate reports its progress to others.

    References
    ----------
    N. Papernot, T. Steinke, "Hyperparameter tuning with Renyi differential privacy", ICLR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private import DPGridSearchCV, DPLogisticRegression
    >>> X = np.linspace(-1, 1, 4000).reshape(-1, 1)
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = DPLogisticRegression(epsilon=1.0, feature_norm=1.0, classes=[0, 1])
    >>> search = DPGridSearchCV(model, {"C": [0.01, 1.0, 100.0]}, n_draws=30).fit(X, y)
    >>> round(search.privacy_statement_.epsilon, 1)
    2.1
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: dict[str, Any] | list[dict[str, Any]],
        *,
        mode: str = "select",
        scoring: str | Callable[..., Any] = "accuracy",
        cv: int = 5,
        n_draws: float = 30,
        law: str = "logarithmic",
        refit: bool | Callable[..., Any] = True,
        delta: float = 1e-5,
        ledger: LedgerLike | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.Generator | None = None,
    ):
        self.estimator = estimator
        self.param_grid = param_grid
        self.mode = mode
        self.scoring = scoring
        self.cv = cv
        self.n_draws = n_draws
        self.law = law
        self.refit = refit
        self.delta = delta
        self.ledger = ledger
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _candidates(self, rng):
        return list(ParameterGrid(self.param_grid))
