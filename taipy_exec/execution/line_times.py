"""The times of the lines of a log: a small file next to it, with places in the log and times."""

from __future__ import annotations

import struct
import time
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

# The place of printed bytes in the log, and their time (seconds since the epoch).
_PAIR = struct.Struct("<Qd")
# Output within this many seconds has one time.
_APART = 0.1


def times_path(log: Path) -> Path:
    """The file with the times of a log. Its name is not longer than the name of the log."""
    return log.with_suffix(".at")


class TimedFile:
    """A log to append to, and its times. Times that cannot be written are left out.

    Only the log stays open: hundreds of jobs may run.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._noted = float("-inf")

    def write(self, data: bytes, at: float | None = None) -> None:
        """Append bytes that were printed at this time (by default now). Raises OSError."""
        self.write_all([(data, time.time() if at is None else at)])

    def write_all(self, pieces: Iterable[tuple[bytes | bytearray, float]]) -> None:
        """Append bytes, each with the time when it was printed, in one write. Raises OSError."""
        whole, notes = bytearray(), bytearray()
        for data, at in pieces:
            if is_apart(self._noted, at):
                self._noted = at
                notes += _PAIR.pack(self._size + len(whole), at)
            whole += data
        if notes:
            self._note(notes)
        left = memoryview(whole)
        while left and (written := self._file.write(left)):
            self._size += written
            left = left[written:]

    def _note(self, notes: bytes | bytearray) -> None:
        try:
            with times_path(self._path).open("ab", buffering=0) as file:
                file.write(notes)
        except OSError:
            pass

    def close(self) -> None:
        """Close the log. Raises OSError."""
        self._file.close()


def is_apart(one: float, other: float) -> bool:
    """Whether what is printed at the time `other` has its own time, and not the earlier `one`."""
    return not 0 <= other - one < _APART


class LineTimes:
    """Reads the times of a log, even while the log grows."""

    def __init__(self, log: Path) -> None:
        self._path = times_path(log)
        self._places: list[int] = []
        self._times: list[float] = []

    def at(self, place: int) -> float | None:
        """The time of the byte at this place, in seconds since the epoch. None if unknown."""
        number = bisect_right(self._places, place)
        return self._times[number - 1] if number else None

    def refresh(self) -> None:
        """Read the times that were added since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(len(self._places) * _PAIR.size)
                data = file.read()
        except OSError:
            return
        whole = len(data) - len(data) % _PAIR.size
        for place, at in _PAIR.iter_unpack(data[:whole]):
            self._places.append(place)
            self._times.append(at)
