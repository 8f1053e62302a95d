"""The times of the lines of a log: a small file next to it, with places in the log and times."""

from __future__ import annotations

import struct
import time
from bisect import bisect_right
from pathlib import Path
from typing import IO

# The place of printed bytes in the log, and their time (seconds since the epoch).
_PAIR = struct.Struct("<Qd")
# Output within this many seconds has one time.
_APART = 0.1


def times_path(log: Path) -> Path:
    """The file with the times of a log. Its name is not longer than the name of the log."""
    return log.with_suffix(".at")


class TimedFile:
    """A log to append to, and its times. Times that cannot be written are left out."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._size = self._file.tell()
        self._times: IO[bytes] | None = None
        self._noted = float("-inf")

    def write(self, data: bytes, at: float | None = None) -> None:
        """Append bytes that were printed at this time (by default now). Raises OSError."""
        at = time.time() if at is None else at
        if not 0 <= at - self._noted < _APART:
            self._note(at)
        self._size += self._file.write(data) or 0

    def _note(self, at: float) -> None:
        self._noted = at
        try:
            if self._times is None:
                self._times = times_path(self._path).open("ab", buffering=0)
            self._times.write(_PAIR.pack(self._size, at))
        except OSError:
            pass

    def close(self) -> None:
        """Close both files. Raises OSError."""
        if self._times is not None:
            self._times.close()
        self._file.close()


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
