"""A slot: one process that runs one job at a time, seen from the coordinator's side."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import multiprocess
from multiprocess import process, resource_tracker, spawn

from taipy_exec.event_log import EventLog
from taipy_exec.execution.capture import JobLog
from taipy_exec.execution.child import serve
from taipy_exec.execution.fence import ASK, NEVER, READY, UNTIL
from taipy_exec.execution.processes import MARK, end_group, signal_group
from taipy_exec.execution.report_pipe import ReportPipe
from taipy_exec.execution.worker_name import worker_name
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.protocol.order import JobOrder, JobReport, with_beside

journal = EventLog("slots")

_CONTEXT = multiprocess.get_context("spawn")
_STARTING = threading.Lock()
_CHUNK = 1 << 16
# A process that survives a kill is killed again this much later (seconds).
_KILL_AGAIN = 1.0


_MISUSED = (
    "wrong data arrived on the pipe for this job's report, for example from a process that a job "
    "forked, or from code that changes how other code writes: the process was stopped"
)


class Ask:
    """A question of a slot, in place of a report: may the job write its outputs?"""


class Ready:
    """The first message of a new slot: it can begin a job."""


class Slot:
    """A process with its pipes. `job` is the running job, None while the slot is free.

    A slot with `is_doomed` runs no other job after this one. A slot that is not `is_ready` is still
    starting.
    """

    def __init__(self, bootstrap: bytes, family: str) -> None:
        self.mark = f"{family}.{uuid.uuid4().hex}"
        self.job: JobOrder | None = None
        self.jobs_done = 0
        self.kill_at: float | None = None
        self.is_doomed = False
        self.is_ready = False
        self._is_misused = False
        self._log: JobLog | None = None
        self._begun = 0.0
        self._limit: float | None = None
        self._stopping = False
        self._expired = False
        order_reader, self._orders = _CONTEXT.Pipe(duplex=False)
        report_reader, report_writer = _CONTEXT.Pipe(duplex=False)
        self.reports = ReportPipe(report_reader)
        self.output, output_writer = _CONTEXT.Pipe(duplex=False)
        lifeline_reader, self._lifeline = _CONTEXT.Pipe(duplex=False)
        theirs = (order_reader, report_writer, output_writer, lifeline_reader)
        try:
            os.set_blocking(self.output.fileno(), False)
            self._process = _CONTEXT.Process(target=serve, args=theirs, name="taipy-exec-slot")
            # The first spawn starts it, and all slots share it. It must not have a slot's mark.
            resource_tracker.ensure_running()
            with _starting(self.mark):
                self._process.start()
                # Each start of a process reaps the ended ones of this set, before `bury` is asked.
                process._children.discard(self._process)
        except BaseException:
            for end in (self._orders, self.reports, self.output, self._lifeline):
                end.close()
            raise
        finally:
            for end in theirs:
                end.close()
        self.pid: int = self._process.pid
        # The sentinel of `multiprocess` is a pipe. A fork of the process would keep it open.
        self._pidfd = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else None
        self.worker = worker_name(self.pid)
        self._send(bootstrap)

    @property
    def sentinel(self) -> int:
        """A descriptor that becomes readable when the process has ended."""
        return int(self._process.sentinel) if self._pidfd is None else self._pidfd

    def start(
        self,
        order: JobOrder,
        log: JobLog,
        until: float = NEVER,
        limit: float | None = None,
        beside: bytes = b"",
    ) -> None:
        """Give the job to the process. If the process is dead already, its sentinel shows it.

        The job may write without asking before `until` (monotonic clock). After `limit` seconds the
        process is killed. `beside` goes with the order.
        """
        self.job = order
        self._log = log
        self._begun = time.monotonic()
        self._limit = limit
        self._stopping = False
        self.kill_at = None if limit is None else self._begun + limit
        self._send(UNTIL.pack(until) + with_beside(order, beside))

    def _send(self, message: bytes) -> None:
        try:
            self._orders.send_bytes(message)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self, until: float | None) -> None:
        """Answer an `Ask`: the job may write until then without asking. None: it may not."""
        self._send(UNTIL.pack(NEVER if until is None else until))

    def take_report(self) -> JobReport | Ask | Ready | None:
        """A report, a question or `Ready` that has arrived. None if there is none.

        Other data does not come from taipy-exec: for example, a copy of the process that its job
        has forked may have written it. Then the slot reads nothing more and ends.
        """
        message = None if self._is_misused else self.reports.take()
        if message is None:
            if self.reports.is_broken:
                self._misused()
            return None
        if message == READY and not self.is_ready:
            self.is_ready = True
            return Ready()
        if self.job is None:
            self._misused()
            return None
        if message == ASK:
            return Ask()
        # Imported only when needed: it takes 10 ms.
        from taipy_exec.protocol.schema import read_report

        try:
            report = read_report(message)
        except ValueError:
            self._misused()
            return None
        if (report.job, report.attempt) != (self.job.job, self.job.attempt):
            self._misused()
            return None
        self.take_output()
        if report.leaked:
            self._note(f"stopped {report.leaked} processes that the job left running")
        if report.spoiled:
            self._note(f"the process takes no other job: {report.spoiled}")
        self._finish()
        return report

    def _note(self, text: str) -> None:
        if self._log:
            self._log.write(f"taipy-exec: {text}\n".encode(errors="backslashreplace"))

    def _misused(self) -> None:
        self._is_misused = True
        journal.info("process-doomed", self.job, worker=self.worker, why=_MISUSED)
        self.kill()

    def take_output(self) -> bool:
        """Move the job's output into its log. False when no more output can arrive."""
        try:
            for _ in range(64):
                data = os.read(self.output.fileno(), _CHUNK)
                if not data:
                    return False
                if self._log:
                    self._log.write(data)
        except BlockingIOError:
            pass
        return True

    def _finish(self) -> None:
        if self._log:
            self._log.close()
        self._log = None
        self.job = None
        self.kill_at = None
        self.jobs_done += 1

    def stop(self, grace: float) -> None:
        """Ask the job's process group to end. After `grace` seconds it is killed."""
        if self._stopping:
            self.kill()
            return
        journal.info("process-stopped", self.job, worker=self.worker, grace=grace)
        self._stopping = self.is_doomed = True
        end = time.monotonic() + grace
        self.kill_at = end if self.kill_at is None else min(self.kill_at, end)
        signal_group(self.pid, signal.SIGTERM)

    def kill_if_due(self, now: float) -> None:
        """End the process group if its time is up."""
        if self.kill_at is None or now < self.kill_at:
            return
        self._expired = self._limit is not None and not self._stopping
        why = "timeout" if self._expired else "it did not end"
        journal.info("process-killed", self.job, worker=self.worker, why=why)
        self.kill_at = now + _KILL_AGAIN
        self.kill()

    def kill(self) -> None:
        """End the process group now."""
        self.is_doomed = True
        signal_group(self.pid, signal.SIGKILL)

    def bury(self) -> JobReport | None:
        """Clean up after the process has ended. Returns a report if a job died with it."""
        # The group first: until its leader is reaped, no other process can get that number.
        end_group(self.pid, self.mark)
        code, peak = self._reap()
        job, report = self.job, None
        while job is not None and (found := self.take_report()) is not None:
            if isinstance(found, JobReport):
                report = found
                break
        if job is not None and report is None:
            self.take_output()
            duration = time.monotonic() - self._begun
            report = JobReport.failed(job, self._death(code, peak), duration)
            report = report._replace(peak_memory=peak)
            self._finish()
        self._close_pipes()
        return report

    def retire(self) -> None:
        """End a free process. It ends when its order pipe closes; if not, it is killed."""
        self._orders.close()
        self._process.join(1.0)
        if self._process.exitcode is None and self._is_there():
            self.kill()
            self._process.join()
            end_group(self.pid, self.mark)
        self._close_pipes()

    def _is_there(self) -> bool:
        """Whether the process is alive. If this program ignores SIGCHLD, there is no exit code."""
        try:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    def _close_pipes(self) -> None:
        for end in (self._orders, self.reports, self.output, self._lifeline):
            end.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        if self._process.exitcode is None:
            # It has ended. Its exit code is lost, because this program ignores SIGCHLD.
            self._process._popen.returncode = 0
        self._process.close()

    def _reap(self) -> tuple[int | None, int | None]:
        """Exit code (negative: signal) and peak memory in bytes. None if unknown.

        `multiprocess` reaps with waitpid, which does not report memory. So this method reaps, and
        sets the exit code in the record of `multiprocess`.
        """
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            self._process.join()
            return self._process.exitcode, None
        code = os.waitstatus_to_exitcode(status)
        self._process._popen.returncode = code
        self._process.join()
        factor = 1 if sys.platform == "darwin" else 1024
        return code, usage.ru_maxrss * factor

    def _death(self, code: int | None, peak: int | None) -> Failure:
        if self._is_misused:
            return Failure(kind=Reason.PROCESS_DIED, message=_MISUSED)
        if self._expired and self._limit is not None:
            what = f"it did not end within {self._limit:g} s, and its processes were killed"
            return Failure(kind=Reason.TIMED_OUT, message=f"{what}{_memory(peak)}")
        return _death(code, peak, stopped=self._stopping)


def _memory(peak: int | None) -> str:
    return f" (peak memory {peak / 2**20:.0f} MiB)" if peak else ""


def _death(code: int | None, peak: int | None, *, stopped: bool) -> Failure:
    memory = _memory(peak)
    if code is None:
        what = "its process ended; its exit code is unknown, because this program ignores SIGCHLD"
    elif code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        what = f"its process was killed by {name}{memory}"
        if -code == signal.SIGKILL and not stopped:
            what += "; probably out of memory, unless a user or a program sent the signal"
    else:
        what = f"its process ended with exit code {code}{memory}"
    return Failure(kind=Reason.PROCESS_DIED, message=what)


@contextmanager
def _starting(mark: str) -> Iterator[None]:
    """Start a process that does not run the user's script again.

    `multiprocess` sends the main script to a spawned process, to be imported there. This function
    removes it. By the mark in the environment, `end_group` finds processes that left the group.
    """
    with _STARTING:
        original = spawn.get_preparation_data
        spawn.get_preparation_data = lambda name: _without_main(original(name))
        outer = os.environ.get(MARK)
        os.environ[MARK] = mark
        try:
            yield
        finally:
            spawn.get_preparation_data = original
            if outer is None:
                del os.environ[MARK]
            else:
                os.environ[MARK] = outer


def _without_main(preparation: dict[str, Any]) -> dict[str, Any]:
    return {key: v for key, v in preparation.items() if not key.startswith("init_main")}
