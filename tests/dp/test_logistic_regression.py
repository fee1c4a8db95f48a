import dataclasses
import math
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_private import (
    DomainEncoder,
    DPLogisticRegression,
    PrivacyLedger,
    accounting,
    privacy_report,
)
from sklearn_private.dp.objective import _gaussian_objective as _objective
from sklearn_private.exceptions import (
    BudgetExceededError,
    InvalidParameterError,
    LedgerError,
    PrivacyError,
    PrivacyWarning,
    SolverError,
)

seeds = pytest.mark.filterwarnings("ignore:.*is seeded by random_state:UserWarning")
RELEASED = {"coef_", "intercept_", "classes_", "privacy_statement_"}


def private(**parameters):
    return DPLogisticRegression(**{"feature_norm": 1.0, "classes": [0, 1], **parameters})


def make_rows(n, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-0.55, 0.55, size=(n, 3))
    return X, (X @ [4.0, -2.0, 0.0] + rng.logistic(scale=0.5, size=n) > 0.2).astype(int)


@pytest.fixture
def rows():
    return make_rows(400)


@pytest.fixture
def table(rows):
    return pd.DataFrame(rows[0], columns=["a", "b", "c"])


# What is fitted


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_with_little_noise_it_is_the_logistic_regression_of_scikit_learn(fit_intercept):
    X, y = make_rows(20_000)
    model = private(epsilon=1e4, fit_intercept=fit_intercept, C=5.0).fit(X, y)
    design = np.column_stack([X, np.full(len(X), 0.35)]) if fit_intercept else X
    exact = LogisticRegression(C=5.0, fit_intercept=False, tol=1e-8).fit(design, y).coef_[0]
    np.testing.assert_allclose(model.coef_[0], exact[:3], atol=0.03)
    np.testing.assert_allclose(
        model.intercept_, exact[3:] * 0.35 if fit_intercept else 0, atol=0.03
    )
    assert model.coef_.shape == (1, 3)
    assert model.intercept_.shape == (1,)


@pytest.mark.parametrize("delta", [0, 1e-5])
@pytest.mark.parametrize("epsilon", [1e-6, 1e4])
def test_extreme_claims_can_be_fitted(epsilon, delta, rows):
    model = private(epsilon=epsilon, delta=delta).fit(*rows)
    assert np.isfinite(model.coef_).all()
    assert epsilon < 1 or model.score(*rows) > 0.75  # the labels are noisy


def test_without_a_c_it_takes_the_regularisation_that_the_proof_needs():
    X, y = make_rows(20_000)
    model = private(epsilon=1e4).fit(X, y)
    l2 = model.privacy_statement_.parameters["l2"]
    design = np.column_stack([X, np.full(len(X), 0.35)])
    exact = LogisticRegression(C=1 / l2, fit_intercept=False, tol=1e-8).fit(design, y).coef_[0]
    np.testing.assert_allclose(model.coef_[0], exact[:3], atol=0.03)


@seeds
@pytest.mark.parametrize(
    "bounds",
    [
        {"c": (-2, 2), "a": (-0.5, 0.5), "b": (0, 1)},
        [(-0.5, 0.5), (0, 1), (-2, 2)],
        np.array([(-0.5, 0.5), (0, 1), (-2, 2)]),
    ],
    ids=["names", "pairs", "array"],
)
def test_bounds_by_name_and_by_position_are_the_same(bounds, table, rows):
    pairs = [(-0.5, 0.5), (0.0, 1.0), (-2.0, 2.0)]
    fitted = [
        private(feature_norm=None, bounds=b, random_state=0).fit(table, rows[1])
        for b in (bounds, pairs)
    ]
    np.testing.assert_array_equal(fitted[0].coef_, fitted[1].coef_)


@seeds
def test_one_pair_of_bounds_stands_for_every_feature(rows):
    fitted = [
        private(feature_norm=None, bounds=b, random_state=0).fit(*rows)
        for b in ((-1, 1), [(-1, 1)] * 3)
    ]
    np.testing.assert_array_equal(fitted[0].coef_, fitted[1].coef_)


@seeds
def test_coefficients_are_in_the_units_of_the_input(rows):
    X, y = rows
    boxed = private(
        feature_norm=None, bounds=(-0.55, 0.55), random_state=0, epsilon=20, solver="newton"
    )
    moved = clone(boxed).set_params(bounds=(-545.0, 555.0)).fit(1000 * X + 5, y)
    boxed.fit(X, y)
    np.testing.assert_allclose(moved.coef_, boxed.coef_ / 1000, rtol=1e-5)
    np.testing.assert_allclose(
        moved.decision_function(1000 * X + 5), boxed.decision_function(X), rtol=1e-5, atol=1e-5
    )
    normed = private(random_state=0, epsilon=20, solver="newton")
    longer = clone(normed).set_params(feature_norm=1000.0).fit(1000 * X, y)
    normed.fit(X, y)
    np.testing.assert_allclose(longer.coef_, normed.coef_ / 1000, rtol=1e-5)
    np.testing.assert_allclose(longer.intercept_, normed.intercept_, rtol=1e-5, atol=1e-6)


@seeds
@pytest.mark.parametrize("size", [1e9, 1e300])
@pytest.mark.parametrize(
    "bound", [{"feature_norm": 1.0}, {"feature_norm": None, "bounds": (-1, 1)}]
)
def test_a_huge_row_weighs_no_more_than_one_at_the_bound(size, bound, rows):
    X, y = rows
    fitted = []
    for length in (size, 3.0):
        longer = X.copy()
        longer[0] = length
        fitted.append(private(random_state=0, **bound).fit(longer, y))
    np.testing.assert_allclose(fitted[0].coef_, fitted[1].coef_, rtol=1e-6, atol=1e-6)
    unclipped = private(random_state=0, feature_norm=1e4).fit(np.minimum(longer, 3.0), y)
    assert np.abs(unclipped.coef_ - fitted[1].coef_).max() > 0.01


def test_public_numbers_depend_on_no_row_and_not_on_how_many():
    def public(X, y):
        statement = private(neighboring="add_remove").fit(X, y).privacy_statement_
        return statement.parameters, statement.event, statement.to_dict()

    first = public(*make_rows(300))
    assert public(*make_rows(50, seed=1)) == first
    assert public(np.zeros((20, 3)), np.arange(20) % 2) == first


def test_scores_probabilities_and_labels_agree(rows):
    X, y = rows
    model = private(epsilon=8).fit(X, y)
    scores, both = model.decision_function(X), model.predict_proba(X)
    np.testing.assert_allclose(both.sum(axis=1), 1)
    np.testing.assert_allclose(both[:, 1], 1 / (1 + np.exp(-scores)))
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), both)
    np.testing.assert_array_equal(model.predict(X), (both[:, 1] > 0.5).astype(int))
    far = 1e4 * np.sign(model.coef_)  # The logarithms stay finite where probabilities vanish.
    assert model.predict_proba(far)[0, 0] == 0
    assert -1e6 < model.predict_log_proba(far)[0, 0] < -700


def test_two_fits_of_the_same_rows_differ(rows):
    first, second = private().fit(*rows), private().fit(*rows)
    assert not (first.coef_ == second.coef_).any()
    assert first.intercept_ != second.intercept_


@pytest.mark.parametrize("rows_of", ["one class", "one row", "the same row", "zeros"])
def test_odd_data_are_fitted_when_the_classes_are_declared(rows_of, rows):
    X, y = rows
    data = {
        "one class": (X, np.ones_like(y)),
        "one row": (X[:1], y[:1]),
        "the same row": (np.repeat(X[:1], 50, axis=0), np.arange(50) % 2),
        "zeros": (np.zeros_like(X), y),
    }
    for neighboring in accounting.NEIGHBORING:
        model = private(neighboring=neighboring).fit(*data[rows_of])
        assert np.isfinite(model.coef_).all()
        assert model.classes_.tolist() == [0, 1]


# Labels


@pytest.mark.parametrize("classes", [["bad", "good"], ["good", "bad"], ("good", "bad")])
def test_declared_classes_are_sorted_so_that_scorers_take_the_right_one(classes, rows):
    X, y = rows
    labels = np.where(y, "good", "bad")
    model = private(epsilon=8, classes=classes).fit(X, labels)
    assert model.classes_.tolist() == ["bad", "good"]
    assert model.score(X, labels) > 0.7
    auc = get_scorer("roc_auc")(model, X, labels)
    assert auc == roc_auc_score(y, model.decision_function(X)) > 0.7


def test_learned_classes_warn_and_are_told_as_a_condition(rows):
    with pytest.warns(PrivacyWarning, match="learned the class labels from y"):
        model = private(classes=None).fit(*rows)
    statement = model.privacy_statement_
    assert model.classes_.tolist() == [0, 1]
    assert [f.level for f in statement.findings] == ["warning"]
    assert "the set of labels in y" in statement.leaks
    assert statement.bounds["classes"] == "learned from y"
    assert private().fit(*rows).privacy_statement_.findings == ()


@pytest.mark.parametrize(
    "kind", ["string", "category", "object", "boolean"], ids=lambda kind: f"pandas {kind}"
)
def test_labels_of_every_kind_are_read(kind, table, rows):
    y = rows[1]
    if kind == "boolean":
        labels, classes = pd.Series(y == 1), [False, True]
    else:
        labels, classes = pd.Series(np.where(y, "yes", "no"), dtype=kind), ["no", "yes"]
    model = private(epsilon=8, classes=classes).fit(table, labels)
    assert model.classes_.tolist() == classes
    assert model.score(table, labels) > 0.7


@pytest.mark.parametrize(
    "classes", [3, [0], [1, 1], [0, 1, 1], {0, 1}, "ab", [[0, 1]], [None, "a"], []], ids=str
)
def test_rejects_bad_classes(classes, rows):
    said = r"The 'classes' parameter of DPLogisticRegression must be two or more .* labels .* Got"
    with pytest.raises(InvalidParameterError, match=said):
        private(classes=classes).fit(*rows)


@pytest.mark.parametrize("kind", [int, str, float])
def test_a_label_outside_the_declared_ones_is_refused_and_not_shown(kind, rows, tmp_path):
    X, y = rows
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9, delta=1e-3)
    odd = np.where(np.arange(len(y)) == 5, 77, y).astype(kind)
    with pytest.raises(InvalidParameterError, match=r"label outside \[.*Nothing was rel") as error:
        private(classes=np.unique(y.astype(kind)), ledger=ledger).fit(X, odd)
    assert "77" not in str(error.value)
    assert ledger.entries() == []


def test_warnings_do_not_tell_how_many_of_the_declared_labels_there_are():
    X, classes = np.ones((60, 2)), range(40)
    for n_labels in (1, 40):  # scikit-learn warns where every second row has a label of its own
        private(classes=classes).fit(X, np.arange(60) % n_labels)
    with pytest.raises(InvalidParameterError, match="label outside.*Nothing was released"):
        private().fit(X, np.linspace(0, 1, 60))


def test_one_class_cannot_be_learned(rows):
    X, y = rows
    with pytest.raises(InvalidParameterError, match=r"y holds one class only.*classes=\[\.\.\.\]"):
        private(classes=None).fit(X, np.zeros_like(y))


@pytest.mark.parametrize(
    "parameters, way_out",
    [
        ({"solver": "objective"}, "solver='gd'"),
        ({"solver": "newton"}, "'gd'"),
        ({"delta": 0}, "delta"),
    ],
    ids=str,
)
def test_three_classes_are_for_descent_alone(parameters, way_out, rows):
    X, y = rows
    said = f"Only binary classification is supported by .* Take .*{way_out}"
    with pytest.raises(InvalidParameterError, match=said):
        private(classes=[0, 1, 2], **parameters).fit(X, y)


# Bad input


@pytest.mark.parametrize("value", [-1.0, None, True, math.nan, math.inf, "1", [1.0]], ids=str)
@pytest.mark.parametrize("name", ["epsilon", "delta"])
def test_rejects_a_bad_price(name, value, rows):
    said = rf"The '{name}' parameter of DPLogisticRegression must be a finite number.* Got"
    with pytest.raises(InvalidParameterError, match=said):
        private(**{name: value}).fit(*rows)


@pytest.mark.parametrize(
    "name, value",
    [
        ("epsilon", 0),
        ("delta", 1.0),
        ("delta", 2),
        ("C", 0.0),
        ("C", math.inf),
        ("C", "1"),
        ("neighboring", "add"),
        ("neighboring", None),
        ("solver", "lbfgs"),
        ("fit_intercept", 1),
        ("intercept_scaling", 0.0),
        ("intercept_scaling", 1e11),
        ("intercept_scaling", math.nan),
        ("intercept_scaling", True),
        ("n_public", 0),
        ("n_public", 1.5),
        ("rows_per_unit", 0),
        ("rows_per_unit", 101),
        ("rows_per_unit", 2),  # without privacy_unit
        ("random_state", "seed"),
        ("random_state", -1),
        ("feature_norm", 0.0),
    ],
)
def test_rejects_bad_parameters_by_name(name, value, rows):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of"):
        private(**{name: value}).fit(*rows)


@pytest.mark.parametrize("bounds", [None, (-1, 1)], ids=["neither", "both"])
def test_needs_exactly_one_bound_and_says_how_to_give_it(bounds, rows):
    model = private(feature_norm=None if bounds is None else 1.0, bounds=bounds)
    with pytest.raises(InvalidParameterError, match=r"needs exactly one bound.*feature_norm="):
        model.fit(*rows)


def test_rejects_bounds_for_a_column_that_is_not_there(table, rows):
    bounds = {"a": (0, 1), "b": (0, 1), "c": (0, 1), "income": (0, 1)}
    with pytest.raises(InvalidParameterError, match=r"'bounds' parameter .* \['income'\]"):
        private(feature_norm=None, bounds=bounds).fit(table, rows[1])
    with pytest.raises(InvalidParameterError, match=r"'bounds' parameter .* also \['c'\]"):
        private(feature_norm=None, bounds={"a": (0, 1), "b": (0, 1)}).fit(table, rows[1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rejects_rows_that_are_not_finite(value, rows):
    X, y = rows
    X = X.copy()
    X[3, 1] = value
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        private().fit(X, y)
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        private().fit(rows[0], np.where(np.arange(len(y)) == 3, value, y))


def test_rejects_sparse_rows_and_weights(rows):
    X, y = rows
    with pytest.raises(TypeError, match="dense data is required"):
        private().fit(sparse.csr_array(X), y)
    with pytest.raises(TypeError, match="sample_weight"):
        private().fit(X, y, sample_weight=np.ones(len(y)))


def test_rejects_a_delta_below_what_the_samplers_can_keep(rows):
    with pytest.raises(InvalidParameterError, match="Raise delta above it"):
        private(delta=1e-30).fit(*rows)


def test_predicting_before_a_fit_is_refused(rows):
    with pytest.raises(NotFittedError):
        private().predict(rows[0])


# Statements and seeds


@pytest.mark.parametrize("neighboring", accounting.NEIGHBORING)
def test_the_statement_tells_the_claim_and_its_event_keeps_it(neighboring, rows):
    model = private(epsilon=0.7, delta=1e-6, neighboring=neighboring, solver="objective")
    statement = model.fit(*rows).privacy_statement_
    relation = neighboring.replace("_", "-")
    assert statement.claim() == f"(0.7, 1e-06)-differential privacy, {relation}, one row"
    assert statement.randomness == "operating system"
    spent = accounting.epsilon(statement.event, delta=1e-6, neighboring=neighboring)
    assert spent == pytest.approx(0.7, rel=1e-6)
    assert ("number of rows" in statement.leaks) == (neighboring != "add_remove")


def test_a_seed_warns_and_makes_epsilon_infinite(rows):
    for seed in (0, np.random.default_rng(0), np.random.RandomState(0)):
        with pytest.warns(PrivacyWarning, match="seeded by random_state.*epsilon is infinite"):
            model = private(random_state=seed).fit(*rows)
        assert model.privacy_statement_.epsilon == math.inf
        assert model.privacy_statement_.randomness == "seeded"
        assert "none: epsilon = infinity" in model.privacy_statement_.claim()


@seeds
def test_the_same_seed_gives_the_same_fit(rows):
    first, second = (private(random_state=3).fit(*rows) for _ in range(2))
    np.testing.assert_array_equal(first.coef_, second.coef_)


def test_a_seeded_fit_is_refused_by_a_ledger(rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "l", epsilon=9, delta=1e-3)
    model = private(random_state=0, ledger=ledger)
    with pytest.raises(InvalidParameterError, match="Nothing was released"):
        model.fit(*rows)
    assert ledger.entries() == []
    assert not RELEASED & set(vars(model))


def numbers_in(value):
    """Every number that an object holds, through attributes, containers and arrays."""
    if isinstance(value, bool | str | bytes) or value is None:
        return
    if isinstance(value, int | float | np.number):
        yield float(value)
    elif isinstance(value, np.ndarray):
        yield from (float(v) for v in value.ravel() if isinstance(v, int | float | np.number))
    elif isinstance(value, dict):
        yield from (n for v in value.values() for n in numbers_in(v))
    elif isinstance(value, list | tuple | set):
        yield from (n for v in value for n in numbers_in(v))
    elif dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
        yield from numbers_in(vars(value))
    elif hasattr(type(value), "__slots__"):
        yield from (n for name in type(value).__slots__ for n in numbers_in(getattr(value, name)))


def exact_facts(X, y):
    """Statistics that a careless estimator keeps."""
    facts = [X.mean(0), X.sum(0), X.std(0), X.min(0), X.max(0), X.T @ y, X.T @ X, X]
    facts += [np.bincount(y), y.mean(), np.linalg.norm(X, axis=1), X[y == 1].mean(0)]
    return {round(float(v), 9) for fact in facts for v in np.ravel(fact)}


class Careless(DPLogisticRegression):
    """Keeps the mean of the rows."""

    def fit(self, X, y):
        super().fit(X, y).means_ = X.mean(axis=0)
        return self


@pytest.mark.parametrize("solver", ["objective", "newton", "gd"])
def test_nothing_exact_is_kept(solver, rows):
    facts = exact_facts(*rows)

    def kept(model):
        return facts & {round(n, 9) for n in numbers_in(vars(model))}

    assert not kept(private(solver=solver).fit(*rows))
    careless = Careless(feature_norm=1.0, classes=[0, 1], solver=solver).fit(*rows)
    assert len(kept(careless)) == 3


def test_the_number_of_rows_is_kept_only_where_it_is_public(rows):
    X, y = rows
    assert len(X) in numbers_in(vars(private().fit(X, y)))
    hidden = private(neighboring="add_remove")
    assert len(X) not in numbers_in(vars(hidden.fit(X, y)))
    assert len(X) not in numbers_in(vars(hidden.set_params(n_public=999, solver="gd").fit(X, y)))


# Ledgers


@pytest.fixture
def ledger(tmp_path):
    return PrivacyLedger(tmp_path / "ledger", epsilon=200.0, delta=1e-3)


@pytest.fixture
def for_five(tmp_path, ledger, rows):
    """A ledger whose budget admits five fits of ``EPSILONS`` in the order of a grid search."""
    for epsilon in [*EPSILONS[:1] * 3, *EPSILONS[1:2] * 2]:
        private(epsilon=epsilon, ledger=ledger).fit(*rows)
    return PrivacyLedger(tmp_path / "five", epsilon=ledger.spent() * 1.0001, delta=1e-3)


EPSILONS = [1.0, 1.1, 1.2, 1.3]


@pytest.mark.parametrize("by", ["path", "string", "object"])
def test_every_fit_is_charged_by_path_or_object(by, ledger, rows):
    given = {"path": ledger.path, "string": str(ledger.path), "object": ledger}[by]
    model = private(ledger=given)
    clone(model).fit(*rows)
    pickle.loads(pickle.dumps(model)).fit(*rows)
    charges = ledger.entries()
    assert [c.owner for c in charges] == ["DPLogisticRegression"] * 2
    assert [c.epsilon for c in charges] == pytest.approx([1.0, 1.0], rel=1e-6)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_grid_search_charges_every_fit(n_jobs, ledger, rows):
    search = GridSearchCV(
        private(ledger=ledger.path), {"epsilon": EPSILONS}, cv=3, n_jobs=n_jobs
    ).fit(*rows)
    charges = ledger.entries()
    assert len(charges) == 13
    assert [c.epsilon for c in charges[:-1]].count(pytest.approx(1.3, rel=1e-6)) == 3
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert privacy_report(search).to_dict()["ledgers"][0]["n_charges"] == 13


def test_a_search_beyond_the_budget_raises_when_errors_raise(for_five, rows):
    search = GridSearchCV(
        private(ledger=for_five), {"epsilon": EPSILONS}, cv=3, error_score="raise"
    )
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        search.fit(*rows)
    assert len(for_five.entries()) == 5
    assert not hasattr(search, "best_estimator_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite:UserWarning")
def test_a_search_beyond_the_budget_has_nan_scores_and_its_refit_raises(for_five, rows):
    search = GridSearchCV(private(ledger=for_five), {"epsilon": EPSILONS}, cv=3)
    with pytest.raises(BudgetExceededError, match="Nothing was released"):
        search.fit(*rows)
    assert len(for_five.entries()) == 5
    assert not hasattr(search.best_estimator_, "coef_")


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite:UserWarning")
def test_a_search_beyond_the_budget_without_a_refit_reports_nan(for_five, rows):
    search = GridSearchCV(private(ledger=for_five), {"epsilon": EPSILONS}, cv=3, refit=False)
    with pytest.warns(FitFailedWarning, match="BudgetExceededError"):
        search.fit(*rows)
    splits = np.array([search.cv_results_[f"split{i}_test_score"] for i in range(3)])
    assert np.isfinite(splits).T.sum() == 5
    np.testing.assert_array_equal(np.isnan(search.cv_results_["mean_test_score"]), [0, 1, 1, 1])
    assert len(for_five.entries()) == 5


def test_a_refused_fit_releases_nothing_and_keeps_an_earlier_release(rows, tmp_path):
    small = PrivacyLedger(tmp_path / "small", epsilon=1.0, delta=1e-5)
    model = private(ledger=small)
    released = model.fit(*rows).coef_
    refused = clone(model)
    with pytest.raises(BudgetExceededError, match="DPLogisticRegression asks for epsilon=1 "):
        refused.fit(*rows)
    assert not RELEASED & set(vars(refused))
    with pytest.raises(BudgetExceededError):
        model.fit(*rows)
    assert model.coef_ is released


def test_a_fit_that_fails_after_its_charge_has_spent_it(rows, ledger, monkeypatch):
    monkeypatch.setattr(_objective, "MAX_ROUNDS", 0)
    model = private(ledger=ledger, solver="objective")
    with pytest.raises(SolverError):
        model.fit(*rows)
    assert len(ledger.entries()) == 1
    assert not RELEASED & set(vars(model))


KILLED = """
import os, sys
import numpy as np
from sklearn_private import DPLogisticRegression
from sklearn_private.dp.fitting import _noisy_program

_noisy_program.NoisyProgram.release = lambda *_: os._exit(7)
X = np.linspace(-1, 1, 50).reshape(-1, 1)
DPLogisticRegression(feature_norm=1.0, classes=[0, 1], ledger=sys.argv[1]).fit(X, X[:, 0] > 0)
"""


def test_a_fit_killed_between_charge_and_release_has_spent(ledger):
    ended = subprocess.run([sys.executable, "-c", KILLED, str(ledger.path)], check=False)
    assert ended.returncode == 7
    (charge,) = ledger.entries()
    assert charge.epsilon == pytest.approx(1.0, rel=1e-6)
    assert ledger.spent() > 0


def test_a_ledger_that_is_not_there_or_counts_otherwise_is_refused(rows, tmp_path):
    with pytest.raises(LedgerError, match="There is no ledger at"):
        private(ledger=tmp_path / "none").fit(*rows)
    by_person = PrivacyLedger(tmp_path / "p", epsilon=9, delta=1e-3, unit="person")
    with pytest.raises(LedgerError, match="counts by the person"):
        private(ledger=by_person).fit(*rows)
    with pytest.raises(PrivacyError, match="ledger must be a path"):
        private(ledger=5).fit(*rows)


# scikit-learn


def test_it_clones_pickles_and_takes_parameters(rows):
    model = private().set_params(epsilon=2.5, C=0.5).fit(*rows)
    assert clone(model).get_params() == model.get_params()
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(rows[0]), model.predict_proba(rows[0]))
    assert copy.privacy_statement_ == model.privacy_statement_


def test_it_works_behind_a_domain_encoder_and_a_column_transformer():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"age": rng.uniform(20, 60, 900), "sex": rng.choice(["F", "M"], 900), "n": 1.0}
    )
    y = np.where((table["age"] > 40) ^ (rng.random(900) < 0.05), "yes", "no")
    clf = private(epsilon=4, classes=["no", "yes"])
    for front in (
        DomainEncoder({"age": (20, 60), "sex": ["F", "M"]}),
        ColumnTransformer(
            [
                ("age", DomainEncoder({"age": (20, 60)}), ["age"]),
                ("sex", DomainEncoder({"sex": ["F", "M"]}), ["sex"]),
            ]
        ),
    ):
        model = make_pipeline(front, clone(clf)).fit(table, y)
        assert model.score(table, y) > 0.9
        assert privacy_report(model).findings == ()


def test_feature_names_are_checked(table, rows):
    model = private().fit(table, rows[1])
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table[["b", "a", "c"]])


# Accuracy on real data


def scores_of(model, X, y, seed):
    parts = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    model = clone(model).fit(X_train, y_train)
    return model.score(X_test, y_test), roc_auc_score(y_test, model.decision_function(X_test))


@pytest.mark.slow
def test_accuracy_on_adult_is_near_that_without_privacy(adult_design):
    X, y = adult_design
    models = {
        "without": LogisticRegression(max_iter=1000),
        "one": private(epsilon=1.0),
        "tenth": private(epsilon=0.1, neighboring="zero_out"),
    }
    mean = {
        name: np.mean([scores_of(model, X, y, seed) for seed in range(5)], axis=0)
        for name, model in models.items()
    }
    assert mean["one"][0] > mean["without"][0] - 0.004
    assert mean["one"][1] > mean["without"][1] - 0.008
    assert mean["tenth"][0] >= 0.808
