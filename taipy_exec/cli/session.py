"""Driving one submission to its end on the command line: display, signals, exit code."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

from taipy_exec.cli import outcome
from taipy_exec.cli.live import Lines, LiveTable
from taipy_exec.cli.render import counts_text, jobs_table, reason_text, summary_line
from taipy_exec.cli.shapes import dump, submission_shape
from taipy_exec.cli.streams import Streams
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE, FINAL, Reason, Status
from taipy_exec.store.logs import log_path
from taipy_exec.wiring import Engine

_SHOWN_FAILURES = 3
_TAIL_LINES = 10
_SHOWN_JOBS = 100


class Session:
    """One submission that this process coordinates, attached to a terminal or not."""

    def __init__(self, engine: Engine, streams: Streams, plan: SubmissionPlan) -> None:
        self._engine = engine
        self._streams = streams
        self._plan = plan
        self._interrupts = 0
        self._terminated = 0
        self._timed_out = False
        self._table: LiveTable | None = None

    def run(self, timeout: float | None = None) -> int:
        """Work until the submission can go no further; its exit code.

        `timeout` is in seconds: after it, what waits is canceled and what runs is stopped.
        """
        coordinator = self._engine.coordinator
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._display(), self._signals(timeout):
            coordinator.add(self._plan)
            coordinator.lose(self._plan.record.id, self._engine.app.job.max_attempts)
            while coordinator.has_work():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    self._time_out()
                    deadline = left = None
                coordinator.step(left)
        return self._exit_code()

    # -- display --------------------------------------------------------------------------

    @contextmanager
    def _display(self) -> Iterator[None]:
        jobs = self._plan.jobs
        shown: Any = nullcontext()
        if self._streams.is_live and jobs:
            usual = self._engine.store.usual_durations(self._plan.record.scenario)
            app = self._engine.app
            workers = app.job.workers if app.job.mode != "development" else 1
            self._table = LiveTable(self._streams, self._plan.record, jobs, usual, workers)
            shown = self._table.shown()
        elif not self._streams.quiet:
            self._engine.coordinator.observers.append(Lines(self._streams, jobs).observe)
        with shown:
            yield

    def _notice(self, text: str) -> None:
        """Tell something from a signal handler: a stream that is being written to is not ours."""
        if self._table is not None:
            self._table.notice = text
        elif not self._streams.quiet:
            try:
                os.write(2, f"{text}\n".encode())
            except OSError:
                pass

    # -- signals --------------------------------------------------------------------------

    @contextmanager
    def _signals(self, timeout: float | None) -> Iterator[None]:
        handlers: dict[int, Callable[[int, FrameType | None], None]] = {
            signal.SIGINT: self._on_interrupt,
            signal.SIGTERM: self._on_terminate,
            signal.SIGHUP: self._on_terminate,
        }
        if timeout is not None and self._engine.app.job.mode == "development":
            handlers[signal.SIGALRM] = self._on_alarm
        # What was to be ignored when we were started (nohup) stays ignored.
        handlers = {n: h for n, h in handlers.items() if signal.getsignal(n) != signal.SIG_IGN}
        former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        if signal.SIGALRM in handlers and timeout is not None:
            signal.setitimer(signal.ITIMER_REAL, max(timeout, 0.001))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in former.items():
                signal.signal(number, handler)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            self._notice("interrupted: running jobs end, the rest is canceled; again to stop them")
            self._post_cancel(Reason.INTERRUPTED, stop_running=False)
        elif self._interrupts == 2:
            self._notice("interrupted again: running jobs are stopped; once more to exit now")
            self._post_cancel(Reason.INTERRUPTED, stop_running=True)
            self._engine.runner.interrupt()
        else:
            os._exit(outcome.INTERRUPTED)

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        self._terminated += 1
        self._engine.coordinator.post(self._engine.coordinator.hand_back)
        self._engine.runner.interrupt()

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        self._time_out()
        self._engine.runner.interrupt()

    def _time_out(self) -> None:
        if not self._timed_out:
            self._timed_out = True
            self._notice("time is up: running jobs are stopped, the rest is canceled")
            self._post_cancel(Reason.TIMED_OUT, stop_running=True)

    def _post_cancel(self, reason: Reason, *, stop_running: bool) -> None:
        jobs = [job.id for job in self._plan.jobs if job.status not in FINAL]
        coordinator = self._engine.coordinator
        coordinator.post(lambda: coordinator.cancel(jobs, reason, stop_running=stop_running))

    # -- the end --------------------------------------------------------------------------

    def _exit_code(self) -> int:
        record = self._plan.record
        if self._terminated:
            return outcome.TERMINATED
        canceled = record.counts.get(Status.CANCELED)
        if self._timed_out and canceled:
            return outcome.TIMED_OUT
        if self._interrupts and canceled:
            return outcome.INTERRUPTED
        return outcome.exit_code(record)


def show_result(
    streams: Streams,
    record: SubmissionRecord,
    jobs: list[JobRecord] | tuple[JobRecord, ...],
    state_dir: Path,
    where: str,
    *,
    table: bool,
    unwritten: Sequence[str] = (),
) -> None:
    """The result of a submission: JSON, or a table and what to do about failures.

    `unwritten` names the data nodes that jobs wait for, where they are known.
    """
    if streams.json:
        streams.data(dump(submission_shape(record, jobs), lines=streams.events))
    elif streams.events:
        streams.note(summary_line(record))
    else:
        if table and jobs:
            _show_jobs(streams, jobs)
        streams.data(summary_line(record))
    _explain_failures(streams, jobs, state_dir, where)
    _explain_blocked(streams, record, jobs, unwritten)


def _show_jobs(streams: Streams, jobs: list[JobRecord] | tuple[JobRecord, ...]) -> None:
    """All jobs, or of very many those that are not simply done."""
    shown = list(jobs)
    if len(jobs) > _SHOWN_JOBS:
        shown = [job for job in jobs if job.status not in DONE][:_SHOWN_JOBS]
    if shown:
        streams.show(jobs_table(shown, unicode=streams.unicode))
    if len(shown) < len(jobs):
        rest = Counter(job.status for job in jobs) - Counter(job.status for job in shown)
        streams.data(f"not shown: {counts_text(rest)}")


def _explain_failures(
    streams: Streams, jobs: list[JobRecord] | tuple[JobRecord, ...], state_dir: Path, where: str
) -> None:
    failed = [job for job in jobs if job.status is Status.FAILED]
    for job in failed[:_SHOWN_FAILURES]:
        streams.error(f"task {job.task} failed: {reason_text(job)}")
        if job.failure and job.failure.traceback and not streams.quiet:
            streams.note(_indented(job.failure.traceback.rstrip().splitlines()), style="dim")
        tail = _tail(log_path(state_dir, job.submission, job.id))
        if tail and not streams.quiet:
            streams.note("  the end of what it printed:", style="dim")
            streams.note(_indented(tail, "  | "), style="dim")
    if failed:
        if len(failed) > _SHOWN_FAILURES:
            streams.note(f"and {len(failed) - _SHOWN_FAILURES} more failed jobs")
        streams.note(f"hint: taipy-exec logs {failed[0].submission}{where}", style="cyan")


def _explain_blocked(
    streams: Streams,
    record: SubmissionRecord,
    jobs: list[JobRecord] | tuple[JobRecord, ...],
    unwritten: Sequence[str],
) -> None:
    waiting = [job for job in jobs if job.reason == Reason.INPUT_NOT_WRITTEN]
    waiting = [job for job in waiting if job.status is Status.BLOCKED]
    if record.unfinished and waiting:
        tasks = ", ".join(job.task for job in waiting)
        what = f"the data node {', '.join(unwritten)}, which" if unwritten else "a data node that"
        streams.error(
            f"nothing more can run: task {tasks} reads {what} was never written",
            "write it (taipy-exec data write, or --set NODE=VALUE) and submit again",
        )


def _indented(lines: list[str], mark: str = "  ") -> str:
    return "\n".join(mark + line for line in lines)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - 4096, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-_TAIL_LINES:]
