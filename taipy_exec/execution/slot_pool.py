"""Slots, made when they are needed. Each running job has its own process."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from pathlib import Path

from taipy_exec.config.application import AppConfig
from taipy_exec.config.mapped import task_named
from taipy_exec.event_log import EventLog
from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.child import make_bootstrap
from taipy_exec.execution.fence import NEVER
from taipy_exec.execution.host import remove_half_written
from taipy_exec.execution.processes import Guard
from taipy_exec.execution.slot import Ask, Ready, Slot
from taipy_exec.execution.wake import WakePipe
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.event import Begun, Starting
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.protocol.order import JobOrder, JobReport

journal = EventLog("slots")

_GONE = Failure(kind=Reason.PROCESS_DIED, message="its process ended before the job began")


class SlotPool:
    """At most `size` slots. A dead one is replaced. One thread calls all methods except `wake`.

    With `asks`, a job's process asks before it writes, unless its order allows it. `asking` holds
    the slots whose jobs wait for an answer, by worker. `size` may change at any time; this stops no
    running job.
    """

    def __init__(self, app: AppConfig, folder: Path, size: int, *, asks: bool = False) -> None:
        self.size = size
        self.asking: dict[str, Slot] = {}
        self._app = app
        self._limit = app.job.max_jobs_per_process
        # This runs in the thread that makes the pool. If that thread is importing the user's
        # module, the pickler would wait for the import lock in any other thread.
        self._bootstrap = make_bootstrap(app, folder, asks=asks)
        self._guard: Guard | None = None
        self._slots: dict[str, Slot] = {}
        self._idle: list[Slot] = []
        self._reserved: dict[str, Slot] = {}
        self._ended: list[JobReport] = []
        self._starts: list[Starting | Begun] = []
        self._refusal: Failure | None = None
        self._selector = selectors.DefaultSelector()
        self._wake = WakePipe()
        self.wake = self._wake.set
        self._selector.register(self._wake, selectors.EVENT_READ, (self._wake.clear, 0))

    def free(self) -> int:
        """The number of jobs that could start now."""
        return self.size - len(self._slots) + len(self._idle)

    @property
    def running(self) -> dict[str, Slot]:
        """The slots that run a job, by the job's id."""
        return {slot.job.job: slot for slot in self._slots.values() if slot.job is not None}

    def reserve(self) -> str | None:
        """Reserve a free slot and return its name (`host:pid`). None if there is none."""
        try:
            slot = self._idle.pop() if self._idle else self._new_slot()
        except OSError as error:
            journal.info("process-refused", slots=len(self._slots), why=error)
            if self._slots:
                # The system gives no more processes or descriptors: continue with these slots.
                self.size = len(self._slots)
                return None
            return self._refuse(f"no process can be started for it: {error}", error)
        self._reserved[slot.worker] = slot
        return slot.worker

    def is_starting(self, worker: str) -> bool:
        """Whether the process of this reserved slot is not ready yet."""
        slot = self._reserved.get(worker)
        return slot is not None and not slot.is_ready

    def _refuse(self, message: str, error: Exception) -> str:
        """The name of a worker on which the next job fails with this message."""
        self._refusal = Failure(kind=Reason.NOT_LOADED, type=type(error).__name__, message=message)
        return worker_name()

    def release(self, worker: str) -> None:
        """Give back a reserved slot without a job."""
        slot = self._reserved.pop(worker, None)
        if slot is not None and slot.is_doomed:
            self._retire(slot)
        elif slot is not None:
            self._idle.append(slot)

    def renew(self) -> None:
        """Run all later jobs in new processes. Running jobs continue."""
        while self._idle:
            self._retire(self._idle[-1])
        for slot in self._slots.values():
            slot.is_doomed = True

    def _retire(self, slot: Slot) -> None:
        journal.debug("process-retired", slot, jobs=slot.jobs_done)
        self._forget(slot)
        slot.retire()

    def start(
        self,
        order: JobOrder,
        worker: str,
        log: JobLog,
        until: float = NEVER,
        beside: bytes = b"",
    ) -> None:
        """Run the job in the reserved slot. `poll` returns its report.

        The job may write without asking before `until` (monotonic clock). `beside` goes with the
        order.
        """
        if worker not in self._reserved:
            report = JobReport.failed(order, self._refusal or _GONE)
            self._ended.append(report)
            return
        slot = self._reserved.pop(worker)
        slot.start(order, log, until, self._seconds_to_kill(order), beside)
        if not slot.is_ready:
            self._starts.append(Starting(order.job, order.attempt, time.time()))

    def _seconds_to_kill(self, order: JobOrder) -> float | None:
        config = task_named(self._app.serving(order.entity).tasks, order.task)
        if config is None or not config.properties:
            return None
        return config.run_options.seconds_to_kill(self._app.job.grace)

    def answer(self, worker: str, until: float | None) -> None:
        """Answer the job of a slot: it may write until then without asking. None: it may not."""
        slot = self.asking.pop(worker, None)
        if slot is not None:
            slot.answer(until)

    def stop(self, job: str, grace: float) -> None:
        """Ask a running job to end, and kill it after `grace` seconds. A second call kills it."""
        for slot in self._slots.values():
            if slot.job is not None and slot.job.job == job:
                slot.stop(grace)

    def stop_slot(self, worker: str, grace: float) -> None:
        """As `stop`, for what runs in one slot: another may run a later attempt of the job."""
        slot = self._slots.get(worker)
        if slot is not None and slot.job is not None:
            slot.stop(grace)

    def poll(self, timeout: float | None) -> list[JobReport]:
        """Wait for jobs to end, at most `timeout` seconds (None: without limit, until `wake`).

        Returns the reports of the ended jobs.
        """
        deadlines = [slot.kill_at for slot in self._slots.values() if slot.kill_at is not None]
        if deadlines:
            left = max(min(deadlines) - time.monotonic(), 0)
            timeout = left if timeout is None else min(timeout, left)
        ready = self._selector.select(0 if self._ended else timeout)
        # Reports first: a process may have reported its job before it died.
        for key, _ in sorted(ready, key=lambda item: item[0].data[1]):
            if key.fd in self._selector.get_map():
                key.data[0]()
        now = time.monotonic()
        for slot in self._slots.values():
            slot.kill_if_due(now)
        ended, self._ended = self._ended, []
        return ended

    def take_starts(self) -> list[Starting | Begun]:
        """The jobs since the last call that wait for a new process, or whose one is ready."""
        starts, self._starts = self._starts, []
        return starts

    def close(self, grace: float = 0.0) -> None:
        """End every process. Running jobs are asked to end first, and have `grace` seconds."""
        busy = [slot for slot in self._slots.values() if slot.job is not None]
        for slot in busy:
            if grace > 0:
                slot.stop(grace)
            else:
                slot.kill()
        deadline = time.monotonic() + grace
        while any(slot.job is not None for slot in self._slots.values()):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self.poll(left)
        for slot in self._slots.values():
            if slot.job is not None:
                slot.kill()
        for slot in list(self._slots.values()):
            running = slot.job is not None
            self._forget(slot)
            if running:
                self._bury(slot)
            else:
                slot.retire()
        if self._guard is not None:
            self._guard.close()
        self._selector.close()
        self._wake.close()

    # -- slots ----------------------------------------------------------------------------

    def _new_slot(self) -> Slot:
        if self._guard is None:
            self._guard = Guard()
        slot = Slot(self._bootstrap, self._guard.family)
        self._slots[slot.worker] = slot
        journal.debug("process-started", slot)
        for fd, action, order in (
            (slot.reports.fileno(), self._on_report, 0),
            (slot.output.fileno(), self._on_output, 1),
            (slot.sentinel, self._on_end, 2),
        ):
            self._selector.register(fd, selectors.EVENT_READ, (_bound(action, slot), order))
        return slot

    def _forget(self, slot: Slot) -> None:
        if slot.job is not None:
            self.asking.pop(slot.worker, None)
        del self._slots[slot.worker]
        self._reserved.pop(slot.worker, None)
        if slot in self._idle:
            self._idle.remove(slot)
        for fd in (slot.reports.fileno(), slot.output.fileno(), slot.sentinel):
            self._unregister(fd)

    def _unregister(self, fd: int) -> None:
        if fd in self._selector.get_map():
            self._selector.unregister(fd)

    def _on_report(self, slot: Slot) -> None:
        report = None
        while (found := slot.take_report()) is not None:
            if isinstance(found, JobReport):
                report = found
            elif slot.job is None:
                continue
            elif isinstance(found, Ready):
                journal.debug("process-ready", slot.job, worker=slot.worker)
                self._starts.append(Begun(slot.job.job, slot.job.attempt, time.time()))
            elif isinstance(found, Ask):
                self.asking[slot.worker] = slot
        if slot.reports.is_at_end or slot.reports.is_broken:
            # The process is ending. Its sentinel will show it.
            self._unregister(slot.reports.fileno())
        if report is not None:
            self._ended.append(report)
            self._free(slot, report)

    def _free(self, slot: Slot, report: JobReport) -> None:
        """The slot's job has ended. The slot becomes free, or it ends too."""
        if (
            report.leaked
            or report.spoiled
            or slot.is_doomed
            or _was_cut(report)
            or (self._limit and slot.jobs_done >= self._limit)
        ):
            if report.leaked or report.spoiled:
                why = report.spoiled or "the job left processes running"
                journal.info("process-doomed", slot, job=report.job, why=why)
            self._retire(slot)
        else:
            self._idle.append(slot)

    def _on_output(self, slot: Slot) -> None:
        if not slot.take_output():
            self._selector.unregister(slot.output.fileno())

    def _on_end(self, slot: Slot) -> None:
        self._forget(slot)
        order = slot.job
        report = self._bury(slot)
        failure = report.failure.message if report is not None and report.failure else None
        journal.info("process-died", order, worker=slot.worker, how=failure)
        if report is not None:
            self._ended.append(report)

    def _bury(self, slot: Slot) -> JobReport | None:
        order = slot.job
        report = slot.bury()
        if order is not None:
            remove_half_written(self._app, order)
        return report


def _was_cut(report: JobReport) -> bool:
    """Whether a limit ended the job at any line: an import may be unfinished in its process."""
    failure = report.failure
    return failure is not None and (
        failure.kind == Reason.TIMED_OUT or failure.type == MemoryError.__name__
    )


def _bound(action: Callable[[Slot], None], slot: Slot) -> Callable[[], None]:
    return lambda: action(slot)
