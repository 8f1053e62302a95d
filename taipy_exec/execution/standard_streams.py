"""Text streams of a job's standard descriptors: UTF-8, line by line, for whatever is printed."""

from __future__ import annotations

import io
from typing import TextIO

_ENCODING, _ERRORS = "utf-8", "backslashreplace"


def open_stream(number: int) -> TextIO:
    """The text stream of a standard descriptor; to close it leaves the descriptor open."""
    if number == 0:
        return open(0, encoding="utf-8", closefd=False)
    return open(number, "w", encoding=_ENCODING, errors=_ERRORS, buffering=1, closefd=False)


def is_usable(stream: TextIO) -> bool:
    """Whether a job has neither closed it nor taken its buffer away."""
    try:
        return not stream.closed
    except ValueError:
        return False


def as_made(stream: TextIO) -> None:
    """Take back what a job has configured anew; a stream of somebody else stays as it is."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    found = (stream.encoding, stream.errors, stream.line_buffering, stream.write_through)
    if found != (_ENCODING, _ERRORS, True, False):
        stream.reconfigure(
            encoding=_ENCODING, errors=_ERRORS, line_buffering=True, write_through=False
        )
