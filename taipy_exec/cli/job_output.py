"""The output of jobs, as it comes: of one job, or of all jobs of a submission side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from taipy_exec.execution.line_times import LineTimes
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.operations.state import what_now
from taipy_exec.store.logs import log_path
from taipy_exec.views.log_lines import GrowingLog, Line, WantedLines
from taipy_exec.views.words import what_became_of
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.store.store import Store

_LOOK_SECONDS = 0.1
_LOOK_FOR_COORDINATOR_SECONDS = 1.0
_Timed = tuple[float | None, bytes]
_NOT_STARTED = frozenset({Status.SUBMITTED, Status.BLOCKED})
# Cyan, green, yellow, blue, magenta, and their bright forms; red is for what failed.
_COLORS = (36, 32, 33, 34, 35, 96, 92, 93, 94, 95)


class JobOutput:
    """Prints one job's log as it grows, and its failure once it has failed.

    The tail counts for the first look only; later lines are all printed. With a `prefix`, only the
    last form of a line that was written over and over is printed, since a carriage return would
    erase the prefix. On a terminal only colours pass, unless `raw`. `redacted` leaves secrets out
    of the failure.
    """

    def __init__(
        self,
        streams: Streams,
        folder: Path,
        job: JobRecord,
        prefix: str,
        wanted: WantedLines,
        redacted: Callable[[str], str] = str,
        *,
        raw: bool = False,
    ) -> None:
        self._raw = raw
        self._wanted = wanted
        self.printed = 0
        self.lacks_times = False
        self._streams = streams
        self._redacted = redacted
        path = log_path(folder, job.submission, job.id)
        self._log = GrowingLog(path)
        self._times = LineTimes(path) if wanted.needs_times else None
        self._prefix = prefix.encode("utf-8", "backslashreplace")
        self._tail = wanted.tail
        self._told = False
        self._has_ended = False

    def advance(self, job: JobRecord, *, last: bool = False) -> None:
        """Print what is new. A job that ended is read once more, as the `last` time."""
        if self._has_ended and not last:
            return
        self._has_ended = job.status.is_final
        lines = self._timed(self._log.new_lines(final=job.status.is_final or last))
        if self._tail is not None:
            lines = lines[-self._tail :] if self._tail else []
            self._told = self._tail == 0 and job.failure is not None
            self._tail = None
        self._print(lines)
        if job.failure and not self._told:
            self._told = True
            text = job.failure.traceback or f"{job.failure.kind}: {job.failure.message}"
            shown = self._redacted(text).rstrip().encode("utf-8", "backslashreplace")
            self._print([(job.finished_at, line) for line in shown.split(b"\n")])

    def _timed(self, lines: Sequence[Line]) -> Sequence[_Timed]:
        """The lines that are wanted, each with its time."""
        if self._times is None:
            return [(None, line.text) for line in lines]
        if lines:
            self._times.refresh()
        timed = [(self._times.at(line.place), line.text) for line in lines]
        self.lacks_times = self.lacks_times or any(at is None for at, _ in timed)
        return self._wanted.recent(timed)

    def _print(self, lines: Sequence[_Timed]) -> None:
        if lines:
            self.printed += len(lines)
            shown = b"\n".join(self._shown(at, text) for at, text in lines)
            self._streams.printed(shown, raw=self._raw)

    def _shown(self, at: float | None, text: bytes) -> bytes:
        prefix = self._prefix
        if prefix or self._wanted.timestamps:
            text = text.rstrip(b"\r").rpartition(b"\r")[2]
        if self._wanted.timestamps and at is not None:
            prefix = timestamp(at).encode() + b" " + prefix
        return prefix + text


def timestamp(at: float) -> str:
    """Local date and time, to a millisecond."""
    return datetime.fromtimestamp(at).isoformat(" ", "milliseconds")


def job_outputs(
    streams: Streams,
    folder: Path,
    jobs: Sequence[JobRecord],
    wanted: WantedLines,
    redacted: Callable[[str], str] = str,
    *,
    raw: bool = False,
) -> dict[str, JobOutput]:
    """Job id -> its output. If there are several, each line names its task."""
    found = {}
    for number, job in enumerate(jobs):
        prefix = f"{one_line(job.task)} | " if len(jobs) > 1 else ""
        if prefix and streams.data_has_color:
            # The reset also ends a style that the line before may have left on.
            prefix = f"\x1b[0;{_COLORS[number % len(_COLORS)]}m{prefix}\x1b[0m"
        found[job.id] = JobOutput(streams, folder, job, prefix, wanted, redacted, raw=raw)
    return found


def follow_jobs(
    store: Store,
    jobs: Sequence[JobRecord],
    outputs: dict[str, JobOutput],
    streams: Streams,
    is_left: Callable[[SubmissionRecord], bool],
) -> None:
    """Print what these jobs of one submission print, until they or the submission have ended.

    It ends at once if the reader has gone, or if no process works on the submission because it
    cannot continue. `is_left` reports whether no process does; it is called once a second.
    """
    wanted, submission = {job.id for job in jobs}, jobs[0].submission
    version, looked, ended, is_first = -1, 0.0, False, True
    while not streams.data_is_gone:
        now = store.data_version()
        if now != version:
            version = now
            # The record first: if it says that all has ended, the jobs do so too.
            record = store.submission(submission)
            jobs = [job for job in store.jobs(submission) if job.id in wanted]
            ended = record.finished_at is not None or all(job.status.is_final for job in jobs)
        for job in jobs:
            # A start may be stored a little later than the job's first line.
            if job.id in outputs and (is_first or ended or job.status not in _NOT_STARTED):
                outputs[job.id].advance(job, last=ended)
        is_first = False
        if ended:
            return
        if time.monotonic() - looked >= _LOOK_FOR_COORDINATOR_SECONDS:
            looked = time.monotonic()
            if is_left(record) and _is_stuck(store.jobs(submission)):
                return
        time.sleep(_LOOK_SECONDS)


def _is_stuck(jobs: Sequence[JobRecord]) -> bool:
    """Whether all remaining jobs wait for data that was never written."""
    left = [job for job in jobs if not job.status.is_final]
    return all(job.status is Status.BLOCKED for job in left) and any(
        job.reason == Reason.INPUT_NOT_WRITTEN for job in left
    )


def left_behind(store: Store, streams: Streams, where: str) -> Callable[[SubmissionRecord], bool]:
    """A question: does no process work on a submission? The first time, that is a warning."""
    told = False

    def is_left(record: SubmissionRecord) -> bool:
        nonlocal told
        left = bool(record.coordinator) and store.is_interrupted(record)
        if left and not told:
            told = True
            streams.warn(f"no process works on {record.short_id}: {what_now(record, where)}")
        return left

    return is_left


def tell_what_is_not_there(
    streams: Streams, jobs: Sequence[JobRecord], outputs: Iterable[JobOutput]
) -> None:
    """Show why nothing was printed, or that the times of lines are not known."""
    outputs = list(outputs)
    if not any(output.printed for output in outputs) and (outputs or not jobs):
        streams.note(f"no output: {what_became_of(jobs)}")
    if any(output.lacks_times for output in outputs):
        streams.warn("the times of some of these lines are not known")
