"""What a query gives, as the task wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from taipy_exec.data.sql_copy import unescaped
from taipy_exec.data.sql_rows import CHUNK, merged_frame
from taipy_exec.data.tables import expose, objects_of, pandas_for
from taipy_exec.errors import DataError

# What PostgreSQL lets a cursor stand for, so that not all rows are sent at once.
_SELECT = re.compile(r"\s*(select|values)\b", re.IGNORECASE)


def exposed_rows(
    connection: Any, query: str, exposed: Any, types: Mapping[str, Any] | None = None
) -> Any:
    """The rows of `query` as `exposed_type` says; a class gets each row by the columns' names.

    The query is written as for SQLAlchemy's `text`. `types` are those of the columns, where they
    are known.
    """
    statement = _for_driver(connection, query)
    cursor = _cursor(connection, statement)
    try:
        cursor.execute(statement)
        first = cursor.fetchmany(CHUNK)
        names = [column[0] for column in cursor.description or ()]
        parts = _parts(cursor, first)
        if isinstance(exposed, type):
            rows = (row for part in parts for row in part)
            return objects_of((dict(zip(names, row, strict=True)) for row in rows), exposed)
        pandas = pandas_for("sql")
        frame = merged_frame(parts, names, pandas)
    finally:
        cursor.close()
    if types and connection.dialect.name == "sqlite":
        frame = _typed(frame, types, pandas)
    return expose(frame, exposed)


def _for_driver(connection: Any, query: str) -> str:
    """As it is executed without parameters. Raises DataError where it wants some."""
    from sqlalchemy import text

    compiled = text(query).compile(dialect=connection.dialect)
    if compiled.params:
        name = next(iter(compiled.params))
        raise DataError(f"the query has a parameter, :{name}; write \\:{name} for a plain colon")
    return unescaped(connection, str(compiled))


def _cursor(connection: Any, statement: str) -> Any:
    """The driver's own, which gives the rows a part at a time: SQLAlchemy's rows cost too much."""
    raw, name = connection.connection, connection.dialect.name
    if name == "postgresql" and _SELECT.match(statement):
        return raw.cursor(name="taipy_exec")
    if name in ("mysql", "mariadb"):
        from pymysql.cursors import SSCursor

        return raw.cursor(SSCursor)
    return raw.cursor()


def _parts(cursor: Any, rows: Any) -> Iterator[Any]:
    while rows:
        yield rows
        rows = cursor.fetchmany(CHUNK)


def _typed(frame: Any, types: Mapping[str, Any], pandas: Any) -> Any:
    """sqlite keeps times as text and truth as numbers; the table's declaration tells which."""
    from sqlalchemy import types as sql

    for name, kind in types.items():
        if name not in frame.columns:
            continue
        column = frame[name]
        if isinstance(kind, sql.Date | sql.DateTime):
            try:
                read = pandas.to_datetime(column, format="ISO8601")
            except (ValueError, TypeError):
                continue  # it is written in a way of its own: left as it is
            frame[name] = read if isinstance(kind, sql.DateTime) else _dates(read)
        elif isinstance(kind, sql.Boolean) and column.isin((0, 1)).all():
            frame[name] = column.astype(bool)
    return frame


def _dates(column: Any) -> Any:
    return column.dt.date.astype(object).where(column.notna(), None)
