"""Searches that pay: what they charge, what they release, what they refuse."""

import dataclasses
import logging
import math
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from dp_accounting import dp_event
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_private import (
    DomainEncoder,
    DPGridSearchCV,
    DPLogisticRegression,
    PrivacyLedger,
    accounting,
    most_private,
    privacy_report,
)
from sklearn_private.accounting import leaves
from sklearn_private.dp import DPRandomizedSearchCV, DPScorer
from sklearn_private.dp.selection import _modes as _search_modes
from sklearn_private.dp.selection._candidates import draw_folds, together
from sklearn_private.exceptions import (
    BudgetExceededError,
    GuaranteeError,
    InvalidParameterError,
    PrivacyWarning,
)
from sklearn_private.mechanisms import is_secure, noise_source

DELTA = 1e-5
GRID = {"C": [1e-4, None]}


def private(**parameters):
    return DPLogisticRegression(**{"feature_norm": 2.0, "classes": [0, 1], **parameters})


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(1500, 2))
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def public(rows):
    return rows[0][:200], rows[1][:200]


@pytest.fixture
def ledger(tmp_path):
    return PrivacyLedger(tmp_path / "ledger", epsilon=50.0, delta=DELTA)


def kinds(event):
    """How often each kind of mechanism was run."""
    counts = {}
    for leaf, n in leaves(event):
        counts[type(leaf).__name__] = counts.get(type(leaf).__name__, 0) + n
    return counts


def test_a_selection_is_charged_once_and_costs_about_two_fits(rows, ledger):
    model = private(solver="newton")
    search = DPGridSearchCV(model, GRID, n_draws=30, ledger=ledger).fit(*rows)
    (charge,) = ledger.entries()
    assert charge.event == search.privacy_statement_.event
    assert charge.owner == "DPGridSearchCV"
    assert isinstance(charge.event, dp_event.RepeatAndSelectDpEvent)
    assert (charge.event.mean, charge.event.shape) == (30.0, 0.0)
    assert search.privacy_statement_.epsilon == charge.epsilon == pytest.approx(2.12, abs=0.02)
    assert search.predict(rows[0]).shape == (1500,)


def test_a_selection_pays_for_its_law_and_for_the_dearer_of_fit_and_score(rows):
    model = private(solver="newton")
    search = DPGridSearchCV(model, GRID, n_draws=30, law="geometric").fit(*rows)
    assert search.privacy_statement_.event.shape == 1.0
    assert search.privacy_statement_.epsilon == pytest.approx(2.62, abs=0.02)
    search.set_params(scoring=DPScorer(epsilon=4.0)).fit(*rows)
    assert search.privacy_statement_.epsilon > 8


def test_a_selection_releases_the_winner_and_nothing_that_tells_the_number_of_runs(rows):
    search = DPGridSearchCV(private(), GRID, n_draws=5).fit(*rows)
    assert vars(search).keys() - search.get_params(deep=False).keys() == {
        "best_estimator_",
        "best_index_",
        "best_params_",
        "best_score_",
        "n_features_in_",
        "privacy_statement_",
    }
    assert search.best_params_ == {"C": GRID["C"][search.best_index_]}
    assert "time" in " ".join(search.privacy_statement_.leaks)


def test_a_selection_pays_before_it_draws(rows, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(_search_modes, "draw_repeats", lambda *_: drawn.append(1) or 3)
    poor = PrivacyLedger(tmp_path / "poor", epsilon=1.0, delta=DELTA)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        DPGridSearchCV(private(), GRID, ledger=poor).fit(*rows)
    assert drawn == []
    DPGridSearchCV(private(), GRID).fit(*rows)
    assert drawn == [1]


def test_no_statement_log_or_pickle_depends_on_the_number_of_runs(rows, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    seen = []
    for n_runs in (1, 40):
        monkeypatch.setattr(_search_modes, "draw_repeats", lambda *_, n=n_runs: n)
        search = DPGridSearchCV(private(), {"C": [None]}, n_draws=5).fit(*rows)
        shown = repr(search), search.privacy_statement_, caplog.messages[:], capfd.readouterr()
        seen.append((*shown, len(pickle.dumps(search))))
        caplog.clear()
    assert seen[0] == seen[1]
    assert seen[0][3] == ("", "")


def test_the_number_of_runs_is_drawn_from_the_source_of_the_search(rows, monkeypatch):
    seen = []
    draw = lambda law, mean, rng: seen.append((law, mean, is_secure(rng))) or 2  # noqa: E731
    monkeypatch.setattr(_search_modes, "draw_repeats", draw)
    DPGridSearchCV(private(), GRID, n_draws=5, law="geometric").fit(*rows)
    assert seen == [("geometric", 5, True)]


@pytest.mark.parametrize("n_runs", [1, 40])
def test_warnings_and_prints_of_a_selection_do_not_depend_on_the_number_of_runs(
    rows, monkeypatch, capfd, n_runs
):
    monkeypatch.setattr(_search_modes, "draw_repeats", lambda *_: n_runs)
    pipeline = make_pipeline(DomainEncoder((-1.0, 1.0)), private(classes=None))
    pipeline.set_params(verbose=True)
    grid = {"dplogisticregression__C": [1e-4, None]}
    with pytest.warns(PrivacyWarning, match="learned the class labels") as caught:
        DPGridSearchCV(pipeline, grid).fit(*rows)
    assert len(caught) == 2  # one for each candidate, from the fits that only tell their events
    assert capfd.readouterr() == ("", "")


class Loud(DPLogisticRegression):
    """Warns at each prediction, as a model does that overflows."""

    def predict(self, X):
        warnings.warn("a row is large", RuntimeWarning, stacklevel=2)
        return super().predict(X)


@pytest.mark.parametrize("mode", ["select", "compose"])
def test_what_a_model_warns_of_while_it_is_scored_is_not_shown(rows, mode):
    search = DPGridSearchCV(Loud(feature_norm=2.0, classes=[0, 1]), GRID, mode=mode, n_draws=9)
    search.fit(*rows)  # any warning is an error
    with pytest.warns(RuntimeWarning, match="a row is large"):
        search.predict(rows[0])


def test_a_model_that_cannot_be_scored_is_refused_before_anything_is_paid(rows, ledger):
    search = DPGridSearchCV(private(classes=[0, 1, 2]), GRID, scoring="roc_auc", ledger=ledger)
    with pytest.raises(InvalidParameterError, match="'roc_auc' needs two classes"):
        search.fit(*rows)
    assert ledger.entries() == []


@pytest.mark.parametrize("mode", ["select", "compose"])
def test_a_delta_below_that_of_the_fits_is_refused_before_anything_is_paid(rows, mode, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=50.0, delta=0.1)
    model = private(solver="newton")
    search = DPGridSearchCV(model, GRID, mode=mode, delta=0.0, ledger=ledger)
    with pytest.raises(InvalidParameterError, match="The 'delta' parameter of DPGridSearchCV"):
        search.fit(*rows)
    assert ledger.entries() == []


def test_the_ledger_of_the_scorer_pays_where_the_search_has_none(rows, ledger, tmp_path):
    search = DPGridSearchCV(private(), GRID, scoring=DPScorer(ledger=ledger), n_draws=2)
    assert search.fit(*rows).privacy_statement_.event == ledger.entries()[0].event
    other = PrivacyLedger(tmp_path / "other", epsilon=50.0, delta=DELTA)
    with pytest.raises(InvalidParameterError, match="name 2"):
        search.set_params(ledger=other).fit(*rows)


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
def test_a_selection_finds_the_good_candidate(rows):
    options = {"n_draws": 20, "law": "geometric", "scoring": "neg_log_loss"}
    found = [
        DPGridSearchCV(private(), {"C": [1e-6, None]}, random_state=seed, **options)
        .fit(*rows)
        .best_params_["C"]
        for seed in range(8)
    ]
    assert found.count(None) >= 6


def test_composition_charges_every_fit_every_score_and_the_refit(rows, ledger):
    grid = {"intercept_scaling": [0.2, 0.3, 0.4]}
    model = private(delta=0.0)
    search = DPGridSearchCV(model, grid, mode="compose", cv=4, delta=0.0, ledger=ledger).fit(*rows)
    assert kinds(search.privacy_statement_.event)["LaplaceDpEvent"] == 13 + 12
    assert search.privacy_statement_.epsilon == pytest.approx(13 * 1.0 + 12 * 0.5)
    assert len(ledger.entries()) == 1


@pytest.mark.parametrize("mode", ["select", "compose"])
def test_only_noisy_scores_are_compared_and_released(rows, mode, monkeypatch):
    noisy = []

    def drawn(self, sums, rng):
        noisy.append(float(rng.bytes(1)[0]))  # any number but the exact score
        return noisy[-1]

    monkeypatch.setattr(DPScorer, "noisy", drawn)
    monkeypatch.setattr(_search_modes, "draw_repeats", lambda *_: 7)
    search = DPGridSearchCV(private(), GRID, mode=mode, cv=2).fit(*rows)
    if mode == "select":
        assert len(noisy) == 7
        assert search.best_score_ == max(noisy)
    else:
        scores = [search.cv_results_[f"split{k}_test_score"] for k in range(2)]
        assert np.transpose(scores).ravel().tolist() == noisy


def test_a_refit_that_depends_on_scores_costs_the_most_of_any_candidate(rows):
    grid = {"epsilon": [0.5, 2.0]}
    least = lambda results: 0  # noqa: E731
    options = {"mode": "compose", "cv": 2, "refit": least}
    search = DPGridSearchCV(private(), grid, **options).fit(*rows)
    without = clone(search).set_params(refit=False).fit(*rows)
    event = search.privacy_statement_.event
    (choice,) = [leaf for leaf, _ in leaves(event) if isinstance(leaf, accounting.OneOfEvent)]
    assert len(choice.events) == 2
    assert search.best_params_ == {"epsilon": 0.5}
    assert search.privacy_statement_.epsilon > without.privacy_statement_.epsilon + 0.5
    assert not hasattr(without, "best_estimator_")


def test_composed_results_have_the_form_of_scikit_learn(rows):
    options = {"mode": "compose", "cv": 3, "refit": most_private("epsilon", within=9.0)}
    search = DPGridSearchCV(private(), {"epsilon": [0.5, 4.0]}, **options).fit(*rows)
    results = search.cv_results_
    assert results["params"] == [{"epsilon": 0.5}, {"epsilon": 4.0}]
    assert list(results["param_epsilon"]) == [0.5, 4.0]
    folds = np.array([results[f"split{k}_test_score"] for k in range(3)])
    assert results["mean_test_score"] == pytest.approx(folds.mean(axis=0))
    assert sorted(results["rank_test_score"]) == [1, 2]
    assert not any("time" in name for name in results)
    assert search.best_params_["epsilon"] == 0.5
    assert search.best_score_ == results["mean_test_score"][search.best_index_]


def test_public_validation_charges_the_fits_and_scores_for_free(rows, public, ledger):
    model = private(solver="objective")
    search = DPGridSearchCV(model, GRID, mode="public_validation", ledger=ledger)
    search.fit(*rows, validation=public)
    assert kinds(search.privacy_statement_.event)["ObjectivePerturbationEvent"] == 2
    assert len(ledger.entries()) == 1
    assert search.cv_results_["mean_test_score"][search.best_index_] == search.score(*public)


def test_free_candidates_of_one_release_cost_nothing_more(rows, public, ledger):
    model = private(epsilon=8.0, solver="newton", ledger=ledger).fit(*rows)
    threshold = FixedThresholdClassifier(FrozenEstimator(model))
    search = DPGridSearchCV(threshold, {"threshold": [0.01, 0.5, 0.99]}, mode="free", ledger=ledger)
    search.fit(np.full_like(rows[0], np.nan), None, validation=public)  # rows are not read
    assert len(ledger.entries()) == 1
    assert search.privacy_statement_.event == model.privacy_statement_.event
    assert search.privacy_statement_.epsilon == pytest.approx(8.0, rel=1e-6)
    assert search.best_params_ == {"threshold": 0.5}


def test_a_free_search_refuses_what_would_be_fitted_anew(public, rows):
    for estimator in (private(), FixedThresholdClassifier(private())):
        name = "C" if isinstance(estimator, DPLogisticRegression) else "threshold"
        with pytest.raises(InvalidParameterError, match="would be fitted anew.*Nothing was"):
            DPGridSearchCV(estimator, {name: [0.5]}, mode="free").fit(*rows, validation=public)


@pytest.mark.parametrize("mode", ["select", "compose"])
def test_a_report_on_a_search_has_no_findings_where_scikit_learn_has_an_error(rows, mode):
    search = DPGridSearchCV(private(), GRID, mode=mode, cv=2).fit(*rows)
    report = privacy_report(search)
    assert report.findings == ()
    assert report.composition.epsilon == search.privacy_statement_.epsilon
    raw = GridSearchCV(private(), GRID, cv=2).fit(*rows)
    assert privacy_report(raw).findings[0].level == "error"


@pytest.mark.parametrize("mode", ["select", "compose", "public_validation"])
def test_a_step_that_learned_from_the_rows_is_refused(rows, public, mode, ledger):
    pipeline = make_pipeline(StandardScaler(), private())
    search = DPGridSearchCV(pipeline, {"dplogisticregression__C": [None]}, mode=mode, ledger=ledger)
    validation = {"validation": public} if mode == "public_validation" else {}
    with pytest.raises(
        InvalidParameterError, match=r"StandardScaler.*Nothing was released.*Domain"
    ):
        search.fit(*rows, **validation)
    assert ledger.entries() == []


def test_an_estimator_without_a_claim_is_refused(rows):
    with pytest.raises(InvalidParameterError, match="no claim of differential privacy"):
        DPGridSearchCV(LogisticRegression(), {"C": [1.0]}).fit(*rows)


def test_frames_and_pipelines_are_searched_in_workers(rows, ledger):
    table = pd.DataFrame({"a": rows[0][:, 0], "b": np.where(rows[0][:, 1] > 0, "x", "y")})
    pipeline = make_pipeline(
        DomainEncoder({"a": (-1, 1), "b": ["x", "y"]}), private(feature_norm=1.0, ledger=ledger)
    )
    grid = {"dplogisticregression__C": [0.1, None]}
    search = DPGridSearchCV(pipeline, grid, n_draws=4, n_jobs=2).fit(table, rows[1])
    assert search.feature_names_in_.tolist() == ["a", "b"]
    assert search.predict(table).shape == search.predict_proba(table)[:, 1].shape == (1500,)
    assert list(search.classes_) == [0, 1]
    assert len(ledger.entries()) == 1  # the fits' own ledger pays once, through the search
    assert search.best_estimator_[-1].ledger is None
    inside = make_pipeline(DomainEncoder((-1, 1)), DPGridSearchCV(private(), GRID, n_draws=2))
    assert privacy_report(inside.fit(*rows)).findings == ()
    joblib.externals.loky.get_reusable_executor().shutdown()


def test_two_ledgers_are_refused(rows, ledger, tmp_path):
    other = PrivacyLedger(tmp_path / "other", epsilon=50.0, delta=DELTA)
    with pytest.raises(InvalidParameterError, match="name 2"):
        DPGridSearchCV(private(ledger=other), GRID, ledger=ledger).fit(*rows)


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
def test_seeded_fits_inside_void_the_claim(rows, ledger):
    search = DPGridSearchCV(private(random_state=0), GRID, n_draws=2).fit(*rows)
    assert search.privacy_statement_.epsilon == math.inf
    with pytest.raises(InvalidParameterError, match="random_state"):
        clone(search).set_params(ledger=ledger).fit(*rows)


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
def test_a_seeded_search_repeats_itself(rows):
    search = DPGridSearchCV(private(), GRID, n_draws=4, random_state=3)
    first, second = (clone(search).fit(*rows) for _ in range(2))
    assert np.array_equal(first.best_estimator_.coef_, second.best_estimator_.coef_)
    assert first.best_score_ == second.best_score_


def test_random_candidates_are_sampled_and_searched(rows):
    search = DPRandomizedSearchCV(private(), {"C": [0.1, 1, None]}, n_iter=2, mode="compose", cv=2)
    assert len(search.fit(*rows).cv_results_["params"]) == 2
    assert search.set_params(mode="select", n_draws=2).fit(*rows).best_params_.keys() == {"C"}
    assert not hasattr(search, "cv_results_")  # of the earlier fit


def test_a_fitted_search_pickles(rows):
    search = DPGridSearchCV(private(), GRID, n_draws=2, scoring=DPScorer("roc_auc")).fit(*rows)
    again = pickle.loads(pickle.dumps(search))
    assert np.array_equal(again.predict(rows[0]), search.predict(rows[0]))
    assert again.privacy_statement_ == search.privacy_statement_


def test_the_relation_of_the_fits_is_that_of_the_scores(rows, monkeypatch):
    noisy, seen = DPScorer.noisy, set()
    spy = lambda self, *args: seen.add(self.neighboring) or noisy(self, *args)  # noqa: E731
    monkeypatch.setattr(DPScorer, "noisy", spy)
    for relation in ("zero_out", "add_remove"):
        for mode in ("select", "compose"):
            search = DPGridSearchCV(private(neighboring=relation), GRID, mode=mode, n_draws=2)
            assert search.fit(*rows).privacy_statement_.neighboring == relation
        assert seen == {relation}
        seen.clear()
    with pytest.raises(InvalidParameterError, match="different relations"):
        DPGridSearchCV(private(), {"neighboring": ["zero_out", "replace_one"]}).fit(*rows)


class Moody(DPLogisticRegression):
    """Claims another event at each fit."""

    n_fits = 0

    def fit(self, X, y):
        Moody.n_fits += 1
        asked = self.epsilon
        super(Moody, self.set_params(epsilon=1 + Moody.n_fits / 100)).fit(X, y)
        return self.set_params(epsilon=asked)


def test_a_fit_whose_event_was_not_paid_for_is_not_released(rows):
    search = DPGridSearchCV(Moody(feature_norm=2.0, classes=[0, 1]), {"C": [None]}, n_draws=2)
    with pytest.raises(GuaranteeError, match="claim different events"):
        search.fit(*rows)
    assert not hasattr(search, "best_estimator_")


def test_each_row_is_dealt_out_by_a_coin_of_its_own():
    folds = draw_folds(np.arange(6000), 3, noise_source(0))
    assert [len(outside) + len(inside) for outside, inside in folds] == [6000] * 3
    held_out = np.concatenate([inside for _, inside in folds])
    assert sorted(held_out) == list(range(6000))
    sizes = [len(inside) for _, inside in folds]
    assert len(set(sizes)) == 3  # equal sizes would tie the coins of the rows together
    assert max(abs(size - 2000) for size in sizes) < 150


def test_a_person_is_in_one_fold_and_one_of_their_rows_is_scored():
    number = np.repeat(np.arange(60), [1, 2, 9] * 20)
    seen = np.zeros(number.size, dtype=bool)
    for _ in range(100):
        folds = draw_folds(number, 3, noise_source())
        scored = np.concatenate([inside for _, inside in folds])
        assert sorted(number[scored]) == list(range(60))
        for outside, inside in folds:
            assert not set(number[outside]) & set(number[inside])
        assert sum(len(outside) for outside, _ in folds) == 2 * number.size
        seen[scored] = True
    assert seen.all()


@pytest.mark.parametrize("n_folds, least", [(2, 21), (3, 14), (5, 10), (10, 20)])
def test_no_fold_takes_all_rows_but_by_a_chance_of_one_in_a_million(n_folds, least):
    assert n_folds ** (1 - least) < 2**-19.9
    draw_folds(np.arange(least), n_folds, noise_source())
    with pytest.raises(InvalidParameterError, match=f"at least {least} rows.*Nothing was released"):
        draw_folds(np.repeat(np.arange(least - 1), 9), n_folds, noise_source())


def test_equal_events_are_counted_together():
    first, second = dp_event.GaussianDpEvent(1.0), dp_event.GaussianDpEvent(2.0)
    assert list(leaves(together([first, second, first]))) == [(first, 2), (second, 1)]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"mode": "best"}, "The 'mode' parameter of DPGridSearchCV must be"),
        ({"cv": 1}, "The 'cv' parameter"),
        ({"n_draws": 0.5}, "The 'n_draws' parameter"),
        ({"law": "poisson"}, "The 'law' parameter"),
        ({"delta": 1.0}, "The 'delta' parameter"),
        ({"refit": "score"}, "The 'refit' parameter"),
        ({"refit": False}, "'refit' .* must be True in mode='select'"),
        ({"scoring": "f1"}, "The 'scoring' parameter"),
        ({"scoring": ["accuracy"]}, "The 'scoring' parameter"),
        ({"mode": "public_validation"}, "give DPGridSearchCV.fit"),
        ({"param_grid": {"epsilon": [1, 2]}}, "cannot search over 'epsilon' in mode='select'"),
        ({"param_grid": {"ledger": [None]}}, "cannot search over 'ledger'"),
        ({"cv": 1000}, "need at least 2000 rows"),
    ],
)
def test_bad_parameters_are_refused(rows, options, message):
    with pytest.raises(InvalidParameterError, match=message):
        DPGridSearchCV(private(), GRID).set_params(**options).fit(*rows)


def test_public_rows_belong_to_public_modes(rows, public):
    with pytest.raises(InvalidParameterError, match="takes no validation="):
        DPGridSearchCV(private(), GRID).fit(*rows, validation=public)
    search = DPGridSearchCV(private(), GRID, mode="public_validation", scoring=DPScorer())
    with pytest.raises(InvalidParameterError, match="public rows need no noise"):
        search.fit(*rows, validation=public)


@pytest.mark.parametrize("mode", ["select", "compose"])
def test_no_row_is_trained_on_and_scored_by_one_run(rows, mode, monkeypatch):
    seen = []
    honest = _search_modes.fit_candidates

    def spy(estimator, jobs, *data, **options):
        seen.extend(jobs)
        return honest(estimator, jobs, *data, **options)

    monkeypatch.setattr(_search_modes, "fit_candidates", spy)
    DPGridSearchCV(private(), GRID, mode=mode, cv=4, refit=True, n_draws=3).fit(*rows)
    scored = [(fitted, measured) for _, fitted, measured in seen if measured is not None]
    assert len(scored) >= 3
    for fitted, measured in scored:
        assert np.array_equal(np.sort(np.concatenate([fitted, measured])), np.arange(1500))


class OfOnePerson(DPLogisticRegression):
    """Claims that its unit is a person."""

    def fit(self, X, y):
        super().fit(X, y)
        self.privacy_statement_ = dataclasses.replace(self.privacy_statement_, unit="person")
        return self


def test_a_noisy_score_of_one_row_does_not_join_the_claim_of_a_person(rows, public):
    search = DPGridSearchCV(OfOnePerson(feature_norm=2.0, classes=[0, 1]), {"C": [None]})
    with pytest.raises(InvalidParameterError, match="protect one person"):
        search.fit(*rows)
    search.set_params(mode="public_validation").fit(*rows, validation=public)
    assert search.privacy_statement_.unit == "person"


@pytest.mark.parametrize("mode", ["select", "compose", "public_validation"])
def test_a_search_over_fits_of_persons_protects_persons(rows, public, mode, tmp_path):
    person = [f"p{i}" for i in range(500) for _ in range(3)]
    ledger = PrivacyLedger(tmp_path / "l", epsilon=50.0, delta=DELTA, unit="person")
    search = DPGridSearchCV(private(rows_per_unit=2), GRID, mode=mode, n_draws=3, ledger=ledger)
    options = {"validation": public} if mode == "public_validation" else {}
    search.fit(*rows, privacy_unit=person, **options)
    assert search.privacy_statement_.unit == "person"
    assert "at most 2 are used" in search.privacy_statement_.protects
    assert len(ledger.entries()) == 1
    with pytest.raises(InvalidParameterError, match="'rows_per_unit' .* not told privacy_unit="):
        search.fit(*rows, **options)


def test_persons_reach_a_pipeline_in_a_search_by_routing(rows):
    person = np.arange(1500) // 3
    pipeline = make_pipeline(DomainEncoder((-1.0, 1.0)), private(rows_per_unit=2))
    search = DPGridSearchCV(pipeline, {"dplogisticregression__C": [None]}, n_draws=2)
    with sklearn.config_context(enable_metadata_routing=True):
        assert search.fit(*rows, privacy_unit=person).privacy_statement_.unit == "person"
        cross_validate(search, *rows, params={"privacy_unit": person}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="privacy_unit"):
        search.fit(*rows, privacy_unit=person)


def test_a_free_search_takes_no_persons(rows, public):
    search = DPGridSearchCV(private(), GRID, mode="free")
    with pytest.raises(InvalidParameterError, match="takes no privacy_unit="):
        search.fit(*rows, privacy_unit=rows[1], validation=public)
