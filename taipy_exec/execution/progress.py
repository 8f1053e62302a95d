"""The progress that a job reports: a line in its log, replaced by the next one.

The line begins and ends with a carriage return, as the progress bars of other libraries do. So a
reader of the log sees only the last line, or the text that was printed over it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

_SECONDS_BETWEEN = 0.2
# So often another text at the end is written at once.
_MOST_ENDS = 20
_LONGEST = 200
# The size (bytes) of the end of a log that is searched for a progress line.
TAIL = 16_384
_OWN = re.compile(r"\r( *\d+%(?: [^\r\n]*)?)\r")


def progress(fraction: float, text: str = "") -> None:
    """Report the progress of the job that calls this. `status` and the live table show it.

    `fraction` is from 0 to 1; a number outside is set to the nearer of both, so 50 shows 100%.
    `text` is one line of at most 200 characters. A job may call this very often: at most five lines
    a second are written, and the end (1.0) at once. It never raises. Outside a job it does nothing.
    """
    line = ProgressLine.current
    if line is not None:
        line.tell(fraction, text)


class ProgressLine:
    """Writes the progress of the job that runs in this process."""

    current: ClassVar[ProgressLine | None] = None

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._own = os.getpid()
        self._next = float("-inf")
        self._end: str | None = None
        self._ends = 0

    def tell(self, fraction: float, text: str) -> None:
        """Write the progress, unless the last line is too recent and this is not a new end."""
        try:
            now = time.monotonic()
            is_end = bool(fraction >= 1)
            waits = now < self._next and not (is_end and self._is_new_end(text))
            if waits or os.getpid() != self._own:
                return
            self._next = now + _SECONDS_BETWEEN
            self._ends += is_end and self._end is not None
            self._end = text if is_end else None
            self._write(progress_line(fraction, text).encode("utf-8", "backslashreplace"))
        except Exception as error:
            # A job does not fail because of what it says about itself.
            from taipy_exec.execution.limits import JobTimeout

            if isinstance(error, JobTimeout):
                raise

    def _is_new_end(self, text: str) -> bool:
        """Whether the last line was not the end, or had another text."""
        return self._end is None or (text != self._end and self._ends < _MOST_ENDS)


@contextmanager
def told_by(write: Callable[[bytes], object]) -> Iterator[None]:
    """During the block, `progress` in this process writes its lines by `write`."""
    former, ProgressLine.current = ProgressLine.current, ProgressLine(write)
    try:
        yield
    finally:
        ProgressLine.current = former


def to_stderr(data: bytes) -> None:
    """Write to the standard error of a job's process."""
    try:
        number = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
    except ValueError:  # the job has closed it
        number = 2
    os.write(number, data)


def progress_line(fraction: float, text: str) -> str:
    """The line in the form for the log."""
    part = 0.0 if fraction != fraction else min(max(float(fraction), 0.0), 1.0)
    shown = " ".join(str(text).split())[:_LONGEST]
    return f"\r{part:4.0%}{f' {shown}' if shown else ''}\r"


def progress_in(tail: str) -> str:
    """The progress in the end of a job's log: its last progress line, or its current progress bar.

    Empty if there is neither.
    """
    last = tail.rpartition("\n")[2]
    if "\r" in last:
        bars = [part.strip() for part in last.split("\r")]
        return next((bar for bar in reversed(bars) if bar), "")[:_LONGEST]
    own = _OWN.findall(tail)
    return own[-1].strip() if own else ""
