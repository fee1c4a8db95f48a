"""What a container carries beside its rows, and how to leave it behind.

Categories are stored once a column, whether or not a row holds them: a table without a row still
names that row's category, in every file and pickle. So do index names and notes, and what
was blanked may still lie under the mask that hides it.
"""

import functools
import io

import narwhals as nw
import numpy as np

from ..._optional import require
from ._table import Table


def without_unused(table: Table) -> Table:
    """Return a table with its rows, their order and types, and nothing else.

    Categories that no row holds, the index and its name, and the metadata of the container are
    left out. Inside lists and structs categories become texts.

    Parameters
    ----------
    table : Table
        The rows.

    Returns
    -------
    Table
    """
    if not table.is_frame:
        return table
    engine = table.data.implementation
    if engine.is_pandas_like():
        made = _of_pandas(table.native)
    else:
        made = _of_arrow(table.native) if engine.is_pyarrow() else _of_polars(table.data)
    return Table(nw.from_native(made, eager_only=True), table.columns)


def _of_pandas(frame):
    pandas = nw.dependencies.get_pandas()
    frame = frame.reset_index(drop=True).rename_axis(columns=None)
    frame.attrs = {}
    for name, dtype in frame.dtypes.items():
        if hasattr(dtype, "categories"):
            frame[name] = frame[name].cat.remove_unused_categories()
        elif isinstance(dtype, pandas.SparseDtype):  # its fill value may be that of no row
            frame[name] = frame[name].sparse.to_dense()
        elif hasattr(dtype, "pyarrow_dtype"):
            pyarrow, column = require("pyarrow", extra="tables"), frame[name].array
            used = _plain(pyarrow, pyarrow.chunked_array(column.__arrow_array__()))
            frame[name] = type(column)(used)
        elif hasattr(dtype, "numpy_dtype"):  # numbers and truths under a mask
            frame[name] = _unmasked(frame[name].array)
    return frame


def _unmasked(column):
    """Return an array with zeros in place of the values that are still there under its mask."""
    values = column.to_numpy(dtype=column.dtype.numpy_dtype, na_value=0)
    return type(column)(values, column.isna())


def _of_polars(data):
    polars, frame = data.implementation.to_native_namespace(), data.to_native()
    listed = []
    for name, dtype in frame.schema.items():
        column = polars.col(name)
        if isinstance(dtype, polars.Enum):
            used = set(frame[name].unique().to_list())
            kept = polars.Enum([text for text in dtype.categories if text in used])
            listed.append(column.cast(polars.String).cast(kept))
        elif isinstance(dtype, polars.Categorical):
            listed.append(column.cast(polars.String).cast(dtype))
        elif dtype.is_nested():
            listed.append(column.cast(_plain_of_polars(polars, dtype)))
    return frame.with_columns(_rewritten(polars, frame.with_columns(listed)))


def _rewritten(polars, frame):
    """Return columns without the long texts of other rows, which are kept as long as a row has any.

    Texts are views into buffers that a selection of rows shares with the whole. The oldest form of
    Arrow files knows no views.
    """
    file, writable = io.BytesIO(), frame.select(polars.exclude(polars.Object))
    writable.write_ipc(file, compat_level=polars.CompatLevel.oldest())
    return polars.read_ipc(io.BytesIO(file.getvalue()))


def _plain_of_polars(polars, dtype):
    """Return a type in which texts take the place of categories."""
    plain = functools.partial(_plain_of_polars, polars)
    if isinstance(dtype, polars.Enum | polars.Categorical):
        return polars.String
    if isinstance(dtype, polars.Struct):
        return polars.Struct({field.name: plain(field.dtype) for field in dtype.fields})
    if isinstance(dtype, polars.Array):
        return polars.Array(plain(dtype.inner), dtype.size)
    return polars.List(plain(dtype.inner)) if isinstance(dtype, polars.List) else dtype


def _of_arrow(table):
    pyarrow = require("pyarrow", extra="tables")
    columns = [_plain(pyarrow, column) for column in table.columns]
    return pyarrow.table(columns, names=table.column_names)


def _plain(pyarrow, column):
    """Return a chunked array without categories and fields that none of its values has."""
    if pyarrow.types.is_dictionary(column.type):
        return pyarrow.chunked_array([_used(pyarrow, column)])
    if pyarrow.types.is_nested(column.type):
        plain = _plain_of_arrow(pyarrow.types, pyarrow, column.type)
        # Written anew: fields of a missing struct still have values.
        return pyarrow.chunked_array([pyarrow.array(column.to_pylist(), type=plain)])
    return column


def _used(pyarrow, column):
    """Return a column of a dictionary as an array whose dictionary has the values that it holds."""
    array = column.combine_chunks()
    if isinstance(array, pyarrow.ChunkedArray):  # without a row there is no chunk
        array = pyarrow.array([], type=column.type)
    used = np.unique(array.indices.drop_null().to_numpy(zero_copy_only=False))
    kept = pyarrow.array(used, type=array.indices.type)
    indices = require("pyarrow.compute", extra="tables").index_in(array.indices, value_set=kept)
    return pyarrow.DictionaryArray.from_arrays(
        indices.cast(array.indices.type), array.dictionary.take(kept), ordered=array.type.ordered
    )


def _plain_of_arrow(types, pyarrow, dtype):
    """Return a type in which the values of a dictionary take its place."""
    plain = functools.partial(_plain_of_arrow, types, pyarrow)
    if types.is_dictionary(dtype):
        return dtype.value_type
    if types.is_struct(dtype):
        return pyarrow.struct([(field.name, plain(field.type)) for field in dtype])
    if types.is_map(dtype):
        return pyarrow.map_(plain(dtype.key_type), plain(dtype.item_type))
    if types.is_fixed_size_list(dtype):
        return pyarrow.list_(plain(dtype.value_type), dtype.list_size)
    if types.is_large_list(dtype):
        return pyarrow.large_list(plain(dtype.value_type))
    return pyarrow.list_(plain(dtype.value_type)) if types.is_list(dtype) else dtype
