"""Passes the coordinator's changes to watchers of submissions and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord, SubmissionRecord


class Step(NamedTuple):
    """One change with its job and its submission, as they are after all changes."""

    change: Change
    job: JobRecord
    submission: SubmissionRecord


class Watcher(Protocol):
    """A receiver of news. The coordinator's thread calls all methods and waits: be quick."""

    def begun(self, plan: SubmissionPlan) -> None:
        """This process starts to work on a submission."""

    def changed(self, steps: Sequence[Step]) -> None:
        """Jobs changed their statuses, and the changes are stored."""

    def ended(self, submission: SubmissionRecord) -> None:
        """The submission has ended; or this process leaves it, if `finished_at` is None."""

    def close(self) -> None:
        """No more news follows. Unsent messages get a few seconds."""


class Watching:
    """Informs every watcher about the submissions of one coordinator, from start to end."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._watchers: list[Watcher] = []
        self._open: dict[str, SubmissionRecord] = {}

    def add(self, watcher: Watcher) -> None:
        """Add a watcher. Without watchers, the coordinator sends no changes here."""
        if not self._watchers:
            self._coordinator.observers.append(self._observe)
        self._watchers.append(watcher)

    def begin(self, plan: SubmissionPlan) -> None:
        """The coordinator is about to take this submission."""
        if not self._watchers:
            return
        record = plan.record
        for watcher in self._watchers:
            watcher.begun(plan)
        if record.finished_at is None:
            self._open[record.id] = record
        else:
            self._end(record)

    def close(self) -> None:
        """The coordinator leaves: unfinished submissions stay as they are."""
        for record in self._open.values():
            self._end(record)
        self._open.clear()
        # Each watcher once, even if an interrupt ends the wait for one of them.
        while self._watchers:
            self._watchers.pop(0).close()

    def _observe(self, changes: Sequence[Change]) -> None:
        jobs, records = self._coordinator.job_table.jobs, self._open
        steps = [
            Step(change, job, records[job.submission])
            for change in changes
            if (job := jobs.get(change.job)) is not None and job.submission in records
        ]
        if steps:
            for watcher in self._watchers:
                watcher.changed(steps)
        for record in [r for r in records.values() if r.finished_at is not None]:
            del records[record.id]
            self._end(record)

    def _end(self, record: SubmissionRecord) -> None:
        for watcher in self._watchers:
            watcher.ended(record)
