"""The input and output of `decide`: events that can happen to jobs, and reactions to them.

Named tuples, not frozen dataclasses: every job makes several, and they cost a quarter as much.
"""

from __future__ import annotations

from typing import NamedTuple

from taipy_exec.model.job import Failure
from taipy_exec.model.status import Status


class Admitted(NamedTuple):
    """The jobs of a submission are on the job table and get their first status."""

    submission: str
    at: float


class Started(NamedTuple):
    """A runner started the job. `attempt` is None if only the coordinator starts jobs.

    With `starting`, its process is still being started, and `Begun` follows.
    """

    job: str
    worker: str
    at: float
    attempt: int | None = None
    starting: bool = False


class Expanded(NamedTuple):
    """The jobs of a mapped task's elements are on the job table; `collect` waits for them."""

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
    """An attempt ended; `failure` is None if all outputs were written.

    `retries` is how many more attempts the job may have after its first; with `final`, another
    attempt makes no sense. `source` is the digest of the function that ran, if it is known.
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
    """The attempt's process died together with the coordinator or worker that watched it.

    `story` says, if known, how this attempt and those before it were lost.
    """

    job: str
    attempt: int
    at: float
    max_attempts: int
    story: str = ""


class HandedBack(NamedTuple):
    """The attempt was stopped because its coordinator leaves; it counts as not started."""

    job: str
    attempt: int
    at: float


class Deferred(NamedTuple):
    """The order of a job that has not started came back, because its submission is paused."""

    job: str
    attempt: int
    at: float


class CancelRequested(NamedTuple):
    """A user or the coordinator cancels these jobs. Those that run are stopped."""

    jobs: tuple[str, ...]
    reason: str
    at: float
    stop_running: bool = True


class Written(NamedTuple):
    """Data nodes were written, but not by a job."""

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
    | Deferred
    | CancelRequested
    | Written
)


class Change(NamedTuple):
    """One job changes its status. `attempt` is its attempt after the change."""

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
    """Stop the process of a running job; its end is reported as `Finished`."""

    job: str
    reason: str


class Decision(NamedTuple):
    """Changes to store, in order, and then the running jobs to stop."""

    changes: tuple[Change, ...] = ()
    stops: tuple[Stop, ...] = ()
