"""Jobs in words and signs, without colour."""

from __future__ import annotations

from collections.abc import Mapping

from taipy_exec.display.visible import one_line, uncoloured
from taipy_exec.model.job import Failure, JobRecord
from taipy_exec.model.job import short_id as short_id
from taipy_exec.model.status import Status

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
