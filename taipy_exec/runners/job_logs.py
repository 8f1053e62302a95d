"""The logs of jobs that workers run: open while their output arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from taipy_exec.execution.capture import JobLog, appending
from taipy_exec.protocol.order import JobOrder


class JobLogs:
    """Each log is opened at its first line, at `place`, and holds at most `limit` bytes."""

    def __init__(self, place: Callable[[JobOrder], Path], limit: int) -> None:
        self._place = place
        self._limit = limit
        self._open: dict[str, JobLog] = {}

    def __bool__(self) -> bool:
        """Whether any log is open."""
        return bool(self._open)

    def write(self, order: JobOrder, data: bytes) -> None:
        """Add output of the job."""
        log = self._open.get(order.job)
        if log is None:
            log = self._open[order.job] = JobLog(lambda: appending(self._place(order)), self._limit)
        log.write(data)

    def note(self, order: JobOrder, text: str) -> None:
        """Add a line of taipy-exec itself."""
        self.write(order, f"taipy-exec: {text}\n".encode())

    def end(self, job: str) -> None:
        """Close the log of a job that has ended."""
        log = self._open.pop(job, None)
        if log is not None:
            log.close()

    def close(self) -> None:
        """Close all logs."""
        for job in list(self._open):
            self.end(job)
