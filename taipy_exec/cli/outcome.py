"""From the jobs' statuses to the exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipy_exec.model.job import JobRecord, SubmissionRecord

OK = 0
FAILED = 1
WRONG_USE = 2
INVALID = 3
CANCELED = 4
TIMED_OUT = 5
STORE = 7
WORK_TO_DO = 10
BUG = 70
INTERRUPTED = 130
TERMINATED = 143


def exit_code(record: SubmissionRecord, jobs: Iterable[JobRecord]) -> int:
    """The exit code of PRODUCT's table for a submission that is not worked on any more.

    Its `jobs` show whether it ran out of time or was interrupted, and not canceled by a user: that
    counts before failures, as for the `submit` command that it happened to.
    """
    from taipy_exec.model.status import Reason, Status

    why = {job.reason for job in jobs if job.status is Status.CANCELED}
    if Reason.TIMED_OUT in why:
        return TIMED_OUT
    if Reason.INTERRUPTED in why:
        return INTERRUPTED
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


# For several submissions the first of these counts, as `exit_code` weighs the jobs of one.
_WORST_FIRST = (TERMINATED, TIMED_OUT, INTERRUPTED, FAILED, CANCELED, INVALID)


def worst(codes: Iterable[int]) -> int:
    """The exit code of several submissions together."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), OK)
