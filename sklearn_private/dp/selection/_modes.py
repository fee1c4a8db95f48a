"""The four honest ways to pick among private candidates, one function each.

============================  ==================================  ===============================
mode                          what the rows are asked             what is released
============================  ==================================  ===============================
:func:`compose_scores`        every fit, every score, the refit   all scores and the winner
:func:`select_secretly`       the best of a secret number of      the winner and its score
                              fits and scores
:func:`validate_publicly`     every fit                           scores of public rows, and the
                                                                  winner
:func:`search_one_release`    nothing                             scores of public rows, and the
                                                                  winner
============================  ==================================  ===============================

Training parts overlap, so a row is in most fits of :func:`compose_scores`: their costs are summed,
never a maximum. Its fits and scores are made first and held back until the ledger has taken the
sum. Of the refits, one for each candidate, only the winner's is released; which one that is depends
on the scores, so the event is any one of theirs. :func:`select_secretly` pays before it draws
(``docs/proofs/selection.md``).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from dp_accounting.dp_event import RepeatAndSelectDpEvent
from scipy.stats import rankdata
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import check_scoring

from ..._checks import Checks
from ...accounting import OneOfEvent
from ...exceptions import GuaranteeError, InvalidParameterError
from ...mechanisms import uniform_below
from ...statements import DPStatement
from ._candidates import draw_folds, fit_candidates, n_rows, together
from ._repeats import SHAPES, draw_repeats
from ._scorer import METRICS, DPScorer


@dataclass(frozen=True)
class Task:
    """What a mode works on.

    Parameters
    ----------
    search : estimator
        The search, for its parameters.
    candidates : list of dict
        Parameters of each candidate.
    X, y : array-like
        The private rows.
    number : ndarray of int of shape (n_samples,) or None
        Whose data each row is; None protects each row by itself.
    validation : tuple of array-like or None
        The public rows and their labels.
    rng : object
        Source of randomness.
    pay : callable
        Called with an event and the fits that it covers, before anything is released; it raises to
        refuse.
    """

    search: object
    candidates: list
    X: object
    y: object
    number: object
    validation: tuple
    rng: object
    pay: object

    @property
    def n_rows(self) -> Any:
        """How many private rows there are."""
        return n_rows(self.X)

    @property
    def n_units(self) -> int:
        """How many units there are: rows, or their owners."""
        return len(np.unique(self.units))

    @property
    def units(self) -> Any:
        """The unit of each row: by itself, or its owner."""
        return np.arange(self.n_rows) if self.number is None else self.number


@dataclass(frozen=True)
class Found:
    """What a mode found.

    Parameters
    ----------
    event : dp_accounting.DpEvent
        What the release costs.
    fits : tuple of Fit
        The fits that it rests on.
    released : dict
        Fitted attributes of the search.
    mechanism : str
        In words.
    leaks : tuple of str
        Beyond what every fit leaks.
    parameters : dict
        Of the mechanism.
    """

    event: object
    fits: tuple
    released: dict
    mechanism: str
    leaks: tuple = ()
    parameters: dict = field(default_factory=dict)


def compose_scores(task: Task) -> Found:
    """Score every candidate on every fold with noise, and pay for all of it.

    Parameters
    ----------
    task : Task
        The search and its rows.

    Returns
    -------
    Found
    """
    search, everything = task.search, np.arange(task.n_rows)
    folds = draw_folds(task.units, search.cv, task.rng)
    scorer = private_scorer(search)
    jobs = [(parameters, *fold) for parameters in task.candidates for fold in folds]
    fits, sums = _fits(task, jobs, measure=scorer.sums)
    scorer = _of_same_unit(task, scorer, fits)
    scores = np.array([scorer.noisy(exact, task.rng) for exact in sums])
    results = _results(task.candidates, scores.reshape(-1, search.cv))
    events = [fit.event for fit in fits] + [scorer.event] * len(sums)
    released = _ranked(search, results)
    if search.refit is not False:
        jobs = [(parameters, everything, None) for parameters in task.candidates]
        refits, _ = _fits(task, jobs)
        events.append(_any_of(fit.event for fit in refits))
        fits += refits
        released["best_estimator_"] = refits[released["best_index_"]].model
    event = together(events)
    task.pay(event, fits)
    return Found(
        event,
        fits,
        released,
        "composition of every fit and every noisy score",
        parameters={"n_folds": search.cv, **_of_scores(scorer)},
    )


def select_secretly(task: Task) -> Found:
    """Fit and score a secret number of random candidates, and release the best of them.

    Parameters
    ----------
    task : Task
        The search and its rows.

    Returns
    -------
    Found
    """
    search = task.search
    fold = draw_folds(task.units, search.cv, task.rng)[0]
    scorer = private_scorer(search)
    jobs = [(parameters, *fold) for parameters in task.candidates]
    # Of these fits nothing but their events is used, which are functions of public quantities. They
    # are scored, so that a model that cannot be is refused before anything is paid.
    planned, _ = _fits(task, jobs, measure=scorer.sums)
    scorer = _of_same_unit(task, scorer, planned)
    # A row (a person) is either trained on or scored, by a coin, so a run costs one of the two.
    run = _any_of([*(fit.event for fit in planned), scorer.event])
    event = RepeatAndSelectDpEvent(run, float(search.n_draws), SHAPES[search.law])
    task.pay(event, planned)
    n_runs = draw_repeats(search.law, search.n_draws, task.rng)
    picks = uniform_below(len(jobs), n_runs, task.rng)
    fits, sums = _fits(task, [jobs[i] for i in picks], measure=scorer.sums, silent=True)
    if any(fit.event != planned[i].event for fit, i in zip(fits, picks, strict=True)):
        raise GuaranteeError.unreleased(
            "Two fits of one candidate on the same rows claim different events, so the selection "
            "was not paid for."
        )
    scores = [scorer.noisy(exact, task.rng) for exact in sums]
    best = int(np.argmax(scores))
    released = {
        "best_estimator_": fits[best].model,
        "best_index_": int(picks[best]),
        "best_params_": task.candidates[picks[best]],
        "best_score_": scores[best],
    }
    return Found(
        event,
        planned,
        released,
        "best of a secret number of private fits, each scored with noise",
        leaks=("how many fits were made, to whoever can time the search or watch the process",),
        parameters={"n_draws": search.n_draws, "law": search.law, **_of_scores(scorer)},
    )


def validate_publicly(task: Task) -> Found:
    """Pay for one fit of each candidate on all rows, and score them on public rows.

    Parameters
    ----------
    task : Task
        The search and its rows.

    Returns
    -------
    Found
    """
    everything = np.arange(task.n_rows)
    jobs = [(parameters, everything, None) for parameters in task.candidates]
    fits, _ = _fits(task, jobs)
    event = together(fit.event for fit in fits)
    task.pay(event, fits)
    return Found(
        event, fits, _scored_publicly(task, fits), "composition of the fits of all candidates"
    )


def search_one_release(task: Task) -> Found:
    """Score what can be made of one earlier release on public rows; private rows are not read.

    Parameters
    ----------
    task : Task
        The search and its public rows.

    Returns
    -------
    Found
    """
    X, y = _public(task)
    everything = np.arange(n_rows(X))
    jobs = [(parameters, everything, None) for parameters in task.candidates]
    # In this process, so that what was frozen stays the same object.
    fits, _ = fit_candidates(task.search.estimator, jobs, X, y, rng=task.rng, n_jobs=1)
    earlier = _frozen_claims(task.search.estimator)
    claims = [claim for fit in fits for claim in fit.claims]
    if any(all(claim is not known for known in earlier) for claim in claims):
        raise InvalidParameterError.unreleased(
            "mode='free' takes what can be made of one release without the rows, but a candidate "
            f"of {type(task.search).__name__} would be fitted anew.",
            "Wrap the fitted model: FrozenEstimator(model) inside FixedThresholdClassifier, for "
            "example.",
        )
    event = together(dict.fromkeys(fit.event for fit in fits))
    return Found(
        event, fits, _scored_publicly(task, fits), "post-processing of one earlier release"
    )


def private_scorer(search: Any) -> Any:
    """Return the scorer of private rows that ``scoring=`` stands for."""
    if isinstance(search.scoring, DPScorer):
        return search.scoring
    if isinstance(search.scoring, str) and search.scoring in METRICS:
        return DPScorer(search.scoring, delta=search.delta)
    names = ", ".join(map(repr, METRICS))
    raise Checks(search).invalid(
        "scoring", f"one of {names}, or a DPScorer, since private rows are scored"
    )


def _fits(task, jobs, **options):
    search = task.search
    return fit_candidates(
        search.estimator,
        jobs,
        task.X,
        task.y,
        number=task.number,
        rng=task.rng,
        n_jobs=search.n_jobs,
        **options,
    )


def _of_same_unit(task, scorer, fits):
    """Return the scorer under the relation of the fits, which must protect what it protects."""
    scored = "row" if task.number is None else "person"
    for fit in fits:
        if fit.unit != scored:
            raise InvalidParameterError.unreleased(
                f"The fits protect one {fit.unit}, but the noisy scores protect one {scored}.",
                "Give privacy_unit= if and only if the estimator asks for it.",
            )
    return replace(scorer, neighboring=fits[0].neighboring)


def _any_of(events):
    distinct = tuple(dict.fromkeys(events))
    return distinct[0] if len(distinct) == 1 else OneOfEvent(distinct)


def _of_scores(scorer):
    return {"scoring": scorer.metric, "score_epsilon": scorer.epsilon}


def _scored_publicly(task, fits):
    search, (X, y) = task.search, _public(task)
    if isinstance(search.scoring, DPScorer):
        raise Checks(search).invalid(
            "scoring", "a scorer of scikit-learn, since public rows need no noise"
        )
    scores = [check_scoring(fit.model, search.scoring)(fit.model, X, y) for fit in fits]
    released = _ranked(search, _results(task.candidates, np.array(scores)[:, None]))
    if search.refit is not False:
        released["best_estimator_"] = fits[released["best_index_"]].model
    return released


def _public(task):
    if task.validation is None:
        raise InvalidParameterError.unreleased(
            f"mode={task.search.mode!r} scores on public rows: give "
            f"{type(task.search).__name__}.fit(X, y, validation=(X_public, y_public))."
        )
    return task.validation


def _frozen_claims(estimator):
    """Return the claims of the fitted estimators that are frozen inside one."""
    inside = [estimator, *estimator.get_params(deep=True).values()]
    statements = [
        getattr(part, "privacy_statement_", None)
        for part in inside
        if isinstance(part, FrozenEstimator)
    ]
    parts = [part for s in statements if s is not None for part in s.flatten()]
    return [part for part in parts if isinstance(part, DPStatement)]


def _results(candidates, scores):
    """Return a table in the form of scikit-learn's ``cv_results_``, without times."""
    mean = scores.mean(axis=1)
    table = {"params": candidates}
    for name in dict.fromkeys(name for parameters in candidates for name in parameters):
        column = np.ma.masked_all(len(candidates), dtype=object)
        for i, parameters in enumerate(candidates):
            if name in parameters:
                column[i] = parameters[name]
        table[f"param_{name}"] = column
    if scores.shape[1] > 1:
        table |= {f"split{k}_test_score": column for k, column in enumerate(scores.T)}
    table |= {"mean_test_score": mean, "std_test_score": scores.std(axis=1)}
    table["rank_test_score"] = rankdata(-mean, method="min").astype(np.int32)
    return table


def _ranked(search, results):
    """Return the released attributes but for the winner itself."""
    released = {"cv_results_": results}
    if search.refit is not False:
        pick = search.refit if callable(search.refit) else _best_mean
        best = int(pick(results))
        released |= {"best_index_": best, "best_params_": results["params"][best]}
        released["best_score_"] = float(results["mean_test_score"][best])
    return released


def _best_mean(results):
    return np.argmax(results["mean_test_score"])
