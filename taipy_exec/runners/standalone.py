"""standalone: several jobs at once, each in a process that runs no other job meanwhile."""

from __future__ import annotations

from taipy_exec.config.modes import IN_PROCESSES
from taipy_exec.execution.capture import JobLog, ShownAtOnce, appending
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.model.event import Begun, Event
from taipy_exec.ports import RunnerContext
from taipy_exec.protocol.order import JobOrder, JobReport


class StandaloneRunner:
    """A pool of slots on this machine."""

    queue = None

    capabilities = IN_PROCESSES

    def __init__(self, context: RunnerContext) -> None:
        self._context = context
        self._pool = SlotPool(context.app, context.folder, context.app.job.workers)
        self.free = self._pool.free
        self.reserve = self._pool.reserve
        self.is_starting = self._pool.is_starting
        self.stop = self._pool.stop
        self.wake = self._pool.wake
        self.close = self._pool.close

    def start(self, order: JobOrder, worker: str) -> None:
        app = self._context.app
        # The jobs of a program print to its streams, as under its own framework.
        show = ShownAtOnce() if self._context.echo and app.program is not None else None
        log = JobLog(lambda: appending(self._context.log_path(order)), app.job.log_limit, show)
        self._pool.start(order, worker, log, beside=self._context.beside(order))

    def poll(self, timeout: float | None) -> list[JobReport | Event]:
        reports = self._pool.poll(timeout)
        # Whether a job waits for its process is known since `is_starting`.
        begun = [one for one in self._pool.take_starts() if isinstance(one, Begun)]
        return [*begun, *reports]

    def interrupt(self) -> None:
        """No job runs in this thread."""
