"""Nothing of a row that is not published leaves with the table, in whatever form it is written."""

import io
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_private import KAnonymizer

SECRET = "HIV-2 (Mr Smith)"
VALUES = ["flu"] * 5 + ["cold"] * 5 + [SECRET] * 5
AGES = [20.0] * 5 + [40.0] * 5 + [80.0] * 5
LISTS = {"quasi_identifiers": ["age"], "sensitive": ["ill"]}


def released(frame, **params):
    """Return what is left of eleven rows, one of which has an age that no other has."""
    is_native = isinstance(frame, pd.DataFrame | pl.DataFrame)
    out = (
        KAnonymizer(k=5, **LISTS, **params)
        .fit(frame)
        .release(frame[:11] if is_native else frame.slice(0, 11))
    )
    assert len(out) == 10
    return out


def pandas_frames():
    arrow = pytest.importorskip("pyarrow")
    dictionary = pd.ArrowDtype(arrow.dictionary(arrow.int32(), arrow.string()))
    columns = {
        "categorical": pd.Categorical(VALUES),
        "ordered": pd.Categorical(VALUES, [SECRET, "cold", "flu"], ordered=True),
        "arrow": pd.array(VALUES, dtype=dictionary),
        "text": VALUES,
    }
    for name, column in columns.items():
        yield name, pd.DataFrame({"age": AGES, "ill": column})


def pickled(out):
    return pickle.dumps(out)


def as_parquet(out):
    buffer = io.BytesIO()
    if isinstance(out, pl.DataFrame):
        out.write_parquet(buffer)
    elif isinstance(out, pd.DataFrame):
        out.to_parquet(buffer)
    else:
        pytest.importorskip("pyarrow.parquet").write_table(out, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("write", [pickled, as_parquet])
@pytest.mark.parametrize("name", ["categorical", "ordered", "arrow", "text"])
def test_pandas_categories_of_other_rows_stay_behind(name, write):
    out = released(dict(pandas_frames())[name])
    assert b"Smith" not in write(out)
    assert not any("Smith" in column for column in pd.get_dummies(out).columns)


def test_an_order_of_categories_is_kept():
    out = released(dict(pandas_frames())["ordered"])["ill"]
    assert out.cat.ordered and list(out.cat.categories) == ["cold", "flu"]


@pytest.mark.parametrize("write", [pickled, as_parquet])
@pytest.mark.parametrize(
    "dtype",
    [pl.String, pl.Categorical, pl.Enum([SECRET, "cold", "flu"])],
    ids=["text", "categorical", "enum"],
)
def test_polars_categories_of_other_rows_stay_behind(dtype, write):
    column = pl.Series(VALUES).cast(dtype)
    frame = pl.DataFrame({"age": AGES, "ill": column}).with_columns(boxed=pl.struct("ill"))
    out = released(frame, harmless=["boxed"])
    assert out.schema["ill"].base_type() == column.dtype.base_type()
    assert b"Smith" not in write(out)


@pytest.mark.parametrize("write", [pickled, as_parquet])
@pytest.mark.parametrize("ordered", [False, True])
def test_arrow_dictionaries_and_notes_of_other_rows_stay_behind(ordered, write):
    pa = pytest.importorskip("pyarrow")
    column = pa.array(VALUES).dictionary_encode()
    column = pa.DictionaryArray.from_arrays(column.indices, column.dictionary, ordered=ordered)
    nested = pa.ListArray.from_arrays(pa.array(range(16), pa.int32()), column)
    schema = pa.schema(
        [
            pa.field("age", pa.float64(), metadata={"oldest": SECRET}),
            pa.field("ill", column.type),
            pa.field("all", nested.type),
        ],
        metadata={"source": SECRET},
    )
    table = pa.table([pa.array(AGES, pa.float64()), column, nested], schema=schema)
    out = released(table, harmless=["all"])
    assert out.schema.field("ill").type == column.type
    assert sorted(set(out["ill"].to_pylist())) == ["cold", "flu"]
    assert b"Smith" not in write(out)


@pytest.mark.parametrize("labels", ["supported", "cell", "tight"])
def test_labels_that_no_published_row_has_are_not_listed(labels):
    table = pd.DataFrame({"age": np.repeat([20, 30, 40, 50], 10), "ill": "flu"})
    anonymizer = KAnonymizer(k=5, labels=labels, **LISTS).fit(table)
    out = anonymizer.release(table.head(20))
    assert set(out["age"].cat.categories) == set(out["age"])
    assert out["age"].cat.ordered and out["age"].nunique() == 2


def test_the_index_and_the_notes_of_a_frame_stay_behind():
    table = pd.DataFrame({"age": [20] * 5, "ill": "flu"}, index=pd.RangeIndex(5, name=SECRET))
    table.attrs["source"], table.columns.name = SECRET, SECRET
    out = KAnonymizer(k=5, **LISTS).fit(table).release(table)
    assert out.index.name is None and out.columns.name is None and out.attrs == {}
    assert b"Smith" not in as_parquet(out)
    assert table.index.name == SECRET and table.attrs == {"source": SECRET}


def rows_of(column):
    return pd.DataFrame({"age": AGES, "ill": column})


@pytest.mark.parametrize(
    "secret, dtype", [(9999991, "Int64"), (9999991, "UInt32"), (9.99, "Float64")]
)
def test_a_number_that_was_blanked_is_not_left_under_its_mask(secret, dtype):
    table = rows_of(pd.array([secret, *range(14)], dtype=dtype))
    table.loc[table["ill"] == secret, "ill"] = pd.NA
    out = KAnonymizer(k=5, **LISTS).fit(table).release(table)["ill"]
    assert out.dtype == dtype and out.isna().sum() == 1
    assert sorted(out.dropna()) == list(range(14))
    assert np.array(secret, dtype=out.dtype.numpy_dtype).tobytes() not in pickled(out)


def test_a_truth_that_was_blanked_is_not_left_under_its_mask():
    hidden = [
        pd.arrays.BooleanArray(np.full(15, is_ill), np.ones(15, bool)) for is_ill in (0 > 1, 1 > 0)
    ]
    out = [KAnonymizer(k=5, **LISTS).fit(rows_of(h)).release(rows_of(h))["ill"] for h in hidden]
    assert out[0].dtype == "boolean" and out[0].isna().all()
    assert pickled(out[0]) == pickled(out[1])


def test_the_fill_value_of_a_sparse_column_stays_behind():
    secret = 9999991.0
    filled = [1.0, 2.0, 3.0, 4.0, 5.0] * 2 + [secret] * 5
    out = released(rows_of(pd.arrays.SparseArray(filled, fill_value=secret)))
    assert out["ill"].dtype == float and sorted(out["ill"]) == sorted(filled[:10])
    assert np.array(secret).tobytes() not in pickled(out) and b"9999991" not in pickled(out)


@pytest.mark.parametrize("write", [pickled, as_parquet])
@pytest.mark.parametrize("shape", ["list", "struct", "list of categories", "struct of categories"])
def test_pandas_columns_of_nested_arrow_values_are_released_without_other_rows(shape, write):
    pa = pytest.importorskip("pyarrow")
    values = pa.array(VALUES).dictionary_encode() if "categories" in shape else pa.array(VALUES)
    if shape.startswith("list"):
        nested = pa.ListArray.from_arrays(pa.array(range(16), pa.int32()), values)
    else:
        nested = pa.StructArray.from_arrays([values], ["name"])
    table = rows_of(VALUES).assign(boxed=pd.arrays.ArrowExtensionArray(nested))
    out = released(table, harmless=["boxed"])
    boxed = [next(iter(box.values() if isinstance(box, dict) else box)) for box in out["boxed"]]
    assert boxed == out["ill"].tolist() and set(boxed) == {"flu", "cold"}
    assert b"Smith" not in write(out)


@pytest.mark.parametrize("shape", ["list", "struct"])
def test_a_sensitive_pandas_column_of_nested_arrow_values_is_released(shape):
    pa = pytest.importorskip("pyarrow")
    nested = pa.array([[text] if shape == "list" else {"name": text} for text in VALUES])
    out = released(rows_of(pd.arrays.ArrowExtensionArray(nested)))
    assert out["ill"].dtype == pd.ArrowDtype(nested.type)
    assert b"Smith" not in pickled(out)


@pytest.mark.parametrize("container", ["pandas", "arrow"])
def test_a_struct_that_was_blanked_leaves_no_value_of_its_fields(container):
    pa = pytest.importorskip("pyarrow")
    bits = pa.array([False] * 5 + [True] * 10).buffers()[1]
    fields = [pa.array([9999991] * 5 + [1] * 10)]
    boxed = pa.StructArray.from_buffers(pa.struct([("n", pa.int64())]), 15, [bits], children=fields)
    if container == "pandas":
        table = rows_of(VALUES).assign(boxed=pd.arrays.ArrowExtensionArray(boxed))
    else:
        table = pa.table({"age": AGES, "ill": VALUES, "boxed": boxed})
    out = KAnonymizer(k=5, harmless=["boxed"], **LISTS).fit(table).release(table)
    assert np.int64(9999991).tobytes() not in pickled(out)
