"""The ports: the runner of a mode, and its queue, as the coordinator sees them.

A plug-in names its runner in the entry-point group `taipy_exec.runners`; see `config.modes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from taipy_exec.config.application import AppConfig
from taipy_exec.config.modes import Capabilities, runner_class
from taipy_exec.model.event import Event
from taipy_exec.protocol.order import JobOrder, JobReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerContext:
    """The input of a runner: the application, the paths of jobs' logs, whether output is echoed.

    `folder` is the working folder of the jobs. `echo` copies what jobs print, in addition to their
    logs, to the streams of this process, for jobs that run in it or belong to a program with such
    output. `epoch` is this coordinator's own token, in hexadecimal. `beside` gives the bytes that a
    job's process on this machine gets with the order, if the task is not stored anywhere.
    """

    app: AppConfig
    log_path: Callable[[JobOrder], Path]
    folder: Path
    echo: bool = True
    epoch: str = ""
    beside: Callable[[JobOrder], bytes] = lambda order: b""


class JobQueue(Protocol):
    """A queue that keeps jobs outside this process, and the workers that take jobs from it.

    `poll` reports by events when a job starts, ends or is lost; jobs outlive the coordinator.
    """

    @property
    def connection(self) -> tuple[bool, int]:
        """Whether it can be reached now, and how often the connection was made again."""

    @property
    def has_dismissed_all(self) -> bool:
        """Whether all that was dismissed is removed. Call it after `Runner.close`."""

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None:
        """Start to receive the reports about a submission's jobs.

        `running` holds the jobs that have started before, each with its worker if it was stored.
        """

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        """Put jobs into the queue."""

    def revoke(self, submission: str, jobs: Sequence[str]) -> None:
        """Make sure that no worker takes these any more. Raises BrokerError if that fails."""

    def pause(self, submission: str, *, paused: bool) -> None:
        """Stop workers from beginning its jobs, including queued ones, or let them go on."""

    def dismiss(self, submission: str) -> None:
        """Remove everything of a submission that has ended."""


class Runner(Protocol):
    """How jobs of one mode run. One thread calls all methods except `wake`.

    If `queue` is not None, jobs go there, and `free`, `reserve` and `start` are not used. A class
    whose jobs outlive their coordinator also has the static method `revoke_jobs(app, submission,
    jobs, ended)`: it takes back jobs that no process coordinates, and raises BrokerError. A class
    that starts processes may have `is_starting(worker)`: whether the process of a reserved worker
    is not ready yet. For such a job `poll` returns `Begun` later.
    """

    capabilities: ClassVar[Capabilities]
    queue: JobQueue | None

    def free(self) -> int:
        """How many jobs could start now."""

    def reserve(self) -> str | None:
        """Take a free place and return the worker's name (`host:pid`), for `start`.

        None if there is no free place after all; then the job waits.
        """

    def start(self, order: JobOrder, worker: str) -> None:
        """Run the job on the reserved worker. Its end comes from `poll`."""

    def stop(self, job: str, grace: float) -> None:
        """Ask a running job to end, and make it end after `grace` seconds. Twice: at once."""

    def poll(self, timeout: float | None) -> Sequence[JobReport | Event]:
        """Wait for jobs to end, at most `timeout` seconds (None: for ever, or until `wake`)."""

    def wake(self) -> None:
        """Make `poll` return. From any thread, also from a signal handler."""

    def interrupt(self) -> None:
        """From a signal handler: end the job that runs in this thread, if there is one."""

    def close(self, grace: float = 0.0) -> None:
        """End every process of the runner; running jobs are asked first, and get `grace`."""


def make_runner(mode: str, context: RunnerContext) -> Runner:
    """The runner of `mode`. Raises ConfigurationError if there is no such mode."""
    return runner_class(mode)(context)  # type: ignore[no-any-return]
