"""Tables that need not fit into memory: where they come from, piece by piece.

A source gives a table twice over. To be counted: columns of its rows; an engine with lazy tables
(Polars, DuckDB and others that narwhals knows) groups equal rows itself. And to be labelled: all of
its rows in their order, a bounded number at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

import narwhals as nw
from numpy.typing import ArrayLike

from ..._optional import require
from ...exceptions import InvalidParameterError
from ._table import Table

N_ROWS = 1_000_000
"""Most rows of a piece, where the source leaves the choice."""


def source_of(X: ArrayLike) -> Memory | Lazy | Dask | Parquet | Pieces:
    """Return the source behind what a user gives for a table.

    Parameters
    ----------
    X : DataFrame, array, lazy table, path or iterator
        A table in memory; a Polars LazyFrame, a DuckDB relation, a Dask DataFrame or what else
        narwhals takes for a lazy table; the path of a Parquet file or of a folder of them; or an
        iterator of DataFrames.

    Returns
    -------
    Memory, Lazy, Dask, Parquet or Pieces
    """
    if isinstance(X, str | Path):
        return Parquet(X)
    if nw.dependencies.is_into_dataframe(X):
        return Memory(X)
    if nw.dependencies.is_dask_dataframe(X):
        return Dask(X)
    if isinstance(X, Iterator):
        return Pieces(X)
    lazy = nw.from_native(X, pass_through=True)
    return Lazy(lazy) if isinstance(lazy, nw.LazyFrame) else Memory(X)


class Memory:
    """A table in memory.

    Attributes
    ----------
    head : table
        Rows in memory that have the columns of the table; here all of them.
    is_whole : bool
        Whether ``head`` is all of the table.
    n_rows : int or None
        Number of rows, where it is known.
    """

    is_whole = True

    def __init__(self, X: ArrayLike):
        self.head = X

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.head)

    def counted(self, table: Table, positions: Sequence[int]) -> Iterator[Any]:
        """Yield columns of some rows, and how many rows each of them stands for (None: one).

        Parameters
        ----------
        table : Table
            The view of ``head``.
        positions : sequence of int
            The columns.
        """
        for start in range(0, max(1, len(table)), N_ROWS):
            rows = table.rows(start, start + N_ROWS)
            yield [rows.column(i) for i in positions], None

    def pieces(self) -> Iterator[Any]:
        """Yield all rows, a bounded number at a time."""
        table = Table.of(self.head, type(self).__name__)
        for start in range(0, len(table), N_ROWS):
            yield table.rows(start, start + N_ROWS).native


class Pieces:
    """An iterator of DataFrames, which can be read once."""

    is_whole, n_rows = False, None

    def __init__(self, frames: Any):
        try:
            self.head = next(frames)
        except StopIteration:
            raise InvalidParameterError.unreleased(
                "The iterator of tables is empty.", "An iterator can be read once: make a new one."
            ) from None
        self._frames = chain([self.head], frames)

    def counted(self, table: Any, positions: Any) -> Iterator[Any]:
        """Yield columns piece by piece, as :meth:`Memory.counted` does."""
        names = [table.columns[i] for i in positions]
        for frame in self.pieces(names):
            piece = Table.of(frame, "the iterator of tables")
            where = piece.positions("the iterator of tables", "columns", names)
            yield [piece.column(i) for i in where], None

    def pieces(self, columns: Any = None) -> Iterator[Any]:
        """Yield the tables; a source may leave out all but some ``columns``."""
        del columns
        yield from self._frames


class Dask(Pieces):
    """A Dask DataFrame, one partition at a time."""

    def __init__(self, X: ArrayLike):
        self._X = X
        self.head = X.head(1, npartitions=-1, compute=True)

    def pieces(self, columns: Any = None) -> Iterator[Any]:
        """Yield the partitions."""
        X = self._X if columns is None else self._X[columns]
        for partition in X.partitions:
            yield partition.compute()


class Parquet(Pieces):
    """A Parquet file or a folder of them, some row groups at a time."""

    def __init__(self, path: str | PathLike[str]):
        self._pyarrow = require("pyarrow", extra="tables")
        dataset = require("pyarrow.dataset", extra="tables").dataset(path, format="parquet")
        self._files = dataset.files
        self.n_rows = dataset.count_rows()
        self.head = dataset.schema.empty_table()

    def pieces(self, columns: Any = None) -> Iterator[Any]:
        """Yield PyArrow tables."""
        for path in self._files:
            with require("pyarrow.parquet", extra="tables").ParquetFile(path) as file:
                for batch in file.iter_batches(N_ROWS, columns=columns):
                    yield self._pyarrow.Table.from_batches([batch])


class Lazy:
    """A lazy table, whose engine counts."""

    is_whole, n_rows = False, None

    def __init__(self, X: ArrayLike):
        self._X = X
        self.head = X.head(0).collect().to_native()

    def counted(self, table: Any, positions: Any) -> Iterator[Any]:
        """Yield distinct rows of some columns and their numbers, as :meth:`Memory.counted` does."""
        names = [table.columns[i] for i in positions]
        number = "n_rows"
        while number in names:
            number += "_"
        groups = Table.of(self._grouped(names, number), "Lazy")
        for start in range(0, max(1, len(groups)), N_ROWS):
            rows = groups.rows(start, start + N_ROWS)
            *columns, weight = (rows.data[name] for name in [*names, number])
            yield columns, weight.to_numpy()

    def _grouped(self, names, number):
        return self._X.group_by(names).agg(nw.len().alias(number)).collect().to_native()

    def pieces(self) -> Any:
        """Yield all rows, a bounded number at a time.

        Raises
        ------
        InvalidParameterError
            If the engine gives rows all at once only.
        """
        native = self._X.to_native()
        if hasattr(native, "collect_batches"):  # Polars
            return native.collect_batches(chunk_size=N_ROWS)
        for reader in ("to_arrow_reader", "fetch_arrow_reader"):  # DuckDB from 1.5 on, and before
            if hasattr(native, reader):
                pyarrow, batches = require("pyarrow", extra="tables"), getattr(native, reader)
                return (pyarrow.Table.from_batches([batch]) for batch in batches(N_ROWS))
        raise InvalidParameterError(
            f"This version of {self._X.implementation.name.lower()} gives its rows all at once. "
            "Write the table to Parquet and give its path."
        )
