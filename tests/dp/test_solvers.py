"""Solvers of DPLogisticRegression: which one runs, what it fits, and for whom it is refused."""

import math

import numpy as np
import pytest
import sklearn
from dp_accounting import GaussianDpEvent
from scipy.special import expit
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score, train_test_split

from sklearn_private import DPLogisticRegression, PrivacyLedger, accounting, sums
from sklearn_private.accounting import leaves
from sklearn_private.dp.rows import _row_bounds as _rows
from sklearn_private.dp.rows._units import bounded_rows
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import noise_source
from sklearn_private.sums.programs.noisy._logistic import LOG_ODDS


def private(**parameters):
    return DPLogisticRegression(**{"feature_norm": 1.0, "classes": [0, 1], **parameters})


def make_rows(n, n_features=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n, n_features)) / math.sqrt(n_features)
    return X, (X[:, 0] - X[:, 1] + 0.2 * rng.normal(size=n) > 0.1).astype(int)


def solver_of(n_rows, n_features=3, **parameters):
    model = private(**parameters).fit(*make_rows(n_rows, n_features))
    name = model.privacy_statement_.mechanism
    kinds = {"objective perturbation": "objective", "Newton": "newton", "descent": "gd"}
    return next(solver for word, solver in kinds.items() if word in name)


# Which one runs


@pytest.mark.parametrize(
    "parameters, solver",
    [
        ({"n_rows": 300}, "newton"),
        ({"n_rows": 5000, "epsilon": 8.0}, "objective"),
        ({"n_rows": 300, "delta": 0}, "objective"),
        ({"n_rows": 300, "neighboring": "add_remove"}, "objective"),
        ({"n_rows": 300, "n_features": 50, "epsilon": 30.0}, "newton"),
        ({"n_rows": 30_000, "n_features": 50, "epsilon": 8.0}, "objective"),
        ({"n_rows": 100, "neighboring": "add_remove", "n_public": 100}, "newton"),
        ({"n_rows": 300, "n_public": 10**6}, "objective"),
        ({"n_rows": 60, "n_features": 1001}, "gd"),
        ({"n_rows": 300, "solver": "gd"}, "gd"),
        ({"n_rows": 300, "solver": "objective"}, "objective"),
    ],
    ids=str,
)
def test_the_solver_follows_from_public_quantities(parameters, solver):
    assert solver_of(**parameters) == solver


def test_the_solver_does_not_follow_from_the_rows():
    X, y = make_rows(300)
    for solver, name in (("auto", "Newton"), ("gd", "descent"), ("objective", "objective")):
        said = private(solver=solver).fit(X, y).privacy_statement_
        assert name in said.mechanism
        for rows in ((0 * X, y), (X[::-1] / 50, 1 - y), (X, 0 * y)):
            assert private(solver=solver).fit(*rows).privacy_statement_ == said


# What it fits


def clipped_loss_slope(X, y, w):
    return X.T @ np.clip(expit(X @ w) - y, -0.5, 0.5)


@pytest.mark.parametrize("solver", ["newton", "gd"])
@pytest.mark.parametrize("bounds", [{"feature_norm": 1.0}, {"bounds": (-1.0, 1.0)}], ids=str)
def test_with_little_noise_it_classifies_as_scikit_learn_does(solver, bounds):
    X, y = make_rows(20_000)
    model = DPLogisticRegression(epsilon=30.0, classes=[0, 1], solver=solver, **bounds).fit(X, y)
    exact = LogisticRegression(C=1e4).fit(X, y)
    assert np.mean(model.predict(X) == exact.predict(X)) > 0.98
    angle = np.vdot(model.coef_, exact.coef_)
    assert angle / np.linalg.norm(model.coef_) / np.linalg.norm(exact.coef_) > 0.99


def test_newton_comes_near_the_minimum_of_the_clipped_loss():
    rng = np.random.default_rng(0)
    X = rng.uniform(-0.5, 0.5, size=(50_000, 3))
    y = (rng.uniform(size=len(X)) < expit(X @ [3.0, -2.0, 1.0])).astype(int)
    model = private(epsilon=32.0, solver="newton", fit_intercept=False).fit(X, y)
    start = np.linalg.norm(clipped_loss_slope(X, y, np.zeros(3)))
    scores = model.coef_[0] / LOG_ODDS
    assert np.linalg.norm(clipped_loss_slope(X, y, scores)) < 0.2 * start
    assert model.coef_[0] == pytest.approx([3.0, -2.0, 1.0], rel=0.15)  # log-odds


def test_the_best_score_of_the_clipped_loss_is_twice_the_log_odds_near_the_decision():
    for log_odds in (-0.2, -0.05, 0.05, 0.2, 3.0, -3.0):
        p, s = expit(log_odds), np.linspace(-10, 10, 200_001)
        slope = p * np.clip(expit(s) - 1, -0.5, 0.5) + (1 - p) * np.clip(expit(s), -0.5, 0.5)
        best = s[np.abs(slope).argmin()]
        exact = np.sign(best) * math.log((1 + math.exp(abs(best))) / 2)
        assert exact == pytest.approx(log_odds, abs=1e-3)
        assert abs(log_odds) < abs(best) < 2.5 * abs(log_odds)
        if abs(log_odds) < 0.5:
            assert LOG_ODDS * best == pytest.approx(log_odds, rel=0.1)


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out"])
@pytest.mark.parametrize("solver", ["auto", "newton"])
def test_probabilities_say_more_than_those_of_a_constant(solver, neighboring):
    X, y = make_rows(3000)
    flipped = np.where(np.random.default_rng(1).uniform(size=len(y)) < 0.2, 1 - y, y)
    model = private(solver=solver, neighboring=neighboring).fit(X, flipped)
    share = flipped.mean()
    assert (
        log_loss(flipped, model.predict_proba(X)) < log_loss(flipped, np.full(len(y), share)) - 0.05
    )
    exact = LogisticRegression().fit(X, flipped)
    assert (
        log_loss(flipped, model.predict_proba(X)) < log_loss(flipped, exact.predict_proba(X)) + 0.02
    )


def test_few_columns_take_the_stronger_claim_where_it_needs_less_noise():
    few, many = (
        private().fit(*make_rows(1500, n_features)).privacy_statement_ for n_features in (3, 40)
    )
    assert few.delta == 0 and many.delta == 1e-5
    assert accounting.epsilon(few.event, delta=0) <= 1.0
    wide = private(solver="objective").fit(*make_rows(300, 3)).privacy_statement_
    strong = private(solver="objective", delta=0).fit(*make_rows(300, 3)).privacy_statement_
    norms = [
        strong.parameters["noise_scale"] * math.sqrt(4 * 5),
        wide.parameters["noise_scale"] * math.sqrt(4),
    ]
    assert norms[0] < norms[1]


def test_a_small_c_shrinks_the_coefficients():
    X, y = make_rows(2000)
    for solver in ("newton", "gd"):
        loose, tight = (private(epsilon=30.0, solver=solver, C=c).fit(X, y) for c in (1e6, 1e-3))
        assert np.linalg.norm(tight.coef_) < 0.1 * np.linalg.norm(loose.coef_)


def test_digits_of_ten_classes_are_told_apart():
    X, y = load_digits(return_X_y=True)
    X = X / 16 / 5
    train, test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    model = private(classes=range(10), neighboring="zero_out").fit(train, y_train)
    assert model.coef_.shape == (10, 64)
    assert model.intercept_.shape == (10,)
    assert model.score(test, y_test) > 0.8
    probabilities = model.predict_proba(test)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(test)).all()
    assert (model.decision_function(test).argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_classes_of_any_kind_and_order_are_told_apart():
    X, y = load_iris(return_X_y=True)
    X, names = np.repeat(X, 20, axis=0), np.repeat(load_iris().target_names[y], 20)
    model = DPLogisticRegression(
        epsilon=8.0, bounds=(0.0, 8.0), classes=["virginica", "setosa", "versicolor"]
    ).fit(X, names)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.score(X, names) > 0.8


@pytest.mark.parametrize("solver, n_iter", [("objective", 1), ("newton", 11), ("gd", 25)])
def test_the_number_of_releases_is_public_and_fixed(solver, n_iter):
    X, y = make_rows(200)
    for rows in ((X, y), (0 * X, 0 * y)):
        assert private(solver=solver).fit(*rows).n_iter_.tolist() == [n_iter]


@pytest.mark.parametrize("neighboring", ["replace_one", "zero_out", "add_remove"])
@pytest.mark.parametrize("solver", ["newton", "gd"])
def test_the_event_is_that_of_all_sums_and_keeps_the_claim(solver, neighboring):
    model = private(solver=solver, neighboring=neighboring, n_public=500).fit(*make_rows(300))
    event = model.privacy_statement_.event
    sums = [n for leaf, n in leaves(event) if isinstance(leaf, GaussianDpEvent)]
    assert sums == model.n_iter_.tolist()
    spent = accounting.epsilon(event, delta=1e-5, neighboring=neighboring)
    assert 0.999 < spent <= 1.0


# For whom it is refused


@pytest.mark.parametrize("solver", ["newton", "gd"])
def test_gaussian_solvers_refuse_pure_epsilon_and_a_hidden_number_of_rows(solver):
    rows = make_rows(50)
    with pytest.raises(InvalidParameterError, match="'delta' parameter .* whose noise is Gaussian"):
        private(solver=solver, delta=0).fit(*rows)
    with pytest.raises(InvalidParameterError, match="'n_public' parameter .* a public number"):
        private(solver=solver, neighboring="add_remove").fit(*rows)


def test_more_rows_than_the_public_number_are_refused_and_not_counted_aloud(tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9, delta=1e-3, neighboring="add_remove")
    with pytest.raises(InvalidParameterError, match="Got 49 instead, and there are more") as error:
        private(n_public=49, neighboring="add_remove", ledger=ledger).fit(*make_rows(50))
    assert "50" not in str(error.value)
    assert ledger.entries() == []


def test_weights_are_refused():
    X, y = make_rows(50)
    with pytest.raises(TypeError, match="sample_weight"):
        private().fit(X, y, sample_weight=np.ones(50))
    with pytest.raises(TypeError, match="class_weight"):
        DPLogisticRegression(class_weight="balanced")


# Persons with several rows


def test_no_person_has_more_rows_than_allowed_and_each_row_may_be_kept():
    number = np.repeat([0, 1, 2, 3], [1, 2, 5, 40])
    seen = np.zeros(number.size, dtype=bool)
    for _ in range(200):
        kept = bounded_rows(number, 2, noise_source())
        assert np.bincount(number[kept]).tolist() == [1, 2, 2, 2]
        assert (np.diff(kept) > 0).all()
        seen[kept] = True
    assert seen.all()


def test_a_person_keeps_each_row_with_the_same_chance():
    number = np.zeros(5, dtype=int)
    source = noise_source(0)
    counts = sum(np.bincount(bounded_rows(number, 2, source), minlength=5) for _ in range(2000))
    assert counts == pytest.approx([800] * 5, abs=90)


@pytest.mark.parametrize(
    "parameters", [{"solver": "objective"}, {"solver": "newton"}, {"solver": "gd"}, {"delta": 0}]
)
def test_a_fit_reads_no_more_rows_of_a_person_than_allowed(parameters, monkeypatch):
    X, y = np.linspace(-1, 1, 90)[:, None], np.arange(90) % 2
    person = np.repeat([0, 1, 2], [1, 9, 80])
    design, read = _rows.RowBounds.design, []
    spy = lambda bounds, X: read.append(X) or design(bounds, X)  # noqa: E731
    monkeypatch.setattr(_rows.RowBounds, "design", spy)
    private(rows_per_unit=4, **parameters).fit(X, y, privacy_unit=person)
    (rows,) = read
    assert np.bincount(person[np.isin(X, rows)[:, 0]]).tolist() == [1, 4, 4]


@pytest.mark.parametrize("neighboring, gradients", [("zero_out", 3), ("replace_one", 6)])
def test_objective_noise_grows_with_the_rows_of_a_person(neighboring, gradients):
    X, y = make_rows(300)
    person = np.arange(300) // 3
    model = private(solver="objective", rows_per_unit=3, neighboring=neighboring)
    many = model.fit(X, y, privacy_unit=person).privacy_statement_
    (event,) = [
        leaf
        for leaf, _ in leaves(many.event)
        if isinstance(leaf, accounting.ObjectivePerturbationEvent)
    ]
    assert event.n_rows == 3 and event.n_terms == gradients
    scale = many.parameters["noise_scale"]
    assert scale == pytest.approx(
        event.noise_multiplier * gradients * many.parameters["row_norm"], rel=1e-12
    )
    one = private(solver="objective", neighboring=neighboring).fit(X, y).privacy_statement_
    assert scale > 2.9 * one.parameters["noise_scale"]


def test_pure_epsilon_pays_for_every_row_of_a_person():
    X, y = make_rows(300)
    model = private(delta=0, rows_per_unit=3, neighboring="zero_out")
    said = model.fit(X, y, privacy_unit=np.arange(300) // 3).privacy_statement_
    l2, scale, norm = (said.parameters[name] for name in ("l2", "noise_scale", "row_norm"))
    assert 0.98 < 3 * math.log1p(norm**2 / 4 / l2) + 3 * norm / scale < 1.0


@pytest.mark.parametrize("solver", ["objective", "newton", "gd"])
def test_a_person_is_the_unit_of_the_claim_and_of_the_ledger(solver, tmp_path):
    X, y = make_rows(300)
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9, delta=1e-3, unit="person")
    model = private(solver=solver, rows_per_unit=2, ledger=ledger)
    model.fit(X, y, privacy_unit=[f"p{i}" for i in range(100) for _ in range(3)])
    said = model.privacy_statement_
    assert said.unit == "person"
    assert "at most 2" in said.protects
    assert len(ledger.entries()) == 1


def test_sums_of_persons_are_noisier_by_the_number_of_their_rows(monkeypatch):
    X, y = make_rows(300)
    sensitivity, seen = sums.Noisy.sensitivity, []

    def spy(self, *args):
        seen.append(sensitivity(self, *args))
        return seen[-1]

    monkeypatch.setattr(sums.Noisy, "sensitivity", spy)
    for rows_per_unit in (1, 3):
        model = private(solver="newton", rows_per_unit=rows_per_unit)
        model.fit(X, y, privacy_unit=np.arange(300) // 3)
    one, three = np.reshape(seen, (2, -1))
    assert three == pytest.approx(3 * one, rel=1e-6)


@pytest.mark.parametrize(
    "unit", [[1.0, np.nan] * 25, ["a", None] * 25, [[1, 2]] * 50], ids=["nan", "none", "two-dim"]
)
def test_rows_without_a_unit_are_refused(unit):
    with pytest.raises(ValueError, match="unit of every row|1d array"):
        private().fit(*make_rows(50), privacy_unit=np.array(unit, dtype=object))


def test_units_are_asked_for_by_the_class_so_a_search_passes_them():
    X, y = make_rows(200)
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            private(rows_per_unit=2), X, y, params={"privacy_unit": np.arange(200) // 2}
        )
    assert np.isfinite(scores).all()
