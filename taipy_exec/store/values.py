"""Reads column values safely: SQLite accepts any value in any column.

A value that makes no sense is read as None, or as the nearest one that does. So one odd value, of
an older version or of a manual change, does not hide all the others.
"""

from __future__ import annotations

import json
import math
from typing import Any

# JSON has no such numbers, and SQLite refuses to look into a text that has them.
_TYPE, _VALUE = "__type__", "__value__"
_MARK = "Number"
# Python does not write a longer number in decimal digits.
_MOST_BITS = 14_000

# The end of the year 9999, in seconds since the epoch.
_LATEST = 253_402_300_799.0
_LONGEST = 1e10


def text(value: object) -> str:
    """A text, empty for None."""
    return maybe_text(value) or ""


def maybe_text(value: object) -> str | None:
    """A text, or None."""
    if value is None or isinstance(value, str):
        return value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def time(value: object) -> float:
    """Seconds since the epoch, 0 for None."""
    return maybe_time(value) or 0.0


def maybe_time(value: object) -> float | None:
    """Seconds since the epoch, or None."""
    return _number(value, _LATEST)


def maybe_seconds(value: object) -> float | None:
    """A duration in seconds, or None."""
    return _number(value, _LONGEST)


def _number(value: object, most: float) -> float | None:
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(max(value, 0.0), most)


def count(value: object, least: int = 0) -> int:
    """A whole number, at least `least`."""
    return max(value, least) if isinstance(value, int) else least


def maybe_count(value: object) -> int | None:
    """A whole number, at least 0, or None."""
    return None if value is None else count(value)


def mapping(value: object) -> dict[str, Any]:
    """A JSON object, empty if the value is not one."""
    found = _parsed(value)
    return found if isinstance(found, dict) else {}


def sequences(value: object) -> dict[str, list[str]] | None:
    """Names with the ids that belong to each, or None."""
    found = _parsed(value)
    if not isinstance(found, dict):
        return None
    return {name: list(map(text, ids)) for name, ids in found.items() if isinstance(ids, list)}


def json_text(value: object) -> str:
    """`value` as valid JSON that `mapping` reads back; what has no JSON becomes text."""
    try:
        return json.dumps(value, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=str, allow_nan=False)


def _finite(value: object) -> object:
    """`value` with a mark in place of each number that is infinite or NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else {_TYPE: _MARK, _VALUE: repr(float(value))}
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return hex(value)
    if isinstance(value, dict):
        return {_finite_key(key): _finite(item) for key, item in value.items()}
    return list(map(_finite, value)) if isinstance(value, list | tuple) else value


def _finite_key(key: object) -> object:
    return str(key) if isinstance(key, float) and not math.isfinite(key) else key


def _unmarked(found: dict[str, Any]) -> Any:
    if found.get(_TYPE) != _MARK or found.get(_VALUE) not in ("nan", "inf", "-inf"):
        return found
    return float(found[_VALUE])


def _nothing(constant: str) -> None:
    """Infinity and NaN are not JSON."""


def _parsed(value: object) -> object:
    try:
        if isinstance(value, str | bytes):
            return json.loads(value, parse_constant=_nothing, object_hook=_unmarked)
        return None
    except (ValueError, RecursionError):
        return None
