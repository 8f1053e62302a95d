"""development: jobs run one by one in the calling thread, so a debugger works in them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import Any

from taipy_exec.config.modes import IN_CALLERS_THREAD
from taipy_exec.execution.capture import JobLog, appending
from taipy_exec.execution.default_logging import DefaultLogging
from taipy_exec.execution.limits import JobStopped
from taipy_exec.execution.module_settings import LogSettings
from taipy_exec.execution.output_capture import OutputCapture, release_output
from taipy_exec.execution.progress import told_by
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.execution.usage import Meter
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.ports import RunnerContext
from taipy_exec.protocol.order import JobOrder, JobReport


class DevelopmentRunner:
    """Runs the job inside `poll`; a signal handler of the same thread can end it."""

    queue = None

    capabilities = IN_CALLERS_THREAD

    def __init__(self, context: RunnerContext) -> None:
        self._context = context
        self._jobs = JobRunner(context.app)
        self._worker = worker_name()
        self._next: JobOrder | None = None
        self._running: JobOrder | None = None
        self._is_interrupted = False
        self._jobs.watch(_LogsOnly())
        self._output = OutputCapture(echo=context.echo)
        self._logging = DefaultLogging(self._output.write)

    def free(self) -> int:
        return 0 if self._next else 1

    def reserve(self) -> str:
        return self._worker

    def start(self, order: JobOrder, worker: str) -> None:
        self._next = order

    def stop(self, job: str, grace: float) -> None:
        """Do nothing: whenever this thread can call it, no job runs in this thread."""

    def poll(self, timeout: float | None) -> list[JobReport]:
        order, self._next = self._next, None
        if order is None:
            self._is_interrupted = False
            if timeout:
                time.sleep(min(timeout, 0.05))
            return []
        with _Interrupts(lambda: self._running is not None) as interrupts:
            report = self._run(order)
        if interrupts.seen and report.failure and report.failure.type == KeyboardInterrupt.__name__:
            raise KeyboardInterrupt
        return [report]

    def _run(self, order: JobOrder) -> JobReport:
        begin = time.perf_counter()
        log = JobLog(
            lambda: appending(self._context.log_path(order)), self._context.app.job.log_limit
        )
        self._logging.install()
        self._output.start(log)
        hook, sys.breakpointhook = sys.breakpointhook, _debugger(sys.breakpointhook)
        try:
            self._running = order
            meter = Meter()
            try:
                with told_by(self._output.write):
                    if self._is_interrupted:
                        self.interrupt()
                    report = self._jobs.run(order)
            finally:
                self._running = None
                self._is_interrupted = False
            used = meter.usage()
            return report._replace(cpu_seconds=used.cpu_seconds, peak_memory=used.peak_memory)
        except JobStopped:
            failure = Failure(kind=Reason.INTERRUPTED, message="stopped while it ran")
            return JobReport.failed(order, failure, time.perf_counter() - begin)
        finally:
            sys.breakpointhook = hook
            self._logging.pause()
            self._output.stop()
            log.close()

    def wake(self) -> None:
        """Nothing waits in this mode."""

    def interrupt(self) -> None:
        """Raise `JobStopped` inside the job that runs now, or inside one that is about to run."""
        if self._running:
            raise JobStopped(self._running.job)
        self._is_interrupted = True

    def close(self, grace: float = 0.0) -> None:
        """Restore the program's logging."""
        self._logging.uninstall()
        self._output.close()


class _LogsOnly:
    """Gives each job its own log levels and handlers. All else it shares with the program."""

    def importing(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def calling(self) -> Iterator[None]:
        before = LogSettings()
        try:
            yield
        finally:
            before.restore()


class _Interrupts:
    """Notices a Ctrl-C while a job runs, to distinguish it from the job's own KeyboardInterrupt.

    A Ctrl-C between the steps of a job waits until they are done. Signal handlers belong to the
    main thread: in another thread this class does nothing.
    """

    def __init__(self, is_in_job: Callable[[], bool]) -> None:
        self._is_in_job = is_in_job
        self._former: Any = None
        self._waits = False
        self.seen = False

    def __enter__(self) -> _Interrupts:
        if threading.current_thread() is threading.main_thread():
            former = signal.getsignal(signal.SIGINT)
            if callable(former):
                self._former = former
                signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)
            if self._waits:
                self._former(signal.SIGINT, None)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        if self._is_in_job() or self._waits:  # a second Ctrl-C does not wait
            self._former(number, frame)
        else:
            self._waits = True


def _debugger(hook: Callable[..., Any]) -> Callable[..., Any]:
    """A hook that gives `breakpoint()` the terminal: from then on the job prints to it."""
    if hook is not sys.__breakpointhook__:
        return hook

    def talk(*args: Any, **named: Any) -> Any:
        release_output()
        if os.environ.get("PYTHONBREAKPOINT"):
            return hook(*args, **named)
        import pdb

        return pdb.Pdb().set_trace(sys._getframe(1))

    return talk
