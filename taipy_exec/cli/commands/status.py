"""`status`: the stored state of submissions and jobs at this moment, and that of the broker."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

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
        options.number(
            "--limit",
            "-n",
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
    from taipy_exec.operations.cluster import watch_for_status
    from taipy_exec.operations.job_filter import job_filter
    from taipy_exec.operations.missing_data import WaitReasons
    from taipy_exec.operations.redaction import redaction_for
    from taipy_exec.operations.sweep.stored import means_sweep

    wanted = job_filter(
        failed=failed, statuses=statuses, tasks=task, since=since, limit=limit, now=time.time()
    )
    if submission is None and options.is_given(context, "task"):
        raise UsageError("--task needs a submission", "taipy-exec status @1 --task NAME")
    streams, location = call.streams, call.location
    cluster = None
    if submission is None:
        asked = options.is_given(context, "broker_url")
        cluster = watch_for_status(
            location, streams, application, broker_url, asked=asked, again=watch
        )
        store = call.store_if_any()
    else:
        store = call.store
        if means_sweep(store, submission):
            show = watch_sweep if watch else show_stored_sweep
            show(streams, store, submission, location.where, redaction_for(location))
            return 0
        record = chosen_submission(store, submission)
        submission = record.id
        location.take_from(record)
    waits, redacted = WaitReasons(location), redaction_for(location)
    shown = StatusView(streams, store, submission, cluster, redacted, wanted, waits)
    shown.show(watch=watch)
    return 0
