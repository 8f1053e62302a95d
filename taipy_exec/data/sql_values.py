"""The result of a query, in the type that the task gets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from taipy_exec.data.sql_copy import unescaped
from taipy_exec.data.sql_rows import CHUNK, merged_frame
from taipy_exec.data.tables import expose, objects_of, pandas_for
from taipy_exec.errors import DataError

# The statements for which PostgreSQL allows a cursor, so that rows are sent in parts.
_SELECT = re.compile(r"\s*(select|values)\b", re.IGNORECASE)


def exposed_rows(
    connection: Any, query: str, exposed: Any, types: Mapping[str, Any] | None = None
) -> Any:
    """The rows of `query` as the `exposed_type`. A class gets each row by the names of columns.

    The query has the form for SQLAlchemy's `text`. `types` are the known types of the columns.
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
    """The query text for the driver. Raises DataError if the query has parameters."""
    from sqlalchemy import text

    compiled = text(query).compile(dialect=connection.dialect)
    if compiled.params:
        name = next(iter(compiled.params))
        raise DataError(f"the query has a parameter, :{name}; write \\:{name} for a plain colon")
    return unescaped(connection, str(compiled))


def _cursor(connection: Any, statement: str) -> Any:
    """The driver's own cursor, which gives rows in parts. SQLAlchemy's rows are too slow."""
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
    """Convert columns of sqlite, which stores times as text and booleans as numbers."""
    from sqlalchemy import types as sql

    for name, kind in types.items():
        if name not in frame.columns:
            continue
        column = frame[name]
        if isinstance(kind, sql.Date | sql.DateTime):
            try:
                read = pandas.to_datetime(column, format="ISO8601")
            except (ValueError, TypeError):
                continue  # another time format: not converted
            frame[name] = read if isinstance(kind, sql.DateTime) else _dates(read)
        elif isinstance(kind, sql.Boolean) and column.isin((0, 1)).all():
            frame[name] = column.astype(bool)
    return frame


def _dates(column: Any) -> Any:
    return column.dt.date.astype(object).where(column.notna(), None)
