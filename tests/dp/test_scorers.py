"""Scores on private rows: what they estimate, what one row moves, and what they cost."""

import math
import pickle

import numpy as np
import pandas as pd
import pytest
from dp_accounting import LaplaceDpEvent
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import cross_val_score

from sklearn_private import PrivacyLedger, accounting
from sklearn_private.dp import DPScorer
from sklearn_private.dp.selection import _scorer
from sklearn_private.dp.selection._metrics import RocAuc, accuracy, negative_log_loss
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError, PrivacyWarning

METRICS = ("accuracy", "neg_log_loss", "roc_auc")
RELATIONS = ("replace_one", "zero_out", "add_remove")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2))
    return X, (X[:, 0] + rng.normal(size=3000) > 0.5).astype(int)


@pytest.fixture(scope="module")
def model(rows):
    return LogisticRegression().fit(rows[0][:500], rows[1][:500])


def exact(metric, model, X, y):
    if metric == "accuracy":
        return accuracy_score(y, model.predict(X))
    p = model.predict_proba(X)
    if metric == "roc_auc":
        return roc_auc_score(y, p[:, 1])
    p = np.maximum(p, 0.01)
    return np.log(p[np.arange(len(y)), y]).mean()


def statistics():
    return accuracy(), negative_log_loss(0.01), RocAuc(16, 8.0)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("neighboring", RELATIONS)
def test_with_little_noise_a_score_is_the_exact_one(metric, neighboring, model, rows):
    scorer = DPScorer(metric, epsilon=30.0, neighboring=neighboring, n_bins=60)
    tolerance = 0.01 if metric == "roc_auc" else 0.003
    assert scorer(model, *rows) == pytest.approx(exact(metric, model, *rows), abs=tolerance)


def test_the_log_loss_of_scikit_learn_is_met_where_nothing_is_clipped(model, rows):
    scorer = DPScorer("neg_log_loss", epsilon=30.0, min_probability=1e-6)
    assert scorer(model, *rows) == pytest.approx(
        -log_loss(rows[1], model.predict_proba(rows[0])), abs=0.01
    )


@pytest.mark.parametrize("statistic", statistics(), ids=METRICS)
@pytest.mark.parametrize("neighboring", RELATIONS)
def test_no_row_moves_the_sums_further_than_declared(statistic, neighboring, model, rows):
    X, y = (part[:40] for part in rows)
    extreme = [(np.array([[v, 0.0]]), np.array([label])) for v in (-50, 0, 50) for label in (0, 1)]

    def sums(*parts):
        X, y = (np.concatenate(both) for both in zip(*parts))
        found = statistic.visible(statistic.sums(model, X, y), neighboring)
        return np.ravel(found)

    base = (X, y)
    if neighboring == "replace_one":
        moved = [sums(base, a) - sums(base, b) for a in extreme for b in extreme]
    elif neighboring == "add_remove":
        moved = [sums(base, a) - sums(base) for a in extreme]
    else:  # The row's share of n is public, and stays.
        moved = [sums(base, a) - sums(base) for a in extreme]
    norms = np.array([(np.abs(m).sum(), np.linalg.norm(m)) for m in moved]).max(axis=0)
    declared = np.array(statistic.sensitivity(neighboring))
    assert (norms <= declared * (1 + 1e-12)).all()
    assert (norms >= declared * 0.99).all()  # and no further than needed


def test_sums_are_exact_in_any_order_of_the_rows(model, rows):
    order = np.random.default_rng(1).permutation(len(rows[0]))
    for statistic in statistics():
        first = statistic.sums(model, *rows)
        assert np.array_equal(first, statistic.sums(model, rows[0][order], rows[1][order]))


@pytest.mark.parametrize("epsilon", [0.2, 1.0])
@pytest.mark.parametrize("delta", [0.0, 1e-5])
def test_an_accuracy_has_the_stated_noise(epsilon, delta, model, rows):
    scorer = DPScorer("accuracy", epsilon=epsilon, delta=delta)
    rng = np.random.default_rng(0)
    sums, truth = scorer.sums(model, *rows), exact("accuracy", model, *rows)
    noise = [(scorer.noisy(sums, rng) - truth) * 3000 for _ in range(1500)]
    scale = 1 / epsilon if delta == 0 else 1 / accounting.gaussian_mu(epsilon, delta)
    law = stats.laplace if delta == 0 else stats.norm
    assert stats.kstest(noise, law(scale=scale).cdf).pvalue > 0.01
    assert stats.kstest(noise, law(scale=scale / 1.3).cdf).pvalue < 0.01  # noise that is too small


@pytest.mark.parametrize("delta, mechanism, norm", [(0.0, "laplace", 1), (1e-5, "gaussian", 2)])
@pytest.mark.parametrize(
    "metric, neighboring, moved",  # by how much one row moves each of the numbers that it moves
    [("roc_auc", "replace_one", [1, 1]), ("accuracy", "add_remove", [0.5, 0.5])],
)
def test_laplace_noise_is_for_the_l1_norm_and_gaussian_noise_for_the_l2_norm(
    delta, mechanism, norm, metric, neighboring, moved, model, rows, monkeypatch
):
    seen, honest = [], getattr(_scorer, mechanism)

    def spy(*args, sensitivity, **rest):
        seen.append(sensitivity)
        return honest(*args, sensitivity=sensitivity, **rest)

    monkeypatch.setattr(_scorer, mechanism, spy)
    DPScorer(metric, delta=delta, neighboring=neighboring)(model, *rows)
    assert seen == [pytest.approx(np.linalg.norm(moved, norm))]


@pytest.mark.parametrize("metric", METRICS)
def test_a_score_costs_its_epsilon(metric):
    event = DPScorer(metric, epsilon=0.7, delta=1e-6).event
    assert accounting.epsilon(event, delta=1e-6) == pytest.approx(0.7, rel=1e-6)
    assert DPScorer(metric, epsilon=0.7, delta=0.0).event == LaplaceDpEvent(1 / 0.7)


@pytest.mark.parametrize("stretch", [0.5, 1.0, 4.0])
def test_an_area_hardly_depends_on_how_bold_the_probabilities_are(stretch, model, rows):
    bold = LogisticRegression()
    bold.coef_, bold.intercept_ = stretch * model.coef_, stretch * model.intercept_
    bold.classes_ = model.classes_
    area = RocAuc(16, 8.0)
    sums = area.sums(bold, *rows)
    assert area.value(sums, sums) == pytest.approx(exact("roc_auc", model, *rows), abs=0.02)


def test_labels_that_the_model_does_not_know_count_as_wrong(model):
    X = np.zeros((4, 2))
    y = np.array([9, 9, 9, 9])
    assert accuracy().sums(model, X, y)[0] == -2
    clipped = negative_log_loss(0.01)
    assert clipped.value(clipped.sums(model, X, y)[:1], clipped.sums(model, X, y)) == pytest.approx(
        math.log(0.01), abs=1e-6
    )


def test_labels_of_another_kind_are_wrong_and_no_error(model, rows):
    X = rows[0][:3]
    for metric, least in (("accuracy", 0.0), ("neg_log_loss", math.log(0.01))):
        scorer = DPScorer(metric)
        for y in (["a", "b", "c"], np.array([7, None, "c"], dtype=object)):
            sums = scorer.sums(model, X, y)
            assert scorer._statistic.value(sums[:1], sums) == pytest.approx(least, abs=0.01)


@pytest.mark.parametrize("metric", METRICS[:2])
def test_a_row_that_overflows_moves_a_score_as_far_as_any_row_and_warns_of_nothing(metric, rows):
    X, y = rows[0][:100].copy(), rows[1][:100] + rows[1][100:200]
    model = LogisticRegression().fit(X, y)
    model.coef_[:] = [[5, -7], [5, -5], [-5, 5]]
    scorer = DPScorer(metric)
    before = scorer.sums(model, X, y)
    X[0] = 1e308  # its probabilities are not numbers
    after = scorer.sums(model, X, y)
    assert abs(after - before)[0] <= scorer._statistic.sensitivity("replace_one")[0]


class Odd:
    """Predicts what its rows say."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        return X


@pytest.mark.parametrize("probability", [1e9, np.inf, -5.0, np.nan])
def test_what_is_no_probability_moves_a_loss_as_far_as_any_row(probability):
    statistic = negative_log_loss(0.01)
    moved = statistic.sums(Odd(), np.array([[0.5, probability]]), [1])[0]
    assert abs(moved) <= statistic.half


def test_noise_that_drowns_the_rows_gives_a_middling_score():
    assert accuracy().value(np.array([3.0, -1.0]), np.array([3.0, 4.0])) == 0.5
    assert RocAuc(3, 1.0).value(np.array([[1.0, -2, 0], [3, 4, 5]]), None) == 0.5


def test_where_the_number_of_rows_is_hidden_a_score_is_made_of_noisy_sums_alone():
    assert accuracy().value(np.array([1.0, 4.0]), None) == 0.5 + 0.5 / 4
    assert RocAuc(3, 1.0).value(np.array([[1.0, 2, 0], [0, 4, 5]]), None) > 0.5


def test_a_ratio_of_noise_stays_in_the_range_of_the_score():
    for sign in (1, -1):
        score = (sign + 1) / 2
        assert accuracy().value(np.array([9.0 * sign, 0.1]), np.array([3.0, 4.0])) == score
        negative = [30.0 * sign, 0.1 - 30.0 * sign, 0.0]  # hardly any row, and much noise
        assert RocAuc(3, 1.0).value(np.array([negative, [1.0, 0.0, 9.0]]), None) == score


def test_each_call_is_charged_and_a_refusal_releases_nothing(model, rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.2, delta=1e-5)
    scorer = DPScorer("accuracy", epsilon=0.5, ledger=ledger)
    fitted = LogisticRegression()
    assert len(cross_val_score(fitted, *rows, scoring=scorer, cv=2)) == 2
    assert [charge.owner for charge in ledger.entries()] == ["DPScorer"] * 2
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        for _ in range(9):
            scorer(model, *rows)


def test_a_seed_repeats_the_noise_warns_and_is_refused_by_a_ledger(model, rows, tmp_path):
    with pytest.warns(PrivacyWarning, match="seeded"):
        first = DPScorer(random_state=0)(model, *rows)
    with pytest.warns(PrivacyWarning, match="seeded"):
        assert DPScorer(random_state=0)(model, *rows) == first
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=9.0, delta=1e-5)
    with pytest.raises(InvalidParameterError, match="random_state"):
        DPScorer(random_state=0, ledger=ledger)(model, *rows)


def test_three_classes_have_an_accuracy_and_a_loss_but_no_area(rows):
    X, y = rows[0], (rows[0][:, 0] > 0).astype(int) + (rows[0][:, 1] > 0)
    model = LogisticRegression().fit(X, y)
    assert DPScorer("accuracy", epsilon=30.0)(model, X, y) == pytest.approx(
        model.score(X, y), abs=0.01
    )
    assert DPScorer("neg_log_loss", epsilon=30.0)(model, X, y) < 0
    with pytest.raises(InvalidParameterError, match="two classes"):
        DPScorer("roc_auc")(model, X, y)


def test_text_labels_frames_and_column_vectors_are_taken(rows):
    X = pd.DataFrame(rows[0], columns=["a", "b"])
    y = np.where(rows[1] == 1, "yes", "no")
    model = LogisticRegression().fit(X, y)
    for metric in METRICS:
        scorer = DPScorer(metric, epsilon=30.0)
        assert np.array_equal(scorer.sums(model, X, y), scorer.sums(model, X, y[:, None]))


def test_a_scorer_pickles():
    scorer = DPScorer("neg_log_loss", epsilon=0.3)
    assert pickle.loads(pickle.dumps(scorer)) == scorer


@pytest.mark.parametrize(
    "bad",
    [
        {"metric": "f1"},
        {"epsilon": 0},
        {"epsilon": math.nan},
        {"delta": 1},
        {"neighboring": "swap"},
        {"min_probability": 0},
        {"n_bins": 2},
        {"reach": -1.0},
    ],
)
def test_bad_parameters_are_refused(bad):
    (name,) = bad
    with pytest.raises(InvalidParameterError, match=f"The {name!r} parameter of DPScorer must be"):
        DPScorer(**bad)


@pytest.mark.parametrize("metric", METRICS)
def test_no_rows_are_scored_without_an_error(metric, model, rows):
    scorer = DPScorer(metric, epsilon=30.0)
    sums = scorer.sums(model, rows[0][:0], rows[1][:0])
    assert sums.shape == scorer.sums(model, *rows).shape
    assert not sums.any()
    assert math.isfinite(scorer(model, rows[0][:0], rows[1][:0]))


def test_a_delta_that_the_sampler_misses_is_refused_with_the_way_out():
    with pytest.raises(InvalidParameterError, match="raise delta or lower epsilon"):
        DPScorer(epsilon=30.0, delta=1e-12)
    assert DPScorer(epsilon=30.0, delta=0.0).event.noise_multiplier > 0
