"""Labels of tables that need not fit into memory, written piece by piece."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np

from ..._optional import require
from ...exceptions import InvalidParameterError
from ._sources import source_of


def write_labels(
    transform: Callable[..., Any],
    names: Sequence[str],
    source: Any,
    target: str | Path,
    progress: bool,
) -> Path:
    """Write what ``transform`` makes of the rows of a source to a Parquet file.

    The file gets its name when it is complete, so that there never is one that lacks rows.

    Parameters
    ----------
    transform : callable
        Takes a DataFrame of some rows, and returns one or an array.
    names : sequence of str
        Names of the columns of an array.
    source : table
        As :func:`source_of` takes it.
    target : str or Path
        The file; it must not exist.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Path
    """
    pyarrow = require("pyarrow", extra="tables")
    parquet = require("pyarrow.parquet", extra="tables")
    target, source = Path(target), source_of(source)
    if target.exists():
        raise InvalidParameterError(
            f"The 'target' parameter of transform_file must be a new file. {str(target)!r} exists."
        )
    part = target.with_name(f"{target.name}.part")
    try:
        with contextlib.ExitStack() as stack:
            advance, writer = stack.enter_context(_bar(source.n_rows, progress)), None
            for piece in source.pieces():
                rows = _arrow(pyarrow, transform(piece), names)
                writer = writer or stack.enter_context(parquet.ParquetWriter(part, rows.schema))
                writer.write_table(rows)
                advance(rows.num_rows)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _arrow(pyarrow, made, names):
    """Return a DataFrame or an array as a PyArrow table, without its index."""
    if isinstance(made, np.ndarray):
        return pyarrow.table({name: made[:, i] for i, name in enumerate(names)})
    return nw.from_native(made, eager_only=True).to_arrow()


@contextlib.contextmanager
def _bar(n_rows, shown):
    """Give a function that is told how many rows are done."""
    if not shown:
        yield lambda n: None
        return
    rich = require("rich.progress", extra="cli")
    with rich.Progress() as bar:
        task = bar.add_task("Labelling rows", total=n_rows)
        yield lambda n: bar.advance(task, n)
