"""Report failed jobs to a program: a record of the logger `taipy_exec`, an exception."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status

log = logging.getLogger("taipy_exec")

_FRAME = re.compile(r'^ *File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<name>\S+)', re.M)
_LONGEST = 500
_NAMED = 3


def log_failure(job: JobRecord, redact: Callable[[str], str]) -> None:
    """Log one ERROR record: the task, the exception, the user's last line, and a command."""
    log.error("%s; taipy-exec logs %s shows all", described(job, redact), job.short_id)


def described(job: JobRecord, redact: Callable[[str], str]) -> str:
    """`task fit failed: ValueError: no such luck (jobs.py:12, in fit)`."""
    failure = job.failure
    if failure is None:
        return f"task {job.task} failed"
    kind = f"{failure.type}: " if failure.type else ""
    what = redact(f"{kind}{failure.message}").strip()
    if len(what) > _LONGEST:
        what = f"{what[:_LONGEST]} [...]"
    frames = list(_FRAME.finditer(failure.traceback or ""))
    place = ""
    if frames:
        last = frames[-1]
        place = f" ({last['file']}:{last['line']}, in {last['name']})"
    return f"task {job.task} failed: {what}{place}"


def summary(jobs: Sequence[JobRecord], redact: Callable[[str], str]) -> str:
    """The first jobs that failed, in words, and how many more there are."""
    failed = [job for job in jobs if job.status is Status.FAILED]
    parts = [described(job, redact) for job in failed[:_NAMED]]
    if len(failed) > _NAMED:
        parts.append(f"and {len(failed) - _NAMED} more")
    return "; ".join(parts)
