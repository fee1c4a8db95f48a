"""KAnonymizer on the containers and column types that users have, and what it gives back."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_private.anonymization import KAnonymizer
from sklearn_private.exceptions import InvalidParameterError

AGES = [20, 21, 22, 40, 41, 42]
JOBS = ["a", "a", "a", "b", "b", "b"]


def test_pandas_keeps_columns_index_and_order():
    index = pd.Index([7, 7, 3, 3, 1, 1], name="visit")  # a label may stand for several rows
    table = pd.DataFrame({"note": list("uvwxyz"), "age": AGES, "pay": range(6)}, index=index)
    out = KAnonymizer(k=3, quasi_identifiers=["age"]).fit_transform(table)
    assert list(out.columns) == ["note", "age", "pay"]
    assert out.index.equals(index) and out.index.name == "visit"
    assert out["note"].equals(table["note"]) and out["pay"].equals(table["pay"])
    assert list(out["age"]) == ["< 30"] * 3 + [">= 30"] * 3
    assert out["age"].dtype.ordered
    assert list(table["age"]) == AGES  # the input is left alone


def test_polars_comes_back_as_polars():
    table = pl.DataFrame({"note": list("uvwxyz"), "age": AGES})
    out = KAnonymizer(k=3, quasi_identifiers=["age"]).fit_transform(table)
    assert isinstance(out, pl.DataFrame)
    assert out.columns == ["note", "age"]
    assert out["age"].to_list() == ["< 30"] * 3 + [">= 30"] * 3
    assert out["age"].dtype == pl.Enum(["< 30", ">= 30", "*"])  # "*": what fits no cell
    assert out["note"].equals(table["note"])


def test_arrays_come_back_as_arrays_of_objects():
    table = np.array([AGES, range(6)], dtype=float).T
    out = KAnonymizer(k=3, quasi_identifiers=[0]).fit_transform(table)
    assert out.dtype == object
    assert out[0].tolist() == ["< 30", 0.0]


def test_containers_agree(adult_table):
    table = adult_table.head(800)
    names = list(table.columns)
    columns = {name: table[name].tolist() for name in names}
    frames = [table, pl.DataFrame(columns), np.array(list(columns.values()), dtype=object).T]
    quasi = [names[:8], names[:8], list(range(8))]
    outs = [
        KAnonymizer(k=5, quasi_identifiers=q).fit_transform(frame)
        for q, frame in zip(quasi, frames, strict=True)
    ]
    first, second, third = (np.asarray(out, dtype=object).astype(str) for out in outs)
    assert (first == second).all() and (first == third).all()


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("output", ["labels", "numeric"])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, np.array])
def test_set_output_gives_the_container_that_is_asked_for(make, output, container):
    if (make, output, container) == (pd.DataFrame, "labels", "polars"):
        pytest.importorskip("pyarrow", reason="Polars needs it to take categories of pandas")
    table = make({"age": AGES}) if make is not np.array else np.array([AGES]).T
    anonymizer = KAnonymizer(k=3, output=output).set_output(transform=container)
    out = anonymizer.fit_transform(table)
    assert type(out).__module__.split(".")[0] == container
    assert list(out.columns) == list(anonymizer.get_feature_names_out())
    assert out.shape[0] == 6


def test_column_names_that_are_numbers_name_columns():
    table = pd.DataFrame({1: JOBS, 0: AGES})
    out = KAnonymizer(k=3, quasi_identifiers=[0]).fit_transform(table)
    assert list(out[1]) == JOBS
    assert out[0].nunique() == 2


def test_columns_that_share_a_name_are_refused():
    table = pd.DataFrame([[1, 2], [3, 4]], columns=["age", "age"])
    with pytest.raises(InvalidParameterError, match="differ from one another"):
        KAnonymizer(k=2).fit(table)


def test_a_table_without_rows_passes_through_transform():
    table = pd.DataFrame({"age": AGES})
    assert KAnonymizer(k=3).fit(table).transform(table.head(0)).shape == (0, 1)


def labels_of(values, k=3, labels="cell", **params):
    """Return the label of each value of a column."""
    frame = values if isinstance(values, pl.DataFrame) else pd.DataFrame({"x": values})
    return [
        str(v)
        for v in KAnonymizer(k=k, labels=labels, **params).fit_transform(frame)["x"].to_list()
    ]


def test_missing_numbers_are_a_branch_of_their_own():
    assert labels_of([1.0] * 3 + [2.0] * 3 + [np.nan] * 3) == (
        ["< 2"] * 3 + [">= 2"] * 3 + ["(missing)"] * 3
    )


def test_few_missing_numbers_share_a_cell_with_the_highest():
    got = labels_of([1.0] * 3 + [2.0] * 3 + [np.nan])
    assert got == ["< 2"] * 3 + [">= 2 or (missing)"] * 4


def test_numbers_and_missing_that_cannot_be_told_apart_share_all():
    assert labels_of([1.0, 2.0, np.nan]) == ["*"] * 3
    assert labels_of([1.0] * 3 + [np.nan] * 3) == ["not (missing)"] * 3 + ["(missing)"] * 3


def test_a_column_that_is_always_missing_is_one_label():
    assert labels_of([np.nan] * 3, labels="supported") == ["(missing)"] * 3
    assert labels_of([np.nan] * 3, labels="tight") == ["(missing)"] * 3
    assert labels_of([np.nan] * 3, labels="cell") == ["*"] * 3
    assert labels_of([None] * 3) == ["(missing)"] * 3


@pytest.mark.parametrize(
    "missing", [None, np.nan, pd.NA, pd.NaT], ids=["None", "nan", "pd.NA", "NaT"]
)
def test_missing_categories_are_a_category(missing):
    values = pd.Series(["a"] * 3 + [missing] * 3, dtype=object)
    assert labels_of(values) == ["a"] * 3 + ["(missing)"] * 3


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(JOBS, dtype="str"),
        pd.Series(JOBS, dtype="string"),
        pd.Series(JOBS, dtype=object),
        pd.Series(pd.Categorical(JOBS, categories=["never", "b", "a"])),
        pl.DataFrame({"x": pl.Series(JOBS, dtype=pl.Categorical)}),
        pl.DataFrame({"x": pl.Series(JOBS, dtype=pl.Enum(["never", "b", "a"]))}),
    ],
    ids=["str", "string", "object", "unused level", "pl.Categorical", "pl.Enum"],
)
def test_texts_of_every_type_are_the_same_categories(values):
    anonymizer = KAnonymizer(k=3).fit(
        values if isinstance(values, pl.DataFrame) else pd.DataFrame({"x": values})
    )
    assert {"a", "b", "*"} <= set(anonymizer.labels_[0].texts)
    assert "c" not in " ".join(anonymizer.labels_[0].texts)
    assert labels_of(values, labels="supported") == JOBS


@pytest.mark.parametrize("dtype", [bool, "boolean", object])
def test_booleans_are_two_categories(dtype):
    values = pd.Series([True] * 3 + [False] * 3, dtype=dtype)
    assert labels_of(values) == ["True"] * 3 + ["False"] * 3


@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "Int64", object])
def test_numbers_of_every_type_are_numbers(dtype):
    assert labels_of(pd.Series(AGES, dtype=dtype)) == ["< 30"] * 3 + [">= 30"] * 3


DAYS = [datetime.date(2020, 1, 1)] * 3 + [datetime.date(2021, 6, 5)] * 3


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.to_datetime(DAYS)),
        pd.Series(pd.to_datetime(DAYS)).dt.tz_localize("UTC"),
        pd.Series(DAYS, dtype=object),
        pl.DataFrame({"x": DAYS}),
    ],
    ids=["datetime", "time zone", "objects", "pl.Date"],
)
def test_dates_are_cut_at_round_dates(values):
    assert labels_of(values) == ["< 2021-01-01"] * 3 + [">= 2021-01-01"] * 3


SPANS = [1] * 3 + [9] * 3


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.to_timedelta(SPANS, unit="D")),
        pd.Series(pd.to_timedelta(SPANS, unit="D"), dtype=object),
        pd.Series([datetime.timedelta(days) for days in SPANS], dtype=object),
        np.array([np.timedelta64(days, "D") for days in SPANS], dtype=object),
    ],
    ids=["durations", "pandas objects", "Python objects", "NumPy objects"],
)
def test_durations_are_numbers_of_days(values):
    assert labels_of(values) == ["< 5"] * 3 + [">= 5"] * 3


def test_missing_durations_among_objects_are_missing_numbers():
    values = pd.Series([*pd.to_timedelta(SPANS, unit="D"), pd.NaT, None, pd.NaT], dtype=object)
    assert labels_of(values) == ["< 5"] * 3 + [">= 5"] * 3 + ["(missing)"] * 3


def test_infinite_numbers_have_cells():
    values = [-np.inf] * 3 + [1.0] * 3 + [2.0] * 3 + [np.inf] * 3
    got = labels_of(values)
    assert len(set(got)) == 4
    assert got[-1] == "inf"
    assert np.isfinite(KAnonymizer(k=3, output="numeric").fit_transform(np.c_[values])).all()


def test_negative_zero_is_zero():
    assert labels_of([-0.0, 0.0, -0.0, 1.0, 1.0, 1.0], labels="tight") == ["0"] * 3 + ["1"] * 3


def test_categories_that_print_alike_are_alike():
    assert labels_of(pd.Series([1, "1", 1, True, "True", True], dtype=object)) == (
        ["1"] * 3 + ["True"] * 3
    )


def test_numeric_output_passes_numbers_and_leaves_the_subject_out():
    table = pd.DataFrame({"pay": range(6), "job": JOBS, "age": AGES, "who": list("uvwxyz")})
    anonymizer = KAnonymizer(
        k=3, quasi_identifiers=["job", "age"], subject_id="who", output="numeric"
    )
    out = anonymizer.fit_transform(table)
    names = list(anonymizer.get_feature_names_out())
    assert names == ["pay", "job_a", "job_b", "age_midpoint", "age_width"]
    assert out.dtype == np.float64
    assert out[:, 0].tolist() == list(range(6))
    assert out[0, 1:3].tolist() == [1.0, 0.0]


def test_numeric_output_refuses_to_pass_texts_through():
    table = pd.DataFrame({"job": JOBS, "age": AGES})
    with pytest.raises(InvalidParameterError, match="'job' holds none"):
        KAnonymizer(k=3, quasi_identifiers=["age"], output="numeric").fit(table)
