"""Rows for a database: matches a DataFrame's columns with a table's, and converts the values."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from taipy_exec.errors import DataError

# The most rows in memory as Python values at the same time.
CHUNK = 50_000
_AS_THEY_ARE = frozenset(
    {type(None), bool, int, str, bytes, dt.date, dt.datetime, dt.time, dt.timedelta, list, dict}
)
_NUMBERS = (int, float, Decimal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the table that gets values: its name, SQLAlchemy's type and converter."""

    name: str
    type: Any
    processor: Any = None


def matched_columns(
    frame: Any, found: Sequence[Mapping[str, Any]], dialect: Any, table: str
) -> list[Column]:
    """The table's column for each column of the frame, by name, or by position without names.

    Raises DataError with both lists of columns if the table lacks one.
    """
    known = {column["name"]: column["type"] for column in found}
    labels = [str(label) for label in frame.columns]
    if list(frame.columns) == list(range(len(labels))) and not set(labels) & set(known):
        if len(labels) not in (0, len(known)):
            raise DataError(
                f"rows without names must have a value for each of the {len(known)} columns of "
                f"table {table!r} ({', '.join(known)}); these have {len(labels)}"
            )
        labels = list(known)[: len(labels)]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise DataError(f"the value has two columns named {', '.join(twice)}: rename one")
    lacking = [label for label in labels if label not in known]
    if lacking:
        raise DataError(
            f"table {table!r} has no column {', '.join(lacking)}: the value has the columns "
            f"{', '.join(labels)}, the table {', '.join(known)}"
        )
    return [
        Column(name=label, type=known[label], processor=_processor(known[label], dialect))
        for label in labels
    ]


def _processor(kind: Any, dialect: Any) -> Any:
    """SQLAlchemy's converter for values of the type. None if the driver converts them itself."""
    from sqlalchemy import types

    always = isinstance(kind, types.JSON | types.Enum | types.Boolean)
    dated = isinstance(kind, types.Date | types.DateTime | types.Time | types.Numeric)
    if always or (dated and dialect.name == "sqlite"):
        return kind.dialect_impl(dialect).bind_processor(dialect)
    return None


def chunks_of(frame: Any) -> Iterator[Any]:
    """The frame in parts of at most `CHUNK` rows."""
    for start in range(0, len(frame), CHUNK):
        yield frame.iloc[start : start + CHUNK]


def column_values(frame: Any, columns: Sequence[Column], dialect: str) -> list[list[Any]]:
    """The values of each column as Python values. Missing values are None.

    Raises DataError with the name of a column whose values do not fit.
    """
    return [
        _fitting(_python_values(frame.iloc[:, position], dialect), column)
        for position, column in enumerate(columns)
    ]


def _python_values(series: Any, dialect: str) -> list[Any]:
    kind = getattr(series.dtype, "kind", "O")
    if type(series.dtype).__module__.startswith("numpy"):
        if kind in "iub":
            return series.tolist()  # type: ignore[no-any-return]
        if kind == "f":
            return _without_nan(series.tolist())
        if kind in "Mm":
            return series.to_numpy().astype(f"{series.dtype.name.partition('[')[0]}[us]").tolist()  # type: ignore[no-any-return]
    if kind == "M" and getattr(series.dtype, "tz", None) is not None:
        naive = _python_values(series.dt.tz_convert("UTC").dt.tz_localize(None), dialect)
        if dialect != "postgresql":
            return naive
        return [None if value is None else value.replace(tzinfo=dt.UTC) for value in naive]
    if kind == "O" and hasattr(series.dtype, "categories"):
        series = series.astype(object)
    if series.dtype != object:
        return _plain(series.array.to_numpy(dtype=object, na_value=None).tolist(), dialect)
    return _plain(series.tolist(), dialect)


def _without_nan(values: list[Any]) -> list[Any]:
    return [None if value != value else value for value in values]


def _plain(values: list[Any], dialect: str) -> list[Any]:
    """The values of an object column. Values of NumPy and pandas become Python values."""
    kinds = set(map(type, values))
    if kinds <= _AS_THEY_ARE and dt.datetime not in kinds:
        return values
    return [_one(value, dialect) for value in values]


def _one(value: Any, dialect: str) -> Any:
    if isinstance(value, dt.datetime):
        if value != value:  # NaT
            return None
        if hasattr(value, "to_pydatetime"):
            value = value.to_pydatetime(warn=False)
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC)
            return value if dialect == "postgresql" else value.replace(tzinfo=None)
        return value
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if hasattr(value, "to_pytimedelta"):
        return value.to_pytimedelta()
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        value = value.tolist()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return None if isinstance(value, float | Decimal) and value != value else value


def _fitting(values: list[Any], column: Column) -> list[Any]:
    from sqlalchemy import types

    if isinstance(column.type, types.Integer):
        values = _whole(values, column)
    elif isinstance(column.type, types.Numeric | types.Float):
        _require(values, column, _NUMBERS, "numbers")
    if column.processor is None:
        return values
    process = column.processor
    try:
        return [None if value is None else process(value) for value in values]
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise DataError(f"column {column.name!r} is {_type_name(column)}: {error}") from None


def _whole(values: list[Any], column: Column) -> list[Any]:
    kinds = _require(values, column, _NUMBERS, "whole numbers")
    if not kinds & {float, Decimal}:
        return values
    for value in values:
        if (value is not None and value - value != 0) or (
            value is not None and value != int(value)
        ):
            raise _unfit(column, value, "whole numbers")
    return [None if value is None else int(value) for value in values]


def _require(
    values: list[Any], column: Column, wanted: tuple[type, ...], named: str
) -> set[type[Any]]:
    kinds = set(map(type, values)) - {type(None)}
    for kind in kinds:
        if not issubclass(kind, wanted):
            raise _unfit(column, next(v for v in values if type(v) is kind), named)
    return kinds


def _unfit(column: Column, value: Any, named: str) -> DataError:
    text = repr(value)
    if len(text) > 60:
        text = f"{text[:60]}..."
    return DataError(
        f"column {column.name!r} is {_type_name(column)} and takes {named}, but the value has "
        f"{text} there"
    )


def _type_name(column: Column) -> str:
    return str(column.type)


def create_statement(frame: Any, table: str, dialect: Any) -> str:
    """`CREATE TABLE ...` for the columns of a frame, in the database's dialect, on one line."""
    from sqlalchemy import Column as SqlColumn
    from sqlalchemy import MetaData, Table, types
    from sqlalchemy.schema import CreateTable

    of_kind = {
        "i": types.BigInteger,
        "u": types.BigInteger,
        "f": types.Double,
        "b": types.Boolean,
        "M": types.DateTime,
    }
    columns: list[Any] = [
        SqlColumn(str(label), of_kind.get(getattr(frame.dtypes.iloc[at], "kind", "O"), types.Text))
        for at, label in enumerate(frame.columns)
    ]
    made = CreateTable(Table(table, MetaData(), *columns)).compile(dialect=dialect)
    return " ".join(str(made).split()).replace("( ", "(").replace(" )", ")")


def merged_frame(parts: Iterable[Any], names: Sequence[str], pandas: Any) -> Any:
    """One DataFrame from several lists of rows, with the same types as from one list."""
    frames = [pandas.DataFrame.from_records(rows, columns=names) for rows in parts]
    if len(frames) < 2:
        return frames[0] if frames else pandas.DataFrame(columns=list(names))
    whole = {}
    for at in range(len(names)):
        pieces = [frame.iloc[:, at] for frame in frames]
        if len({piece.dtype for piece in pieces}) > 1:
            values = [value for piece in pieces for value in _objects(piece)]
            pieces = [pandas.DataFrame.from_records([(value,) for value in values]).iloc[:, 0]]
        whole[at] = pandas.concat(pieces, ignore_index=True)
    frames.clear()
    merged = pandas.DataFrame(whole, copy=False)
    merged.columns = list(names)
    return merged


def _objects(series: Any) -> list[Any]:
    return [None if value != value else value for value in series.astype(object).tolist()]
