"""`status`: the stored state of submissions and jobs at this moment, and that of the broker."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.cluster import Watch
    from taipy_exec.operations.location import Location
    from taipy_exec.store.store import Store

HELP = help_text(
    "Show the latest submissions, or the jobs of one. The command reads the stored state and needs "
    "no running process. In cluster mode it shows the queue and the workers too.",
    "taipy-exec status",
    "taipy-exec status SUBMISSION_1b2c3d4e",
    "taipy-exec status @1 --failed",
    "taipy-exec status --json --application-path app",
    "taipy-exec status --watch",
    "taipy-exec status --application app --broker-url amqp://user@broker/",
)


@command(*ALL)
def status(
    call: Call,
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
    failed: options.Failed = False,
    statuses: options.Statuses = None,
    task: options.Tasks = None,
    since: options.Since = None,
    limit: Annotated[
        int | None,
        option(
            "--limit",
            "-n",
            min=0,
            max=options.MOST,
            metavar="N",
            help="At most N: submissions (default: 20) or jobs (default: 100); 0 shows all.",
        ),
    ] = None,
    watch: Annotated[
        bool, option("--watch", help="Show again whenever something changes.")
    ] = False,
) -> int:
    from taipy_exec.cli.status_view import StatusView
    from taipy_exec.cli.sweep.result import show_stored_sweep
    from taipy_exec.cli.sweep.watching import watch_sweep
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.chosen import chosen_submission
    from taipy_exec.operations.job_filter import job_filter
    from taipy_exec.operations.missing_data import WaitReasons
    from taipy_exec.operations.redaction import redaction_for
    from taipy_exec.operations.sweep.stored import means_sweep

    wanted = job_filter(
        failed=failed, statuses=statuses, tasks=task, since=since, limit=limit, now=time.time()
    )
    if submission is None and options.is_given(context, "task"):
        raise UsageError("--task needs a submission", "taipy-exec status @1 --task NAME")
    streams = call.streams
    location = call.location
    cluster = None
    if submission is None:
        source = context.get_parameter_source("broker_url")
        asked = source is not None and source.name == "COMMANDLINE"
        cluster = _ask(location, streams, application, broker_url, asked, again=watch)
    store = _state(location, streams, required=submission is not None)
    if store is not None and submission is not None and means_sweep(store, submission):
        show = watch_sweep if watch else show_stored_sweep
        show(streams, store, submission, location.where, redaction_for(location))
        return 0
    if store is not None and submission is not None:
        record = chosen_submission(store, submission)
        submission = record.id
        location.take_from(record)
    redacted = redaction_for(location)
    waits = WaitReasons(location)
    shown = StatusView(streams, store, submission, cluster, redacted, wanted, waits)
    if store is None and cluster is None:
        if streams.json:
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
    """The queue and workers of an application in cluster mode; no answer is a warning."""
    from taipy_exec.errors import ConfigurationError
    from taipy_exec.operations.cluster import Watch, place_for_status

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
    from taipy_exec.errors import NotFoundError
    from taipy_exec.operations.state import open_state

    try:
        return open_state(location)
    except NotFoundError as nothing:
        if required:
            raise
        if not streams.json:
            streams.note(nothing.message)
            streams.hint(f"{nothing.hint}")
        return None
