import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_private import DPGridSearchCV, DPLogisticRegression, PrivacyLedger
from sklearn_private.audit import EpsilonAudit
from sklearn_private.dp.rows._units import bounded_rows
from sklearn_private.exceptions import InvalidParameterError
from support import mutants

MUTANTS = {
    "noise / 2": mutants.less_noise(2.0),
    "noise / 10": mutants.less_noise(10.0),
    "clipping off": mutants.no_clipping,
    "a forgotten root of T": mutants.forgotten_root(11),
    "a fixed seed": mutants.fixed_seed,
    "a lower bound used twice": mutants.lower_bound_twice,
    "rows counted three times": mutants.rows_three_times,
}


def by_sums(epsilon=4.0, neighboring="zero_out", solver="newton"):
    """Return a model whose claim is Gaussian DP and tight: it is made of noisy sums."""
    return DPLogisticRegression(
        epsilon, neighboring=neighboring, feature_norm=1.0, classes=[0, 1], solver=solver
    )


def audit(model, n_fits=300, **settings):
    return EpsilonAudit(model, n_fits=n_fits, random_state=0, **settings).run()


@pytest.mark.parametrize("solver", ["newton", "gd"])
@pytest.mark.parametrize("neighboring", ["zero_out", "replace_one"])
def test_a_correct_fit_by_sums_is_no_violation(neighboring, solver, repeatable):
    result = audit(by_sums(neighboring=neighboring, solver=solver))
    assert result.verdict != "violation"
    assert 0.15 * 4 < result.epsilon_lower_bound <= 4


def test_the_sums_of_a_fit_show_more_than_the_model(repeatable):
    model = by_sums(solver="gd")
    alone = audit(model, releases=["coef_", "intercept_"])
    assert audit(model).epsilon_lower_bound > alone.epsilon_lower_bound


@pytest.mark.parametrize("plant", MUTANTS.values(), ids=MUTANTS)
def test_a_planted_mistake_is_a_violation(plant, repeatable, monkeypatch):
    plant(monkeypatch)
    assert audit(by_sums()).verdict == "violation"


def test_a_fixed_seed_is_found_without_a_family(repeatable, monkeypatch):
    model = DPLogisticRegression(feature_norm=1.0, classes=[0, 1], solver="objective")
    assert audit(model, n_fits=40).verdict == "inconclusive"
    mutants.fixed_seed(monkeypatch)
    result = audit(model, n_fits=40)
    assert result.verdict == "violation"
    assert "fresh noise" in result.tests


def test_a_tenth_of_the_noise_is_found_without_a_family(repeatable, monkeypatch):
    mutants.less_noise(10.0)(monkeypatch)
    model = DPLogisticRegression(epsilon=4.0, bounds=(0.0, 5.0), neighboring="add_remove")
    assert audit(model, n_fits=300).verdict == "violation"


def test_the_seed_of_the_estimator_and_its_ledger_are_left_out(tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=1.0, delta=1e-5)
    model = DPLogisticRegression(feature_norm=1.0, classes=[0, 1], random_state=0)
    result = audit(model, n_fits=40)
    assert result.claimed_epsilon == 1.0
    assert "fresh" not in result.tests
    audit(model.set_params(random_state=None, ledger=ledger), n_fits=40)
    assert ledger.entries() == []
    assert model.ledger is ledger


def test_the_audits_own_coins_do_not_seed_the_noise():
    model = by_sums()
    bounds = {audit(model, n_fits=40).share for _ in range(2)}
    assert len(bounds) == 2


def test_workers_give_releases_of_the_same_law():
    result = audit(by_sums(), n_fits=100, n_jobs=2, confidence=1 - 1e-6)
    assert result.verdict != "violation"


def test_neighbours_can_be_given(repeatable):
    X, y = np.array([[0.5, 0.0]] * 10), np.array([0, 1] * 5)
    pair = ((X, y), (X[:-1], y[:-1]))
    result = audit(by_sums(), n_fits=40, neighbours=pair)
    assert result.pair == "given by the caller"
    same = audit(by_sums(), n_fits=100, neighbours=(pair[0], pair[0]))
    assert same.verdict == "inconclusive"


@pytest.mark.parametrize("neighbours", [5, ((1,),), ([1], [2]), ((), ())])
def test_malformed_neighbours_are_refused(neighbours):
    with pytest.raises(InvalidParameterError, match="'neighbours' parameter of EpsilonAudit"):
        audit(by_sums(), neighbours=neighbours)


def test_releases_are_read_by_name(repeatable):
    model = by_sums()
    assert audit(model, n_fits=40, releases=["intercept_"]).n_fits == 40
    with pytest.raises(InvalidParameterError, match="Give their names"):
        audit(model, n_fits=40, releases=["coef_", "weights_"])


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_forgotten_limit_on_the_rows_of_a_person_is_a_violation(
    forgotten, repeatable, monkeypatch
):
    if forgotten:
        everything = lambda number, *_: np.arange(number.size)  # noqa: E731
        mutants.replace_everywhere(monkeypatch, bounded_rows, everything)
    result = audit(by_sums().set_params(rows_per_unit=5), n_fits=150)
    assert (result.verdict == "violation") is forgotten


def test_a_release_that_is_no_number_is_refused_and_its_parts_are_read():
    search = DPGridSearchCV(by_sums(), {"C": [None]}, n_draws=2)
    with pytest.raises(InvalidParameterError, match="'best_estimator_' .* not consist of numbers"):
        audit(search, n_fits=40)
    releases = ["best_estimator_.coef_", "best_score_"]
    assert audit(search, n_fits=40, releases=releases).n_fits == 40


def test_an_estimator_without_a_claim_is_refused():
    X, y = np.eye(2), np.array([0, 1])
    with pytest.raises(InvalidParameterError, match="makes no privacy statement"):
        audit(LogisticRegression(), neighbours=((X, y), (-X, y)))


@pytest.mark.parametrize("name, value", [("n_fits", 39), ("n_fits", 1.5), ("confidence", 1.0)])
def test_bad_parameters_are_refused(name, value):
    with pytest.raises(InvalidParameterError, match=f"The {name!r} parameter of EpsilonAudit"):
        EpsilonAudit(by_sums(), **{name: value}).run()
