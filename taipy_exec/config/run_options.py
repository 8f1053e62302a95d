"""Options of a task's jobs: properties of tasks that Taipy keeps and does not use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A year: more is a mistake, and more than some clocks can take.
_LONGEST = 366 * 86_400

_NAMES = {f"{letter}B": 1000**power for power, letter in enumerate("KMGT", 1)}
_NAMES |= {f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)}
_UNITS = {"": 1, "B": 1, **{name.upper(): size for name, size in _NAMES.items()}}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)
_LEAST_MEMORY = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of a task that define how its jobs run.

    `retries`: how often a failed job is retried. `retry_delay`: seconds from the first failure to
    the next attempt; they double after each further failure. `retry_on`: the exceptions (of the
    class or a base, with or without module) and reasons that allow a retry, () for all. `timeout`
    and `hard_timeout` are in seconds, `max_memory` is in bytes; None means no limit.
    """

    retries: int = 0
    retry_delay: float = 1.0
    retry_on: tuple[str, ...] = ()
    timeout: float | None = None
    hard_timeout: float | None = None
    priority: int = 0
    pool: str | None = None
    max_memory: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def seconds_to_kill(self, grace: float) -> float | None:
        """Seconds until the job's processes are killed; by default `grace` after `timeout`."""
        if self.hard_timeout is not None:
            return self.hard_timeout
        return None if self.timeout is None else self.timeout + grace


def run_options(properties: Mapping[str, Any]) -> RunOptions:
    """The options among a task's properties; a wrong one counts as unset."""
    found: dict[str, Any] = {
        key: take(properties[key]) for key, take in OPTIONS.items() if key in properties
    }
    return RunOptions(**{key: value for key, value in found.items() if value is not None})


def size_text(size: int) -> str:
    """A number of bytes in the largest unit that gives a whole number, as a user writes it."""
    for unit in sorted(_NAMES, key=lambda name: _NAMES[name], reverse=True):
        if size % _NAMES[unit] == 0:
            return f"{size // _NAMES[unit]} {unit}"
    return f"{size} bytes"


def environment(value: object) -> dict[str, str] | None:
    """A table of environment variables as texts; None if the value is no such table."""
    if not isinstance(value, Mapping):
        return None
    texts = {
        name: str(text)
        for name, text in value.items()
        if isinstance(text, str | int | float) and not isinstance(text, bool)
    }
    wrong = any("=" in name or "\0" in name + text or not name for name, text in texts.items())
    return None if wrong or len(texts) < len(value) else texts


def _whole(value: object) -> int | None:
    return value if type(value) is int and abs(value) <= 1_000_000 else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= 1_000_000 else None


def _delay(value: object) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= _LONGEST else None  # type: ignore[arg-type,operator]


def _limit(value: object) -> float | None:
    seconds = _delay(value)
    return seconds or None


def _names(value: object) -> tuple[str, ...] | None:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) and n for n in names):
        return None
    return tuple(names)


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _memory(value: object) -> int | None:
    """Bytes, as a whole number or as a text such as "2 GB" or "512MiB"."""
    if type(value) is int:
        return value if value >= _LEAST_MEMORY else None
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    unit = _UNITS.get(match[2].upper()) if match else None
    if match is None or unit is None:
        return None
    size = int(float(match[1]) * unit)
    return size if size >= _LEAST_MEMORY else None


# Key -> the function that reads its value, with None for a wrong value.
OPTIONS = {
    "retries": _count,
    "retry_delay": _delay,
    "retry_on": _names,
    "timeout": _limit,
    "hard_timeout": _limit,
    "priority": _whole,
    "pool": _name,
    "max_memory": _memory,
    "environment": environment,
}
WANTED = {
    "retries": "a whole number of 0 or more",
    "retry_delay": "a number of seconds, 0 or more",
    "retry_on": 'a list of exceptions or reasons such as ["ConnectionError", "timed_out"]',
    "timeout": "a number of seconds, more than 0",
    "hard_timeout": "a number of seconds, more than 0",
    "priority": "a whole number; jobs with a higher one start first",
    "pool": "the name of a pool of [JOB.pools]",
    "max_memory": 'a number of bytes of 1 MiB or more, or a text such as "2 GB"',
    "environment": "a table of texts",
}
