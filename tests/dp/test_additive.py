"""Additive models: public features of binned columns, and functions that can be looked at."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from sklearn_private.dp import DPAdditiveClassifier, DPAdditiveRegressor
from sklearn_private.dp.additive._basis import N_BINS, AdditiveBasis, codes_of
from sklearn_private.dp.rows import parse_domain
from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.sums import Noisy

DOMAIN = {"age": (20, 80), "job": ["cook", "clerk", "smith"], "pay": (0.0, 9.0)}
COLUMNS = parse_domain(DOMAIN)


def make_table(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "age": rng.uniform(15, 90, size=n),
            "job": rng.choice(["cook", "clerk", "smith", "other"], size=n),
            "pay": rng.uniform(0, 9, size=n),
        }
    )
    table.loc[::50, "pay"] = np.nan
    bent = (
        np.abs(table["age"] - 50) / 30 + (table["job"] == "smith") + np.sin(table["pay"].fillna(0))
    )
    return table, bent.to_numpy() + 0.3 * rng.normal(size=n)


def basis(intercept=0.35):
    return AdditiveBasis(columns=tuple(COLUMNS), intercept=intercept)


def binned(table):
    return codes_of(COLUMNS, [table[column.name].to_numpy() for column in COLUMNS])


def test_values_fall_into_bins_of_their_range_and_others_into_none():
    table = pd.DataFrame(
        {
            "age": [20.0, 80.0, -1e9, np.inf, np.nan],
            "job": ["cook", "smith", "Smith", None, np.nan],
            "pay": [0.0, 4.49, 4.51, 9.0, 5.0],
        }
    )
    codes = binned(table)
    assert codes[:, 0].tolist() == [0, N_BINS - 1, 0, N_BINS - 1, -1]
    assert codes[:, 1].tolist() == [0, 2, -1, -1, -1]
    assert codes[:3, 2].tolist() == [0, 15, 16]


def test_no_row_of_features_is_longer_than_declared_and_some_nearly_are():
    table, _ = make_table()
    for intercept in (0.0, 0.35):
        norms = np.linalg.norm(basis(intercept).design(binned(table)), axis=1)
        assert 0.9 * basis(intercept).row_norm < norms.max() <= basis(intercept).row_norm
    assert (basis(0.0).design(np.full((2, 3), -1)) == 0).all()


def test_the_functions_are_what_rows_get():
    table, _ = make_table(200)
    w = np.random.default_rng(0).normal(size=len(basis().scale) + 1)
    functions, intercept = basis().shapes(w)
    codes = binned(table)
    scores = sum(values[column] for values, column in zip(functions, codes.T, strict=True))
    assert scores + intercept == pytest.approx(basis().design(codes) @ w, rel=1e-9)


def test_without_noise_the_regression_is_least_squares_on_the_features(monkeypatch):
    def quiet(self, statistic, *broadcast):
        self.noise_multiplier = 1e-12
        return self.inner.sum(statistic, *broadcast)

    monkeypatch.setattr(Noisy, "sum", quiet)
    table, y = make_table()
    model = DPAdditiveRegressor(DOMAIN, target_bounds=(-5, 9)).fit(table, y)
    features = basis(0.0).design(binned(table))
    exact = LinearRegression().fit(features, y)
    assert model.predict(table) == pytest.approx(exact.predict(features), abs=1e-6)


def test_bent_functions_are_learnt_and_shown():
    table, y = make_table()
    model = DPAdditiveRegressor(DOMAIN, epsilon=2.0, target_bounds=(-3, 6)).fit(table, y)
    straight = LinearRegression().fit(table[["age"]], y).score(table[["age"]], y)
    assert model.score(table, y) > straight + 0.5
    shapes = model.shape_functions()
    assert list(shapes) == ["age", "job", "pay"]
    ages, added = shapes["age"]
    assert 35 < ages[added.argmin()] < 65 and added[0] > added.min() < added[-1]
    jobs, added = shapes["job"]
    assert jobs[added.argmax()] == "smith"
    assert all(values[-1] == 0 for values in model.shape_values_)


def test_a_shape_can_be_edited():
    table, y = make_table(500)
    model = DPAdditiveClassifier(DOMAIN, classes=[0, 1]).fit(table, (y > 1).astype(int))
    for values in model.shape_values_:
        values[:] = 0
    assert (model.decision_function(table) == model.intercept_).all()
    assert model.predict_proba(table).sum(axis=1) == pytest.approx(1)


def test_a_table_without_a_column_and_three_classes_are_refused():
    table, y = make_table(100)
    with pytest.raises(
        InvalidParameterError, match="DPAdditiveRegressor names columns that X lacks"
    ):
        DPAdditiveRegressor(DOMAIN, target_bounds=(0, 1)).fit(table[["age", "pay"]], y)
    with pytest.raises(InvalidParameterError, match="Only binary classification .* Got 3 classes"):
        DPAdditiveClassifier(DOMAIN, classes=[0, 1, 2]).fit(table, np.arange(100) % 3)


def test_polars_and_pandas_give_the_same_rows():
    polars = pytest.importorskip("polars")
    table, y = make_table(300)
    model = DPAdditiveRegressor(DOMAIN, target_bounds=(-3, 6)).fit(table, y)
    assert model.predict(polars.from_pandas(table)) == pytest.approx(model.predict(table))
