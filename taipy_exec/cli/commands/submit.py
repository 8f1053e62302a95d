"""`submit`: read, check, build the graph, run it."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Run the job graph of APP. The command waits until the run ends; the exit code is its result. "
    "An interrupted run is resumed.",
    "taipy-exec submit config.toml",
    "taipy-exec submit config.toml --mode standalone --workers 4 --json",
    "taipy-exec submit app --scenario sales --set threshold=0.5 --name may",
    "taipy-exec submit app --sweep window=7,14,28 --sweep model=a,b",
)


def submit(
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
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.application import (
        choose_target,
        cycle_day,
        load_compiled,
        refuse_to_fail,
    )
    from taipy_exec.cli.events import EventStream, open_events
    from taipy_exec.cli.given_values import given_values, note_changed_inputs
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.metrics import detached_options, open_metrics
    from taipy_exec.cli.running import admitted, open_engine, run_on
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.admission import admitted_sweep
    from taipy_exec.cli.sweep.running import run_sweep_on
    from taipy_exec.cli.sweep.wanted import wanted_sweep
    from taipy_exec.engine.admission import admit
    from taipy_exec.engine.forecast import forecast
    from taipy_exec.engine.given import with_given, write_given
    from taipy_exec.engine.instances import named_instance
    from taipy_exec.errors import UsageError
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import withdraw

    streams = Streams(
        color=color, quiet=quiet, verbose=verbose, json=json_output, events=events == "-"
    )
    location = Location(streams, app, state_dir, root)
    where = location.where
    fast = options.fails_fast(ctx, keep_going, fail_fast)
    begin = time.monotonic()
    if check and not dry_run and options.is_given(ctx, "check"):
        raise UsageError("--check needs --dry-run", "add it, or use taipy-exec plan --check")
    sys.dont_write_bytecode |= dry_run
    if detach and events:
        raise UsageError("--detach and --events exclude each other", "use status --watch instead")
    event_file = None if events in (None, "-") else Path(str(events)).absolute()
    compiled = load_compiled(location, mode=mode, workers=workers, tell=streams.warn)
    config = compiled.config
    chosen = config.scenario(scenario)
    target = choose_target(chosen, sequence, task)
    written = given_values(values, chosen)
    created = cycle_day(streams, chosen, creation_date)
    swept = wanted_sweep(
        config,
        sweep,
        scenario=chosen,
        target=target,
        name=name,
        given=written,
        created=created,
        new=new,
        force=force,
        fail_fast=fast,
    )
    expected = partial(
        forecast,
        config,
        chosen,
        target,
        force=force,
        new=new,
        created=created,
        given=written,
    )
    named = name or chosen.id
    runs = [(one.name, one.values) for one in swept.combinations] if swept else [(named, {})]
    refuse_to_fail(
        streams, compiled, chosen, target, lambda: (expected(n, swept=of) for n, of in runs)
    )
    if dry_run and swept:
        from taipy_exec.cli.sweep.plan import show_sweep_plan

        return show_sweep_plan(streams, config, swept, check=check)
    if dry_run:
        from taipy_exec.cli.commands.plan import show_plan

        return show_plan(streams, config, chosen, target, named, expected(named), check=check)
    event_lines = open_events(event_file) if event_file else None
    metrics = open_metrics(streams, metrics_port, metrics_host)
    store = Store(config.state_dir, where=where)
    engine = open_engine(streams, config, store, metrics)
    if events:
        engine.watching.add(EventStream(streams, event_lines))
    deadline = None if timeout is None else begin + timeout
    carried = detached_options(metrics, metrics_host)
    if swept:
        plans = admitted_sweep(streams, engine, swept, deadline)
        return run_sweep_on(
            engine,
            streams,
            plans,
            where,
            begin,
            timeout,
            detach=detach,
            carried=carried,
            application=location.where_of_application,
        )
    instance = named_instance(store, config, chosen, named, new=new, created=created)
    plan = admitted(
        streams,
        lambda: admit(
            store,
            config,
            chosen,
            instance,
            target=target,
            force=force,
            fail_fast=fast,
            fresh=bool(written) or new or force,
            identity=engine.identity,
            withdraw=partial(withdraw, config),
            properties=with_given(written),
        ),
        deadline,
    )
    write_given(store, plan, engine.identity)
    note_changed_inputs(streams, store, plan)
    return run_on(engine, streams, plan, where, begin, timeout, detach=detach, carried=carried)
