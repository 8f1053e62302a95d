"""Jobs in words and signs, without colour."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.visible_text import one_line, uncoloured

GLYPHS = {
    Status.SUBMITTED: ("·", "."),
    Status.BLOCKED: ("○", "o"),
    Status.PENDING: ("◔", "-"),
    Status.RUNNING: ("▶", ">"),
    Status.CANCELED: ("⊘", "x"),
    Status.FAILED: ("✗", "X"),
    Status.COMPLETED: ("✓", "+"),
    Status.SKIPPED: ("↷", "="),
    Status.ABANDONED: ("⊖", "/"),
}


def duration(seconds: float | None) -> str:
    """`12ms`, `3.4s`, `2m05s`, `1h02m`."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def size(number: int) -> str:
    """`512 B`, `3.4 kB`, `1.2 MB`."""
    if number < 1000:
        return f"{number} B"
    shown = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        shown /= 1000
        if shown < 999.95 or unit == "TB":
            break
    return f"{shown:.1f} {unit}"


def several(number: int, one: str, many: str | None = None) -> str:
    """`1 job`, `3 jobs`; `many` is for a plural that needs more than an s."""
    return f"1 {one}" if number == 1 else f"{number} {many or one + 's'}"


def clock(seconds: float | None) -> str:
    """A local time of day, with the date unless it is today."""
    if seconds is None:
        return ""
    at = dt.datetime.fromtimestamp(seconds)
    return at.strftime("%H:%M:%S" if at.date() == dt.date.today() else "%Y-%m-%d %H:%M")


def counts_text(counts: Mapping[Status, int]) -> str:
    """`7 completed, 2 skipped, 1 failed`."""
    order = (
        Status.COMPLETED,
        Status.SKIPPED,
        Status.FAILED,
        Status.ABANDONED,
        Status.CANCELED,
        Status.RUNNING,
        Status.PENDING,
        Status.BLOCKED,
        Status.SUBMITTED,
    )
    parts = [f"{counts[s]} {s.name.lower()}" for s in order if counts.get(s)]
    return ", ".join(parts) or "no jobs"


def most_telling_count(counts: Mapping[Status, int]) -> str:
    """`3 failed of 12`, `2 running of 12`, or `12` where all are done."""
    total = sum(counts.values())
    for status in (Status.FAILED, Status.RUNNING, Status.PENDING, Status.CANCELED):
        if counts.get(status):
            return f"{counts[status]} {status.name.lower()} of {total}"
    return str(total)


def summary_line(record: SubmissionRecord) -> str:
    """`SUBMISSION_... COMPLETED: 8 jobs (7 completed, 1 skipped) in 1.2s`."""
    total = sum(record.counts.values())
    took = (
        ""
        if record.finished_at is None
        else (f" in {duration(max(record.finished_at - record.created_at, 0.0))}")
    )
    detail = f" ({counts_text(record.counts)})" if total else ""
    paused = " (paused)" if record.paused and record.finished_at is None else ""
    return f"{record.short_id} {record.status.name}{paused}: {several(total, 'job')}{detail}{took}"


def reason_text(job: JobRecord) -> str:
    """Why the job is in its status: the first line of the failure, if there is one."""
    if job.failure:
        return failure_text(job.failure)
    return (job.reason or "").replace("_", " ")


def failure_text(failure: Failure) -> str:
    """Type and first line of the message, on one line and without colours."""
    return one_line(uncoloured(failure.summary))


CUT = " [...]"
# The length of a reason on one line: more would hide the text around it.
LONGEST_REASON = 300


def shortened(text: str, longest: int = LONGEST_REASON) -> str:
    """At most `longest` characters of `text`, with a mark if that is not all.

    Secrets must be removed before: half of a secret would not be recognised any more.
    """
    return text if len(text) <= longest else f"{text[:longest]}{CUT}"


def runs_canceled(number: int) -> str:
    """`runs the 3 that were canceled`, after the command that does so."""
    return f"runs the {number} that {'was' if number == 1 else 'were'} canceled"


def what_became_of(jobs: Sequence[JobRecord]) -> str:
    """`3 jobs were skipped`, `fit failed`, `2 jobs: 1 completed, 1 abandoned`."""
    counts = Counter(job.status for job in jobs)
    if not jobs:
        return "no such jobs"
    if len(counts) > 1:
        return f"{len(jobs)} jobs: {counts_text(counts)}"
    status, is_one = jobs[0].status, len(jobs) == 1
    who = jobs[0].task if is_one else f"{len(jobs)} jobs"
    verb = ("was " if is_one else "were ") if status.is_final else "is " if is_one else "are "
    if status in (Status.COMPLETED, Status.FAILED):
        verb = ""
    why = f" ({reason_text(jobs[0])})" if is_one and jobs[0].reason else ""
    return f"{who} {verb}{status.name.lower()}{why}"
