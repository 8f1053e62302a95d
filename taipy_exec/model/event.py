"""What can happen to jobs, and what is to be done about it: the input and output of `decide`."""

from __future__ import annotations

from dataclasses import dataclass

from taipy_exec.model.job import Failure
from taipy_exec.model.status import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The jobs of a submission are on the board and get their first status."""

    submission: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A runner took the job."""

    job: str
    worker: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UpToDate:
    """The job's outputs are newer than its inputs, and its task may be skipped."""

    job: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An attempt ended; `failure` is None where all outputs were written."""

    job: str
    attempt: int
    at: float
    failure: Failure | None = None
    duration: float | None = None
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The attempt's process is gone together with the coordinator that watched it."""

    job: str
    attempt: int
    at: float
    max_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedBack:
    """The attempt was stopped because its coordinator leaves; it counts as not begun."""

    job: str
    attempt: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """Somebody wants these jobs not to run. Those that run are stopped."""

    jobs: tuple[str, ...]
    reason: str
    at: float
    stop_running: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Data nodes were written by something other than a job."""

    nodes: frozenset[str]
    at: float


Event = Admitted | Started | UpToDate | Finished | Lost | HandedBack | CancelRequested | Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One job goes from one status to another. `attempt` is the one it has afterwards."""

    job: str
    before: Status
    after: Status
    at: float
    attempt: int
    reason: str | None = None
    worker: str | None = None
    failure: Failure | None = None
    duration: float | None = None
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop the process of a running job; its end comes back as `Finished`."""

    job: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Changes to store, in order, and then the running jobs to stop."""

    changes: tuple[Change, ...] = ()
    stops: tuple[Stop, ...] = ()
