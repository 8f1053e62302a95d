"""The interfaces of the places where jobs run: the coordinator knows no runner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from taipy_exec.model.event import Event, Finished
from taipy_exec.protocol.order import JobOrder, JobReport


class JobQueue(Protocol):
    """The part of a queue that the coordinator uses; see `runners.registry.JobQueue`."""

    def attend(
        self, submission: str, running: Mapping[JobOrder, str | None], *, resumed: bool
    ) -> None: ...
    def enqueue(self, orders: Sequence[JobOrder]) -> None: ...
    def withdraw(self, submission: str, jobs: Sequence[str]) -> None: ...
    def pause(self, submission: str, *, paused: bool) -> None: ...
    def dismiss(self, submission: str) -> None: ...


class JobPlaces(Protocol):
    """The part of a runner that the coordinator uses; see `runners.registry.Runner`."""

    @property
    def queue(self) -> JobQueue | None: ...
    def free(self) -> int: ...
    def reserve(self) -> str | None: ...
    def start(self, order: JobOrder, worker: str) -> None: ...
    def stop(self, job: str, grace: float) -> None: ...
    def poll(self, timeout: float | None) -> Sequence[JobReport | Event]: ...
    def wake(self) -> None: ...


def finished(report: JobReport) -> Finished:
    """The event for a report of a job's process."""
    return Finished(
        job=report.job,
        attempt=report.attempt,
        at=report.finished_at,
        failure=report.failure,
        duration=report.duration,
        peak_memory=report.peak_memory,
        cpu_seconds=report.cpu_seconds,
        source=report.source,
        final=report.final,
    )
