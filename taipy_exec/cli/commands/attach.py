"""`attach`: the live table of a submission that another process works on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.cli.live import LiveTable
    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.event import Change
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.store.store import Store

HELP = help_text(
    "Show the live table of a submission that another process works on. It stays until that ends, "
    "and exits with the code that `submit` would have given. Ctrl-C leaves without canceling.",
    "taipy-exec attach SUBMISSION_1b2c3d4e",
    "taipy-exec attach SUBMISSION_1b2c3d4e -a app",
)
_LOOK_SECONDS = 0.1


def attach(
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli import outcome
    from taipy_exec.cli.chosen import Latest, chosen_submission
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.redaction import redaction_for
    from taipy_exec.cli.result import show_result
    from taipy_exec.cli.state import open_state
    from taipy_exec.cli.streams import Streams
    from taipy_exec.display.words import counts_text

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    store = open_state(location)
    where = location.where
    record = chosen_submission(store, submission, Latest.RUNNING_OR_ANY)
    location.take_from(record)
    named = record.short_id
    redacted = redaction_for(location)
    viewer = _Viewer(streams, store, record.id, where, redacted)
    try:
        with viewer.shown():
            if viewer.table is None and viewer.record.finished_at is None:
                streams.note(f"attached to {named}: {counts_text(viewer.record.counts)}")
            viewer.follow()
    except KeyboardInterrupt:
        streams.note(
            f"Detached; {named} continues. Show it again: taipy-exec attach {named}{where}. "
            f"Cancel it: taipy-exec cancel {named}{where}"
        )
        return outcome.INTERRUPTED
    show_result(
        streams,
        viewer.record,
        viewer.jobs,
        store.folder,
        where,
        redacted,
        table=viewer.table is None,
    )
    return outcome.exit_code(viewer.record, viewer.jobs)


class _Viewer:
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
        from taipy_exec.cli.job_progress import JobProgress
        from taipy_exec.cli.live import LiveTable

        if not self._streams.is_live or self.record.finished_at is not None:
            yield
            return
        usual = self._store.usual_durations(self.record.scenario)
        # Without the configuration it is not known how many jobs may run at once.
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
        from taipy_exec.cli.live import Lines

        before = {job.id: job for job in self.jobs}
        # The record first: where it says that all has ended, the jobs say so too.
        record = self._store.submission(self.record.id)
        jobs = self._store.jobs(record.id)
        changes = [c for job in jobs for c in _changes(before.get(job.id), job)]
        self.jobs[:] = jobs
        for name in ("finished_at", "counts", "stored_status", "coordinator", "paused"):
            setattr(self.record, name, getattr(record, name))
        if self.table is None and not self._streams.quiet:
            Lines(self._streams, jobs, self._redacted).observe(
                sorted(changes, key=lambda change: change.at)
            )

    def _tell_interrupted(self) -> None:
        from taipy_exec.cli.state import what_now
        from taipy_exec.engine.identity import is_interrupted

        record = self.record
        if self._told or not record.coordinator or not is_interrupted(self._store.folder, record):
            return
        self._told = True
        text = f"nobody works on {record.short_id}: {what_now(record, self._where)}"
        if self.table is not None:
            self.table.notice = text
        else:
            self._streams.warn(text)


def _changes(before: JobRecord | None, job: JobRecord) -> list[Change]:
    """What happened to a job since it was looked at; a start that was missed is told too."""
    from taipy_exec.model.event import Change
    from taipy_exec.model.status import FINAL, Status

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
            job.worker,
            job.failure,
            job.duration,
        )
    )
    return found
