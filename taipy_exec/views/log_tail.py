"""The end of a job's log, cut for people to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LONGEST = 100_000
# All logs together; many logs get less room each, so that the page stays one that opens.
ALL_TOGETHER = 16_000_000
_LEAST = 1_000
# A secret at the place of the cut is read as a whole first, so it is found.
_MARGIN = 4_096


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
    """Its bytes; 0 if there is none, or none that can be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_tail(path: Path, room: int, redacted: Callable[[str], str]) -> LogTail:
    """The last `room` bytes of a log, from the start of a line if one is near."""
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


def last_lines(text: str, count: int) -> str:
    """The last lines of a text."""
    return "\n".join(text.rstrip().split("\n")[-count:])
