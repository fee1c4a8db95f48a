"""Rows that do not fit into memory: a sum over them is a sum over pieces, read whenever asked.

A Parquet file is read batch by batch; of a Dask collection each partition is a task, which any
scheduler runs, here or on a cluster. Either way the asker gets one answer, added in the order of
the pieces: a partition that is lost and computed again changes no bit of it. Noise is none of the
pieces' business, since it is drawn once, by whoever asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import reduce
from os import PathLike
from typing import Any

import numpy as np

from .._optional import require
from ..exceptions import InvalidParameterError
from ._aggregator import Aggregator
from ._labels import agreed_labels
from ._program import Schema
from ._registry import program_for, rebuild
from ._statistic import Limits, Rows, Statistic
from .aggregators import Sites

_BATCH = 1 << 14  # rows: those of 20 columns stay in the cache of a processor


class Pieces(ABC):
    """The rows of one site, in pieces.

    Subclasses say how a function of rows is applied to every piece.

    Parameters
    ----------
    features : sequence of str
        The columns to learn from, all numbers.
    target : str or None
        The column to predict.
    classes : sequence of label or None
        The class labels, if the target is one; they are public and not read from the rows.
    """

    def __init__(
        self, features: Sequence[str], target: str | None, classes: Sequence[Any] | None
    ) -> None:
        self.features = tuple(features)
        self.target = target
        self.labels = None if classes is None else np.unique(np.asarray(classes))
        self._limits: Limits | None = None

    @abstractmethod
    def map(self, function: Callable[[Any], Any]) -> Iterable[Any]:
        """Return what ``function`` makes of the columns by name of each piece, in order."""

    @property
    def schema(self) -> Schema:
        """What everybody knows of the columns."""
        return Schema(len(self.features), self.labels)

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return sum(self.map(len))

    def clipped(self, limits: Limits) -> Pieces:
        """Return the same pieces, clipped to ``limits`` whenever they are read."""
        clipped = copy(self)
        clipped._limits = limits
        return clipped

    def magnitudes(self) -> np.ndarray:
        """Return the largest magnitudes: of each column, of targets and of weights."""
        rows = self._rows
        return reduce(np.maximum, self.map(lambda table: rows(table).magnitudes()))

    def answer(self, statistic: Statistic, *broadcast: Any) -> tuple[np.ndarray, ...]:
        """Return the sum of a statistic over all pieces."""
        rows = self._rows

        def one(table: Any) -> list[np.ndarray]:
            outputs = statistic(rows(table), *broadcast)
            return [np.asarray(output, dtype=np.float64) for output in outputs]

        return tuple(reduce(lambda a, b: [x + y for x, y in zip(a, b, strict=True)], self.map(one)))

    def _rows(self, table: Any) -> Rows:
        """Return the rows of one piece: a table that gives columns by name, as a dict does."""
        n_rows = len(table[self.features[0]])
        X = np.empty((n_rows, len(self.features)), order="F")
        for at, name in enumerate(self.features):
            X[:, at] = table[name]
        y = np.zeros(n_rows) if self.target is None else np.asarray(table[self.target])
        if self.labels is not None:
            _, y = agreed_labels(type(self).__name__, y, self.labels)
        if not (np.isfinite(X.sum()) and np.isfinite(y.sum())):
            bad = [n for n, column in zip(self.features, X.T, strict=True) if _is_bad(column)]
            raise InvalidParameterError(
                f"{type(self).__name__} needs finite numbers. Not all are in "
                f"{', '.join(bad) or self.target}. Fill or leave out those rows or columns."
            )
        rows = Rows(X, y.astype(np.float64), np.ones(n_rows))
        return rows if self._limits is None else rows.clipped(self._limits)


def _is_bad(column: np.ndarray) -> bool:
    return not np.isfinite(column).all()


class ParquetPieces(Pieces):
    """The rows of a Parquet file, read a batch at a time.

    Parameters
    ----------
    path : path-like
        The file.
    features : sequence of str, default=None
        The columns to learn from; None takes all but the target.
    target : str, default=None
        The column to predict.
    classes : sequence of label, default=None
        The class labels, if the target is one.
    batch_rows : int, default=16384
        Rows that are in memory at a time.

    Examples
    --------
    >>> import numpy as np, pandas, tempfile
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_private.sums import ParquetPieces, fit
    >>> rng = np.random.default_rng(0)
    >>> table = pandas.DataFrame({"a": rng.normal(size=500), "b": rng.normal(size=500)})
    >>> table["y"] = 2 * table["a"] - table["b"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table.to_parquet(f"{folder}/rows.parquet")
    ...     pieces = ParquetPieces(f"{folder}/rows.parquet", target="y", batch_rows=100)
    ...     model = fit(LinearRegression(), pieces)
    >>> model.coef_.round(9).tolist()
    [2.0, -1.0]
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        features: Sequence[str] | None = None,
        target: str | None = None,
        classes: Sequence[Any] | None = None,
        batch_rows: int = _BATCH,
    ) -> None:
        parquet = require("pyarrow.parquet", extra="tables")
        self.path = path
        self.batch_rows = batch_rows
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            self._n_rows = file.metadata.num_rows
        if features is None:
            features = [name for name in names if name != target]
        super().__init__(features, target, classes)

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self._n_rows

    def map(self, function: Callable[[Any], Any]) -> Iterable[Any]:
        """Return what ``function`` makes of the columns of each batch, in order."""
        columns = [*self.features, *([] if self.target is None else [self.target])]
        with require("pyarrow.parquet", extra="tables").ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):  # over all at once, their buffers pile up
                for batch in file.iter_batches(
                    self.batch_rows, row_groups=[group], columns=columns, use_threads=False
                ):
                    arrays = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
                    yield function(dict(zip(columns, arrays, strict=True)))


class DaskPieces(Pieces):
    """The rows of a Dask collection, one task a partition.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        The rows; the scheduler that is set up computes them.
    features : sequence of str, default=None
        The columns to learn from; None takes all but the target.
    target : str, default=None
        The column to predict.
    classes : sequence of label, default=None
        The class labels, if the target is one.
    """

    def __init__(
        self,
        frame: Any,
        *,
        features: Sequence[str] | None = None,
        target: str | None = None,
        classes: Sequence[Any] | None = None,
    ) -> None:
        if features is None:
            features = [name for name in frame.columns if name != target]
        super().__init__(features, target, classes)
        self.frame = frame

    def map(self, function: Callable[[Any], Any]) -> Iterable[Any]:
        """Return what ``function`` makes of each partition, in order."""
        dask = require("dask", extra="tables")
        tasks = [dask.delayed(function)(part) for part in self.frame.to_delayed()]
        return dask.compute(*tasks)


def fit(estimator: Any, pieces: Pieces, aggregator: Aggregator | None = None) -> Any:
    """Fit a scikit-learn estimator on rows in pieces: exactly, and without holding them.

    Parameters
    ----------
    estimator : estimator
        Of a class that a program serves (:func:`supported`); it is left alone.
    pieces : Pieces
        The rows.
    aggregator : Aggregator, default=None
        Who answers the sums, if not the pieces themselves.

    Returns
    -------
    estimator
        A fitted one, with the coefficients that scikit-learn finds on all rows at once.
    """
    program = program_for(estimator)
    asked = Sites([pieces]) if aggregator is None else aggregator
    result = program.fit(asked, estimator, pieces.schema)
    names = {
        "n_features_in_": len(pieces.features),
        "feature_names_in_": np.array(pieces.features, dtype=object),
    }
    return rebuild(estimator, {**result, **names})
