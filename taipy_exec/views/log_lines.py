"""The lines of a job's log: those that are wanted, as they come, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import AnyStr, NamedTuple

from taipy_exec.execution.line_times import LineTimes
from taipy_exec.model.job import JobRecord
from taipy_exec.store.logs import log_path
from taipy_exec.views.json_objects import when


class Line(NamedTuple):
    """A line of a log, and how many bytes of the log come before it."""

    place: int
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedLines:
    """Which lines of each log are shown: the last ones (`tail`), those since a time.

    `timestamps`: each line begins with the time when it was printed. Lines from before `since`
    (seconds since the epoch) are left out, as far as their times are known.
    """

    tail: int | None = None
    since: float | None = None
    timestamps: bool = False

    @property
    def needs_times(self) -> bool:
        """Whether the times of the lines have to be known."""
        return self.timestamps or self.since is not None

    def recent(
        self, timed: Iterable[tuple[float | None, AnyStr]]
    ) -> list[tuple[float | None, AnyStr]]:
        """The lines that are not known to be from before `since`."""
        since = self.since
        return [(at, text) for at, text in timed if since is None or at is None or at >= since]


class GrowingLog:
    """The lines that a log has gained since it was last looked at: whole ones only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._rest = b""

    def new_lines(self, *, final: bool) -> list[Line]:
        """The new lines. A last line without an end is given only if the log is `final`."""
        place = self._at - len(self._rest)
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            data = b""
        self._at += len(data)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n")
        if final and self._rest:
            whole, self._rest = (whole + b"\n" if whole else b"") + self._rest, b""
        found = []
        for text in whole.split(b"\n") if whole else ():
            found.append(Line(place, text))
            place += len(text) + 1
        return found


def timed_lines(path: Path) -> list[tuple[float | None, str]]:
    """The lines of a log as it is now, each with the time when it was printed (None: unknown)."""
    times = LineTimes(path)
    times.refresh()
    return [
        (times.at(line.place), line.text.decode("utf-8", "replace"))
        for line in GrowingLog(path).new_lines(final=True)
    ]


def log_fields(folder: Path, job: JobRecord, wanted: WantedLines) -> dict[str, object]:
    """A job's log as JSON has it."""
    path = log_path(folder, job.submission, job.id)
    text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
    lines = wanted.recent(timed_lines(path)) if wanted.needs_times else []
    if wanted.since is not None:
        text = "".join(f"{line}\n" for _, line in lines)
    if wanted.tail is not None:
        text = "\n".join(text.splitlines()[-wanted.tail :] if wanted.tail else [])
        lines = lines[-wanted.tail :] if wanted.tail else []
    fields: dict[str, object] = {
        "job": job.id,
        "task": job.task,
        "status": job.status.name,
        "log": text,
        "error": job.failure.as_json() if job.failure else None,
    }
    if wanted.timestamps:
        fields["lines"] = [{"at": when(at), "text": line} for at, line in lines]
    return fields
