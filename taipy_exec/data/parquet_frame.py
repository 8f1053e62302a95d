"""Reads parquet files into pandas, NumPy and Arrow with little more memory than the result needs.

pandas decodes a whole file as an Arrow table and copies it. Its peak is three times the size of the
frame. This module decodes a file in pieces. Columns of plain numbers and times go from each piece
directly to their place in the frame. The file is not mapped and not read in advance, because its
pages would also count as memory of this process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taipy_exec.data.extras import extra
from taipy_exec.data.tables import expose, pandas_for
from taipy_exec.errors import DataError

_PIECE = 1 << 20  # approximate bytes of a piece
_JOINED = 16  # pieces that become one
_FEWEST, _MOST = 1 << 10, 1 << 20  # rows of a piece
_BUFFER = 1 << 16  # for every column
_VARIABLE = 32  # estimated bytes of a value whose type has no width, if the file says less
_PLAIN = "iufbmM"  # NumPy's kinds of numbers, truth values and times
_WITHOUT_NULLS = "iub"  # the kinds of `_PLAIN` that have no value for a null


def arrow() -> Any:
    """pyarrow. Raises ConfigurationError if it is missing."""
    return extra("pyarrow", "parquet", "parquet data nodes")


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A `pyarrow.parquet.ParquetFile` that reads only the parts that it decodes."""
    parquet = extra("pyarrow.parquet", "parquet", "parquet data nodes")
    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
        yield file


def read_table(path: Path) -> Any:
    """The file as a `pyarrow.Table`."""
    with opened(path) as file:
        return _fill(file, {})


def read_frame(path: Path) -> Any:
    """The same result as `pandas.read_parquet`."""
    pandas = pandas_for("parquet")
    import numpy

    with opened(path) as file:
        schema = file.schema_arrow
        head = _head(schema)
        names = [name for name in schema.names if name not in _index_names(schema)]
        if len(names) != len(head.columns):
            return _to_pandas(file.read())
        dtypes = _plain(file, dict(zip(names, head.dtypes, strict=True)))
        rows = file.metadata.num_rows
        plain = {name: numpy.empty(rows, dtype) for name, dtype in dtypes.items()}
        others = _to_pandas(_fill(file, plain))
    series = iter([others.iloc[:, place] for place in range(others.shape[1])])
    columns = [plain[name] if name in plain else next(series) for name in names]
    frame = pandas.DataFrame(dict(enumerate(columns)), index=others.index, copy=False)
    frame.columns = head.columns
    frame.attrs = others.attrs
    return frame


def read_array(path: Path) -> Any:
    """The same result as `pandas.read_parquet(...).to_numpy()`, but always writable."""
    import numpy

    with opened(path) as file:
        schema = file.schema_arrow
        head = _head(schema)
        if list(head.columns) == schema.names and len(set(head.dtypes)) == 1:
            dtypes = dict(zip(schema.names, head.dtypes, strict=True))
            if len(_plain(file, dtypes)) == len(schema.names):
                array = numpy.empty((len(dtypes), file.metadata.num_rows), head.dtypes.iloc[0])
                _fill(file, dict(zip(dtypes, array, strict=True)))
                return array.T
    return expose(read_frame(path), "numpy")


def _head(schema: Any) -> Any:
    """The frame without rows: its columns and dtypes. Raises DataError for double names."""
    if len(set(schema.names)) < len(schema.names):
        raise DataError('it has two columns with the same name: set exposed_type = "pyarrow"')
    return _to_pandas(schema.empty_table())


def _fill(file: Any, plain: dict[str, Any]) -> Any:
    """Decode the file into the arrays of `plain`. Returns a table of the other columns."""
    schema = file.schema_arrow
    others = [place for place, name in enumerate(schema.names) if name not in plain]
    kept = arrow().schema([schema.field(place) for place in others], schema.metadata)
    joined, pieces, at = [], [], 0
    for piece in _pieces(file):
        for name, target in plain.items():
            target[at : at + len(piece)] = piece.column(name).to_numpy(zero_copy_only=False)
        at += len(piece)
        pieces.append(piece.select(others))
        if len(pieces) == _JOINED:
            # Decoded data takes more memory than it needs. A copy takes only what it needs.
            joined += arrow().Table.from_batches(pieces, kept).combine_chunks().to_batches()
            pieces.clear()
    return arrow().Table.from_batches([*joined, *pieces], kept)


def _plain(file: Any, dtypes: dict[str, Any]) -> dict[str, Any]:
    """The columns, with their dtypes, that can be filled from NumPy arrays, piece by piece."""
    import numpy

    types = arrow().types
    found = {}
    for name, dtype in dtypes.items():
        kind = file.schema_arrow.field(name).type
        native = (
            types.is_integer(kind)
            or types.is_floating(kind)
            or types.is_boolean(kind)
            or types.is_timestamp(kind)
            or types.is_duration(kind)
        )
        if native and isinstance(dtype, numpy.dtype) and dtype.kind in _PLAIN:
            found[name] = dtype
    without = {name for name, dtype in found.items() if dtype.kind in _WITHOUT_NULLS}
    for name in _with_nulls(file.metadata, without):
        del found[name]
    return found


def _with_nulls(metadata: Any, names: set[str]) -> set[str]:
    """The columns of `names` that hold nulls, or may hold nulls because the file does not say."""
    found: set[str] = set()
    for number in range(metadata.num_row_groups if names else 0):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            name = column.path_in_schema
            if name in names - found:
                known = column.statistics
                if known is None or not known.has_null_count or known.null_count:
                    found.add(name)
    return found


def _index_names(schema: Any) -> set[str]:
    """The columns that pandas makes its index from."""
    known = (schema.pandas_metadata or {}).get("index_columns", [])
    return {name for name in known if isinstance(name, str)}


def _to_pandas(table: Any) -> Any:
    """A DataFrame that may be changed. The table is consumed. pandas itself does the same."""
    attributes = (table.schema.metadata or {}).get(b"PANDAS_ATTRS")
    frame = table.to_pandas(self_destruct=True)
    if attributes is not None:
        frame.attrs = json.loads(attributes)
    return frame


def _pieces(file: Any) -> Iterator[Any]:
    """The file's rows in record batches of about `_PIECE` bytes."""
    metadata = file.metadata
    if not metadata.num_rows:
        return iter(())
    groups = range(metadata.num_row_groups)
    held = sum(metadata.row_group(number).total_byte_size for number in groups)
    width = sum(_width(field.type) for field in file.schema_arrow)
    rows = int(_PIECE / max(held / metadata.num_rows, width, 1))
    # In this thread: pieces are small, and every other thread would keep its own memory.
    return file.iter_batches(  # type: ignore[no-any-return]
        batch_size=max(_FEWEST, min(rows, _MOST)), use_threads=False
    )


def _width(kind: Any) -> float:
    try:
        return float(kind.bit_width) / 8
    except ValueError:
        return _VARIABLE
