"""Running submissions for a command such as `submit`: attached, or in a process of their own."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.ci import commands_stopped
from taipy_exec.cli.metrics import watch_metrics
from taipy_exec.cli.result import show_result
from taipy_exec.cli.session import Session
from taipy_exec.cli.sweep.result import show_sweep, sweep_shape
from taipy_exec.cli.sweep.session import SweepSession
from taipy_exec.config.redaction import redaction
from taipy_exec.operations.missing_data import Waits, missing, readers, sentence, waits_of
from taipy_exec.operations.sweep.rows import CombinationRow
from taipy_exec.views.hints import as_argument
from taipy_exec.views.json_objects import dump, submission_shape
from taipy_exec.wiring import make_engine

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.application import AppConfig
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.model.graph import JobGraph
    from taipy_exec.observers.metrics import MetricsServer
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import Engine


def open_engine(
    streams: Streams, config: AppConfig, store: Store, metrics: MetricsServer | None
) -> Engine:
    """An engine that shows its warnings here and, if wanted, serves its metrics."""
    engine = make_engine(config, store, echo=not streams.quiet, tell=streams.warn)
    watch_metrics(engine, metrics)
    return engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The stored submissions that a command runs: one, or those of a sweep.

    `where` are the options of a command about them in a hint, and `application` those of a command
    that reads the application.
    """

    engine: Engine
    streams: Streams
    plans: Sequence[SubmissionPlan]
    where: str
    application: str
    is_sweep: bool

    @property
    def id(self) -> str:
        """The id of the submission or of the sweep."""
        record = self.plans[0].record
        return str(record.group) if self.is_sweep else record.id

    @property
    def short_id(self) -> str:
        """Its short form, for messages and the command line."""
        return self.plans[0].record.shorten(self.id)

    @property
    def rows(self) -> list[CombinationRow]:
        """Each submission with its jobs as they are now."""
        return [CombinationRow(record=plan.record, jobs=plan.jobs) for plan in self.plans]


def run_on(
    run: Run, begin: float, timeout: float | None, *, detach: bool, carried: Sequence[str]
) -> int:
    """Work on the submissions, here or in a process of their own; the exit code.

    `timeout` counts from `begin` (monotonic clock). `carried` are further options of that process.
    """
    if detach:
        return _detach(run, timeout, carried)
    left = None if timeout is None else max(begin + timeout - time.monotonic(), 0.0)
    return run_to_end(run, left)


def run_to_end(run: Run, timeout: float | None) -> int:
    """Coordinate the submissions, show their result, and give the worst exit code."""
    engine, streams, first = run.engine, run.streams, run.plans[0]
    if not first.jobs:
        streams.warn(f"scenario {first.scenario.id} has no tasks: there is nothing to run")
    _warn_of_the_future(engine, streams, first)
    _warn_of_missing(engine, streams, first)
    session = SweepSession if run.is_sweep else Session
    try:
        with commands_stopped(streams):
            code = session(engine, streams, run.plans).run(timeout)
        waits = {plan.record.id: waits_of(engine, plan) for plan in run.plans}
        try:
            engine.watching.close()
        except KeyboardInterrupt:
            pass  # stop waiting for notifications; the result is still shown
    finally:
        engine.close(engine.app.job.grace)
    _show(run, waits)
    if code == outcome.TERMINATED and (run.is_sweep or first.record.unfinished):
        streams.hint(f"resume it: taipy-exec resume {run.short_id}{run.where}")
    if code == outcome.OK and len(run.plans) > 1:
        there = as_argument(run.application)
        there += f" -s {first.scenario.id}" if len(engine.app.real_scenarios) > 1 else ""
        streams.hint(f"taipy-exec compare{there} shows them side by side")
    return code


def _show(run: Run, waits: Mapping[str, Waits]) -> None:
    app, streams, record = run.engine.app, run.streams, run.plans[0].record
    redacted = redaction(app)
    table = not (streams.is_live and streams.data_is_terminal)
    if run.is_sweep:
        show_sweep(
            streams,
            run.id,
            run.rows,
            app.state_dir,
            run.where,
            redacted,
            table=table,
            waits=waits,
        )
    else:
        show_result(
            streams,
            record,
            run.plans[0].jobs,
            app.state_dir,
            run.where,
            redacted,
            table=table,
            waits=waits[record.id],
        )


def _warn_of_missing(engine: Engine, streams: Streams, plan: SubmissionPlan) -> None:
    """Before a part of the jobs runs, warn which data the others wait for."""
    empty = [node for node in plan.input_nodes() if node.changed_at() is None]
    waiting = _waiting_tasks(plan.graph, {node.config.id for node in empty})
    if not empty or len(waiting) == len(plan.graph.tasks):
        return  # nothing runs, and the result says why
    told = sentence(missing(engine.app, empty), readers(plan.tasks.values(), waiting))
    streams.warn(f"{len(waiting)} of {len(plan.graph.tasks)} jobs cannot start: {told}")


def _waiting_tasks(graph: JobGraph, empty: set[str]) -> set[str]:
    """The tasks that read one of these data nodes, and all that follow them."""
    waiting: set[str] = set()
    for task in graph.tasks:
        follows = waiting.intersection(graph.predecessors[task.id])
        if follows or not empty.isdisjoint(task.inputs):
            waiting.add(task.id)
    return waiting


def _warn_of_the_future(engine: Engine, streams: Streams, plan: SubmissionPlan) -> None:
    """Warn about files with a time in the future: tasks that read them are never up to date."""
    read = {n.id for task in plan.tasks.values() if task.skippable for n in task.inputs}
    inputs = [node for node in plan.input_nodes() if node.config.id in read]
    for node in engine.coordinator.freshness.in_the_future(inputs, time.time()):
        what = f"data node {node.config.id} ({node.place}) was last changed in the future"
        changed = node.changed_at() or 0.0
        streams.warn(
            f"{what}, at {datetime.fromtimestamp(changed):%Y-%m-%d %H:%M:%S}: until then the tasks "
            f"that read it run at every submit; touch {shlex.quote(node.place)} sets it to now"
        )


def _detach(run: Run, timeout: float | None, carried: Sequence[str]) -> int:
    """Leave the submissions to a new process, and print what they are called."""
    _leave_to_process(run, timeout, carried)
    streams, first = run.streams, run.plans[0]
    if streams.json and run.is_sweep:
        streams.data(dump(sweep_shape(run.id, run.rows)))
    elif streams.json:
        streams.data(dump(submission_shape(first.record, first.jobs)))
    else:
        streams.data(run.id)
        streams.hint(f"taipy-exec wait {run.short_id}{run.where}")
    return outcome.OK


def _leave_to_process(run: Run, timeout: float | None, carried: Sequence[str]) -> None:
    """Leave the submissions to a new process, which takes them over at once.

    The engine is closed then.
    """
    engine, streams, plans = run.engine, run.streams, run.plans
    config = engine.app
    for plan in plans:
        plan.record.coordinator = None
    engine.store.save([], [plan.record for plan in plans])
    log = config.state_dir / "logs" / plans[0].record.id
    log.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "taipy_exec", "resume", run.id]
    command += ["--application-path", str(config.source or config.main_file or config.root)]
    command += ["--root", str(config.root)]
    command += ["--state-dir", str(config.state_dir), "--mode", config.job.mode, "--quiet"]
    command += ["--detached", "--workers", str(config.job.workers), *carried, *streams.log_options]
    if timeout is not None:
        command += ["--timeout", str(timeout)]
    # That process needs the port of metrics.
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
    if config.job.mode == "cluster":
        from taipy_exec.operations.cluster import warn_of_no_worker

        app = shlex.quote(str(config.source or config.main_file or config.root))
        warn_of_no_worker(streams, config, f" --application-path {app}")
