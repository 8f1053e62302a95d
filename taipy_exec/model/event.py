"""What can happen to jobs, and what is to be done about it: the input and output of `decide`.

Named tuples rather than frozen dataclasses: several are made for every job, and cost a quarter.
"""

from __future__ import annotations

from typing import NamedTuple

from taipy_exec.model.job import Failure
from taipy_exec.model.status import Status


class Admitted(NamedTuple):
    """The jobs of a submission are on the board and get their first status."""

    submission: str
    at: float


class Started(NamedTuple):
    """A runner took the job, as this attempt; None where only the coordinator starts jobs."""

    job: str
    worker: str
    at: float
    attempt: int | None = None


class Expanded(NamedTuple):
    """The jobs of a mapped task's elements are on the board; `collect` waits for them."""

    collect: str
    elements: tuple[str, ...]
    at: float


class Starting(NamedTuple):
    """The process of a running attempt is being started; `Begun` follows."""

    job: str
    attempt: int
    at: float


class Begun(NamedTuple):
    """The process of a running attempt is ready and begins with it."""

    job: str
    attempt: int
    at: float


class UpToDate(NamedTuple):
    """The job's outputs are newer than its inputs, and its task may be skipped."""

    job: str
    at: float


class Finished(NamedTuple):
    """An attempt ended; `failure` is None where all outputs were written.

    `retries` is how many attempts more than one the job may have; with `final` none more makes
    sense. `source` is the digest of the function that ran, if it is known.
    """

    job: str
    attempt: int
    at: float
    failure: Failure | None = None
    duration: float | None = None
    peak_memory: int | None = None
    cpu_seconds: float | None = None
    retries: int = 0
    final: bool = False
    source: str | None = None


class Lost(NamedTuple):
    """The attempt's process is gone together with who watched it, coordinator or worker.

    `story` tells, if known, how this attempt and those before it were lost.
    """

    job: str
    attempt: int
    at: float
    max_attempts: int
    story: str = ""


class HandedBack(NamedTuple):
    """The attempt was stopped because its coordinator leaves; it counts as not begun."""

    job: str
    attempt: int
    at: float


class PutOff(NamedTuple):
    """The order of a job that has not begun came back, because its submission is paused."""

    job: str
    attempt: int
    at: float


class CancelRequested(NamedTuple):
    """Somebody wants these jobs not to run. Those that run are stopped."""

    jobs: tuple[str, ...]
    reason: str
    at: float
    stop_running: bool = True


class Written(NamedTuple):
    """Data nodes were written by something other than a job."""

    nodes: frozenset[str]
    at: float


Event = (
    Admitted
    | Expanded
    | Started
    | Starting
    | Begun
    | UpToDate
    | Finished
    | Lost
    | HandedBack
    | PutOff
    | CancelRequested
    | Written
)


class Change(NamedTuple):
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
    cpu_seconds: float | None = None


class Stop(NamedTuple):
    """Stop the process of a running job; its end comes back as `Finished`."""

    job: str
    reason: str


class Decision(NamedTuple):
    """Changes to store, in order, and then the running jobs to stop."""

    changes: tuple[Change, ...] = ()
    stops: tuple[Stop, ...] = ()
