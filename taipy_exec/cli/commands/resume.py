"""`resume`: take over a submission whose coordinator died."""

from __future__ import annotations

from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Take over an interrupted submission and run its remaining jobs. Without an id: the latest "
    "interrupted one. With the id of a sweep: all its interrupted submissions.",
    "taipy-exec resume",
    "taipy-exec resume SUBMISSION_1b2c3d4e --application-path app",
)


@command(*ALL)
def resume(
    call: Call,
    submission: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBMISSION|SWEEP]",
            help="Its id, or how it begins.",
            autocompletion=completion.running_submissions,
        ),
    ] = None,
    application_path: options.ApplicationPathOption = ".",
    mode: options.Mode = None,
    workers: options.Workers = None,
    timeout: options.Timeout = None,
    detached: Annotated[bool, typer.Option("--detached", hidden=True)] = False,
    metrics_port: options.MetricsPort = None,
    metrics_host: options.MetricsHost = options.LOCALHOST,
) -> int:
    from taipy_exec.cli.metrics import open_metrics
    from taipy_exec.cli.running import Run, open_engine, run_to_end
    from taipy_exec.operations.application import load_compiled
    from taipy_exec.operations.resume import interrupted_submissions, is_whole_sweep
    from taipy_exec.operations.resume import resume as resume_records

    streams, location, store = call.streams, call.location, call.store
    records = interrupted_submissions(store, submission)
    location.take_from(records[0])
    config = load_compiled(location, mode=mode or records[0].mode, workers=workers).config
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, config, store, metrics)
    is_sweep = is_whole_sweep(store, submission, records[0])
    plans = resume_records(engine, records, whole_sweep=is_sweep)
    run = Run(
        engine=engine,
        streams=streams,
        plans=plans,
        where=location.where,
        application=location.where_of_application,
        is_sweep=is_sweep,
    )
    return run_to_end(run, timeout)
