"""The processor time and memory of a job, measured in the process that runs it."""

from __future__ import annotations

import os
import resource
import sys
from typing import NamedTuple

# Linux counts in kibibytes, macOS in bytes: getrusage(2) of each.
_UNIT = 1 if sys.platform == "darwin" else 1024
_STATUS = "/proc/self/status"
_PEAK = b"VmHWM:"
# Written to `clear_refs`, this resets the peak to the current memory: proc_pid_clear_refs(5).
_CLEAR_REFS, _RESET_PEAK = "/proc/self/clear_refs", b"5"


class Usage(NamedTuple):
    """The usage of a job: seconds of all processors, and peak memory in bytes.

    Both include its child processes that have ended. `peak_memory` is that of the largest process.
    It is None if it is unknown.
    """

    cpu_seconds: float
    peak_memory: int | None


class Meter:
    """Measures from its creation to `usage`. Only one meter may measure at a time."""

    def __init__(self) -> None:
        self._is_reset = _reset_peak()
        self._begun = _counted()

    def usage(self) -> Usage:
        """The usage since the meter was made."""
        own, children = _counted()
        was_own, was_children = self._begun
        cpu = _seconds(own) + _seconds(children) - _seconds(was_own) - _seconds(was_children)
        # A process larger than all earlier ones belongs to this job.
        known = [
            now.ru_maxrss * _UNIT
            for now, then in ((own, was_own), (children, was_children))
            if now.ru_maxrss > then.ru_maxrss
        ]
        peak = _own_peak() if self._is_reset else None
        if peak is not None:
            known.append(peak)
        return Usage(max(cpu, 0.0), max(known, default=None))


def _counted() -> tuple[resource.struct_rusage, resource.struct_rusage]:
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)


def _seconds(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _reset_peak() -> bool:
    try:
        file = os.open(_CLEAR_REFS, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.write(file, _RESET_PEAK)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _own_peak() -> int | None:
    try:
        file = os.open(_STATUS, os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(file, 4096)
    finally:
        os.close(file)
    _, found, rest = text.partition(_PEAK)
    words = rest.split(maxsplit=1)
    return int(words[0]) * 1024 if found and words and words[0].isdigit() else None
