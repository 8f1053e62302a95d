"""Running a submission for a command such as `submit`: attached, or in its own process."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.ci import commands_stopped
from taipy_exec.cli.metrics import watch_metrics
from taipy_exec.cli.result import show_result
from taipy_exec.cli.session import Session
from taipy_exec.config.redaction import redaction
from taipy_exec.operations.missing_data import missing, readers, sentence, waits_for_data
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


def run_on(
    engine: Engine,
    streams: Streams,
    plans: Sequence[SubmissionPlan],
    where: str,
    begin: float,
    timeout: float | None,
    *,
    detach: bool,
    carried: Sequence[str] = (),
) -> int:
    """Work on the one submission, here or in a process of its own; the exit code.

    `timeout` counts from `begin` (monotonic clock). `carried` are further options of that process.
    """
    (plan,) = plans
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
    if not plan.jobs:
        streams.warn(f"scenario {plan.scenario.id} has no tasks: there is nothing to run")
    warn_of_the_future(engine, streams, plan)
    warn_of_missing(engine, streams, plan)
    try:
        with commands_stopped(streams):
            code = Session(engine, streams, plan).run(timeout)
        waited_for = engine.coordinator.freshness.not_ready(plan.input_nodes())
        try:
            engine.watching.close()
        except KeyboardInterrupt:
            pass  # stop waiting for notifications; the result is still shown
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
        unwritten=missing(engine.app, [n for n in waited_for if n.changed_at() is None]),
        locked=[node.config.id for node in waited_for if node.changed_at() is not None],
        readers=readers(plan.tasks.values(), [j.task for j in plan.jobs if waits_for_data(j)]),
    )
    if code == outcome.TERMINATED and plan.record.unfinished:
        streams.hint(f"resume it: taipy-exec resume {plan.record.short_id}{where}")
    return code


def warn_of_missing(engine: Engine, streams: Streams, plan: SubmissionPlan) -> None:
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


def warn_of_the_future(engine: Engine, streams: Streams, plan: SubmissionPlan) -> None:
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


def _detach(
    streams: Streams,
    engine: Engine,
    plan: SubmissionPlan,
    where: str,
    timeout: float | None,
    carried: Sequence[str],
) -> int:
    record = plan.record
    leave_to_process(engine, streams, record.id, [plan], timeout, carried)
    if streams.json:
        streams.data(dump(submission_shape(record, plan.jobs)))
    else:
        streams.data(record.id)
        streams.hint(f"taipy-exec wait {record.short_id}{where}")
    return 0


def leave_to_process(
    engine: Engine,
    streams: Streams,
    wanted: str,
    plans: Sequence[SubmissionPlan],
    timeout: float | None,
    carried: Sequence[str],
) -> None:
    """Leave submissions to a new process, which takes them over at once and serves `wanted`.

    The engine is closed then.
    """
    config = engine.app
    for plan in plans:
        plan.record.coordinator = None
    engine.store.save([], [plan.record for plan in plans])
    log = config.state_dir / "logs" / plans[0].record.id
    log.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "taipy_exec", "resume", wanted]
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
