"""What a query gives, as the task wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taipy_exec.data.sql_rows import CHUNK, merged_frame
from taipy_exec.data.tables import expose, objects_of, pandas_for


def exposed_rows(
    connection: Any, query: str, exposed: Any, types: Mapping[str, Any] | None = None
) -> Any:
    """The rows of `query` as `exposed_type` says; a class gets each row by the columns' names.

    `types` are those of the columns, where they are known.
    """
    from sqlalchemy import text

    result = connection.execute(text(query))
    names = list(result.keys())
    if isinstance(exposed, type):
        return objects_of(
            (dict(zip(names, row, strict=True)) for part in _parts(result) for row in part), exposed
        )
    pandas = pandas_for("sql")
    frame = merged_frame(_parts(result), names, pandas)
    if types and connection.dialect.name == "sqlite":
        frame = _typed(frame, types, pandas)
    return expose(frame, exposed)


def _parts(result: Any) -> Iterator[list[Any]]:
    while rows := result.fetchmany(CHUNK):
        yield rows


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
