"""Job and submission statuses, the allowed steps, and how a submission's status is derived."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Status(enum.Enum):
    """The nine job statuses of Taipy 4.1, with Taipy's values."""

    SUBMITTED = 1
    BLOCKED = 2
    PENDING = 3
    RUNNING = 4
    CANCELED = 5
    FAILED = 6
    COMPLETED = 7
    SKIPPED = 8
    ABANDONED = 9

    # Members are singletons; the inherited hash is Python code, and this is the hot path.
    __hash__ = object.__hash__

    @property
    def is_final(self) -> bool:
        """Whether a job in this status stays in it for ever."""
        return self in FINAL


FINAL = frozenset(
    {Status.CANCELED, Status.FAILED, Status.COMPLETED, Status.SKIPPED, Status.ABANDONED}
)
WAITING = frozenset({Status.SUBMITTED, Status.BLOCKED, Status.PENDING})
DONE = frozenset({Status.COMPLETED, Status.SKIPPED})

# RUNNING -> PENDING exists in taipy-exec only: a job runs again if its process was lost with its
# coordinator, if a coordinator that had to leave handed it back, or if it failed with retries left.
ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.SUBMITTED: frozenset(
        {Status.BLOCKED, Status.PENDING, Status.CANCELED, Status.ABANDONED}
    ),
    Status.BLOCKED: frozenset({Status.PENDING, Status.CANCELED, Status.ABANDONED}),
    Status.PENDING: frozenset({Status.RUNNING, Status.SKIPPED, Status.CANCELED}),
    Status.RUNNING: frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.PENDING}),
}


class SubmissionStatus(enum.Enum):
    """The submission statuses of Taipy 4.1, with Taipy's values."""

    SUBMITTED = 0
    UNDEFINED = 1
    BLOCKED = 2
    PENDING = 3
    RUNNING = 4
    CANCELED = 5
    FAILED = 6
    COMPLETED = 7


_RULES: tuple[tuple[Status, SubmissionStatus], ...] = (
    (Status.FAILED, SubmissionStatus.FAILED),
    (Status.CANCELED, SubmissionStatus.CANCELED),
    (Status.ABANDONED, SubmissionStatus.UNDEFINED),
    (Status.RUNNING, SubmissionStatus.RUNNING),
    (Status.PENDING, SubmissionStatus.PENDING),
    (Status.BLOCKED, SubmissionStatus.BLOCKED),
    (Status.COMPLETED, SubmissionStatus.COMPLETED),
    (Status.SKIPPED, SubmissionStatus.COMPLETED),
)


def submission_status(counts: Mapping[Status, int]) -> SubmissionStatus:
    """The status of a submission whose jobs are in `counts` (jobs by status).

    Taipy's rules (CONFIG facts, 3.3): the first that holds. FAILED and CANCELED are shown while
    other jobs still run; without any job the submission stays SUBMITTED.
    """
    for status, result in _RULES:
        if counts.get(status):
            return result
    return SubmissionStatus.SUBMITTED


class Reason(enum.StrEnum):
    """Why a job is in its status."""

    RAISED = "raised"
    PROCESS_DIED = "process_died"
    TIMED_OUT = "timed_out"
    WORKER_LOST = "worker_lost"
    READ_INPUT = "read_input"
    WRITE_OUTPUT = "write_output"
    WRONG_RESULT_COUNT = "wrong_result_count"
    NOT_LOADED = "not_loaded"
    UPSTREAM_FAILED = "upstream_failed"
    UPSTREAM_CANCELED = "upstream_canceled"
    UP_TO_DATE = "up_to_date"
    INPUT_NOT_WRITTEN = "input_not_written"
    CANCELED = "canceled"
    INTERRUPTED = "interrupted"
    FAIL_FAST = "fail_fast"
    HANDED_BACK = "handed_back"
    RETRIED = "retried"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"
    OUTDATED = "outdated"
    CONFIG_MISMATCH = "config_mismatch"
    PAUSED = "paused"
    STARTING = "starting"


# Failures that another attempt may get past. Any other failure would happen again.
RETRIABLE = frozenset(
    {
        Reason.RAISED,
        Reason.PROCESS_DIED,
        Reason.TIMED_OUT,
        Reason.READ_INPUT,
        Reason.WRITE_OUTPUT,
    }
)
