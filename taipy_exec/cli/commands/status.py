"""`status`: what is stored of submissions and jobs at this moment, and what the broker tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text, option
from taipy_exec.display.words import short_id
from taipy_exec.model.status import Status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from taipy_exec.cli.cluster import Watch
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.streams import Streams
    from taipy_exec.store.store import Store

HELP = help_text(
    "Show the latest submissions, or the jobs of one. It reads what is stored and needs no "
    "running process; in cluster mode it shows the queue and the workers too.",
    "taipy-exec status",
    "taipy-exec status SUBMISSION_1b2c3d4e",
    "taipy-exec status --json --application-path app",
    "taipy-exec status --watch",
    "taipy-exec status --application app --broker-url amqp://user@broker/",
)
_SHOWN = 20
_FAILED_SHOWN = 3


def status(
    context: typer.Context,
    submission: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBMISSION]",
            help="Its id or how it begins, @1 for the latest, or a scenario's name; without it, "
            "all of the latest ones.",
            autocompletion=completion.submissions,
        ),
    ] = None,
    application_path: options.ApplicationPathOption = ".",
    application: options.Application = None,
    broker_url: options.BrokerUrl = None,
    watch: Annotated[
        bool, option("--watch", help="Show again whenever something changes.")
    ] = False,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.chosen import chosen_submission
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.redaction import redaction_for
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.result import show_stored_sweep
    from taipy_exec.engine.sweep import is_group

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    cluster = None
    if submission is None:
        source = context.get_parameter_source("broker_url")
        asked = source is not None and source.name == "COMMANDLINE"
        cluster = _ask(location, streams, application, broker_url, asked, again=watch)
    store = _state(location, streams, required=submission is not None)
    if store is not None and submission is not None and is_group(submission):
        show_stored_sweep(streams, store, submission, location.where, redaction_for(location))
        return 0
    if store is not None and submission is not None:
        record = chosen_submission(store, submission)
        submission = record.id
        location.take_from(record)
    redacted = redaction_for(location)
    shown = _Shown(streams, store, submission, cluster, redacted)
    if store is None and cluster is None:
        if json_output:
            shown.once()
        return 0
    if watch:
        shown.watch()
    else:
        shown.once()
    shown.tell_what_failed()
    return 0


def _ask(
    location: Location,
    streams: Streams,
    application: str | None,
    broker_url: str | None,
    asked: bool,
    *,
    again: bool,
) -> Watch | None:
    """What the broker tells, for an application in cluster mode; no answer is a warning."""
    from taipy_exec.cli.cluster import Watch, place_for_status
    from taipy_exec.errors import ConfigurationError

    try:
        place = place_for_status(location, application, broker_url, asked=asked)
    except ConfigurationError as error:
        streams.warn(error.message)
        return None
    if place is None:
        if asked:
            streams.warn("there is no configuration here: name the application with --application")
        return None
    found = Watch(place).start(again=again)
    if found.trouble:
        streams.warn(found.trouble)
    return found


def _state(location: Location, streams: Streams, *, required: bool) -> Store | None:
    """The local state. None where there is none, unless a submission is `required`."""
    from taipy_exec.cli.state import open_state
    from taipy_exec.errors import NotFoundError

    try:
        return open_state(location)
    except NotFoundError as nothing:
        if required:
            raise
        if not streams.json:
            streams.note(nothing.message)
            streams.note(f"hint: {nothing.hint}", style="cyan")
        return None


@dataclass(slots=True)
class _Shown:
    """One status, shown once or again and again."""

    streams: Streams
    store: Store | None
    submission: str | None
    cluster: Watch | None
    redacted: Callable[[str], str]

    def once(self) -> None:
        """Print it."""
        if self.streams.json:
            self._print_json()
        else:
            self.streams.show(self._view(all_of_them=self.streams.verbose))

    def tell_what_failed(self) -> None:
        """After a failure, the commands that tell more of it."""
        if self.store is None or self.streams.json:
            return
        where = self.store.where
        if self.submission is None:
            latest = self.store.submissions(1)
            if latest and latest[0].counts.get(Status.FAILED):
                id = short_id(latest[0].id)
                self._hint(f"taipy-exec status {id}{where} tells what failed")
            return
        jobs = self.store.jobs(self.store.submission(self.submission).id)
        failed = [job for job in jobs if job.status is Status.FAILED]
        for job in failed[:_FAILED_SHOWN]:
            self._hint(f"taipy-exec logs {short_id(job.id)}{where}")
        if failed:
            self._hint(f"taipy-exec report {short_id(failed[0].submission)}{where}")

    def _hint(self, text: str) -> None:
        self.streams.note(f"hint: {text}", style="cyan")

    def watch(self) -> None:
        """Redraw on a terminal; elsewhere print anew after each change, until all has ended."""
        from contextlib import nullcontext

        from rich.live import Live

        streams = self.streams
        live = Live(console=streams.err, auto_refresh=False) if streams.is_live else None
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
                    self.once()
                version = now
                if self._has_ended():
                    return
                time.sleep(0.5)

    def _has_ended(self) -> bool:
        if self.store is None or self.submission is None:
            return False
        return self.store.submission(self.submission).finished_at is not None

    def _print_json(self) -> None:
        from taipy_exec.cli.redaction import discreet
        from taipy_exec.cli.shapes import dump, submission_fields, submission_shape

        store = self.store
        if store is not None and self.submission is not None:
            record = store.submission(self.submission)
            jobs = [discreet(job, self.redacted) for job in store.jobs(record.id)]
            self.streams.data(dump(submission_shape(record, jobs)))
            return
        records = store.submissions() if store is not None else []
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

    def _view(self, *, all_of_them: bool = False) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = []
        if self.store is not None and self.submission is not None:
            parts = self._submission(self.store, self.submission)
        elif self.store is not None:
            parts = [_submissions_view(self.store, all_of_them=all_of_them)]
        if self.cluster is not None:
            from taipy_exec.cli.cluster import queue_line, workers_table
            from taipy_exec.cli.render import line

            seen = self.cluster.seen
            if parts:
                parts.append(Text())
            if seen.queue is None:
                parts.append(line(f"queue unknown: {self.cluster.trouble}", style="yellow"))
            else:
                parts.append(line(queue_line(seen.queue)))
                parts.append(workers_table(seen.beats, self.cluster.place.digest))
        return Group(*parts)

    def _submission(self, store: Store, submission: str) -> list[Any]:
        from taipy_exec.cli.redaction import discreet
        from taipy_exec.cli.render import jobs_table, line, summary_line
        from taipy_exec.cli.state import what_now
        from taipy_exec.engine.identity import is_interrupted
        from taipy_exec.engine.retries import RETRIES, retries

        record = store.submission(submission)
        parts: list[Any] = [line(summary_line(record))]
        if RETRIES in record.properties:
            parts.append(line(f"retries {short_id(str(record.properties[RETRIES]))}"))
        later = [o for o in store.submissions_of(record.instance) if retries(o, record)]
        if later:
            parts.append(
                line(f"retried by {', '.join(other.short_id for other in reversed(later))}")
            )
        if is_interrupted(store.folder, record):
            why = "waits for data" if record.waits_for_data else "interrupted"
            then = "" if record.program else " carries on"
            parts.append(line(f"{why}: {what_now(record, store.where)}{then}", style="yellow"))
        jobs = [discreet(job, self.redacted) for job in store.jobs(record.id)]
        ids = self.streams.verbose
        unicode, where = self.streams.unicode, store.where
        return [*parts, jobs_table(jobs, unicode=unicode, ids=ids, where=where)]


def _submissions_view(store: Store, *, all_of_them: bool) -> RenderableType:
    from rich.text import Text

    from taipy_exec.cli.render import submissions_table
    from taipy_exec.engine.identity import is_interrupted

    records = store.submissions(None if all_of_them else _SHOWN)
    if not records:
        return Text("no submissions yet")
    return submissions_table(records, {r.id: is_interrupted(store.folder, r) for r in records})


def _local_workers(store: Store) -> list[dict[str, object]]:
    """The processes that run a job now."""
    from taipy_exec.engine.identity import is_interrupted

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
        if not is_interrupted(store.folder, record)
        for job in store.jobs(record.id)
        if job.status is Status.RUNNING
    ]
