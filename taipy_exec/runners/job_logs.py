"""The logs of jobs that run elsewhere: open while their output arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from taipy_exec.execution.capture import JobLog, appending
from taipy_exec.execution.order import JobOrder


class JobLogs:
    """Each is opened at its first line, at `place`, and takes `limit` bytes."""

    def __init__(self, place: Callable[[JobOrder], Path], limit: int) -> None:
        self._place = place
        self._limit = limit
        self._open: dict[str, JobLog] = {}

    def __bool__(self) -> bool:
        """Whether any is open."""
        return bool(self._open)

    def write(self, order: JobOrder, data: bytes) -> None:
        """Add what the job has printed."""
        log = self._open.get(order.job)
        if log is None:
            log = self._open[order.job] = JobLog(lambda: appending(self._place(order)), self._limit)
        log.write(data)

    def note(self, order: JobOrder, text: str) -> None:
        """Add a line of our own."""
        self.write(order, f"taipy-exec: {text}\n".encode())

    def end(self, job: str) -> None:
        """The job has ended."""
        log = self._open.pop(job, None)
        if log is not None:
            log.close()

    def close(self) -> None:
        """Close all."""
        for job in list(self._open):
            self.end(job)
