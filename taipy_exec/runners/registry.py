"""Runners by mode: ours, and those of installed plug-ins."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from taipy_exec.config.application import AppConfig
from taipy_exec.errors import ConfigurationError
from taipy_exec.execution.order import JobOrder, JobReport
from taipy_exec.model.event import Event

GROUP = "taipy_exec.runners"

_OURS = {
    "development": "taipy_exec.runners.development:DevelopmentRunner",
    "standalone": "taipy_exec.runners.standalone:StandaloneRunner",
    "cluster": "taipy_exec.runners.cluster:ClusterRunner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerContext:
    """What a runner gets: the application, where jobs' logs lie, whether output is echoed.

    `folder` is the working folder of the jobs; `echo` passes what jobs print on to the streams of
    this process, beside their logs, if they run in it or are of a program that does so; `epoch` is
    this coordinator's own token, in hexadecimal; `beside` gives what a job's process on this
    machine gets with the order, if the task is stored nowhere.
    """

    app: AppConfig
    log_path: Callable[[JobOrder], Path]
    folder: Path
    echo: bool = True
    epoch: str = ""
    beside: Callable[[JobOrder], bytes] = lambda order: b""


class JobQueue(Protocol):
    """A queue that keeps jobs outside this process, and the workers that take them from it.

    `poll` tells by events when one starts, ends or is lost; jobs outlive the coordinator.
    """

    @property
    def connection(self) -> tuple[bool, int]:
        """Whether it can be reached now, and how often the connection was made again."""

    @property
    def has_dismissed_all(self) -> bool:
        """Whether nothing is left of what was dismissed. To be asked after `Runner.close`."""

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None:
        """Listen to what becomes of a submission's jobs.

        `running` had started before, each with its worker, as far as that was stored.
        """

    def enqueue(self, orders: Sequence[JobOrder]) -> None:
        """Put jobs into the queue."""

    def withdraw(self, submission: str, jobs: Sequence[str]) -> None:
        """See to it that no worker takes these any more. Raises BrokerError if that fails."""

    def pause(self, submission: str, *, paused: bool) -> None:
        """Have workers begin none of its jobs, or go on: those that are queued too."""

    def dismiss(self, submission: str) -> None:
        """The submission has ended: nothing of it is needed any more."""


class Runner(Protocol):
    """How jobs of one mode run. All methods but `wake` are called by one and the same thread.

    Where `queue` is not None, jobs go there, and `free`, `reserve` and `start` are not used.
    """

    queue: JobQueue | None

    def free(self) -> int:
        """How many jobs could start now."""

    def reserve(self) -> str | None:
        """Take a free place and tell the worker's name (`host:pid`), before `start` uses it.

        None if there is none after all; the job waits then.
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
        """From a signal handler: end the job that runs in this very thread, if one does."""

    def close(self, grace: float = 0.0) -> None:
        """End every process of ours; jobs that still run are asked first, and get `grace`."""


@cache
def runner_modes() -> dict[str, str | None]:
    """Every mode -> None, or the sentence that says why it cannot be used."""
    modes: dict[str, str | None] = {**dict.fromkeys(_OURS)}
    modes.update(dict.fromkeys(entry.name for entry in entry_points(group=GROUP)))
    return modes


def make_runner(mode: str, context: RunnerContext) -> Runner:
    """The runner of `mode`. Raises ConfigurationError for one that is not there."""
    if mode in _OURS:
        module, _, attribute = _OURS[mode].partition(":")
        return getattr(importlib.import_module(module), attribute)(context)  # type: ignore[no-any-return]
    for entry in entry_points(group=GROUP):
        if entry.name == mode:
            return entry.load()(context)  # type: ignore[no-any-return]
    raise ConfigurationError(f"unknown mode {mode!r}", f"use one of {', '.join(_OURS)}")
