"""The end of a job's log, and what is left of it where it is shown to people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LONGEST = 100_000
# All logs together; many logs get less room each, so that the page stays one that opens.
ALL_TOGETHER = 16_000_000
_LEAST = 1_000
# A secret that the cut goes through is read as a whole first, and so found.
_MARGIN = 4_096
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
_CONTROLS = {n: chr(0x2400 + n) for n in range(32) if n not in (9, 10)} | {127: "\u2421"}
_CONTROLS |= dict.fromkeys((*range(0x80, 0xA0), 0xFFFE, 0xFFFF), "\ufffd")
_CONTROLS |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTail:
    """The end of a log as text, and how many bytes before it are left out."""

    text: str = ""
    left_out: int = 0


NO_LOG = LogTail()


def room_for(logs: int) -> int:
    """How many bytes each of so many logs may have."""
    return max(min(LONGEST, ALL_TOGETHER // max(logs, 1)), _LEAST)


def log_size(path: Path) -> int:
    """Its bytes; 0 where there is none, or none that can be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_tail(path: Path, room: int, redacted: Callable[[str], str]) -> LogTail:
    """The last `room` bytes of a log, from the start of a line where one is near."""
    size = log_size(path)
    if not size:
        return NO_LOG
    try:
        with path.open("rb") as file:
            file.seek(max(size - room - _MARGIN, 0))
            data = file.read(room + _MARGIN)
    except OSError:
        return NO_LOG
    text = redacted(data.decode("utf-8", "replace"))
    if size <= room:
        return LogTail(text=text)
    kept = text[-room:]
    line = kept.find("\n", 0, 2_000)
    kept = kept[line + 1 :]
    return LogTail(text=kept, left_out=max(size - len(kept.encode("utf-8", "replace")), 1))


def readable(text: str) -> str:
    """`text` as a terminal would leave it: no colours, no lines that were written over.

    Other control characters are shown as signs, so that no format chokes on them.
    """
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = _OVERWRITTEN.sub("", text.replace("\r\n", "\n"))
        text = text.replace("\r", "")
    return text if text.isascii() and text.isprintable() else text.translate(_CONTROLS)


def last_lines(text: str, count: int) -> str:
    """The last lines of a text."""
    return "\n".join(text.rstrip().split("\n")[-count:])
