"""From the jobs' statuses to the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipy_exec.model.job import SubmissionRecord

OK = 0
FAILED = 1
WRONG_USE = 2
INVALID = 3
CANCELED = 4
TIMED_OUT = 5
BUG = 70
INTERRUPTED = 130
TERMINATED = 143


def exit_code(record: SubmissionRecord) -> int:
    """The exit code of PRODUCT's table for a submission that is not worked on any more."""
    from taipy_exec.model.status import Status

    counts = record.counts
    if counts.get(Status.FAILED):
        return FAILED
    if counts.get(Status.CANCELED):
        return CANCELED
    if counts.get(Status.ABANDONED):
        return FAILED
    if record.unfinished:
        return INVALID
    return OK
