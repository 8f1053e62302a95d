"""One line for each change of a job: if no table can be redrawn, and above a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from taipy_exec.cli.streams import Streams
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.views.words import duration, failure_text, shortened

Redaction = Callable[[str], str]


class TaskNames:
    """The tasks of a submission's jobs, also of those that come while it runs."""

    def __init__(self, jobs: Sequence[JobRecord]) -> None:
        self._jobs = jobs
        self._found: dict[str, str] = {}

    def of(self, job: str) -> str | None:
        """The task of a job; None for one of another submission."""
        if job not in self._found:
            self._found = {job.id: job.task for job in self._jobs}
        return self._found.get(job)


class Lines:
    """One line on stderr for each change, if nothing can be redrawn."""

    def __init__(self, streams: Streams, jobs: Sequence[JobRecord], redacted: Redaction) -> None:
        self._redacted = redacted
        self._streams = streams
        self._tasks = TaskNames(jobs)

    def observe(self, changes: Sequence[Change]) -> None:
        """Print the changes of this submission's jobs."""
        for change in changes:
            task = self._tasks.of(change.job)
            is_waiting = change.after in (Status.BLOCKED, Status.PENDING)
            is_new = is_waiting and change.before is not Status.RUNNING
            if task is not None and (self._streams.verbose or not is_new):
                self._streams.note(change_line(change, task, self._redacted))


def change_line(change: Change, task: str, redacted: Redaction = str) -> str:
    """`02:05:01 fit FAILED in 1.2s: ValueError: no rows`."""
    at = time.strftime("%H:%M:%S", time.localtime(change.at))
    text = f"{at} {task} {change.after.name}"
    if change.after is Status.RUNNING:
        text += f" on {change.worker}"
        if change.attempt > 1:
            text += f", attempt {change.attempt}"
    elif change.duration is not None:
        text += f" in {duration(change.duration)}"
    if change.reason == Reason.RETRIED:
        text += f": attempt {change.attempt - 1} failed, attempt {change.attempt} follows"
    elif change.reason == Reason.WORKER_LOST and change.after is Status.PENDING:
        worker = change.worker or "its worker"
        text += f": {worker} was lost, attempt {change.attempt} follows"
    elif change.failure:
        text += f": {shortened(redacted(failure_text(change.failure)))}"
    elif change.reason and change.after is not Status.RUNNING:
        text += f" ({change.reason.replace('_', ' ')})"
    return text
