"""The output of `status`: submissions and jobs, the queue and the workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taipy_exec.engine.retries import RETRIES
from taipy_exec.model.status import Status
from taipy_exec.operations.job_filter import JobFilter

if TYPE_CHECKING:
    from rich.console import RenderableType

    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.job import JobRecord
    from taipy_exec.operations.cluster import Watch
    from taipy_exec.operations.missing_data import WaitReasons
    from taipy_exec.store.store import Store

# How many are shown without --limit.
_SUBMISSIONS = 20
_JOBS = 100
_FAILED_SHOWN = 3


@dataclass(slots=True)
class StatusView:
    """One status, shown once or again and again; `wanted` chooses its parts."""

    streams: Streams
    store: Store | None
    submission: str | None
    cluster: Watch | None
    redacted: Callable[[str], str]
    wanted: JobFilter
    waits: WaitReasons

    def show(self, *, watch: bool) -> None:
        """Print it, or again and again, and then what to do about failures."""
        if self.store is None and self.cluster is None:
            if self.streams.json:
                self._once()
            return
        if watch:
            self._watch()
        else:
            self._once()
        self._tell_what_failed()

    def _once(self) -> None:
        """Print it."""
        if self.streams.json:
            self._print_json()
        else:
            self.streams.show(self._view())

    def _tell_what_failed(self) -> None:
        """After a failure, the commands that show more about it."""
        if self.store is None or self.streams.json:
            return
        from taipy_exec.views.words import runs_canceled

        where = self.store.where
        if self.submission is None:
            latest = self.store.submissions(1)
            if latest and latest[0].counts.get(Status.FAILED):
                self.streams.hint(
                    f"taipy-exec status {latest[0].short_id}{where} shows what failed"
                )
            return
        record = self.store.submission(self.submission)
        failed = self.store.jobs(record.id, statuses=[Status.FAILED], limit=_FAILED_SHOWN)
        for job in failed:
            self.streams.hint(f"taipy-exec logs {job.short_id}{where}")
        if failed and record.finished_at is not None and not self.store.retried_by(record, RETRIES):
            command = f"taipy-exec retry {record.short_id}{where}"
            self.streams.hint(f"retry everything that did not complete: {command}")
        canceled = record.counts.get(Status.CANCELED, 0)
        if canceled and not failed and record.finished_at is not None:
            self.streams.hint(
                f"taipy-exec retry {record.short_id}{where} {runs_canceled(canceled)}"
            )
        if failed:
            self.streams.hint(f"taipy-exec report {record.short_id}{where}")

    def _watch(self) -> None:
        """Redraw on a terminal; elsewhere print again after each change, until all has ended."""
        from contextlib import nullcontext

        from taipy_exec.cli.frame import LiveView

        streams = self.streams
        is_whole = self.submission is not None and not self.wanted.chooses
        if self.store is not None and is_whole and streams.is_live:
            self._watch_submission(self.store, str(self.submission))
            return
        live = LiveView(console=streams.err, auto_refresh=False) if streams.is_live else None
        version: object = None
        with live or nullcontext():
            while True:
                now = (
                    self.store.data_version() if self.store else 0,
                    self.cluster.seen.queue if self.cluster else None,
                )
                if live is not None:
                    live.update(self._view(), refresh=True)
                elif now != version:
                    self._once()
                version = now
                if self._has_ended():
                    return
                time.sleep(0.5)

    def _watch_submission(self, store: Store, submission: str) -> None:
        """The live table of one submission, until it ends."""
        from taipy_exec.cli.viewer import Viewer

        viewer = Viewer(self.streams, store, submission, store.where, self.redacted)
        with viewer.shown():
            viewer.follow()
        if viewer.table is None:
            self._once()
        else:
            from taipy_exec.cli.render import line
            from taipy_exec.views.words import summary_line

            self.streams.show(line(summary_line(viewer.record)))

    def _has_ended(self) -> bool:
        if self.store is None or self.submission is None:
            return False
        return self.store.submission(self.submission).finished_at is not None

    def _print_json(self) -> None:
        from taipy_exec.operations.redaction import discreet
        from taipy_exec.views.json_objects import dump, submission_fields, submission_shape

        store = self.store
        if store is not None and self.submission is not None:
            record = store.submission(self.submission)
            found = self.wanted.jobs(store, record.id)
            jobs = [discreet(job, self.redacted) for job in found]
            self.streams.data(dump(submission_shape(record, jobs)))
            return
        records = self.wanted.submissions(store.submissions()) if store is not None else []
        fields: dict[str, Any] = {
            "submissions": [submission_fields(record) for record in records],
            "queue": None,
            "workers": [],
        }
        if self.cluster is not None:
            seen = self.cluster.seen
            fields.update(queue=seen.queue, workers=seen.workers)
        elif store is not None:
            fields["workers"] = _local_workers(store)
        self.streams.data(dump(fields))

    def _view(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = []
        if self.store is not None and self.submission is not None:
            parts = self._submission(self.store, self.submission)
        elif self.store is not None:
            parts = [self._submissions(self.store)]
        if self.cluster is not None:
            from taipy_exec.cli.render import line
            from taipy_exec.cli.workers_table import queue_line, workers_table

            seen = self.cluster.seen
            if parts:
                parts.append(Text())
            if seen.queue is None:
                parts.append(line(f"queue unknown: {self.cluster.trouble}", style="yellow"))
            else:
                parts.append(line(queue_line(seen.queue)))
                parts.append(workers_table(seen.heartbeats, self.cluster.place.digest))
        return Group(*parts)

    def _submission(self, store: Store, submission: str) -> list[Any]:
        from taipy_exec.cli.render import jobs_table, line
        from taipy_exec.operations.job_filter import most_telling
        from taipy_exec.operations.redaction import discreet
        from taipy_exec.operations.state import what_now
        from taipy_exec.views.words import summary_line

        record = store.submission(submission)
        parts: list[Any] = [line(summary_line(record))]
        if RETRIES in record.properties:
            parts.append(line(f"retries {store.short_id(str(record.properties[RETRIES]))}"))
        retried_by = store.retried_by(record, RETRIES)
        if retried_by:
            parts.append(line(f"retried by {', '.join(map(store.short_id, retried_by))}"))
        interrupted = store.is_interrupted(record)
        if interrupted:
            why = "waits for data" if record.waits_for_data else "interrupted"
            then = "" if record.program else " continues it"
            parts.append(line(f"{why}: {what_now(record, store.where)}{then}", style="yellow"))
        ids, shows_all = self.streams.verbose, self.streams.verbose or self.wanted.limit == 0
        if self.wanted.chooses or shows_all:
            jobs, total = self.wanted.jobs(store, record.id), sum(record.counts.values())
            rest = f"{len(jobs)} of {total} jobs" if self.wanted.chooses else None
        else:
            jobs, rest = most_telling(store, record, self.wanted.limit or _JOBS)
            if rest:
                rest += "; --limit 0 shows all, --failed what failed"
        jobs = [discreet(job, self.redacted) for job in jobs]
        if jobs or not rest:
            unicode, now = self.streams.unicode, None if interrupted else time.time()
            table = jobs_table(
                jobs,
                unicode=unicode,
                ids=ids,
                where=store.where,
                now=now,
                reasons_to_wait={
                    **self.waits.of(store, record, jobs),
                    **({} if interrupted else self._progress(store, jobs)),
                },
            )
            parts.append(table)
        if rest:
            parts.append(line(rest, style="dim"))
        return parts

    def _progress(self, store: Store, jobs: Iterable[JobRecord]) -> dict[str, str]:
        """Job -> the progress that it reports, and its reason, if it runs and reports any."""
        from taipy_exec.cli.job_progress import JobProgress
        from taipy_exec.views.words import reason_text

        progress_of = JobProgress(store.folder, self.redacted)
        found = {job.id: (progress_of(job), job) for job in jobs if job.status is Status.RUNNING}
        return {
            id: ", ".join(filter(None, (progress, reason_text(job))))
            for id, (progress, job) in found.items()
            if progress
        }

    def _submissions(self, store: Store) -> RenderableType:
        from rich.text import Text

        from taipy_exec.cli.render import submissions_table

        wanted = self.wanted
        number = None if wanted.limit == 0 or self.streams.verbose else wanted.limit or _SUBMISSIONS
        records = store.submissions(None if wanted.chooses else number)
        found = wanted.submissions(records)[:number]
        if not found:
            return Text("no such submissions" if records else "no submissions yet")
        return submissions_table(found, {r.id: store.is_interrupted(r) for r in found})


def _local_workers(store: Store) -> list[dict[str, object]]:
    """The processes that run a job now."""

    now = time.time()
    return [
        {
            "worker": job.worker,
            "job": job.id,
            "task": job.task,
            "submission": record.id,
            "state": "ready",
            "slots": 1,
            "running": [
                {
                    "job": job.id,
                    "task": job.task,
                    "seconds": round(max(now - (job.started_at or now), 0.0), 3),
                }
            ],
        }
        for record in store.unfinished_submissions()
        if not store.is_interrupted(record)
        for job in store.jobs(record.id)
        if job.status is Status.RUNNING
    ]
