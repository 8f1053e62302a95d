"""standalone: each job in a process dedicated to it while it runs, several at once."""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable

from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.child import make_bootstrap
from taipy_exec.execution.order import JobOrder, JobReport
from taipy_exec.execution.processes import Guard
from taipy_exec.execution.slot import Slot
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.runners.registry import RunnerContext


class StandaloneRunner:
    """At most `workers` slots, made when they are needed; a dead one is replaced."""

    def __init__(self, context: RunnerContext) -> None:
        self._context = context
        self._workers = context.app.job.workers
        self._limit = context.app.job.max_jobs_per_process
        # Here, in the thread that makes the runner: if that is importing the user's module, the
        # pickler would wait for its import lock in any other.
        self._bootstrap = make_bootstrap(context.app, context.folder)
        self._guard: Guard | None = None
        self._slots: dict[str, Slot] = {}
        self._idle: list[Slot] = []
        self._reserved: dict[str, Slot] = {}
        self._ended: list[JobReport] = []
        self._refusal: Failure | None = None
        self._wake_lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, (self._woken, 0))

    def free(self) -> int:
        return self._workers - len(self._slots) + len(self._idle)

    def reserve(self) -> str | None:
        try:
            slot = self._idle.pop() if self._idle else self._new_slot()
        except OSError as error:
            if self._slots:
                # No process or descriptor to be had: go on with those that there are.
                self._workers = len(self._slots)
                return None
            return self._refuse(f"no process can be started for it: {error}", error)
        self._reserved[slot.worker] = slot
        return slot.worker

    def _refuse(self, message: str, error: Exception) -> str:
        """A worker that fails the job which is started on it."""
        self._refusal = Failure(kind=Reason.NOT_LOADED, type=type(error).__name__, message=message)
        return worker_name()

    def start(self, order: JobOrder, worker: str) -> None:
        if worker not in self._reserved:
            report = JobReport(
                job=order.job,
                attempt=order.attempt,
                finished_at=time.time(),
                duration=0.0,
                failure=self._refusal,
            )
            self._ended.append(report)
            return
        slot = self._reserved.pop(worker)
        log = JobLog(lambda: self._context.log_path(order), self._context.app.job.log_limit)
        slot.start(order, log)

    def stop(self, job: str, grace: float) -> None:
        for slot in self._slots.values():
            if slot.job is not None and slot.job.job == job:
                slot.stop(grace)

    def poll(self, timeout: float | None) -> list[JobReport]:
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
            if slot.kill_at is not None and now >= slot.kill_at:
                slot.kill()
        ended, self._ended = self._ended, []
        return ended

    def wake(self) -> None:
        # Never to a descriptor that is closed: its number may be somebody else's by now. The
        # lock is not waited for, since a signal handler may interrupt the thread that holds it.
        if self._wake_lock.acquire(blocking=False):
            try:
                if self._wake_writer >= 0:
                    os.write(self._wake_writer, b"w")
            except OSError:
                pass
            finally:
                self._wake_lock.release()

    def interrupt(self) -> None:
        """No job runs in this thread."""

    def close(self, grace: float = 0.0) -> None:
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
                slot.bury()
            else:
                slot.retire()
        if self._guard is not None:
            self._guard.close()
        self._selector.close()
        os.close(self._wake_reader)
        with self._wake_lock:
            writer, self._wake_writer = self._wake_writer, -1
            os.close(writer)

    # -- slots ----------------------------------------------------------------------------

    def _new_slot(self) -> Slot:
        if self._guard is None:
            self._guard = Guard()
        slot = Slot(self._bootstrap, self._guard.family)
        self._slots[slot.worker] = slot
        for fd, action, order in (
            (slot.reports.fileno(), self._on_report, 0),
            (slot.output.fileno(), self._on_output, 1),
            (slot.sentinel, self._on_end, 2),
        ):
            self._selector.register(fd, selectors.EVENT_READ, (_bound(action, slot), order))
        return slot

    def _forget(self, slot: Slot) -> None:
        del self._slots[slot.worker]
        self._reserved.pop(slot.worker, None)
        if slot in self._idle:
            self._idle.remove(slot)
        for fd in (slot.reports.fileno(), slot.output.fileno(), slot.sentinel):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)

    def _on_report(self, slot: Slot) -> None:
        report = slot.take_report()
        if report is None:
            # The pipe is at its end: the process is ending, and its sentinel will tell.
            self._selector.unregister(slot.reports.fileno())
            return
        self._ended.append(report)
        if report.leaked or (self._limit and slot.jobs_done >= self._limit):
            self._forget(slot)
            slot.retire()
        else:
            self._idle.append(slot)

    def _on_output(self, slot: Slot) -> None:
        if not slot.take_output():
            self._selector.unregister(slot.output.fileno())

    def _on_end(self, slot: Slot) -> None:
        self._forget(slot)
        report = slot.bury()
        if report is not None:
            self._ended.append(report)

    def _woken(self) -> None:
        try:
            while os.read(self._wake_reader, 4096):
                pass
        except BlockingIOError:
            pass


def _bound(action: Callable[[Slot], None], slot: Slot) -> Callable[[], None]:
    return lambda: action(slot)
