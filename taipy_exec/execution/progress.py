"""How far a job is, as it says itself: a line in its log that the next one takes the place of.

It begins and ends with a carriage return, as the bars of other libraries do: whoever reads the log
later sees the last one only, or what was printed over it.
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
_LONGEST = 200
# The last part of a log in which it is looked for. In bytes.
TAIL = 16_384
_OWN = re.compile(r"\r( *\d+%(?: [^\r\n]*)?)\r")


def progress(fraction: float, text: str = "") -> None:
    """Say how far the job that calls it is; `status` and the live table show it.

    `fraction` is from 0 to 1; a number outside counts as the nearer of both. `text` is one line of
    at most 200 characters. It may be called as often as is wanted: five times a second something
    is written. Where no job runs, it does nothing.
    """
    line = ProgressLine.current
    if line is not None:
        line.tell(fraction, text)


class ProgressLine:
    """Where the progress of the job goes that runs in this process."""

    current: ClassVar[ProgressLine | None] = None

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._own = os.getpid()
        self._next = float("-inf")

    def tell(self, fraction: float, text: str) -> None:
        """Write it, unless the last one was written just now and this is not the end."""
        now = time.monotonic()
        if (now < self._next and fraction < 1) or os.getpid() != self._own:
            return
        self._next = now + _SECONDS_BETWEEN
        try:
            self._write(progress_line(fraction, text).encode("utf-8", "backslashreplace"))
        except OSError:
            pass


@contextmanager
def told_by(write: Callable[[bytes], object]) -> Iterator[None]:
    """`progress` of this process goes there meanwhile."""
    former, ProgressLine.current = ProgressLine.current, ProgressLine(write)
    try:
        yield
    finally:
        ProgressLine.current = former


def to_stderr(data: bytes) -> None:
    """Write to where a job's process prints."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2, data)


def progress_line(fraction: float, text: str) -> str:
    """The line as it stands in the log."""
    part = 0.0 if fraction != fraction else min(max(float(fraction), 0.0), 1.0)
    shown = " ".join(str(text).split())[:_LONGEST]
    return f"\r{part:4.0%}{f' {shown}' if shown else ''}\r"


def progress_in(tail: str) -> str:
    """How far a job is by the end of its log: its last own line, or the bar that it draws now.

    Empty where there is neither.
    """
    last = tail.rpartition("\n")[2]
    if "\r" in last:
        bars = [part.strip() for part in last.split("\r")]
        return next((bar for bar in reversed(bars) if bar), "")[:_LONGEST]
    own = _OWN.findall(tail)
    return own[-1].strip() if own else ""
