"""Values of data nodes for the eye and for JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Mapping
from typing import Any

from taipy_exec.visible_text import visible_json

_MAX_DEPTH = 20
_DIGITS_OF_A_BIT = 0.30103


def as_json(value: Any, depth: int = 0) -> Any:
    """A value that JSON can hold. A table becomes `{"columns": [...], "rows": [[...]]}`.

    A missing value (NaN, NaT, NA) becomes null. An infinite number, and a whole number with more
    digits than Python writes, become text.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _whole(int(value))
    if isinstance(value, float):
        if value != value:
            return None
        return float(value) if abs(value) != float("inf") else str(value)
    if depth > _MAX_DEPTH:
        return repr(value)
    if isinstance(value, Mapping):
        return {_key(key): as_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return [as_json(item, depth + 1) for item in sorted(value, key=repr)]
    return _special(value, depth)


def _whole(value: int) -> int | str:
    try:
        str(value)
    except ValueError:
        return f"a number of about {int(value.bit_length() * _DIGITS_OF_A_BIT) + 1:,} digits"
    return value


def _key(key: Any) -> str:
    return str(_whole(key) if isinstance(key, int) and not isinstance(key, bool) else key)


def _special(value: Any, depth: int) -> Any:
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, enum.Enum):
        return as_json(value.value, depth + 1)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return as_json(fields, depth + 1)
    # Without importing pandas or numpy: their values have a method that makes them plain.
    table = _table(value)
    if table is not None:
        return {"columns": as_json(table[0], depth + 1), "rows": as_json(table[1], depth + 1)}
    if hasattr(value, "tolist") and not isinstance(value, type):
        return as_json(value.tolist(), depth + 1)
    if hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value):
        return as_json(vars(value), depth + 1)
    return repr(value)


def _table(value: Any) -> tuple[list[Any], list[Any]] | None:
    """Columns and rows of a table of pandas, polars or Arrow; None for anything else."""
    if hasattr(value, "itertuples"):
        return value.columns.tolist(), list(value.itertuples(index=False, name=None))
    if hasattr(value, "iter_rows") and hasattr(value, "columns"):
        return value.columns, value.rows()
    if hasattr(value, "column_names") and hasattr(value, "itercolumns"):
        columns = [column.to_pylist() for column in value.itercolumns()]
        return value.column_names, list(zip(*columns, strict=True))
    return None


def as_text(value: Any) -> str:
    """A value for people: tables as tables, text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value
    if hasattr(value, "itertuples"):
        return str(value.to_string(max_rows=60))
    if _table(value) is not None:
        return str(value)
    return visible_json(json.dumps(as_json(value), indent=2, ensure_ascii=False))
