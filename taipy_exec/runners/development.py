"""development: jobs run one by one in the calling thread, so a debugger works in them."""

from __future__ import annotations

import logging
import sys
import time

from taipy_exec.execution.capture import JobLog, Tee, appending
from taipy_exec.execution.limits import JobStopped
from taipy_exec.execution.order import JobOrder, JobReport
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.runners.registry import RunnerContext


class DevelopmentRunner:
    """Runs the job inside `poll`; a signal handler of the same thread can end it."""

    queue = None

    def __init__(self, context: RunnerContext) -> None:
        self._context = context
        self._jobs = JobRunner(context.app)
        self._worker = worker_name()
        self._next: JobOrder | None = None
        self._running: JobOrder | None = None
        self._records = _Records()

    def free(self) -> int:
        return 0 if self._next else 1

    def reserve(self) -> str:
        return self._worker

    def start(self, order: JobOrder, worker: str) -> None:
        self._next = order

    def stop(self, job: str, grace: float) -> None:
        """Nothing to do: while this thread can call it, no job runs in this thread."""

    def poll(self, timeout: float | None) -> list[JobReport]:
        order, self._next = self._next, None
        if order is None:
            if timeout:
                time.sleep(min(timeout, 0.05))
            return []
        begin = time.perf_counter()
        log = JobLog(
            lambda: appending(self._context.log_path(order)), self._context.app.job.log_limit
        )
        try:
            with _Captured(log, self._records, echo=self._context.echo):
                self._running = order
                try:
                    return [self._jobs.run(order)]
                finally:
                    self._running = None
        except JobStopped:
            failure = Failure(kind=Reason.INTERRUPTED, message="stopped while it ran")
            return [
                JobReport(
                    job=order.job,
                    attempt=order.attempt,
                    finished_at=time.time(),
                    duration=time.perf_counter() - begin,
                    failure=failure,
                )
            ]

    def wake(self) -> None:
        """Nothing waits in this mode."""

    def interrupt(self) -> None:
        """Raise `JobStopped` inside the job that runs now."""
        if self._running:
            raise JobStopped(self._running.job)

    def close(self, grace: float = 0.0) -> None:
        """Leave the program's logging as it was."""
        self._records.restore()


class _Captured:
    """While a job runs: its prints and its log records go to its log. A context by hand, since
    it is entered for every job."""

    __slots__ = ("_echo", "_log", "_records", "_streams", "_tees")

    def __init__(self, log: JobLog, records: _Records, *, echo: bool) -> None:
        self._log = log
        self._records = records
        self._echo = echo
        self._streams = (sys.stdout, sys.stderr)

    def __enter__(self) -> None:
        out, err = self._streams
        self._tees = tuple(Tee(self._log, one if self._echo else None) for one in (out, err))
        sys.stdout, sys.stderr = self._tees
        self._records.log = self._log
        logging.getLogger().addHandler(self._records)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        logging.getLogger().removeHandler(self._records)
        sys.stdout, sys.stderr = self._streams
        for tee in self._tees:
            tee.end()
        self._log.close()


class _Records(logging.Handler):
    """Log records of the running job into its log, also where nobody has set up logging.

    Its level stays set from the first job to the end: setting one is not cheap.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.log: JobLog | None = None
        root = logging.getLogger()
        self._level = root.level
        if not root.handlers:
            root.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        alone = len(logging.getLogger().handlers) == 1
        if alone and record.levelno >= logging.WARNING and logging.lastResort is not None:
            # Without us, Python itself would print this; the job's stderr is captured anyway.
            logging.lastResort.handle(record)
        elif self.log is not None:
            try:
                self.log.write((self.format(record) + "\n").encode("utf-8", "backslashreplace"))
            except Exception:
                self.handleError(record)

    def restore(self) -> None:
        """Take the level back, where it is still ours."""
        root = logging.getLogger()
        if root.level == logging.INFO and not root.handlers:
            root.setLevel(self._level)
