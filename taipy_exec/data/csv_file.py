"""`csv`: tables as pandas, NumPy, Arrow, polars or objects of the user's class."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.data.extras import extra
from taipy_exec.data.files import FileStorage, wrong_encoding
from taipy_exec.data.table_index import index_columns, keeps_index
from taipy_exec.data.tables import expose, frame_of, native_table, objects_of, pandas_for
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


_BLANK = 1024  # bytes that are read first, to see whether a file is empty


class CsvFile(FileStorage):
    """Properties of Taipy: encoding, has_header, exposed_type. `index` is taipy-exec only."""

    extension: str | None = "csv"

    def read(self, node: DataNodeRef) -> Any:
        assert node.path is not None
        properties = node.config.properties
        encoding = properties.get("encoding", "utf-8")
        has_header = properties.get("has_header", True)
        exposed = realise(properties.get("exposed_type", "pandas"))
        try:
            if isinstance(exposed, type):
                return _read_objects(node.path, encoding, has_header, exposed)
            if exposed == "polars":
                return _read_polars(node.path, encoding, has_header)
            if exposed == "pyarrow":
                return _read_arrow(node.path, encoding, has_header)
            index = index_columns(node) if exposed == "pandas" else []
            return expose(_read_pandas(node.path, encoding, has_header, index), exposed)
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, error) from error

    def write(self, node: DataNodeRef, value: Any) -> None:
        properties = node.config.properties
        encoding = properties.get("encoding", "utf-8")
        with self.write_bytes(node) as file:
            _write(file, node, value, encoding, bool(properties.get("has_header", True)))

    def append(self, node: DataNodeRef, value: Any) -> None:
        assert node.path is not None
        encoding = node.config.properties.get("encoding", "utf-8")
        try:
            with node.path.open(encoding=encoding, newline="") as file:
                held = file.read()
        except FileNotFoundError:
            held = ""
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, error) from error
        if held and not held.endswith("\n"):
            held += "\n"
        rows = io.BytesIO()
        _write(rows, node, value, "utf-8", header=False)
        with self.write_bytes(node) as target:
            target.write((held + rows.getvalue().decode()).encode(encoding))


def _read_pandas(path: Path, encoding: str, has_header: bool, index: list[int]) -> Any:
    pandas = pandas_for("csv")
    header = 0 if has_header else None
    try:
        frame = pandas.read_csv(path, encoding=encoding, header=header, index_col=index or None)
        if index and not has_header:
            frame.index.names = [None] * len(index)
        return frame
    except pandas.errors.EmptyDataError:
        return pandas.DataFrame()
    except pandas.errors.ParserError as error:
        raise _uneven(path, encoding) or error from None


def _read_objects(path: Path, encoding: str, has_header: bool, cls: type) -> list[Any]:
    with path.open(encoding=encoding, newline="") as file:
        if has_header:
            # The key "" takes the values that have no name.
            rows = csv.DictReader(file, restkey="")
            return objects_of((row for row in rows if _fits(row, path, encoding)), cls)
        return objects_of((row for row in csv.reader(file) if row), cls)


def _fits(row: dict[str, Any], path: Path, encoding: str) -> bool:
    """Always True. Raises DataError for a row with more values than names."""
    if isinstance(row.get(""), list):
        raise _uneven(path, encoding) or DataError("a row has more values than names")
    return True


def _uneven(path: Path, encoding: str, *, short_ones_too: bool = False) -> DataError | None:
    """The error for the first line with more values than the first one, or with fewer."""
    width = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            rows = csv.reader(file)
            for row in rows:
                width = width or len(row)
                if len(row) > width or (short_ones_too and 0 < len(row) < width):
                    return DataError(
                        f"line {rows.line_num} has {len(row)} values, but the first has {width}: "
                        "fix it (a value with a comma must be in quotes)"
                    )
    except (csv.Error, ValueError):
        pass
    return None


def _read_polars(path: Path, encoding: str, has_header: bool) -> Any:
    polars = extra("polars", "polars", 'data nodes with exposed_type = "polars"')
    with _utf8(path, encoding) as source:
        if _is_blank(source):
            return polars.DataFrame()
        try:
            return polars.read_csv(source, has_header=has_header)
        except polars.exceptions.ComputeError:
            path.read_text(encoding=encoding)  # raises if it is no such text
            uneven = _uneven(path, encoding)
            if uneven is not None:
                raise uneven from None
            raise


def _read_arrow(path: Path, encoding: str, has_header: bool) -> Any:
    user = 'data nodes with exposed_type = "pyarrow"'
    arrow, reader = extra("pyarrow", "parquet", user), extra("pyarrow.csv", "parquet", user)
    with _utf8(path, encoding) as source:
        if _is_blank(source):
            return arrow.table({})
        try:
            table = reader.read_csv(
                source,
                read_options=reader.ReadOptions(autogenerate_column_names=not has_header),
                parse_options=reader.ParseOptions(newlines_in_values=True),
            )
        except arrow.ArrowInvalid as error:
            raise _uneven(path, encoding, short_ones_too=True) or error from None
    if any(arrow.types.is_binary(kind) for kind in table.schema.types):
        path.read_text(encoding=encoding)  # Arrow takes text that is not UTF-8 for bytes
    return table


def _utf8(path: Path, encoding: str) -> IO[bytes]:
    """The file, or its text in UTF-8 if it has another encoding."""
    if _is_utf8(encoding):
        return path.open("rb")
    return io.BytesIO(path.read_bytes().decode(encoding).encode())


def _is_blank(source: IO[bytes]) -> bool:
    """Whether the file has only white space. Afterwards it is at its start again."""
    blank = not source.read(_BLANK).strip() and not source.read().strip()
    source.seek(0)
    return blank


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def _write(file: IO[bytes], node: DataNodeRef, value: Any, encoding: str, header: bool) -> None:
    """Write a table. A table of polars or Arrow uses its own library, any other uses pandas."""
    library, table = native_table(value)
    if library is None:
        frame = frame_of(value, pandas_for("csv"))
        index = keeps_index(node, {"": frame})
        frame.to_csv(file, index=index, header=header, encoding=encoding)
        return
    target = file if _is_utf8(encoding) else io.BytesIO()
    if library == "polars":
        table.write_csv(target, include_header=header)
    else:
        writer = extra("pyarrow.csv", "parquet", "Arrow tables")
        writer.write_csv(table, target, writer.WriteOptions(include_header=header))
    if isinstance(target, io.BytesIO) and target is not file:
        file.write(target.getvalue().decode().encode(encoding))
