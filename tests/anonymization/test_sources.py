"""Tables that are not in memory: counted where they are, labelled piece by piece."""

import shutil

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_private.anonymization import KAnonymizer, LDiversity
from sklearn_private.anonymization.tables import _sources
from sklearn_private.exceptions import InvalidParameterError

QUASI = ["age", "city", "born", "smokes"]
VARIANTS = {
    "plain": {},
    "constraint, by person": {"constraints": [LDiversity(2)], "subject_id": "who"},
}


@pytest.fixture(scope="module")
def table():
    """A table of all kinds of columns, some values of which are missing."""
    rng = np.random.default_rng(0)
    n_rows = 900
    age = rng.integers(0, 90, n_rows).astype(float)
    age[rng.random(n_rows) < 0.05] = np.nan
    city = rng.choice(list("abcdef"), n_rows).astype(object)
    city[rng.random(n_rows) < 0.05] = None
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 9000, n_rows), unit="D")
    return pd.DataFrame(
        {
            "age": age,
            "city": pd.Series(city, dtype="str"),
            "born": born.astype("datetime64[us]"),
            "smokes": rng.random(n_rows) < 0.3,
            "ill": rng.choice(list("xyz"), n_rows),
            "who": rng.integers(0, 500, n_rows),
        }
    )


@pytest.fixture(scope="module")
def path(table, tmp_path_factory):
    """The table as a Parquet file of several row groups."""
    pytest.importorskip("pyarrow")
    file = tmp_path_factory.mktemp("tables") / "people.parquet"
    table.to_parquet(file, row_group_size=200)
    return file


def folder(path, table):
    parts = path.parent / "parts"
    parts.mkdir(exist_ok=True)
    for i, part in enumerate(np.array_split(np.arange(len(table)), 3)):
        table.iloc[part].to_parquet(parts / f"{i}.parquet", index=False)
    return parts


def duckdb_relation(path, table):
    del table
    return pytest.importorskip("duckdb").sql(f"select * from '{path}'")


def dask_frame(path, table):
    del path
    dask = pytest.importorskip("dask.dataframe")
    return dask.from_pandas(table, npartitions=4)


def polars_lazy(path, table):
    del table
    return pl.scan_parquet(path)


SOURCES = {
    "path": lambda path, table: path,
    "text": lambda path, table: str(path),
    "folder": folder,
    "polars lazy": polars_lazy,
    "polars": lambda path, table: pl.read_parquet(path),
    "duckdb": duckdb_relation,
    "dask": dask_frame,
    "iterator": lambda path, table: (table.iloc[i : i + 70] for i in range(0, len(table), 70)),
    "polars iterator": lambda path, table: pl.read_parquet(path).iter_slices(70),
}


def anonymizer_of(params):
    return KAnonymizer(k=4, quasi_identifiers=QUASI, sensitive=["ill"], **params)


def texts(frame):
    return frame[QUASI].astype(str).to_numpy().tolist()


@pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_every_source_gives_the_cells_of_the_table_in_memory(make, params, path, table):
    expected = anonymizer_of(params).fit(table)
    found = anonymizer_of(params).fit(make(path, table))
    assert expected.cells_.n_cells > 20
    assert texts(found.transform(table)) == texts(expected.transform(table))
    assert found.privacy_statement_ == expected.privacy_statement_
    assert list(found.feature_names_in_) == list(table.columns)


@pytest.fixture
def spark():
    """A session of Spark in this process, where there are PySpark and Java."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"}
    session = sql.SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.mark.filterwarnings("ignore")  # those of Spark
def test_spark_counts_rows_and_gives_them_back_by_way_of_a_file(spark, path, table, tmp_path):
    frame = spark.read.parquet(str(path))
    expected, found = anonymizer_of({}).fit(table), anonymizer_of({}).fit(frame)
    assert texts(found.transform(table)) == texts(expected.transform(table))
    with pytest.raises(InvalidParameterError, match="Write the table to Parquet"):
        found.transform_file(frame, tmp_path / "labels.parquet")


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_labels_are_written_row_by_row(make, path, table, tmp_path, monkeypatch):
    if make is polars_lazy and not hasattr(pl.LazyFrame, "collect_batches"):
        pytest.skip("this version of polars gives its rows all at once")
    monkeypatch.setattr(_sources, "N_ROWS", 130)
    anonymizer = anonymizer_of({}).fit(path)
    target = anonymizer.transform_file(make(path, table), tmp_path / "labels.parquet")
    written, expected = pd.read_parquet(target), anonymizer.transform(table)
    assert list(written.columns) == list(table.columns)
    assert texts(written) == texts(expected)
    assert written["who"].tolist() == table["who"].tolist()
    assert written["age"].cat.categories.tolist() == expected["age"].cat.categories.tolist()
    assert [file.name for file in tmp_path.iterdir()] == ["labels.parquet"]


def test_features_are_written_under_their_names(path, table, tmp_path):
    numbers = KAnonymizer(k=4, quasi_identifiers=["age"], output="numeric")
    part = tmp_path / "numbers.parquet"
    table[["age", "who"]].to_parquet(part)
    numbers.fit(part)
    written = pd.read_parquet(numbers.transform_file(part, tmp_path / "features.parquet"))
    assert list(written.columns) == ["age_midpoint", "age_width", "age_missing", "who"]
    assert (written.to_numpy() == numbers.transform(table[["age", "who"]])).all()


def test_a_file_is_not_overwritten_and_a_broken_one_not_left(path, table, tmp_path):
    anonymizer = anonymizer_of({}).fit(path)
    with pytest.raises(
        InvalidParameterError, match=r"must be a new file. .*people.parquet' exists"
    ):
        anonymizer.transform_file(path, path)

    def pieces():
        yield table.head(10)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        anonymizer.transform_file(pieces(), tmp_path / "labels.parquet")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_shown_where_it_is_asked_for(path, tmp_path, capsys):
    pytest.importorskip("rich")
    anonymizer = anonymizer_of({}).fit(path)
    anonymizer.transform_file(path, tmp_path / "quiet.parquet")
    assert capsys.readouterr().out == ""
    anonymizer.transform_file(path, tmp_path / "shown.parquet", progress=True)
    assert "100%" in capsys.readouterr().out


@pytest.mark.parametrize("call", ["transform", "fit_transform"])
def test_rows_that_are_not_in_memory_are_not_given_back(call, path):
    anonymizer = anonymizer_of({}).fit(path)
    for source in (pl.scan_parquet(path), str(path)):
        with pytest.raises(InvalidParameterError, match="Use fit, and then transform_file"):
            getattr(anonymizer, call)(source)


def test_an_iterator_is_read_once(table):
    pieces = iter([table])
    anonymizer_of({}).fit(pieces)
    with pytest.raises(InvalidParameterError, match="An iterator can be read once"):
        anonymizer_of({}).fit(pieces)


def test_an_engine_that_gives_rows_all_at_once_is_refused(path, monkeypatch):
    monkeypatch.delattr(pl.LazyFrame, "collect_batches", raising=False)
    with pytest.raises(InvalidParameterError, match="Write the table to Parquet"):
        _sources.source_of(pl.scan_parquet(path)).pieces()
