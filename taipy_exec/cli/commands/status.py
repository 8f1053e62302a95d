"""`status`: what is stored of submissions and jobs, at this moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from taipy_exec.cli.streams import Streams
    from taipy_exec.store.store import Store

HELP = help_text(
    "Show the latest submissions, or the jobs of one. It reads what is stored and needs neither "
    "the configuration nor a running process.",
    "taipy-exec status",
    "taipy-exec status SUBMISSION_1b2c3d4e",
    "taipy-exec status --json --application-path app",
    "taipy-exec status --watch",
)
_SHOWN = 20


def status(
    submission: Annotated[
        str | None, typer.Argument(metavar="[SUBMISSION]", help="Its id, or how it begins.")
    ] = None,
    application_path: options.ApplicationPathOption = ".",
    watch: Annotated[
        bool, option("--watch", help="Show again whenever something changes.")
    ] = False,
    json_output: options.Json = False,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.state import open_state
    from taipy_exec.cli.streams import Streams
    from taipy_exec.errors import NotFoundError

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    try:
        store, _ = open_state(application_path, state_dir)
    except NotFoundError as nothing:
        if submission is not None:
            raise
        if json_output:
            _print_json(streams, None, None)
        else:
            streams.note(nothing.message)
            streams.note(f"hint: {nothing.hint}", style="cyan")
        return 0
    if watch:
        return _watch(streams, store, submission)
    if json_output:
        _print_json(streams, store, submission)
    else:
        streams.show(_view(store, submission, all_of_them=verbose, unicode=streams.unicode))
    return 0


def _print_json(streams: Streams, store: Store | None, submission: str | None) -> None:
    from taipy_exec.cli.shapes import dump, submission_fields, submission_shape

    if store is not None and submission is not None:
        record = store.submission(submission)
        streams.data(dump(submission_shape(record, store.jobs(record.id))))
        return
    records = store.submissions() if store is not None else []
    workers = _workers(store) if store is not None else []
    streams.data(
        dump(
            {
                "submissions": [submission_fields(record) for record in records],
                "queue": None,
                "workers": workers,
            }
        )
    )


def _workers(store: Store) -> list[dict[str, object]]:
    """The processes that run a job now."""
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.model.status import Status

    return [
        {"worker": job.worker, "job": job.id, "task": job.task, "submission": record.id}
        for record in store.unfinished_submissions()
        if not is_interrupted(store.folder, record)
        for job in store.jobs(record.id)
        if job.status is Status.RUNNING
    ]


def _view(
    store: Store, submission: str | None, *, all_of_them: bool = False, unicode: bool = True
) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from taipy_exec.cli.render import jobs_table, submissions_table, summary_line
    from taipy_exec.engine.identity import is_interrupted

    if submission is not None:
        record = store.submission(submission)
        parts: list[Any] = [Text(summary_line(record))]
        if is_interrupted(store.folder, record):
            parts.append(
                Text(f"interrupted: taipy-exec resume {record.id} carries on", style="yellow")
            )
        return Group(*parts, jobs_table(store.jobs(record.id), unicode=unicode))
    records = store.submissions(None if all_of_them else _SHOWN)
    if not records:
        return Text("no submissions yet")
    return submissions_table(records, {r.id: is_interrupted(store.folder, r) for r in records})


def _watch(streams: Streams, store: Store, submission: str | None) -> int:
    """Redraw on a terminal; elsewhere print anew after each change, until all has ended."""
    from contextlib import nullcontext

    from rich.live import Live

    live = Live(console=streams.err, auto_refresh=False) if streams.is_live else None
    version = -1
    with live or nullcontext():
        while True:
            now = store.data_version()
            if now != version or live is not None:
                version = now
                if live is not None:
                    live.update(_view(store, submission), refresh=True)
                elif streams.json:
                    _print_json(streams, store, submission)
                else:
                    streams.show(_view(store, submission, unicode=streams.unicode))
            if submission is not None and store.submission(submission).finished_at is not None:
                return 0
            time.sleep(0.5)
