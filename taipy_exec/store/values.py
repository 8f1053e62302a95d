"""Values of columns, whatever is in them: SQLite takes any value in any column.

A value that cannot be meant is read as none, or as the nearest that can: so one odd value, of a
former version or of another hand, does not hide all the rest.
"""

from __future__ import annotations

import json
import math
from typing import Any

# The end of the year 9999, in seconds since the epoch.
_LATEST = 253_402_300_799.0
_LONGEST = 1e10


def text(value: object) -> str:
    """A text, empty for none."""
    return maybe_text(value) or ""


def maybe_text(value: object) -> str | None:
    """A text, or None."""
    if value is None or isinstance(value, str):
        return value
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def time(value: object) -> float:
    """Seconds since the epoch, the epoch itself for none."""
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
    """A whole number of at least `least`."""
    return max(value, least) if isinstance(value, int) else least


def maybe_count(value: object) -> int | None:
    """A whole number from 0 on, or None."""
    return None if value is None else count(value)


def mapping(value: object) -> dict[str, Any]:
    """An object of JSON, empty where it is none."""
    found = _parsed(value)
    return found if isinstance(found, dict) else {}


def sequences(value: object) -> dict[str, list[str]] | None:
    """Names and what belongs to each, or None."""
    found = _parsed(value)
    if not isinstance(found, dict):
        return None
    return {name: list(map(text, ids)) for name, ids in found.items() if isinstance(ids, list)}


def _nothing(constant: str) -> None:
    """Infinity and NaN are no JSON."""


def _parsed(value: object) -> object:
    try:
        return (
            json.loads(value, parse_constant=_nothing) if isinstance(value, str | bytes) else None
        )
    except (ValueError, RecursionError):
        return None
