"""What is known of a job, of a submission, and of a failure of the user's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taipy_exec.model.status import Status, SubmissionStatus, submission_status

# In the properties of a submission: see `SubmissionRecord.program`, and `engine/origin.py`.
PROGRAM = "program"
APPLICATION = "application"
# And of one combination of a sweep: {"group": id of the sweep, "place": which combination it is,
# from 0, "values": {data node: value}}.
SWEEP = "sweep"


def short_id(id: str) -> str:
    """As much of an id as names it in messages and on the command line: `JOB_train_5f6a7b8c`."""
    head, _, rest = id.rpartition("_")
    return f"{head}_{rest[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed: a value, never an exception of ours.

    `kind` is a `Reason`; `type` the exception's class name, or None where there was none;
    `traceback` is text that starts at the user's code, or None.
    """

    kind: str
    type: str | None = None
    message: str
    traceback: str | None = None

    @property
    def summary(self) -> str:
        """Type and first line of the message; an exception without one is not named twice."""
        first = self.message.strip().partition("\n")[0].rstrip()
        if not self.type or first == self.type or first.startswith(f"{self.type} ("):
            return first or self.kind
        return f"{self.type}: {first}" if first else self.type

    def as_json(self) -> dict[str, str | None]:
        """The `error` object of the JSON contract."""
        return {
            "kind": self.kind,
            "type": self.type,
            "message": self.message,
            "traceback": self.traceback,
        }


@dataclass(slots=True, kw_only=True)
class JobRecord:
    """One job as the coordinator sees it. Times are seconds since the epoch, UTC.

    `inputs` and `outputs` are ids of data nodes (not of their configurations), in order; `entity`
    is the id of the task in a program of Taipy, as in a `JobOrder`.
    """

    id: str
    task: str
    submission: str
    position: int
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    skippable: bool = False
    status: Status = Status.SUBMITTED
    reason: str | None = None
    attempt: int = 1
    worker: str | None = None
    failure: Failure | None = None
    submitted_at: float | None = None
    blocked_at: float | None = None
    pending_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    duration: float | None = None
    peak_memory: int | None = None
    cpu_seconds: float | None = None
    entity: str = ""

    @property
    def short_id(self) -> str:
        """What messages call it, and enough to name it on the command line."""
        return short_id(self.id)

    @property
    def history(self) -> tuple[Status, ...]:
        """The statuses that the job has been in, in order of time."""
        times = (
            (self.submitted_at, Status.SUBMITTED),
            (self.blocked_at, Status.BLOCKED),
            (self.pending_at, Status.PENDING),
            (self.started_at, Status.RUNNING),
        )
        passed = [status for at, status in times if at is not None]
        if self.status not in passed:
            passed.append(self.status)
        return tuple(passed)


@dataclass(slots=True, kw_only=True)
class SubmissionRecord:
    """The jobs created together by one submit, with what was asked for them.

    `target` is `scenario`, `sequence:NAME` or `task:ID,ID,...`; `instance` the scenario instance's
    id.
    `end_is_stored`: what the last jobs did is in the store, and not only decided.
    """

    id: str
    scenario: str
    instance: str
    name: str
    target: str = "scenario"
    mode: str = "development"
    force: bool = False
    fail_fast: bool = False
    paused: bool = False
    config_digest: str = ""
    created_at: float = 0.0
    finished_at: float | None = None
    coordinator: str | None = None
    jobs: tuple[str, ...] = ()
    counts: dict[Status, int] = field(default_factory=dict)
    stored_status: SubmissionStatus = SubmissionStatus.SUBMITTED
    properties: Mapping[str, object] = field(default_factory=dict)
    end_is_stored: bool = False

    @property
    def short_id(self) -> str:
        """What messages call it, and enough to name it on the command line."""
        return short_id(self.id)

    @property
    def status(self) -> SubmissionStatus:
        """The status that follows from the jobs' statuses, by Taipy's rules."""
        return submission_status(self.counts)

    @property
    def program(self) -> str | None:
        """The program that submitted it and alone can carry it on; None for what anybody can."""
        found = self.properties.get(PROGRAM)
        return None if found is None else str(found)

    @property
    def group(self) -> str | None:
        """The id of the sweep that it is one combination of, if it is."""
        found = self._sweep.get("group")
        return None if found is None else str(found)

    @property
    def place(self) -> int:
        """Which combination of its sweep it is, from 0."""
        found = self._sweep.get("place")
        return found if isinstance(found, int) else 0

    @property
    def swept(self) -> Mapping[str, object]:
        """The values of its combination: data node -> value; empty if it is of no sweep."""
        found = self._sweep.get("values")
        return found if isinstance(found, Mapping) else {}

    @property
    def _sweep(self) -> Mapping[str, object]:
        found = self.properties.get(SWEEP)
        return found if isinstance(found, Mapping) else {}

    @property
    def waits_for_data(self) -> bool:
        """Whether nothing of it can run before somebody writes data: the rest is BLOCKED.

        In a sweep a job may also be BLOCKED because another combination does the same.
        """
        return self.group is None and self.counts.get(Status.BLOCKED, 0) == self.unfinished > 0

    @property
    def unfinished(self) -> int:
        """How many jobs have not reached a final status."""
        count = self.counts.get
        return (
            count(Status.RUNNING, 0)
            + count(Status.PENDING, 0)
            + count(Status.BLOCKED, 0)
            + count(Status.SUBMITTED, 0)
        )
