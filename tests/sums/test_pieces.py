"""Rows in pieces: a Parquet file by batches and a Dask collection, against all rows at once."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.preprocessing import StandardScaler, scale

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import noise_source
from sklearn_private.sums import (
    DaskPieces,
    Limits,
    Masked,
    Noisy,
    ParquetPieces,
    Prepaid,
    Rows,
    Sites,
    fit,
    noisy_descent,
)

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)[:, :6]
NAMES = [f"x{i}" for i in range(6)]
TABLE = pd.DataFrame(X, columns=NAMES).assign(
    label=np.array(["no", "yes"])[Y], count=np.random.default_rng(0).poisson(3, len(Y))
)
CLASSES = ["no", "yes"]


@pytest.fixture
def parquet(tmp_path):
    TABLE.to_parquet(tmp_path / "rows.parquet", row_group_size=100)

    def pieces(**options):
        options = {"features": NAMES, "batch_rows": 64, **options}
        return ParquetPieces(tmp_path / "rows.parquet", **options)

    return pieces


@pytest.fixture
def dask():
    frame = pytest.importorskip("dask.dataframe").from_pandas(TABLE, npartitions=5)

    def pieces(**options):
        return DaskPieces(frame, **{"features": NAMES, **options})

    return pieces


@pytest.fixture(params=["parquet", "dask"])
def pieces(request):
    return request.getfixturevalue(request.param)


ESTIMATORS = {
    "logistic": (LogisticRegression(), {"target": "label", "classes": CLASSES}),
    "linear": (LinearRegression(), {"target": "count"}),
    "Poisson": (PoissonRegressor(), {"target": "count"}),
    "scaler": (StandardScaler(), {}),
}


@pytest.mark.parametrize("estimator, options", ESTIMATORS.values(), ids=ESTIMATORS)
def test_a_fit_in_pieces_equals_the_fit_of_all_rows(pieces, estimator, options):
    model = fit(estimator, pieces(**options))
    exact = type(estimator)(
        **({"solver": "newton-cholesky", "tol": 1e-10} if hasattr(estimator, "solver") else {})
    )
    exact = exact.fit(TABLE[NAMES], TABLE[options["target"]] if "target" in options else None)
    for name in ("coef_", "intercept_", "scale_", "mean_"):
        if hasattr(exact, name):
            assert getattr(model, name) == pytest.approx(getattr(exact, name), abs=1e-7)
    assert list(model.feature_names_in_) == NAMES
    if hasattr(exact, "predict"):
        assert (model.predict(TABLE[NAMES]) == pytest.approx(exact.predict(TABLE[NAMES]))) or (
            model.predict(TABLE[NAMES]) == exact.predict(TABLE[NAMES])
        ).all()


def noisy(sites, seed=0):
    aggregator = Noisy(
        sites,
        noise_multiplier=5.0,
        neighboring="replace_one",
        charge=Prepaid(lambda: None, 30),
        rng=noise_source(seed),
    )
    options = {"constant": 0.35, "n_features": 6, "strength": 0.01, "n_rounds": 30}
    return noisy_descent(aggregator, **options)


def test_noise_is_drawn_once_by_who_asks(pieces):
    limits = Limits(1.0, len(Y))
    whole = noisy(Sites([Rows(X, Y.astype(float), np.ones(len(Y)))], limits))
    labelled = pieces(target="label", classes=CLASSES)
    assert noisy(Sites([labelled], limits)) == pytest.approx(whole, abs=1e-9)
    assert noisy(Sites([labelled], limits), seed=1) != pytest.approx(whole, abs=1e-3)


def test_a_partition_that_is_computed_twice_changes_no_bit(dask):
    labelled = dask(target="label", classes=CLASSES)
    lost = []

    class Unreliable(DaskPieces):
        def map(self, function):
            def again(table):
                function(table)
                lost.append(len(table))
                return function(table)

            return super().map(again)

    unreliable = Unreliable(labelled.frame, features=NAMES, target="label", classes=CLASSES)
    limits = Limits(1.0, len(Y))
    assert (noisy(Sites([unreliable], limits)) == noisy(Sites([labelled], limits))).all()
    assert len(lost) == 30 * 5


def test_sites_with_rows_in_pieces_hide_their_sums_like_others(pieces):
    labelled = pieces(target="label", classes=CLASSES)
    whole = Rows(X, Y.astype(float), np.ones(len(Y)))
    hidden = fit(LogisticRegression(), labelled, Masked(Sites([labelled, whole, labelled])))
    plain = fit(LogisticRegression(), labelled, Sites([whole] * 3))
    assert hidden.coef_ == pytest.approx(plain.coef_, abs=1e-9)


def test_a_parquet_file_is_never_read_at_once(parquet, monkeypatch):
    sizes = []
    rows = ParquetPieces._rows

    def counted(self, table):
        sizes.append(len(table["x0"]))
        return rows(self, table)

    monkeypatch.setattr(ParquetPieces, "_rows", counted)
    fit(LinearRegression(), parquet(target="count"))
    assert max(sizes) <= 64 and sum(sizes) == 2 * len(Y)


def test_missing_values_and_unknown_labels_are_named_and_not_shown(tmp_path):
    table = TABLE.copy()
    table.loc[7, "x2"] = np.nan
    table.to_parquet(tmp_path / "holes.parquet")
    with pytest.raises(InvalidParameterError, match="finite numbers. Not all are in x2"):
        fit(
            LinearRegression(),
            ParquetPieces(tmp_path / "holes.parquet", features=NAMES, target="count"),
        )
    pieces = ParquetPieces(
        tmp_path / "holes.parquet", features=NAMES[:2], target="label", classes=["no", "perhaps"]
    )
    with pytest.raises(InvalidParameterError, match="label outside classes"):
        fit(LogisticRegression(), pieces)
