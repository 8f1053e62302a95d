"""Text streams of a job's standard descriptors: UTF-8, line by line, for any characters."""

from __future__ import annotations

import io
from typing import TextIO

_ENCODING, _ERRORS = "utf-8", "backslashreplace"


def open_stream(number: int) -> TextIO:
    """The text stream of a standard descriptor. Closing it leaves the descriptor open."""
    if number == 0:
        return open(0, encoding="utf-8", closefd=False)
    return open(number, "w", encoding=_ENCODING, errors=_ERRORS, buffering=1, closefd=False)


def is_usable(stream: TextIO) -> bool:
    """Whether the stream still works: a job may have closed it or detached its buffer."""
    try:
        return not stream.closed
    except ValueError:
        return False


def as_made(stream: TextIO) -> None:
    """Undo a job's changes of the stream's settings. A stream of another type is not changed."""
    if not isinstance(stream, io.TextIOWrapper):
        return
    found = (stream.encoding, stream.errors, stream.line_buffering, stream.write_through)
    if found != (_ENCODING, _ERRORS, True, False):
        stream.reconfigure(
            encoding=_ENCODING, errors=_ERRORS, line_buffering=True, write_through=False
        )
