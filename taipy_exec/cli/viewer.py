"""A submission that another process works on: its live table, or a line for each change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from taipy_exec.cli.job_progress import JobProgress
from taipy_exec.cli.lines import Lines
from taipy_exec.cli.live import LiveTable
from taipy_exec.cli.streams import Streams
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import FINAL, Status
from taipy_exec.operations.state import what_now
from taipy_exec.store.store import Store

_LOOK_SECONDS = 0.1


class Viewer:
    """Reads a submission from the store again and again, and shows it or what has changed."""

    def __init__(
        self,
        streams: Streams,
        store: Store,
        submission: str,
        where: str,
        redacted: Callable[[str], str],
    ) -> None:
        self._redacted = redacted
        self._streams = streams
        self._store = store
        self._where = where
        self._told = False
        self.record: SubmissionRecord = store.submission(submission)
        self.jobs: list[JobRecord] = store.jobs(submission)
        self.table: LiveTable | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """On a terminal, the live table while the block runs."""
        if not self._streams.is_live or self.record.finished_at is not None:
            yield
            return
        usual = self._store.usual_durations(self.record.scenario, self.record.file)
        # The number of jobs at once is not known without the configuration.
        self.table = LiveTable(self._streams, self.record, self.jobs, usual, None, self._redacted)
        self.table.progress_of = JobProgress(self._store.folder, self._redacted)
        with self.table.shown():
            yield

    def follow(self) -> None:
        """Until the submission has ended."""
        version = -1
        while True:
            now = self._store.data_version()
            if now != version:
                version = now
                self._read()
            if self.record.finished_at is not None:
                return
            self._tell_interrupted()
            time.sleep(_LOOK_SECONDS)

    def _read(self) -> None:
        before = {job.id: job for job in self.jobs}
        # The record first: if it says that all has ended, the jobs do so too.
        record = self._store.submission(self.record.id)
        jobs = self._store.jobs(record.id)
        changes = [c for job in jobs for c in _changes(before.get(job.id), job)]
        self.jobs[:] = jobs
        for name in ("finished_at", "counts", "stored_status", "coordinator", "paused"):
            setattr(self.record, name, getattr(record, name))
        changes.sort(key=lambda change: change.at)
        if self.table is not None:
            self.table.observe(changes)
        elif not self._streams.quiet:
            Lines(self._streams, jobs, self._redacted).observe(changes)

    def _tell_interrupted(self) -> None:
        record = self.record
        if self._told or not record.coordinator or not self._store.is_interrupted(record):
            return
        self._told = True
        text = f"no process works on {record.short_id}: {what_now(record, self._where)}"
        if self.table is not None:
            self.table.notice = text
        else:
            self._streams.warn(text)


def _changes(before: JobRecord | None, job: JobRecord) -> list[Change]:
    """The changes of a job since the last look, including a start that was missed."""
    if before is None or (before.status, before.attempt) == (job.status, job.attempt):
        return []
    found = []
    ended = job.status in FINAL
    if job.started_at is not None and Status.RUNNING not in (before.status, job.status) and ended:
        found.append(
            Change(
                job.id,
                before.status,
                Status.RUNNING,
                job.started_at,
                job.attempt,
                worker=job.worker,
            )
        )
    at = job.finished_at if ended else job.started_at if job.status is Status.RUNNING else None
    found.append(
        Change(
            job.id,
            before.status,
            job.status,
            at or time.time(),
            job.attempt,
            job.reason,
            job.worker or before.worker,
            job.failure,
            job.duration,
        )
    )
    return found
