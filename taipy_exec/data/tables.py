"""Tables: the values that a task may return, and those it gets, by `exposed_type`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from taipy_exec.data.extras import extra
from taipy_exec.errors import DataError

_LIBRARIES = ("pyarrow", "polars")
# Types that are a row or a value themselves, although they may have attributes.
_NO_OBJECTS = (list, tuple, dict, str, bytes, enum.Enum, dt.date, dt.timedelta)


def pandas_for(storage_type: str) -> Any:
    """pandas, for data nodes of this type. Raises ConfigurationError if it is missing."""
    return extra("pandas", storage_type, f"{storage_type} data nodes")


def frame_of(value: Any, pandas: Any) -> Any:
    """A DataFrame from the result of a task: a frame, series, array, rows, dicts or objects.

    Objects are converted by their `encode`. Without `encode`, their attributes count. Arrow tables
    and polars frames are converted. Raises ValueError if the value is no table.
    """
    if isinstance(value, pandas.DataFrame):
        return value
    table = native_table(value)[1]
    if hasattr(table, "to_pandas") and _library(table) in _LIBRARIES:
        table = table.to_pandas()
        return table if isinstance(table, pandas.DataFrame) else pandas.DataFrame(table)
    try:
        return pandas.DataFrame(encoded(value))
    except ValueError as error:
        raise ValueError(_no_table(value, str(error))) from None


def _no_table(value: Any, why: str) -> str:
    kind = type(value).__name__
    what = f"a value of type {kind} is no table"
    if "not properly called" not in why:
        what = f"this {kind} is no table ({why})"
    return f"{what}: give a DataFrame, a list of dicts (the rows) or a dict of lists (the columns)"


def native_table(value: Any) -> tuple[str | None, Any]:
    """("polars", DataFrame) or ("pyarrow", Table) for a table of these libraries.

    For any other value it is (None, value). A lazy frame is computed. A batch becomes a table.
    """
    for base in type(value).__mro__:
        match base.__module__.partition(".")[0], base.__name__:
            case "polars", "DataFrame":
                return "polars", value
            case "polars", "LazyFrame":
                return "polars", value.collect()
            case "pyarrow", "Table":
                return "pyarrow", value
            case "pyarrow", "RecordBatch":
                import pyarrow

                return "pyarrow", pyarrow.Table.from_batches([value])
    return None, value


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def encoded(value: Any) -> Any:
    """A list of the user's objects as a list of rows or dicts. Any other value is not changed."""
    if not isinstance(value, list) or not value or isinstance(value[0], _NO_OBJECTS):
        return value
    first = value[0]
    if hasattr(first, "encode"):
        return [item.encode() for item in value]
    if hasattr(first, "__dict__") and _library(first) not in ("pandas", "numpy"):
        return [vars(item) for item in value]
    if dataclasses.is_dataclass(first):  # one with slots
        names = [field.name for field in dataclasses.fields(first)]
        return [{name: getattr(item, name) for name in names} for item in value]
    return value


def expose(frame: Any, exposed: Any) -> Any:
    """A DataFrame as the exposed type: "pandas", "numpy", "polars", "pyarrow" or a class."""
    if isinstance(exposed, type):
        return objects_of(frame.to_dict("records"), exposed)
    if exposed == "numpy":
        return _free(frame.to_numpy())
    if exposed == "polars":
        user = 'data nodes with exposed_type = "polars"'
        return extra("polars", "polars", user).from_pandas(_named(frame))
    if exposed == "pyarrow":
        user = 'data nodes with exposed_type = "pyarrow"'
        table = extra("pyarrow", "parquet", user).Table
        return table.from_pandas(_named(frame), preserve_index=False)
    return frame


def _free(array: Any) -> Any:
    """A writable array, because a task may change it. pandas 3 gives a read-only view."""
    try:
        array.flags.writeable = True
    except ValueError:
        return array.copy()
    return array


def _named(frame: Any) -> Any:
    """The frame with texts as column names, which libraries other than pandas need."""
    if all(isinstance(name, str) for name in frame.columns):
        return frame
    frame = frame.copy(deep=False)
    frame.columns = [str(name) for name in frame.columns]
    return frame


def objects_of(rows: Iterable[Any], cls: type) -> list[Any]:
    """`cls.decode(row)` for each row. If the class has no `decode`, `cls(**row)`.

    A row without names gives `cls(*row)`. Raises DataError if the class does not take these
    columns.
    """
    decode = getattr(cls, "decode", None)
    return [decode(row) if decode else _object(row, cls) for row in rows]


def _object(row: Any, cls: type) -> Any:
    named = isinstance(row, Mapping)
    try:
        return cls(**row) if named else cls(*row)
    except TypeError as error:
        try:
            known = inspect.signature(cls)
            known.bind(**row) if named else known.bind(*row)
        except TypeError as misfit:
            what = f"columns {', '.join(map(str, row))}" if named else f"{len(row)} columns"
            raise DataError(f"the {what} do not fit {cls.__qualname__}: {misfit}") from error
        except ValueError:
            pass  # a class whose signature is unknown
        raise
