"""The picture of what privacy costs: what it measures, draws, charges and admits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_private import DomainEncoder, DPGridSearchCV, DPLogisticRegression, PrivacyLedger
from sklearn_private.exceptions import BudgetExceededError, InvalidParameterError, PrivacyWarning
from sklearn_private.report import PrivacyUtilityDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")
pyplot.switch_backend("Agg")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(800, 2))
    return X, (X[:, 0] > 0.3).astype(int)


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def private(**parameters):
    return DPLogisticRegression(feature_norm=1.5, classes=[0, 1], **parameters)


def drawn(display):
    return {line.get_label() for line in display.ax_.lines} | {
        c.get_label() for c in display.ax_.containers
    }


def test_scores_rise_with_epsilon_between_the_two_lines(rows):
    display = PrivacyUtilityDisplay.from_estimator(
        private(), *rows, epsilons=[20.0, 0.001], n_repeats=8, public_rows=True, random_state=0
    )
    assert display.epsilons.tolist() == [0.001, 20.0]
    assert display.scores.shape == (2, 8)
    assert display.means[1] > display.means[0]
    assert np.mean(display.majority) == pytest.approx(0.65, abs=0.05)
    assert np.mean(display.non_private) > 0.95
    assert {"DPLogisticRegression", "without privacy", "majority label"} <= drawn(display)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_ylabel() == "accuracy"
    assert display.findings == ()


def test_error_bars_are_the_deviation_over_the_repeats():
    display = PrivacyUtilityDisplay(epsilons=[2.0, 1.0], scores=[[0.9, 0.9], [0.5, 0.7]]).plot()
    (bars,) = display.ax_.containers
    (ends,) = [segments.get_segments() for segments in bars[2]]
    heights = [segment[1, 1] - segment[0, 1] for segment in ends]
    assert heights == pytest.approx([0.2, 0.0])


def test_exact_scores_of_private_rows_are_declared(rows):
    with pytest.warns(PrivacyWarning, match="exact scores of private rows"):
        display = PrivacyUtilityDisplay.from_estimator(
            private(), *rows, epsilons=[1.0], n_repeats=1
        )
    assert [finding.level for finding in display.findings] == ["error"]
    assert "not for release" in display.ax_.get_title(loc="left")


def test_every_fit_charges_the_ledger_of_the_estimator(rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=9.0, delta=1e-5)
    draw = PrivacyUtilityDisplay.from_estimator
    options = {"n_repeats": 2, "public_rows": True}
    draw(private(ledger=ledger), *rows, epsilons=[0.5, 1.0], **options)
    assert len(ledger.entries()) == 4
    with pytest.raises(BudgetExceededError):
        draw(private(ledger=ledger), *rows, epsilons=[8.0], **options)


def test_the_epsilon_inside_a_pipeline_is_found_and_its_place_taken_by_the_baseline(rows):
    pipeline = make_pipeline(DomainEncoder((-1.0, 1.0)), private())
    options = {"epsilons": [5.0], "n_repeats": 1, "public_rows": True, "scoring": "neg_log_loss"}
    display = PrivacyUtilityDisplay.from_estimator(pipeline, *rows, **options)
    assert display.non_private[0] > display.scores[0, 0]
    assert display.score_name == "negative log loss"
    assert display.estimator_name == "DPLogisticRegression"
    given = PrivacyUtilityDisplay.from_estimator(
        pipeline, *rows, baseline=LogisticRegression(C=1e-6), **options
    )
    assert given.non_private[0] < display.non_private[0]


def test_a_paid_search_is_drawn_without_lines_that_are_not_private(rows):
    grid = {"epsilon": [0.5, 2.0], "C": [None]}
    search = DPGridSearchCV(private(), grid, mode="compose", cv=3, refit=False).fit(*rows)
    display = PrivacyUtilityDisplay.from_search(search)
    assert display.means == pytest.approx(search.cv_results_["mean_test_score"])
    assert display.scores.shape == (2, 3)
    assert not {"without privacy", "majority label"} & drawn(display)
    assert display.findings == ()


def test_public_validation_is_drawn_too(rows):
    search = DPGridSearchCV(private(), {"epsilon": [0.5, 2.0]}, mode="public_validation")
    display = PrivacyUtilityDisplay.from_search(search.fit(*rows, validation=rows))
    assert display.scores.shape == (2, 1)


def test_scores_that_nobody_paid_for_are_not_drawn_as_if(rows):
    raw = GridSearchCV(private(), {"epsilon": [0.5, 2.0]}, cv=2).fit(*rows)
    secret = DPGridSearchCV(private(), {"C": [None]}, n_draws=1).fit(*rows)
    for search in (raw, secret):
        with pytest.raises(InvalidParameterError, match="scores that were paid for"):
            PrivacyUtilityDisplay.from_search(search)


def test_it_draws_where_it_is_told_to_and_as_it_is_told_to():
    figure, ax = pyplot.subplots()
    display = PrivacyUtilityDisplay(epsilons=[1.0], scores=[[0.5]]).plot(ax=ax, color="red")
    assert (display.ax_, display.figure_) == (ax, figure)
    assert ax.lines[0].get_color() == "red"


@pytest.mark.parametrize(
    "estimator, message",
    [(Ridge(), "takes classifiers"), (LogisticRegression(), "0 parameters called epsilon")],
)
def test_what_has_no_epsilon_is_refused(rows, estimator, message):
    with pytest.raises(InvalidParameterError, match=message):
        PrivacyUtilityDisplay.from_estimator(estimator, *rows)
