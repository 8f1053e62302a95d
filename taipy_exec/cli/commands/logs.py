"""`logs`: what jobs printed."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Print the captured stdout, stderr and logging of a job, or of every job of a submission "
    "(each line with its task's name), and the tracebacks of failed jobs. With --follow, the lines "
    "of all jobs are printed as they come, until the submission ends. A terminal gets text and "
    "colours only; a pipe and a file get the bytes unchanged, as does a terminal with --raw.",
    "taipy-exec logs SUBMISSION_1b2c3d4e",
    "taipy-exec logs JOB_train_5f6a7b8c --tail 50",
    "taipy-exec logs SUBMISSION_1b2c3d4e --follow",
    "taipy-exec logs @1 --failed --timestamps",
)


@command(*ALL)
def logs(
    call: Call,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="[JOB|SUBMISSION]",
            help=options.WHICH_JOB,
            show_default=False,
            autocompletion=completion.submissions_and_jobs,
        ),
    ] = "",
    application_path: options.ApplicationPathOption = ".",
    follow: Annotated[
        bool, option("--follow", "-f", help="Print new lines as they come, until it ends.")
    ] = False,
    tail: Annotated[
        int | None,
        options.number("--tail", help="Only the last N lines of each job."),
    ] = None,
    timestamps: Annotated[
        bool, option("--timestamps", "-t", help="Begin each line with its date and time.")
    ] = False,
    failed: options.Failed = False,
    statuses: options.Statuses = None,
    task: options.Tasks = None,
    since: options.Since = None,
    limit: Annotated[
        int | None,
        options.number("--limit", "-n", help="At most N jobs; 0 shows all."),
    ] = None,
    raw: Annotated[
        bool, option("--raw", help="Print the bytes unchanged, on a terminal too.")
    ] = False,
) -> int:
    from taipy_exec.cli.job_output import (
        follow_jobs,
        job_outputs,
        left_behind,
        tell_what_is_not_there,
    )
    from taipy_exec.operations.job_filter import job_filter
    from taipy_exec.operations.logs import followed, jobs_with_output
    from taipy_exec.operations.redaction import discreet, redaction_for
    from taipy_exec.views.json_objects import dump
    from taipy_exec.views.log_lines import WantedLines, log_fields

    chosen = job_filter(
        failed=failed, statuses=statuses, tasks=task, since=since, limit=limit, now=time.time()
    )
    lines = WantedLines(tail=tail, since=chosen.since, timestamps=timestamps)
    if follow:
        chosen = followed(chosen)
    streams, location, store = call.streams, call.location, call.store
    jobs = jobs_with_output(store, wanted, chosen)
    if jobs:
        location.take_from(store.submission(jobs[0].submission))
    where, redacted = location.where, redaction_for(location)
    outputs = {}
    if not streams.json:
        outputs = job_outputs(streams, store.folder, jobs, lines, redacted, raw=raw)
    if follow and jobs:
        follow_jobs(store, jobs, outputs, streams, left_behind(store, streams, where))
    if streams.json:
        ended = [discreet(store.find_job(job.id), redacted) for job in jobs]
        streams.data(dump({"logs": [log_fields(store.folder, job, lines) for job in ended]}))
        return 0
    for job in () if follow else jobs:
        outputs[job.id].advance(job, last=True)
    tell_what_is_not_there(streams, jobs, outputs.values() if tail != 0 else ())
    return 0
