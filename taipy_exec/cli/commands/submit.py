"""`submit`: read, check, build the graph, run it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Run the job graph of APP. The command waits until the run ends; the exit code is its result. "
    "An interrupted run is resumed.",
    "taipy-exec submit config.toml",
    "taipy-exec submit config.toml --mode standalone --workers 4 --json",
    "taipy-exec submit app --scenario sales --set threshold=0.5 --name may",
    "taipy-exec submit app --sweep window=7,14,28 --sweep model=a,b",
)


@command(*ALL)
def submit(
    call: Call,
    ctx: typer.Context,
    app: options.App = ".",
    scenario: options.Scenario = None,
    sequence: options.Sequence = None,
    task: options.Task = None,
    mode: options.Mode = None,
    workers: options.Workers = None,
    values: options.Values = None,
    sweep: options.Sweep = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    new: Annotated[bool, option("--new", help="Start with a new scenario instance.")] = False,
    force: Annotated[
        bool, option("--force", help="Run all tasks, even those that are up to date.")
    ] = False,
    timeout: options.Timeout = None,
    detach: options.Detach = False,
    keep_going: options.KeepGoing = None,
    fail_fast: options.FailFast = None,
    dry_run: Annotated[
        bool, option("--dry-run", help="As `plan`: only show what would run.")
    ] = False,
    check: Annotated[
        bool,
        option("--check", help="With --dry-run: exit code 10 if not everything is up to date."),
    ] = False,
    events: Annotated[
        str | None,
        option("--events", metavar="FILE|-", help="Write every change as a line of JSON."),
    ] = None,
    metrics_port: options.MetricsPort = None,
    metrics_host: options.MetricsHost = options.LOCALHOST,
) -> int:
    from taipy_exec.cli.events import EventStream, open_events
    from taipy_exec.cli.metrics import detached_options, open_metrics
    from taipy_exec.cli.running import Run, open_engine, run_on
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.submit import submit as submit_wanted
    from taipy_exec.operations.wanted import SubmitRequest, wanted_submission
    from taipy_exec.store.store import Store

    begin = time.monotonic()
    streams, where = call.streams, call.location.where
    request = SubmitRequest(
        scenario=scenario,
        sequence=sequence,
        task=task,
        mode=mode,
        workers=workers,
        values=values,
        sweep=sweep,
        name=name,
        creation_date=creation_date,
        new=new,
        force=force,
        fail_fast=options.fails_fast(ctx, keep_going, fail_fast),
        dry_run=dry_run,
    )
    if check and not dry_run and options.is_given(ctx, "check"):
        raise UsageError("--check needs --dry-run", "add it, or use taipy-exec plan --check")
    if detach and events:
        raise UsageError("--detach and --events exclude each other", "use status --watch instead")
    if dry_run:
        from taipy_exec.cli.forecast import show_plan

        return show_plan(call, request, check=check)
    event_file = None if events in (None, "-") else Path(str(events)).absolute()
    wanted = wanted_submission(call.location, request, streams)
    event_lines = open_events(event_file) if event_file else None
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, wanted.app, Store(wanted.app.state_dir, where=where), metrics)
    if events:
        engine.watching.add(EventStream(streams, event_lines))
    plans = submit_wanted(wanted, engine, streams, None if timeout is None else begin + timeout)
    run = Run(
        engine=engine,
        streams=streams,
        plans=plans,
        where=where,
        application=call.location.where_of_application,
        is_sweep=bool(wanted.combinations),
    )
    carried = detached_options(metrics, metrics_host)
    return run_on(run, begin, timeout, detach=detach, carried=carried)
