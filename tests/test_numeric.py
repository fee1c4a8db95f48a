"""Errors about rows that are no numbers: they name columns, and hold no cell."""

import traceback
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_private import DomainEncoder, DPLogisticRegression, FederatedWrapper, MPCFitter
from sklearn_private.exceptions import InvalidParameterError

SECRET = "4556-SECRET"
y = np.arange(60) % 2
TEXT = [["1.0", SECRET]] * 60
ROWS = {
    "list": TEXT,
    "object array": np.array(TEXT, dtype=object),
    "pandas": pd.DataFrame(TEXT, columns=["age", "card"]).assign(age=1.0),
    "polars": pl.DataFrame({"age": [1.0] * 60, "card": [SECRET] * 60}),
}
READERS = {
    "dp": lambda: DPLogisticRegression(feature_norm=1.0, classes=[0, 1]),
    "federated": lambda: FederatedWrapper(LogisticRegression(), n_clients=2, classes=[0, 1]),
    "multi-party": lambda: MPCFitter(LogisticRegression(), n_parties=3, classes=[0, 1]),
    "encoder": lambda: DomainEncoder((0.0, 1.0)),
}


def shown(call):
    """Everything that a log may hold of a failure."""
    with pytest.raises(InvalidParameterError) as caught:
        call()
    assert caught.value.__context__ is caught.value.__cause__ is None
    return "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("reader", READERS)
def test_an_error_names_the_column_and_holds_no_cell(reader, rows):
    if reader == "encoder":
        estimator = READERS[reader]()
        text = shown(lambda: estimator.fit(ROWS[rows]).transform(ROWS[rows]))
        assert "card" in text or "column" in text
    else:
        text = shown(lambda: READERS[reader]().fit(ROWS[rows], y))
        named = "'card'" if rows in {"pandas", "polars"} else "the columns 1 hold"
        assert named in text
        assert "must hold numbers" in text
    assert "SECRET" not in text


def test_predictions_hold_no_cell_either():
    model = READERS["dp"]().fit(np.ones((60, 2)), y)
    assert "SECRET" not in shown(lambda: model.predict(TEXT))


def test_complex_rows_are_refused_without_showing_them():
    text = shown(lambda: READERS["dp"]().fit(np.full((60, 2), 4556 + 1j), y))
    assert "Complex data not supported" in text
    assert "4556" not in text


def test_other_errors_of_scikit_learn_stay_as_they_are():
    with pytest.raises(ValueError, match="Expected 2D array"):
        READERS["dp"]().fit(np.ones(60), y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        READERS["dp"]().fit(np.full((60, 2), np.nan), y)


@pytest.mark.parametrize("solver", ["objective", "newton", "gd"])
def test_rows_as_large_as_numbers_can_be_are_clipped_without_a_warning(solver):
    huge = np.full((60, 2), 1e308) * [1, -1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        READERS["dp"]().set_params(solver=solver).fit(huge, y)
