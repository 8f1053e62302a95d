"""The first rows of a table: of pandas, polars, Arrow or NumPy, or rows of objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

ROWS = 10
COLUMNS = 12
_LONGEST_CELL = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortTable:
    """The first `ROWS` rows and `COLUMNS` columns as text; `told` says how many there are."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    told: str


def short_table(value: Any) -> ShortTable | None:
    """The first rows of a table; None for anything else."""
    if hasattr(value, "itertuples") and hasattr(value, "iloc"):
        return _of_pandas(value)
    if hasattr(value, "iter_rows") and hasattr(value, "columns"):
        return _made(value.columns, value.head(ROWS).rows(), *value.shape)
    if hasattr(value, "column_names") and hasattr(value, "itercolumns"):
        first = [column.to_pylist() for column in value.slice(0, ROWS).itercolumns()]
        return _made(value.column_names, zip(*first, strict=True), *value.shape)
    if hasattr(value, "to_frame") and hasattr(value, "iloc"):
        return _of_pandas(value.to_frame())
    if hasattr(value, "ndim") and hasattr(value, "tolist") and value.ndim == 2:
        rows, columns = value.shape
        return _made(range(columns), value[:ROWS].tolist(), rows, columns)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        return _of_objects(value)
    return None


def made_table(columns: Iterable[Any], rows: Iterable[Sequence[Any]], told: str) -> ShortTable:
    """A table of which only `told` is known."""
    return ShortTable(
        columns=tuple(_cell(name) for name in islice(columns, COLUMNS)),
        rows=tuple(tuple(_cell(v) for v in row[:COLUMNS]) for row in islice(rows, ROWS)),
        told=told,
    )


def _made(
    columns: Iterable[Any], rows: Iterable[Sequence[Any]], count: int, width: int
) -> ShortTable:
    return made_table(columns, rows, size_told(count, width))


def size_told(count: int, width: int) -> str:
    """`3 rows, 2 columns`, and what is left out."""
    told = f"{count:,} row{'' if count == 1 else 's'}, {width:,} column{'' if width == 1 else 's'}"
    shown = []
    if count > ROWS:
        shown.append(f"{ROWS} rows")
    if width > COLUMNS:
        shown.append(f"{COLUMNS} columns")
    return f"{told}; the first {' and '.join(shown)}" if shown else told


def _of_pandas(frame: Any) -> ShortTable:
    first = frame.iloc[:ROWS, :COLUMNS]
    columns: list[Any] = list(first.columns)
    rows = [list(row) for row in first.itertuples(index=False, name=None)]
    index = first.index
    if type(index).__name__ != "RangeIndex":
        columns.insert(0, "" if index.name is None else index.name)
        rows = [[key, *row] for key, row in zip(index, rows, strict=True)]
    return _made(columns, rows, *frame.shape)


def _of_objects(value: Sequence[Any]) -> ShortTable | None:
    """Rows that are mappings, or objects with fields; None if they are anything else."""
    first = [_fields(row) for row in value[:ROWS]]
    known = [row for row in first if row]
    if len(known) != len(first):
        return None
    columns = list(dict.fromkeys(name for row in known for name in row))
    if any(isinstance(cell, Mapping | list) for row in known for cell in row.values()):
        return None
    rows = [[row.get(name) for name in columns] for row in known]
    return _made(columns, rows, len(value), len(columns))


def _fields(row: Any) -> Mapping[Any, Any] | None:
    if isinstance(row, Mapping):
        return row
    if isinstance(row, type):
        return None
    if dataclasses.is_dataclass(row):
        return {field.name: getattr(row, field.name, None) for field in dataclasses.fields(row)}
    names = getattr(row, "_fields", None)
    if isinstance(row, tuple) and names:
        return dict(zip(names, row, strict=True))
    return None


def _cell(value: Any) -> str:
    """One value on its own; empty for one that is missing."""
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return ""
    if isinstance(value, float):
        return "" if value != value else f"{value:.10g}"
    text = str(value)
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}..."
