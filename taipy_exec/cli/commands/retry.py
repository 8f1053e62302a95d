"""`retry`: a new submission with only what did not complete in an earlier one."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Run what did not complete in a submission that has ended, as a new submission of the same "
    "scenario instance. Jobs that completed or were skipped do not run again, even if an earlier "
    "retry completed them. Given a job, run that job and the jobs after it that did not complete. "
    "Given a sweep, run what is left of all its combinations.",
    "taipy-exec retry",
    "taipy-exec retry SUBMISSION_1b2c3d4e",
    "taipy-exec retry JOB_train_5f6a7b8c",
    "taipy-exec retry SWEEP_7a8b9c0d",
    "taipy-exec retry SUBMISSION_1b2c3d4e --application-path app --json",
)


@command(*ALL)
def retry(
    call: Call,
    ctx: typer.Context,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="[SUBMISSION|SWEEP|JOB]",
            help=options.WHICH_JOB.replace("the latest", "the latest that failed"),
            show_default=False,
            autocompletion=completion.failed_submissions_and_jobs,
        ),
    ] = "",
    followers: Annotated[
        bool,
        option(
            "--with-followers/--only",
            help="Given a job: also the jobs after it that did not complete, or only that job.",
        ),
    ] = True,
    application_path: options.ApplicationPathOption = ".",
    mode: options.Mode = None,
    workers: options.Workers = None,
    timeout: options.Timeout = None,
    detach: options.Detach = False,
    keep_going: options.KeepGoing = None,
    fail_fast: options.FailFast = None,
    metrics_port: options.MetricsPort = None,
    metrics_host: options.MetricsHost = options.LOCALHOST,
) -> int:
    from taipy_exec.cli.metrics import detached_options, open_metrics
    from taipy_exec.cli.running import Run, open_engine, run_on
    from taipy_exec.operations.retry import RetryRequest, wanted_retry
    from taipy_exec.operations.retry import retry as retry_wanted

    begin = time.monotonic()
    streams, location, store = call.streams, call.location, call.store
    fast = options.fails_fast(ctx, keep_going, fail_fast)
    request = RetryRequest(wanted=wanted, followers=followers, mode=mode, workers=workers)
    chosen = wanted_retry(location, store, request, streams)
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, chosen.app, store, metrics)
    deadline = None if timeout is None else begin + timeout
    plans = retry_wanted(chosen, engine, streams, fail_fast=fast, deadline=deadline)
    carried = detached_options(metrics, metrics_host)
    run = Run(
        engine=engine,
        streams=streams,
        plans=plans,
        where=location.where,
        application=location.where,
        is_sweep=chosen.group is not None,
    )
    return run_on(run, begin, timeout, detach=detach, carried=carried)
