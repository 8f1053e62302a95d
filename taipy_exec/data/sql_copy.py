"""Writes rows into a PostgreSQL table by COPY, several times as fast as INSERT."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taipy_exec.data.sql_rows import Column, chunks_of, column_values
from taipy_exec.errors import DataError

_NULL = "\\N"
_BETWEEN = "\x00"  # cannot be in a text of PostgreSQL
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def may_copy(connection: Any, table: str, columns: Sequence[Column]) -> bool:
    """Whether COPY gives the same result as INSERT for this table and these columns."""
    from sqlalchemy import types

    plain = (
        types.Integer,
        types.Numeric,
        types.Float,
        types.String,
        types.Boolean,
        types.Date,
        types.DateTime,
        types.Time,
        types.Interval,
        types.LargeBinary,
        types.Uuid,
        types.JSON,
        types.Enum,
    )
    if not columns or not all(isinstance(column.type, plain) for column in columns):
        return False
    found = connection.exec_driver_sql(
        "SELECT relkind IN ('r', 'p') AND NOT relrowsecurity AND NOT relhasrules "
        "FROM pg_class WHERE oid = to_regclass(%s)",
        (unescaped(connection, table),),
    ).scalar()
    return bool(found)


def unescaped(connection: Any, sql: str) -> str:
    """Quoted names in the form for the server. SQLAlchemy doubles a `%` for some drivers."""
    return sql if connection.dialect.paramstyle == "qmark" else sql.replace("%%", "%")


def copy_rows(connection: Any, table: str, frame: Any, columns: Sequence[Column]) -> None:
    """Add the rows of `frame`. `table` is the quoted name of the table."""
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in columns)
    statement = unescaped(connection, f"COPY {table} ({names}) FROM STDIN")
    cursor = connection.connection.cursor()
    try:
        for part in chunks_of(frame):
            lines = _lines(column_values(part, columns, "postgresql"), columns)
            cursor.copy_expert(statement, io.StringIO(lines))
    finally:
        cursor.close()


def _lines(values: list[list[Any]], columns: Sequence[Column]) -> str:
    texts = [
        _texts(column_of_values, column)
        for column_of_values, column in zip(values, columns, strict=True)
    ]
    return "\n".join(map("\t".join, zip(*texts, strict=True))) + "\n"


def _texts(values: list[Any], column: Column) -> list[str]:
    """Each value in the text format of COPY."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {str}:
        return _escaped(values, column)
    form = _FORMS.get(next(iter(kinds))) if len(kinds) == 1 else None
    if form is not None:
        if None in values:
            return [_NULL if value is None else form(value) for value in values]
        return list(map(form, values))
    return _escaped([None if v is None else _FORMS.get(type(v), str)(v) for v in values], column)


def _escaped(values: list[str | None], column: Column) -> list[str]:
    has_nulls = None in values
    text = _BETWEEN.join([value or "" for value in values] if has_nulls else values)  # type: ignore[arg-type]
    if text.count(_BETWEEN) != len(values) - 1:
        raise DataError(
            f"column {column.name!r} holds a text with a NUL character, which PostgreSQL cannot "
            "store"
        )
    before = text
    for character, escape in _ESCAPES:
        if character in text:
            text = text.replace(character, escape)
    texts = text.split(_BETWEEN) if text is not before or has_nulls else values
    if has_nulls:
        return [_NULL if value is None else t for value, t in zip(values, texts, strict=True)]  # type: ignore[misc]
    return texts  # type: ignore[return-value]


def _interval(value: dt.timedelta) -> str:
    return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"


_FORMS: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: "t" if value else "f",
    int: str,
    float: repr,
    bytes: lambda value: f"\\\\x{value.hex()}",
    dt.date: dt.date.isoformat,
    dt.datetime: dt.datetime.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _interval,
}
