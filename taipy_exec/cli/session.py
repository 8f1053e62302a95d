"""Driving submissions to their end on the command line: display, signals, exit code."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from taipy_exec.cli import outcome
from taipy_exec.cli.job_progress import JobProgress
from taipy_exec.cli.lines import Lines
from taipy_exec.cli.live import LiveTable
from taipy_exec.cli.streams import Streams
from taipy_exec.config.modes import capabilities
from taipy_exec.config.redaction import redaction
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.sweep import in_order_of_work
from taipy_exec.forks import SignalHandler, handling
from taipy_exec.model.status import FINAL, Reason
from taipy_exec.wiring import Engine


class Session:
    """Submissions that this process coordinates, attached to a terminal or not.

    Signals and a timeout apply to all of them; the display shows the first.
    """

    def __init__(self, engine: Engine, streams: Streams, plans: Sequence[SubmissionPlan]) -> None:
        self._engine = engine
        self._streams = streams
        self._plans = plans
        self._redacted = redaction(engine.app)
        self._interrupts = 0
        self._terminated = 0
        self._timed_out = False
        self._table: LiveTable | None = None

    def run(self, timeout: float | None = None) -> int:
        """Work until no more jobs can run; the exit code.

        `timeout` is in seconds: after it, what waits is canceled and what runs is stopped.
        """
        coordinator = self._engine.coordinator
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._display(), self._signals(timeout):
            for plan in in_order_of_work(self._plans):
                self._engine.add(plan)
                coordinator.lose(plan.record.id, self._engine.app.job.max_attempts)
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
        plan, redacted = self._plans[0], self._redacted
        jobs = plan.jobs
        shown: Any = nullcontext()
        if self._streams.is_live and jobs:
            record = plan.record
            usual = self._engine.store.usual_durations(record.scenario, record.file)
            app = self._engine.app
            self._table = LiveTable(
                self._streams,
                plan.record,
                jobs,
                usual,
                capabilities(app.job.mode).slots(app.job.workers),
                redacted,
                self._engine.coordinator.clock,
            )
            self._table.progress_of = JobProgress(self._engine.store.folder, redacted)
            shown = self._table.shown()
            self._engine.coordinator.observers.append(self._table.observe)
        elif not self._streams.quiet:
            self._engine.coordinator.observers.append(Lines(self._streams, jobs, redacted).observe)
        with shown:
            yield

    def _notice(self, text: str) -> None:
        """Show a text from a signal handler."""
        if self._table is not None:
            self._table.notice = text
        else:
            self._streams.notice(text)

    # -- signals --------------------------------------------------------------------------

    @contextmanager
    def _signals(self, timeout: float | None) -> Iterator[None]:
        handlers: dict[int, SignalHandler] = {
            signal.SIGINT: self._on_interrupt,
            signal.SIGTERM: self._on_terminate,
            signal.SIGHUP: self._on_terminate,
        }
        can = capabilities(self._engine.app.job.mode)
        if timeout is not None and can.in_callers_thread:
            handlers[signal.SIGALRM] = self._on_alarm
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            del handlers[signal.SIGHUP]  # started with nohup
        with handling(handlers):
            if signal.SIGALRM in handlers and timeout is not None:
                signal.setitimer(signal.ITIMER_REAL, max(timeout, 0.001))
            try:
                yield
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            self._notice(
                "interrupted: waiting for running jobs, the rest is canceled; "
                "press Ctrl-C again to stop them"
            )
            self._post_cancel(Reason.INTERRUPTED, stop_running=False)
        elif self._interrupts == 2:
            self._notice(
                "interrupted again: running jobs are stopped; press Ctrl-C once more to exit now"
            )
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
        jobs = [job.id for plan in self._plans for job in plan.jobs if job.status not in FINAL]
        coordinator = self._engine.coordinator
        coordinator.post(lambda: coordinator.cancel(jobs, reason, stop_running=stop_running))

    # -- the end --------------------------------------------------------------------------

    def _exit_code(self) -> int:
        if self._terminated:
            return outcome.TERMINATED
        return outcome.worst(outcome.exit_code(plan.record, plan.jobs) for plan in self._plans)
