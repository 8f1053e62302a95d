"""The records of a job and of a submission, and the failure of the user's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from taipy_exec.model.status import Reason, Status, SubmissionStatus, submission_status

# In the properties of a submission: see `SubmissionRecord.program`, and `engine/origin.py`.
PROGRAM = "program"
APPLICATION = "application"
# And of one combination of a sweep: {"group": id of the sweep, "place": which combination it is,
# from 0, "values": {data node: value}}.
SWEEP = "sweep"


def file_in(properties: Mapping[str, object]) -> str | None:
    """The file of the application in the properties of a submission; None if there is none."""
    found = properties.get(APPLICATION)
    file = found.get("file") if isinstance(found, Mapping) else None
    return file if isinstance(file, str) else None


def short_id(id: str, *others: str | None) -> str:
    """The short form of an id, for messages and the command line: `JOB_train_5f6a7b8c`.

    It is longer where one of the `others` begins the same.
    """
    head, _, rest = id.rpartition("_")
    short = f"{head}_{rest[:8]}"
    while len(short) < len(id) and any(other and other.startswith(short) for other in others):
        short = id[: len(short) + 1]
    return short


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed: a value, never an exception of taipy-exec.

    `kind` is a `Reason`; `type` is the exception's class name, or None if there was no exception;
    `traceback` is text that starts at the user's code, or None.
    """

    kind: str
    type: str | None = None
    message: str
    traceback: str | None = None

    @property
    def summary(self) -> str:
        """Type and first line of the message; without a message, the type is not repeated."""
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
    is the id of the task in a program of Taipy, as in a `JobOrder`. `shorten` makes the short form
    of any id of the same state.
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
    shorten: Callable[[str], str] = field(default=short_id, compare=False, repr=False)

    def seconds(self, now: float) -> float | None:
        """How long it ran, or has been running; None if it has not begun or is starting."""
        if self.status is not Status.RUNNING:
            return self.duration
        if self.started_at is None or self.reason == Reason.STARTING:
            return None
        return max(now - self.started_at, 0.0)

    @property
    def short_id(self) -> str:
        """The short form of its id, for messages and the command line."""
        return self.shorten(self.id)

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
    """The jobs that one submit created together, with the options of that submit.

    `target` is `scenario`, `sequence:NAME` or `task:ID,ID,...`; `instance` is the id of the
    scenario instance.
    `end_is_stored`: the end of the last jobs is in the store, and not only decided.
    `shorten` makes the short form of any id of the same state.
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
    shorten: Callable[[str], str] = field(default=short_id, compare=False, repr=False)

    @property
    def short_id(self) -> str:
        """The short form of its id, for messages and the command line."""
        return self.shorten(self.id)

    @property
    def status(self) -> SubmissionStatus:
        """The status that follows from the jobs' statuses, by Taipy's rules."""
        return submission_status(self.counts)

    @property
    def program(self) -> str | None:
        """The program that submitted it and alone can resume it; None if any process can."""
        found = self.properties.get(PROGRAM)
        return None if found is None else str(found)

    @property
    def file(self) -> str | None:
        """The file that describes the application, as it is stored; None if it is not."""
        return file_in(self.properties)

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
        """The values of its combination: data node -> value; empty without a sweep."""
        found = self._sweep.get("values")
        return found if isinstance(found, Mapping) else {}

    @property
    def _sweep(self) -> Mapping[str, object]:
        found = self.properties.get(SWEEP)
        return found if isinstance(found, Mapping) else {}

    @property
    def waits_for_data(self) -> bool:
        """Whether none of its jobs can run until data is written: all that are left are BLOCKED.

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
