"""`parquet`: tables as pandas, NumPy, Arrow, polars or objects, each read directly."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.data.extras import extra
from taipy_exec.data.files import FileStorage, files_of
from taipy_exec.data.parquet_frame import arrow, opened, read_array, read_frame, read_table
from taipy_exec.data.tables import expose, frame_of, native_table, pandas_for
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

Options = Mapping[str, Any]

_MAGIC = (b"PAR1", b"PARE")  # the second one for encrypted files


class ParquetFile(FileStorage):
    """Properties of Taipy: engine, compression, read_kwargs, write_kwargs, exposed_type.

    The path may be a folder of files, or end in `*`. Such a path can only be read.
    """

    extension: str | None = "parquet"

    def read(self, node: DataNodeRef) -> Any:
        properties = node.config.properties
        source = _source(node)
        exposed = realise(properties.get("exposed_type", "pandas"))
        options = _options(node, "read_kwargs")
        with _clear_errors():
            if exposed == "polars":
                user = 'data nodes with exposed_type = "polars"'
                polars = extra("polars", "polars", user)
                return polars.read_parquet(_listed(source), **_partitions(source, options))
            if properties.get("engine") == "fastparquet" and exposed != "pyarrow":
                return expose(_read_fastparquet(source, options), exposed)
            if isinstance(source, Path) and source.is_file() and not options:
                return _read_whole(source, exposed)
            if exposed == "pyarrow":
                return _parquet().read_table(source, **options)
            arrow()  # without pyarrow, pandas would use fastparquet
            return expose(pandas_for("parquet").read_parquet(source, **options), exposed)

    def write(self, node: DataNodeRef, value: Any) -> None:
        options = _options(node, "write_kwargs")
        with self._single_file(node) as file, _clear_errors():
            _write(file, value, node.config.properties.get("engine"), _compression(node), options)

    def append(self, node: DataNodeRef, value: Any) -> None:
        assert node.path is not None
        if not node.path.exists():
            self.write(node, value)
            return
        options = _options(node, "write_kwargs")
        with self._single_file(node) as file, _clear_errors():
            _check(node.path)
            if node.config.properties.get("engine") == "fastparquet":
                with node.path.open("rb") as held:
                    shutil.copyfileobj(held, file)
                file.flush()
                _write_fastparquet(file, value, _compression(node), {**options, "append": True})
            else:
                _append(node.path, file, value, _compression(node), options)

    def changed_at(self, node: DataNodeRef) -> float | None:
        """The time of the file, or the latest time of the folder's files."""
        assert node.path is not None
        if not node.path.name.endswith("*") and not node.path.is_dir():
            return super().changed_at(node)
        times = []
        for path in files_of(node.path):
            try:
                times.append(path.stat().st_mtime)
            except FileNotFoundError:
                pass  # removed since it was listed
        return max(times, default=None)

    @contextmanager
    def _single_file(self, node: DataNodeRef) -> Iterator[IO[bytes]]:
        """The file to write into. Raises DataError for a folder, which is never written."""
        assert node.path is not None
        if node.path.name.endswith("*") or node.path.is_dir():
            raise DataError(
                "the path means several files, which can only be read: name one file in `path`"
            )
        if "partition_cols" in _options(node, "write_kwargs"):
            raise DataError(
                "partition_cols would make a folder, which cannot be replaced as a whole: "
                "leave it out of `write_kwargs`"
            )
        with self.write_bytes(node) as file:
            yield file


def _read_whole(path: Path, exposed: Any) -> Any:
    """The value of a single file, read with little more memory than the result needs."""
    if exposed == "pyarrow":
        return read_table(path)
    return read_array(path) if exposed == "numpy" else expose(read_frame(path), exposed)


def _options(node: DataNodeRef, key: str) -> dict[str, Any]:
    return dict(realise(node.config.properties.get(key)) or {})


def _compression(node: DataNodeRef) -> str | None:
    compression = node.config.properties.get("compression", "snappy")
    return None if compression == "none" else compression


def _source(node: DataNodeRef) -> Path | list[Path]:
    """The source to read: a file, a folder, or the files of a path that ends in `*`.

    Raises FileNotFoundError if there is none, DataError if it is no parquet file.
    """
    assert node.path is not None
    path = node.path.parent if node.path.name == "*" else node.path
    if path.is_file():
        _check(path)
        return path
    found = files_of(path)
    if not found and path.is_dir():
        raise DataError("there is no file in this folder")
    if not found:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return path if path.is_dir() else found


def _listed(source: Path | list[Path]) -> Path | list[Path]:
    """The files of a folder, for libraries that would also read hidden files."""
    return files_of(source) if isinstance(source, Path) and source.is_dir() else source


def _partitions(source: Path | list[Path], options: Options) -> Options:
    """`read_kwargs` for polars. It reads columns from folder names only with this option."""
    if isinstance(source, Path) and any("=" in path.name for path in source.glob("*/")):
        return {"hive_partitioning": True, **options}
    return options


def _check(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    if start not in _MAGIC:
        raise DataError("it is no parquet file" if start else "it is empty: no parquet file")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Errors of Arrow become one sentence. Some of them are tuples of texts."""
    try:
        yield
    except (ValueError, TypeError, NotImplementedError, LookupError) as error:
        if not type(error).__module__.startswith("pyarrow"):
            raise
        raise DataError("; ".join(str(part) for part in error.args)) from error


# -- writing ----------------------------------------------------------------------------------


def _write(
    file: IO[bytes], value: Any, engine: str | None, compression: str | None, options: Options
) -> None:
    """Write a table. A table of polars or Arrow uses its own library, any other uses pandas."""
    library, table = native_table(value)
    if library == "polars":
        table.write_parquet(file, **_own(options, compression or "uncompressed"))
    elif library == "pyarrow":
        _parquet().write_table(table, file, **_own(options, compression or "none"))
    elif engine == "fastparquet":
        _write_fastparquet(file, value, compression, options)
    else:
        arrow()  # without pyarrow, pandas would use fastparquet
        _frame(value).to_parquet(file, **{"compression": compression, **options})


def _own(options: Options, compression: str) -> dict[str, Any]:
    """The arguments for tables without an index."""
    return {"compression": compression, **{k: v for k, v in options.items() if k != "index"}}


def _frame(value: Any) -> Any:
    """A DataFrame whose column names are texts, as Taipy writes it. `value` is not changed.

    Columns with several levels are not converted: the library handles them.
    """
    pandas = pandas_for("parquet")
    frame = frame_of(value, pandas)
    if isinstance(frame.columns, pandas.MultiIndex) or all(
        isinstance(name, str) for name in frame.columns
    ):
        return frame
    frame = frame.copy(deep=False)
    frame.columns = frame.columns.astype(str)
    return frame


def _parquet() -> Any:
    return extra("pyarrow.parquet", "parquet", "parquet data nodes")


# -- appending --------------------------------------------------------------------------------


def _append(
    path: Path, file: IO[bytes], value: Any, compression: str | None, options: Options
) -> None:
    """Write the rows of `path`, one row group after the other, and then `value`."""
    with opened(path) as held:
        index = _index(held.schema_arrow)
        if index is None:
            frames = [read_frame(path), _frame(value)]
            _write(file, pandas_for("parquet").concat(frames), None, compression, options)
            return
        added = _table(value, bool(index))
        schema = _joined(held.schema_arrow, added.schema, index)
        given = _own(options, compression or "none")
        given.pop("row_group_size", None)
        with _parquet().ParquetWriter(file, schema, **given) as writer:
            for number in range(held.num_row_groups):
                writer.write_table(held.read_row_group(number).cast(schema))
            writer.write_table(added.select(schema.names).cast(schema))


def _table(value: Any, with_index: bool) -> Any:
    library, table = native_table(value)
    if library == "polars":
        return table.to_arrow()
    if library == "pyarrow":
        return table
    return arrow().Table.from_pandas(_frame(value), preserve_index=with_index)


def _joined(held: Any, added: Any, index: list[str]) -> Any:
    """The schema for the rows of both tables. Raises DataError if the columns differ."""
    missing = [name for name in held.names if name not in added.names]
    surplus = [name for name in added.names if name not in held.names]
    if missing or surplus:
        wrong = [f"lacks {', '.join(missing)}"] if missing else []
        wrong += [f"has also {', '.join(surplus)}"] if surplus else []
        raise DataError(
            f"the appended table {' and '.join(wrong)}: its columns must be those of the file "
            f"({', '.join(held.names)})"
        )
    metadata = dict(held.metadata or {})
    if b"pandas" in metadata:
        # Without the old number of rows, which defines a plain index.
        for_pandas = {**json.loads(metadata[b"pandas"]), "index_columns": index}
        metadata[b"pandas"] = json.dumps(for_pandas).encode()
    both = arrow().unify_schemas([held, added], promote_options="permissive")
    return both.with_metadata(metadata)


def _index(schema: Any) -> list[str] | None:
    """The columns of pandas' index. None if it is a range that differs from the row numbers."""
    columns = []
    for known in (schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(known, str):
            columns.append(known)
        elif (known["name"], known["start"], known["step"]) != (None, 0, 1):
            return None
    return columns


# -- fastparquet ------------------------------------------------------------------------------


def _read_fastparquet(source: Path | list[Path], options: Options) -> Any:
    given = _listed(source)
    with ExitStack() as opened_files:
        open_with = _opener(opened_files)
        if isinstance(given, list):
            root = str(source) if isinstance(source, Path) else str(given[0].parent)
            texts = [str(path) for path in given]
            file = _fastparquet().ParquetFile(texts, root=root, open_with=open_with)
        else:
            file = _fastparquet().ParquetFile(str(given), open_with=open_with)
        return file.to_pandas(**options)


def _write_fastparquet(
    file: IO[bytes], value: Any, compression: str | None, options: Options
) -> None:
    given = {"compression": (compression or "uncompressed").upper(), **options}
    if "index" in given:
        given["write_index"] = given.pop("index")  # the one argument that pandas renames
    frame = _frame(value)
    with ExitStack() as opened_files:
        _fastparquet().write(file.name, frame, open_with=_opener(opened_files), **given)


def _fastparquet() -> Any:
    return extra("fastparquet", "fastparquet", 'data nodes with engine = "fastparquet"')


def _opener(opened_files: ExitStack) -> Callable[..., IO[Any]]:
    """An `open` whose files are closed with the stack: fastparquet does not always close them."""
    return lambda path, mode="rb": opened_files.enter_context(Path(path).open(mode))
