"""A picture of what privacy costs: the score of a private estimator at several epsilons."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from .._optional import require
from ..exceptions import InvalidParameterError, PrivacyWarning
from ..mechanisms import noise_source, uniform_below
from ..statements import DPStatement, Finding

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scoring = str | Callable[..., float]
EXACT_SCORES = Finding.error(
    "exact-scores",
    "the picture shows exact scores of private rows, which no claim counts",
    "keep it to those who may see the rows, or draw a paid search by from_search",
    where="scores",
)


class PrivacyUtilityDisplay:
    """The score of a private estimator over epsilon, beside what bounds it.

    Create it by :meth:`from_estimator` or :meth:`from_search`.

    Parameters
    ----------
    epsilons : array-like of shape (n_epsilons,)
        The epsilon of one fit.
    scores : array-like of shape (n_epsilons, n_repeats)
        Higher is better.
    majority, non_private : array-like of shape (n_repeats,), default=None
        Scores of the prediction that needs no features, and of the same model without privacy.
    score_name : str, default="score"
        What the score is.
    estimator_name : str, default="private"
        What was fitted.
    findings : tuple of Finding, default=()
        Why the picture itself is no release.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn.
    figure_ : matplotlib.figure.Figure
        Its figure.

    See Also
    --------
    sklearn_private.DPGridSearchCV : A search over epsilon that is paid for.

    Notes
    -----
    **Protects** nothing by itself: :meth:`from_estimator` shows exact scores, and says so in the
    picture unless the rows are public. :meth:`from_search` shows what a search has paid for.
    **Against** nobody, or whom the search's statement names.
    **Leaks** through exact scores as much as they tell; the two lines are never private.
    **Assumes** that ``public_rows`` is the truth.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_private.report import PrivacyUtilityDisplay
    >>> display = PrivacyUtilityDisplay(epsilons=[0.5, 2.0], scores=[[0.7, 0.8], [0.9, 0.92]])
    >>> display.means.tolist()
    [0.75, 0.91]
    """

    def __init__(
        self,
        *,
        epsilons: ArrayLike,
        scores: ArrayLike,
        majority: ArrayLike | None = None,
        non_private: ArrayLike | None = None,
        score_name: str = "score",
        estimator_name: str = "private",
        findings: tuple[Finding, ...] = (),
    ) -> None:
        order = np.argsort(epsilons)
        self.epsilons = np.asarray(epsilons, dtype=float)[order]
        self.scores = np.asarray(scores, dtype=float)[order]
        self.majority = majority
        self.non_private = non_private
        self.score_name = score_name
        self.estimator_name = estimator_name
        self.findings = findings

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        epsilons: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0),
        parameter: str | None = None,
        baseline: Any = None,
        scoring: Scoring = "accuracy",
        n_repeats: int = 5,
        test_size: float = 0.25,
        public_rows: bool = False,
        random_state: int | np.random.Generator | None = None,
        ax: Axes | None = None,
        **line: Any,
    ) -> Self:
        """Fit and score at every epsilon on random splits, and draw the curve.

        Each private fit charges the ledger that the estimator has, if any; the scores are exact and
        nobody pays for them.

        Parameters
        ----------
        estimator : estimator
            A classifier with differential privacy, or a pipeline that holds one. It is cloned.
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        epsilons : sequence of float
            At each of them the estimator is fitted ``n_repeats`` times.
        parameter : str, default=None
            Name of its epsilon, such as ``"clf__epsilon"``. None finds it where there is one only.
        baseline : estimator, default=None
            The same without privacy. None takes a :class:`sklearn.linear_model.LogisticRegression`
            that is hardly regularised, in the place of what has the epsilon.
        scoring : str or callable, default="accuracy"
            As in scikit-learn.
        n_repeats : int, default=5
            Random splits; the bars are the standard deviation over them.
        test_size : float, default=0.25
            Share of rows that are scored.
        public_rows : bool, default=False
            Whether anybody may see exact scores of these rows, as with a public benchmark.
        random_state : None, int or numpy.random.Generator, default=None
            Seed of the splits, not of the noise.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.
        **line : dict
            Options of :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        PrivacyUtilityDisplay

        Raises
        ------
        BudgetExceededError
            If a ledger refuses a fit.
        InvalidParameterError
            If no epsilon, or several, are found, or the estimator is no classifier.
        """
        if not is_classifier(estimator):
            raise InvalidParameterError(
                f"PrivacyUtilityDisplay takes classifiers. Got {type(estimator).__name__} instead."
            )
        parameter = parameter or _find_epsilon(estimator)
        private = [clone(estimator).set_params(**{parameter: epsilon}) for epsilon in epsilons]
        others = [DummyClassifier(), _without_privacy(estimator, parameter, baseline)]
        if not public_rows:
            warnings.warn(f"{EXACT_SCORES.message}: {EXACT_SCORES.remedy}", PrivacyWarning, 2)
        seeds = uniform_below(2**32, n_repeats, noise_source(random_state))
        table = np.array(
            [_score_all([*private, *others], X, y, scoring, test_size, int(seed)) for seed in seeds]
        ).T
        display = cls(
            epsilons=epsilons,
            scores=table[:-2],
            majority=table[-2],
            non_private=table[-1],
            score_name=_name_of(scoring),
            estimator_name=type(_owner(estimator, parameter)).__name__,
            findings=() if public_rows else (EXACT_SCORES,),
        )
        return display.plot(ax=ax, **line)

    @classmethod
    def from_search(
        cls, search: Any, *, parameter: str | None = None, ax: Axes | None = None, **line: Any
    ) -> Self:
        """Draw the noisy scores of a search over epsilon, which it has paid for.

        Parameters
        ----------
        search : DPGridSearchCV or DPRandomizedSearchCV
            Fitted, with ``cv_results_``.
        parameter : str, default=None
            Name of its epsilon. None finds it among those searched, where there is one only.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.
        **line : dict
            Options of :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        PrivacyUtilityDisplay

        Raises
        ------
        InvalidParameterError
            If the search has no scores that were paid for, or did not search over epsilon.
        """
        statement = getattr(search, "privacy_statement_", None)
        if not isinstance(statement, DPStatement) or not hasattr(search, "cv_results_"):
            raise InvalidParameterError(
                f"from_search needs scores that were paid for, and {type(search).__name__} has "
                "none. Fit a DPGridSearchCV with mode='compose' or 'public_validation'."
            )
        results = search.cv_results_
        searched = [name for name in results if name.startswith("param_")]
        parameter = parameter or _only(
            [n.removeprefix("param_") for n in searched if n.endswith("epsilon")], "search"
        )
        folds = [scores for name, scores in results.items() if name.startswith("split")]
        scores = np.array(folds).T if folds else results["mean_test_score"][:, None]
        display = cls(
            epsilons=np.array(results[f"param_{parameter}"], dtype=float),
            scores=scores,
            score_name=_name_of(getattr(search.scoring, "metric", search.scoring)),
            estimator_name=type(_owner(search.estimator, parameter)).__name__,
        )
        return display.plot(ax=ax, **line)

    @property
    def means(self) -> np.ndarray:
        """Mean score at each epsilon, an array of shape (n_epsilons,)."""
        return self.scores.mean(axis=1)

    def plot(self, ax: Axes | None = None, **line: Any) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a figure.
        **line : dict
            Options of :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        PrivacyUtilityDisplay
            Itself.
        """
        if ax is None:
            ax = require("matplotlib.pyplot", extra="plot").subplots(layout="constrained")[1]
        style: dict[str, Any] = {
            "marker": "o",
            "capsize": 3,
            "color": "#0b6e99",
            "label": self.estimator_name,
        }
        ax.errorbar(self.epsilons, self.means, self.scores.std(axis=1), **(style | line))
        for scores, label, color, dashes in (
            (self.non_private, "without privacy", "#1b1f24", "--"),
            (self.majority, "majority label", "#8a949e", ":"),
        ):
            if scores is not None:
                ax.axhline(
                    float(np.mean(np.asarray(scores, dtype=float))),
                    color=color,
                    linestyle=dashes,
                    label=label,
                )
        ax.set_xscale("log")
        ax.set_xticks(self.epsilons, [f"{epsilon:g}" for epsilon in self.epsilons])
        ax.minorticks_off()
        ax.set_xlabel("epsilon of one fit (smaller is more private)")
        ax.set_ylabel(self.score_name)
        ax.grid(axis="y", color="#d8dde2", linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="best")
        if self.findings:
            ax.set_title("exact scores of private rows: not for release", fontsize=9, loc="left")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _score_all(
    estimators: Sequence[Any],
    X: ArrayLike,
    y: ArrayLike,
    scoring: Scoring,
    test_size: float,
    seed: int,
) -> list[float]:
    parts = train_test_split(X, y, test_size=test_size, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    fitted = [clone(estimator).fit(X_train, y_train) for estimator in estimators]
    return [check_scoring(model, scoring)(model, X_test, y_test) for model in fitted]


def _find_epsilon(estimator: Any) -> str:
    names = [n for n in estimator.get_params() if n.rpartition("__")[2] == "epsilon"]
    return _only(names, type(estimator).__name__)


def _only(names: list[str], owner: str) -> str:
    if len(names) != 1:
        raise InvalidParameterError(
            f"{owner} has {len(names)} parameters called epsilon, {names}: say which by parameter=."
        )
    return names[0]


def _owner(estimator: Any, parameter: str) -> Any:
    """Return the part of an estimator that has a parameter."""
    place = parameter.rpartition("__")[0]
    return estimator.get_params()[place] if place else estimator


def _without_privacy(estimator: Any, parameter: str, baseline: Any) -> Any:
    if baseline is not None:
        return baseline
    place = parameter.rpartition("__")[0]
    # Rows of norm 1 need little regularisation: the default holds them back more than noise does.
    plain = LogisticRegression(C=100.0, max_iter=1000)
    return clone(estimator).set_params(**{place: plain}) if place else plain


def _name_of(scoring: Scoring) -> str:
    return str(getattr(scoring, "__name__", scoring)).replace("neg_", "negative ").replace("_", " ")
