"""Programs against scikit-learn on the pooled rows, plain, masked and shared."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.validation import check_is_fitted

import sklearn_private.sums
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.sums import (
    Masked,
    Rows,
    Schema,
    Shared,
    Sites,
    program_for,
    rebuild,
    supported,
)
from sklearn_private.sums.programs._newton import newton
from sklearn_private.sums.programs._symmetric import (
    from_isometric,
    isometric,
    solve,
    symmetric,
    upper,
)

AGGREGATORS = pytest.mark.parametrize(
    "aggregator",
    [Sites, lambda sites: Masked(Sites(sites)), lambda sites: Shared(Sites(sites))],
    ids=["plain", "masked", "shared"],
)
TIGHT = {"solver": "newton-cholesky", "tol": 1e-10}
FITTED = ("coef_", "intercept_", "mean_", "var_", "scale_", "n_samples_seen_")


def data():
    rng = np.random.default_rng(0)
    X, labels = load_breast_cancer(return_X_y=True)
    counts = rng.poisson(np.exp(1 + 0.3 * scale(X)[:, 0] - 0.5 * scale(X)[:, 5]))
    return X, {
        LogisticRegression: labels,
        PoissonRegressor: counts,
        Ridge: X[:, 0] - 3 * X[:, 7] + rng.normal(size=len(X)),
        LinearRegression: X[:, 0] - 3 * X[:, 7] + rng.normal(size=len(X)),
        StandardScaler: np.zeros(len(X)),
    }


X, TARGETS = data()
WEIGHTS = np.random.default_rng(1).choice([0.5, 1.0, 3.0], len(X))


def by_sums(estimator, X, y, aggregator=Sites, weight=None, n_sites=4):
    weight = np.ones(len(X)) if weight is None else weight
    y = np.asarray(y, dtype=float)
    sites = [Rows(X[i::n_sites], y[i::n_sites], weight[i::n_sites]) for i in range(n_sites)]
    schema = Schema(X.shape[1], np.array([0, 1]))
    result = program_for(estimator).fit(aggregator(sites), estimator, schema)
    return rebuild(estimator, {**result, "n_features_in_": X.shape[1]})


def by_sklearn(estimator, X, y, weight=None):
    reference = clone(estimator)
    if not isinstance(estimator, Ridge) and "solver" in estimator.get_params():
        reference.set_params(**TIGHT)
    return reference.fit(X, y, sample_weight=weight)


def distance(fitted, reference):
    """Return the largest difference of fitted attributes, relative to values above 1."""
    found = [name for name in FITTED if getattr(reference, name, None) is not None]
    pairs = [(np.asarray(getattr(m, name)) for m in (fitted, reference)) for name in found]
    return max(np.max(np.abs(a - b) / np.maximum(1, np.abs(b))) for a, b in pairs)


ESTIMATORS = [
    LogisticRegression(),
    LogisticRegression(C=0.01, fit_intercept=False),
    LogisticRegression(C=1e4),
    Ridge(alpha=3.0),
    Ridge(alpha=0.0, fit_intercept=False),
    LinearRegression(),
    LinearRegression(fit_intercept=False),
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False),
    PoissonRegressor(alpha=0.1),
    PoissonRegressor(alpha=1e-3, fit_intercept=False),
]


@AGGREGATORS
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_sums_give_what_scikit_learn_gives_on_the_pooled_rows(estimator, aggregator):
    y = TARGETS[type(estimator)]
    fitted = by_sums(estimator, scale(X), y, aggregator)
    assert distance(fitted, by_sklearn(estimator, scale(X), y)) < 1e-6


@pytest.mark.parametrize("estimator", [ESTIMATORS[i] for i in (0, 3, 5, 7, 11)], ids=repr)
def test_weights_count_as_in_scikit_learn(estimator):
    y = TARGETS[type(estimator)]
    fitted = by_sums(estimator, scale(X), y, weight=WEIGHTS)
    assert distance(fitted, by_sklearn(estimator, scale(X), y, WEIGHTS)) < 1e-6
    assert distance(fitted, by_sklearn(estimator, scale(X), y)) > 1e-4


@AGGREGATORS
@pytest.mark.parametrize("estimator", [Ridge(), LinearRegression(), StandardScaler()], ids=repr)
def test_raw_units_cost_no_digits(estimator, aggregator):
    units = np.logspace(-4, 5, X.shape[1])
    raw, y = scale(X) * units + 100 * units, TARGETS[type(estimator)]
    fitted = by_sums(estimator, raw, y, aggregator)
    if isinstance(estimator, StandardScaler):
        assert fitted.transform(raw) == pytest.approx(scale(X), abs=1e-8)
    elif isinstance(estimator, LinearRegression):  # scikit-learn loses a dozen directions here
        predicted = by_sklearn(estimator, scale(X), y).predict(scale(X))
        assert fitted.predict(raw) == pytest.approx(predicted, abs=1e-8)
    else:
        predicted = by_sklearn(estimator, raw, y).predict(raw)
        assert fitted.predict(raw) == pytest.approx(predicted, abs=1e-6)


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(alpha=0.0)], ids=repr)
def test_collinear_and_constant_columns_share_as_in_scikit_learn(estimator):
    wide = np.column_stack([scale(X), 5 * scale(X)[:, :3], np.full(len(X), 0.1)])
    y = TARGETS[type(estimator)]
    reference = LinearRegression().fit(wide, y)
    assert distance(by_sums(estimator, wide, y), reference) < 1e-6


def test_a_constant_column_gets_no_coefficient_whatever_it_rounds_to():
    rng, y = np.random.default_rng(0), TARGETS[LinearRegression]
    for value in rng.normal(size=40) * 10 ** rng.uniform(-3, 6, 40):
        n, some = int(rng.integers(20, 200)), X[:, :3]
        weight, wide = rng.uniform(0.1, 2, n), np.column_stack([some, np.full(len(X), value)])
        fitted = by_sums(LinearRegression(), wide[:n], y[:n], weight=weight)
        reference = by_sklearn(LinearRegression(), some[:n], y[:n], weight)
        assert fitted.coef_ == pytest.approx([*reference.coef_, 0.0], abs=1e-9)


def test_a_far_mean_costs_the_scaler_no_digits():
    far = 1e9 + np.random.default_rng(0).normal(size=(500, 3))
    fitted, reference = by_sums(StandardScaler(), far, np.zeros(500)), StandardScaler().fit(far)
    assert fitted.scale_ == pytest.approx(reference.scale_, rel=1e-8)


def test_the_scaler_skips_what_is_missing_and_keeps_constant_columns():
    holes = scale(X)[:, :4]
    holes[np.random.default_rng(0).random(holes.shape) < 0.2] = np.nan
    holes = np.column_stack([holes, np.full(len(X), 0.1)])
    fitted, reference = by_sums(StandardScaler(), holes, X[:, 0]), StandardScaler().fit(holes)
    assert distance(fitted, reference) < 1e-12
    assert fitted.n_samples_seen_.tolist() == reference.n_samples_seen_.tolist()
    assert fitted.scale_[-1] == 1.0


def test_newton_halves_steps_where_full_ones_overshoot():
    far = np.array([[-30.0], [-1.0], [1.0], [40.0]])  # separable: a full step overshoots here
    estimator = LogisticRegression(C=1e6)
    fitted = by_sums(estimator, far, [0, 0, 1, 1], n_sites=2)
    reference = LogisticRegression(C=1e6, **TIGHT).fit(far, [0, 0, 1, 1])
    assert distance(fitted, reference) < 1e-6
    counts = 50 * np.ones(4)  # from zero, a full step goes to exp(49)
    start = PoissonRegressor(alpha=1e-6, fit_intercept=False)
    fitted = by_sums(start, np.ones((4, 1)), counts, lambda sites: Masked(Sites(sites)))
    assert fitted.coef_[0] == pytest.approx(np.log(50), abs=1e-5)


def test_newton_warns_when_its_rounds_are_used_up():
    with pytest.warns(ConvergenceWarning, match="did not converge in 2 steps"):
        by_sums(LogisticRegression(max_iter=2), scale(X), TARGETS[LogisticRegression])


@pytest.mark.parametrize("columns", [slice(None), slice(0, 30, 2)], ids=["all", "half"])
def test_separable_classes_without_a_penalty_are_warned_of(columns):
    y = TARGETS[LogisticRegression]
    some = np.column_stack([scale(X)[:, columns], 3.0 * y])
    with pytest.warns(ConvergenceWarning, match=r"separable.*Regularise"):
        by_sums(LogisticRegression(C=np.inf), some, y)
    by_sums(LogisticRegression(C=10.0), some, y)  # no warning: the optimum is finite


def test_columns_that_nearly_repeat_are_no_separable_classes():
    rng = np.random.default_rng(0)
    some = scale(X)[:, :3]
    near = np.column_stack([some, some[:, 0] + 1e-4 * rng.normal(size=len(some))])
    by_sums(LogisticRegression(C=np.inf), near, TARGETS[LogisticRegression])


def test_newton_needs_about_ten_rounds():
    fitted = by_sums(LogisticRegression(), scale(X), TARGETS[LogisticRegression])
    assert fitted.n_iter_[0] <= 12


def test_a_program_divides_by_the_count_of_its_own_sum():
    class Dropout(Sites):
        """The last site answers the first sum only."""

        def addends(self, statistic, *broadcast):
            answers = super().addends(statistic, *broadcast)
            return answers if len(self.sent) == 1 else answers[:-1]

    y = TARGETS[Ridge]
    left = np.arange(len(X)) % 4 != 3
    for estimator in (Ridge(), StandardScaler()):
        fitted = by_sums(estimator, scale(X), y, Dropout)
        assert distance(fitted, by_sklearn(estimator, scale(X)[left], y[left])) < 1e-6


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_what_is_rebuilt_is_a_fitted_estimator_that_stands_alone(estimator):
    y = TARGETS[type(estimator)]
    fitted = pickle.loads(pickle.dumps(by_sums(estimator, scale(X), y)))
    reference = by_sklearn(estimator, scale(X), y)
    assert type(fitted) is type(estimator)
    assert fitted.get_params() == estimator.get_params()
    check_is_fitted(fitted)
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        if hasattr(estimator, method):
            expected = getattr(reference, method)(scale(X))
            assert getattr(fitted, method)(scale(X)) == pytest.approx(expected, abs=1e-5)
    assert not hasattr(estimator, "n_features_in_")


class Subclass(Ridge):
    """It may compute anything."""


@pytest.mark.parametrize(
    "estimator, name",
    [
        (LogisticRegression(l1_ratio=1.0), "l1_ratio"),
        (LogisticRegression(l1_ratio=0.5), "l1_ratio"),
        (LogisticRegression(class_weight="balanced"), "class_weight"),
        (LogisticRegression(solver="liblinear"), "solver"),
        (LogisticRegression(C=0.0), "C"),
        (LogisticRegression(max_iter=0), "max_iter"),
        (Ridge(positive=True), "positive"),
        (Ridge(alpha=-1.0), "alpha"),
        (Ridge(alpha=[1.0, 2.0]), "alpha"),
        (LinearRegression(positive=True), "positive"),
        (PoissonRegressor(alpha=-1.0), "alpha"),
        (PoissonRegressor(max_iter=0), "max_iter"),
        (Subclass(), "Subclass"),
        (42, "int"),
    ],
    ids=repr,
)
def test_what_sums_cannot_give_is_refused_by_name(estimator, name):
    with pytest.raises(InvalidParameterError, match=name):
        program_for(estimator)


def test_the_penalty_of_older_versions_is_read():
    for penalty, equal in (("l2", LogisticRegression()), (None, LogisticRegression(C=np.inf))):
        if "penalty" not in equal.get_params():
            pytest.skip("this scikit-learn has no penalty")
        some, y = scale(X)[:, :3], TARGETS[LogisticRegression]
        fitted = by_sums(LogisticRegression(penalty=penalty), some, y)
        assert distance(fitted, by_sums(equal, some, y)) < 1e-9
    with pytest.raises(InvalidParameterError, match="penalty"):
        program_for(LogisticRegression(penalty="l1"))


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="one class"):
        by_sums(LogisticRegression(), scale(X), np.ones(len(X)))


def test_all_counts_zero_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        by_sums(PoissonRegressor(), scale(X), np.zeros(len(X)))


def test_every_program_is_a_short_file():
    folder = Path(sklearn_private.sums.__file__).parent / "programs"
    homes = {program_for(kind()).fit.__module__.rpartition(".")[2] for kind in supported()}
    assert homes >= {"_gram", "_logistic", "_moments", "_poisson"}
    for home in homes:
        assert (folder / f"{home}.py").read_text().count("\n") < 90, home


def test_a_symmetric_matrix_is_its_upper_triangle():
    matrix = np.cov(np.random.default_rng(0).normal(size=(6, 20)))
    assert (symmetric(upper(matrix)) == matrix).all()
    assert len(upper(matrix)) == 21


def test_an_isometric_triangle_keeps_inner_products():
    a, b = (np.cov(np.random.default_rng(seed).normal(size=(6, 20))) for seed in range(2))
    assert isometric(a) @ isometric(b) == pytest.approx(np.sum(a * b))
    assert from_isometric(isometric(a)) == pytest.approx(a)
    assert upper(a) @ upper(b) != pytest.approx(np.sum(a * b))


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_solutions_have_least_norm_whatever_the_units(rank):
    rng = np.random.default_rng(rank)
    rows = rng.normal(size=(30, rank)) @ rng.normal(size=(rank, 5)) * [1, 10, 0.1, 3, 1]
    matrix, vector = rows.T @ rows, rows.T @ rng.normal(size=30)
    assert solve(matrix, vector) == pytest.approx(np.linalg.pinv(matrix, rcond=1e-10) @ vector)


def test_newton_stops_where_no_step_helps():
    def rising(rows, w):
        return np.array(np.nan if w.any() else 1.0), np.array(1.0), np.ones(1), np.ones(1)

    with warnings.catch_warnings(), pytest.raises(RuntimeError, match="no step"):
        newton(
            Sites([Rows(np.ones((1, 1)), np.ones(1), np.ones(1))]),
            rising,
            rising,
            penalty=lambda count: np.zeros(1),
            start=np.zeros(1),
            max_rounds=5,
        )
