"""The processor load of a running job, as another process can see it (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

from taipy_exec.execution.processes import children_of

# Of /proc/PID/stat after the name: user and system time, of the process and of its ended children.
_TIMES = slice(11, 15)


class Load:
    """The load of a process and of its child processes, between two looks at least a second apart.

    `now` is by the monotonic clock.
    """

    _SECONDS_BETWEEN = 1.0

    def __init__(self, pid: int, now: float) -> None:
        self._pid = pid
        self._looked_at = now
        self._used = _seconds_used(pid)
        self._load: float | None = None

    def look(self, now: float) -> float | None:
        """How many processors it uses; None if that is not known yet, or on another system."""
        passed = now - self._looked_at
        if self._used is not None and passed >= self._SECONDS_BETWEEN:
            used = _seconds_used(self._pid)
            self._load = None if used is None else max(used - self._used, 0.0) / passed
            self._looked_at, self._used = now, used
        return self._load


def _seconds_used(pid: int) -> float | None:
    """The processor time of the process and of its child processes so far; None if it has ended."""
    own = _ticks(pid)
    if own is None:
        return None
    ticks, seen, left = own, {pid}, children_of(pid)
    while left:
        child = left.pop()
        if child not in seen:
            seen.add(child)
            ticks += _ticks(child) or 0
            left += children_of(child)
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name is in parentheses, and may contain any character.
    return sum(map(int, stat.rpartition(b")")[2].split()[_TIMES]))
