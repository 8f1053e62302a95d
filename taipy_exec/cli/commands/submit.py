"""`submit`: read, check, build the graph, run it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taipy_exec.cli.streams import Streams
    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.engine.admission import Admission
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.wiring import Engine

_TRUE = ("1", "true", "yes", "on")

HELP = help_text(
    "Run the job graph of APP. Attached: the command ends when the submission does, with an exit "
    "code that says how. A submission that was interrupted is carried on.",
    "taipy-exec submit config.toml",
    "taipy-exec submit config.toml --mode standalone --workers 4 --json",
    "taipy-exec submit app --scenario sales --set threshold=0.5 --name may",
)


def submit(
    app: options.App = ".",
    scenario: options.Scenario = None,
    sequence: options.Sequence = None,
    task: options.Task = None,
    mode: options.Mode = None,
    workers: options.Workers = None,
    values: options.Values = None,
    name: options.Name = None,
    creation_date: options.CreationDate = None,
    new: Annotated[bool, option("--new", help="Start with a fresh scenario instance.")] = False,
    force: Annotated[bool, option("--force", help="Run also what is up to date.")] = False,
    timeout: Annotated[
        float | None, option("--timeout", min=0, metavar="S", help="Give up after S seconds.")
    ] = None,
    detach: Annotated[
        bool, option("--detach", help="Return once the submission is stored; it runs on.")
    ] = False,
    keep_going: Annotated[
        bool | None,
        option("--keep-going/--fail-fast", help="After a failure: let unrelated jobs run or not."),
    ] = None,
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
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.application import choose_target, cycle_day, load_application
    from taipy_exec.cli.events import EventStream, open_events
    from taipy_exec.cli.given_values import given_values
    from taipy_exec.cli.metrics import detached_options, open_metrics, watch_metrics
    from taipy_exec.cli.state import same_place
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.admission import admit
    from taipy_exec.engine.instances import named_instance
    from taipy_exec.errors import UsageError
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import make_engine, withdraw

    streams = Streams(
        color=color, quiet=quiet, verbose=verbose, json=json_output, events=events == "-"
    )
    where = same_place(app, state_dir)
    if keep_going is None:
        keep_going = os.environ.get("TAIPY_EXEC_FAIL_FAST", "").lower() not in _TRUE
    begin = time.monotonic()
    if check and not dry_run:
        raise UsageError("--check goes with --dry-run", "or use taipy-exec plan --check")
    sys.dont_write_bytecode |= dry_run
    if detach and events:
        raise UsageError("--detach and --events exclude each other", "use status --watch instead")
    event_file = None if events in (None, "-") else Path(str(events)).absolute()
    config = load_application(app, state_dir=state_dir, mode=mode, workers=workers)
    chosen = config.scenario(scenario)
    target = choose_target(chosen, sequence, task)
    written = given_values(values, chosen)
    created = cycle_day(streams, chosen, creation_date)
    if dry_run:
        from taipy_exec.cli.commands.plan import show_plan

        return show_plan(
            streams,
            config,
            chosen,
            target,
            name or chosen.id,
            force=force,
            new=new,
            created=created,
            given=written,
            check=check,
        )
    event_lines = open_events(event_file) if event_file else None
    metrics = open_metrics(streams, metrics_port, metrics_host)
    store = Store(config.state_dir, where=where)
    instance = named_instance(store, config, chosen, name or chosen.id, new=new, created=created)
    engine = make_engine(config, store, echo=not quiet, tell=streams.warn)
    if events:
        engine.watching.add(EventStream(streams, event_lines))
    watch_metrics(engine, metrics)
    plan = admitted(
        streams,
        lambda: admit(
            store,
            config,
            chosen,
            instance,
            target=target,
            force=force,
            fail_fast=not keep_going,
            fresh=bool(written) or new or force,
            identity=engine.identity,
            withdraw=partial(withdraw, config),
        ),
        None if timeout is None else begin + timeout,
    )
    _write_values(engine, plan, written)
    carried = detached_options(metrics, metrics_host)
    return run_on(engine, streams, plan, where, begin, timeout, detach=detach, carried=carried)


def run_on(
    engine: Engine,
    streams: Streams,
    plan: SubmissionPlan,
    where: str,
    begin: float,
    timeout: float | None,
    *,
    detach: bool,
    carried: Sequence[str] = (),
) -> int:
    """Work on a submission, here or in a process of its own; the exit code.

    `timeout` counts from `begin` (monotonic clock). `carried` are further options of that process.
    """
    if detach:
        return _detach(streams, engine, plan, where, timeout, carried)
    left = None if timeout is None else max(begin + timeout - time.monotonic(), 0.0)
    return run_to_end(engine, streams, plan, where, left)


def run_to_end(
    engine: Engine,
    streams: Streams,
    plan: SubmissionPlan,
    where: str,
    timeout: float | None = None,
) -> int:
    """Coordinate a submission, show its result, and give its exit code."""
    from taipy_exec.cli import outcome
    from taipy_exec.cli.ci import commands_stopped
    from taipy_exec.cli.result import show_result
    from taipy_exec.cli.session import Session
    from taipy_exec.config.redaction import redaction

    if not plan.jobs:
        streams.warn(f"scenario {plan.scenario.id} has no tasks: there is nothing to run")
    try:
        with commands_stopped(streams):
            code = Session(engine, streams, plan).run(timeout)
        waited_for = engine.coordinator.freshness.not_ready(plan.input_nodes())
        try:
            engine.watching.close()
        except KeyboardInterrupt:
            pass  # who is told is not waited for any longer; the result is shown all the same
    finally:
        engine.close(engine.app.job.grace)
    shown_live = streams.is_live and streams.data_is_terminal
    show_result(
        streams,
        plan.record,
        plan.jobs,
        engine.app.state_dir,
        where,
        redaction(engine.app),
        table=not shown_live,
        unwritten=[_told(node) for node in waited_for if node.changed_at() is None],
        locked=[node.config.id for node in waited_for if node.changed_at() is not None],
    )
    if code == outcome.TERMINATED and plan.record.unfinished:
        streams.note(f"hint: taipy-exec resume {plan.record.id}{where} carries on", style="cyan")
    return code


def _told(node: DataNodeRef) -> str:
    """A data node with the place where the user's own file should lie."""
    at = f" ({node.place})" if node.path and not node.is_generated else ""
    return f"the data node {node.config.id}{at}"


def _write_values(engine: Engine, plan: SubmissionPlan, values: dict[str, Any]) -> None:
    """Write what `--set` gave: once the data is ours, so that no running job reads it."""
    from taipy_exec.engine.admission import supersede
    from taipy_exec.engine.instances import write_node
    from taipy_exec.errors import TaipyExecError
    from taipy_exec.model.status import Reason
    from taipy_exec.store.rows import Edit

    edits = []
    try:
        for name, value in values.items():
            node = plan.nodes[name]
            write_node(node, value)
            edits.append(
                Edit(node=node.id, at=time.time(), editor="taipy-exec", comment="submit --set")
            )
    except TaipyExecError:
        # Nothing of it has been given to anybody yet.
        supersede(engine.store, plan.record, engine.identity, lambda *_: None, Reason.CANCELED)
        raise
    if edits:
        engine.store.add_edits(edits)


def admitted(
    streams: Streams, attempt: Callable[[], Admission], deadline: float | None
) -> SubmissionPlan:
    """The submission, once no live process works on the same data.

    Raises TimedOutError after `deadline`.
    """
    from taipy_exec.errors import BusyError, TimedOutError

    told = False
    while True:
        try:
            admission = attempt()
        except BusyError as busy:
            if not told:
                streams.warn(f"waiting: {busy.message}")
                told = True
            if deadline is not None and time.monotonic() >= deadline:
                raise TimedOutError(f"time is up: {busy.message}", busy.hint) from None
            time.sleep(0.1)
            continue
        for id in admission.superseded:
            streams.note(f"canceled what was left of {id}, which had not ended")
        record = admission.plan.record
        if admission.carried_on:
            total = len(admission.plan.jobs)
            why = "waited for data" if record.waits_for_data else "was interrupted"
            streams.note(
                f"carrying on {record.id}, which {why}: "
                f"{total - record.unfinished} of {total} jobs had ended"
            )
        return admission.plan


def _detach(
    streams: Streams,
    engine: Engine,
    plan: SubmissionPlan,
    where: str,
    timeout: float | None,
    carried: Sequence[str],
) -> int:
    """Leave the submission to a process of its own, which takes it over at once."""
    from taipy_exec.cli.shapes import dump, submission_shape

    record = plan.record
    config = engine.app
    engine.store.save([], [_without_coordinator(plan)])
    log = config.state_dir / "logs" / record.id
    log.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "taipy_exec", "resume", record.id]
    command += ["--application-path", str(config.source or config.main_file or config.root)]
    command += ["--state-dir", str(config.state_dir), "--mode", config.job.mode, "--quiet"]
    command += ["--detached", "--workers", str(config.job.workers), *carried]
    if timeout is not None:
        command += ["--timeout", str(timeout)]
    # The port of metrics is wanted there.
    engine.watching.close()
    with (log / "coordinator.log").open("ab") as output:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    engine.close()
    if streams.json:
        streams.data(dump(submission_shape(record, plan.jobs)))
    else:
        streams.data(record.id)
        streams.note(f"hint: taipy-exec wait {record.id}{where}", style="cyan")
    return 0


def _without_coordinator(plan: SubmissionPlan) -> Any:
    plan.record.coordinator = None
    return plan.record
