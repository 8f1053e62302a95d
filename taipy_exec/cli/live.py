"""The live table of a submission."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taipy_exec.cli.lines import TaskNames, change_line
from taipy_exec.cli.live_rows import bar, rows
from taipy_exec.cli.render import line, new_table, status_text
from taipy_exec.cli.streams import Streams
from taipy_exec.config.modes import capabilities
from taipy_exec.engine.time_left import seconds_left
from taipy_exec.execution.output_capture import output_shown_by, release_output
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import FINAL, Reason, Status
from taipy_exec.views.words import counts_text, duration, reason_text
from taipy_exec.visible_text import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_FRAMES_PER_SECOND = 8
_LINES_BESIDE_ROWS = 8
_ESTIMATE_SECONDS = 1.0
# Lines above the table about what failed: more would push everything else off the screen.
_MOST_LINES = 100


class LiveTable:
    """Draws the jobs' records as they are; it reads them and never changes anything.

    `workers`: how many jobs may run at once; None: in a cluster, as many as were seen at once.
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
        self._short_id = record.short_id
        self._jobs = jobs
        self._usual = usual
        self._workers = workers
        self._most_at_once = 0
        self._left: tuple[float, float | None] | None = None
        self._redacted = redacted
        self._slots: dict[str, int] = {}
        self._tasks = TaskNames(jobs)
        self._lines = 0
        self.notice = ""
        # The progress that a running job reports; none if its log is not known.
        self.progress_of: Callable[[JobRecord], str] = lambda job: ""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the table on the terminal while the block runs; its last state stays.

        It is erased if the result follows on stdout through a pipe to the same terminal.
        """
        from taipy_exec.cli.frame import LiveView

        live = LiveView(
            get_renderable=self.render,
            console=self._streams.err,
            transient=self._streams.data_is_piped_text,
            refresh_per_second=_FRAMES_PER_SECOND,
            redirect_stdout=True,
            redirect_stderr=True,
        )
        # Rich has replaced stdout by its own stream, which prints above the table.
        with live, output_shown_by(sys.stdout.write), _debugger_pauses(live):
            yield

    def observe(self, changes: Sequence[Change]) -> None:
        """Print above the table what failed, if its row may scroll away, and what was lost."""
        fits = len(self._jobs) <= self._room
        for change in changes:
            task = self._tasks.of(change.job)
            is_lost = change.after is Status.PENDING and change.reason == Reason.WORKER_LOST
            is_failed = change.after is Status.FAILED or change.reason == Reason.RETRIED
            if task is None or not (is_lost or (is_failed and not fits)):
                continue
            if self._lines < _MOST_LINES:
                style = "red" if change.after is Status.FAILED else "yellow"
                self._streams.note(change_line(change, task, self._redacted), style)
            elif self._lines == _MOST_LINES:
                what = f"taipy-exec status {self._short_id} --failed lists them"
                self._streams.note(f"more failures are not printed here: {what}", "yellow")
            self._lines += 1

    @property
    def _room(self) -> int:
        return max(self._streams.err.height - _LINES_BESIDE_ROWS, 3)

    def render(self) -> RenderableType:
        """One frame, not higher than the terminal."""
        from rich.console import Group
        from rich.text import Text

        found = rows(self._jobs, self._room)
        up, down = ("↑", "↓") if self._unicode else ("^", "v")
        parts: list[Any] = [self._title()]
        if found.above:
            parts.append(Text(f"  {up} {_beyond(found.above)}", style="dim"))
        parts.append(self._table([*found.pinned, *found.shown]))
        if found.below:
            mark = f"{down} " if found.shown else ""
            parts.append(Text(f"  {mark}{_beyond(found.below)}", style="dim"))
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
            (self._short_id, "dim"),
            (paused, "yellow"),
            no_wrap=True,
        )

    def _table(self, jobs: Sequence[JobRecord]) -> Any:
        from rich.text import Text

        width = self._streams.err.width
        narrow = width < 70
        elsewhere = capabilities(self._record.mode).on_other_machines
        table = new_table()
        table.add_column("Task", overflow="ellipsis", no_wrap=True, max_width=24 if narrow else 40)
        table.add_column("Status", no_wrap=True)
        table.add_column("Time", justify="right", no_wrap=True)
        if not narrow:
            title, side = ("Worker", "left") if elsewhere else ("Slot", "right")
            table.add_column(title, justify=side, no_wrap=True)  # type: ignore[arg-type]
        # Its cells do not wrap, but the column may: so it shrinks on a narrow screen.
        table.add_column("")
        for job in jobs:
            cells: list[Any] = [
                job.task,
                status_text(job.status, unicode=self._unicode),
                duration(job.seconds(self._clock())),
            ]
            if not narrow:
                slot_width = 14 if width < 100 else 24
                cells.append(worker(job, slot_width) if elsewhere else self._slot(job))
            remark = one_line(self._remark(job))
            cells.append(Text(remark, no_wrap=True, overflow="ellipsis"))
            table.add_row(*cells)
        return table

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
            attempt = f"attempt {job.attempt}" if job.attempt > 1 else ""
            return self._redacted(reason_text(job)) or attempt
        if job.reason == Reason.STARTING:
            return "starting"
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
        done, failed, others, rest = "━✗╍─" if self._unicode else "#x~-"
        cells = bar(counts, 20)
        text = Text.assemble(
            (done * cells.done, "green"),
            (failed * cells.failed, "bold red"),
            (others * cells.others, "yellow"),
            (rest * cells.rest, "dim"),
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


def worker(job: JobRecord, width: int) -> str:
    """`host:pid` of the job's worker, of at most `width` characters: the host is cut."""
    host, _, pid = (job.worker or "").rpartition(":")
    room = max(width - len(pid) - 1, 3)
    return f"{host[: room - 2]}..:{pid}" if len(host) > room else job.worker or ""


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
