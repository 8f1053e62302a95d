"""The live table of a submission, and the plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.render import (
    counts_text,
    duration,
    line,
    new_table,
    reason_text,
    short_id,
    status_text,
)
from taipy_exec.cli.streams import Streams
from taipy_exec.display.visible import one_line
from taipy_exec.display.words import shortened
from taipy_exec.engine.time_left import seconds_left
from taipy_exec.execution.output_capture import output_shown_by, release_output
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import FINAL, Reason, Status

if TYPE_CHECKING:
    from rich.console import RenderableType

_FRAMES_PER_SECOND = 8
_LINES_BESIDE_ROWS = 8
_ESTIMATE_SECONDS = 1.0


class LiveTable:
    """Draws the jobs' records as they are; it reads them and never changes anything.

    `workers`: how many jobs may run at once; None: as many as were seen at once, in a cluster.
    `redacted` leaves secrets out of the reasons; `clock` is the one of the records' times.
    """

    def __init__(
        self,
        streams: Streams,
        record: SubmissionRecord,
        jobs: Sequence[JobRecord],
        usual: Mapping[str, float],
        workers: int | None,
        redacted: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._record = record
        self._jobs = jobs
        self._usual = usual
        self._workers = workers
        self._most_at_once = 0
        self._left: tuple[float, float | None] | None = None
        self._redacted = redacted
        self._slots: dict[str, int] = {}
        self.notice = ""
        # What a running job says of how far it is; nothing where nobody knows its log.
        self.progress_of: Callable[[JobRecord], str] = lambda job: ""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the table on the terminal while the block runs; its last state stays."""
        from rich.live import Live

        live = Live(
            get_renderable=self.render,
            console=self._streams.err,
            refresh_per_second=_FRAMES_PER_SECOND,
            redirect_stdout=True,
            redirect_stderr=True,
        )
        # Rich has put a stream of its own into the place of stdout, which prints above the table.
        with live, output_shown_by(sys.stdout.write), _debugger_pauses(live):
            yield

    def render(self) -> RenderableType:
        """One frame, not higher than the terminal."""
        from rich.console import Group
        from rich.text import Text

        console = self._streams.err
        room = max(console.height - _LINES_BESIDE_ROWS, 3)
        first, last = window(self._jobs, room)
        parts: list[Any] = [self._title()]
        if first:
            parts.append(Text(f"  ↑ {_beyond(self._jobs[:first])}", style="dim"))
        parts.append(self._table(self._jobs[first:last], narrow=console.width < 70))
        if last < len(self._jobs):
            parts.append(Text(f"  ↓ {_beyond(self._jobs[last:])}", style="dim"))
        parts.append(self._progress())
        if self.notice:
            parts.append(line(self.notice, style="yellow"))
        return Group(*parts)

    def _title(self) -> Any:
        from rich.text import Text

        record = self._record
        name = record.scenario
        if record.name not in (record.scenario, record.instance):
            name += f" / {record.name}"
        paused = "  paused" if record.paused and record.finished_at is None else ""
        return Text.assemble(
            line(name, style="bold"),
            f"  {record.mode}  ",
            (short_id(record.id), "dim"),
            (paused, "yellow"),
            no_wrap=True,
        )

    def _table(self, jobs: Sequence[JobRecord], *, narrow: bool) -> Any:
        from rich.text import Text

        table = new_table()
        table.add_column("Task", overflow="ellipsis", no_wrap=True, max_width=24 if narrow else 40)
        table.add_column("Status", no_wrap=True)
        table.add_column("Time", justify="right", no_wrap=True)
        if not narrow:
            table.add_column("Slot", justify="right", no_wrap=True)
        # Its cells do not wrap, the column may: so it is the one that gives way on a narrow screen.
        table.add_column("")
        for job in jobs:
            cells: list[Any] = [
                job.task,
                status_text(job.status, unicode=self._unicode),
                duration(self._time_of(job)),
            ]
            if not narrow:
                cells.append(self._slot(job))
            remark = one_line(self._remark(job))
            cells.append(Text(remark, no_wrap=True, overflow="ellipsis"))
            table.add_row(*cells)
        return table

    def _time_of(self, job: JobRecord) -> float | None:
        if job.duration is not None:
            return job.duration
        if job.status is Status.RUNNING and job.started_at is not None:
            return max(self._clock() - job.started_at, 0.0)
        return None

    @property
    def _unicode(self) -> bool:
        return (self._streams.err.encoding or "").lower().startswith("utf")

    def _slot(self, job: JobRecord) -> str:
        if job.worker is None:
            return ""
        if job.worker not in self._slots:
            self._slots[job.worker] = len(self._slots) + 1
        return f"#{self._slots[job.worker]}"

    def _remark(self, job: JobRecord) -> str:
        if job.status in FINAL:
            return self._redacted(reason_text(job))
        parts = []
        if job.status is Status.RUNNING and job.task in self._usual:
            parts.append(f"of ~{duration(self._usual[job.task])}")
        if job.attempt > 1:
            parts.append(f"attempt {job.attempt}")
        if job.attempt > 1 or not parts:
            parts.append(self._redacted(reason_text(job)))
        if job.status is Status.RUNNING:
            parts.insert(0, self.progress_of(job))
        return ", ".join(filter(None, parts))

    def _progress(self) -> Any:
        from rich.text import Text

        counts = Counter(job.status for job in self._jobs)
        ended = sum(counts[status] for status in FINAL)
        total = len(self._jobs)
        full, empty = ("━", "─") if self._unicode else ("#", "-")
        width = 20
        filled = width * ended // total if total else width
        text = Text.assemble(
            (full * filled, "green"),
            (empty * (width - filled), "dim"),
            f" {ended}/{total}",
            no_wrap=True,
            overflow="ellipsis",
        )
        elapsed = (self._record.finished_at or self._clock()) - self._record.created_at
        text.append(f"  {duration(max(elapsed, 0))}")
        left = self._estimate()
        if left is not None and ended < total:
            text.append(f", ~{duration(left)} left")
        text.append(f"  {counts_text(counts)}", style="dim")
        return text

    def _estimate(self) -> float | None:
        """Seconds left, worked out once a second; None if too little is known."""
        running = sum(job.status is Status.RUNNING for job in self._jobs)
        self._most_at_once = max(self._most_at_once, running)
        now = self._clock()
        if self._left is None or now - self._left[0] >= _ESTIMATE_SECONDS:
            workers = self._workers or self._most_at_once
            self._left = now, seconds_left(self._jobs, self._usual, workers, now)
        return self._left[1]


class Lines:
    """One line on stderr for each change, where nothing can be redrawn."""

    def __init__(
        self,
        streams: Streams,
        jobs: Sequence[JobRecord],
        redacted: Callable[[str], str] = str,
    ) -> None:
        self._redacted = redacted
        self._streams = streams
        self._jobs = {job.id: job for job in jobs}

    def observe(self, changes: Sequence[Change]) -> None:
        """Print the changes of this submission's jobs."""
        for change in changes:
            job = self._jobs.get(change.job)
            is_retried = change.reason == Reason.RETRIED
            is_waiting = change.after in (Status.BLOCKED, Status.PENDING) and not is_retried
            if job is None or (is_waiting and not self._streams.verbose):
                continue
            at = time.strftime("%H:%M:%S", time.localtime(change.at))
            text = f"{at} {job.task} {change.after.name}"
            if change.after is Status.RUNNING:
                text += f" on {change.worker}"
                if change.attempt > 1:
                    text += f", attempt {change.attempt}"
            elif change.duration is not None:
                text += f" in {duration(change.duration)}"
            if is_retried:
                text += f": attempt {change.attempt - 1} failed, attempt {change.attempt} follows"
            elif change.failure:
                text += f": {shortened(self._redacted(reason_text(job)))}"
            elif change.reason:
                text += f" ({change.reason.replace('_', ' ')})"
            self._streams.note(text)


def window(jobs: Sequence[JobRecord], room: int) -> tuple[int, int]:
    """The range of jobs to show in `room` rows: the one in which most of what runs is seen."""
    if len(jobs) <= room:
        return 0, len(jobs)
    active = [n for n, job in enumerate(jobs) if job.status is Status.RUNNING]
    if not active:
        active = [n for n, job in enumerate(jobs) if job.status not in FINAL][:1]
    above = min(2, room - 1)
    focus = max(
        active,
        key=lambda start: sum(start <= n < start + room - above for n in active),
        default=len(jobs) - 1,
    )
    first = min(max(focus - above, 0), len(jobs) - room)
    return first, first + room


def _beyond(jobs: Sequence[JobRecord]) -> str:
    return f"{len(jobs)} more: {counts_text(Counter(job.status for job in jobs))}"


@contextmanager
def _debugger_pauses(live: Any) -> Iterator[None]:
    """`breakpoint()` in a job gets the terminal for itself: the table makes room."""
    former = sys.breakpointhook

    def hook(*args: Any, **kwargs: Any) -> Any:
        release_output()
        live.stop()
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        if former is sys.__breakpointhook__:
            import pdb

            debugger = pdb.Pdb(stdout=sys.__stderr__)
            return debugger.set_trace(sys._getframe(1))
        return former(*args, **kwargs)

    sys.breakpointhook = hook
    try:
        yield
    finally:
        sys.breakpointhook = former
