"""Running a sweep for a command: here, or in a new process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from taipy_exec.cli import outcome
from taipy_exec.cli.ci import commands_stopped
from taipy_exec.cli.running import leave_to_process, warn_of_missing, warn_of_the_future
from taipy_exec.cli.sweep.result import Waits, show_sweep, sweep_shape
from taipy_exec.cli.sweep.session import SweepSession
from taipy_exec.config.redaction import redaction
from taipy_exec.operations.missing_data import missing, readers, waits_for_data
from taipy_exec.operations.sweep.rows import CombinationRow
from taipy_exec.views.hints import as_argument
from taipy_exec.views.json_objects import dump

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.wiring import Engine


def run_sweep_on(
    engine: Engine,
    streams: Streams,
    plans: Sequence[SubmissionPlan],
    where: str,
    begin: float,
    timeout: float | None,
    *,
    detach: bool,
    carried: Sequence[str] = (),
    application: str | None = None,
) -> int:
    """Work on the submissions of a sweep, here or in a process of its own; the exit code.

    `timeout` counts from `begin` (monotonic clock). `carried` are further options of that process.
    `application` are the options with which a command reads the application.
    """
    if not detach:
        left = None if timeout is None else max(begin + timeout - time.monotonic(), 0.0)
        return run_sweep_to_end(engine, streams, plans, where, left, application=application)
    group = _group(plans)
    leave_to_process(engine, streams, group, plans, timeout, carried)
    if streams.json:
        streams.data(dump(sweep_shape(group, _rows(plans))))
    else:
        streams.data(group)
        streams.hint(f"taipy-exec wait {plans[0].record.shorten(group)}{where}")
    return outcome.OK


def run_sweep_to_end(
    engine: Engine,
    streams: Streams,
    plans: Sequence[SubmissionPlan],
    where: str,
    timeout: float | None = None,
    *,
    application: str | None = None,
) -> int:
    """Coordinate the submissions of a sweep, show their result, and give the worst exit code.

    `application` are the options with which a command reads the application.
    """
    group = _group(plans)
    if not plans[0].jobs:
        streams.warn(f"scenario {plans[0].scenario.id} has no tasks: there is nothing to run")
    warn_of_the_future(engine, streams, plans[0])
    warn_of_missing(engine, streams, plans[0])
    try:
        with commands_stopped(streams):
            code = SweepSession(engine, streams, group, plans).run(timeout)
        waits = {plan.record.id: _waits(engine, plan) for plan in plans}
        try:
            engine.watching.close()
        except KeyboardInterrupt:
            pass  # stop waiting for notifications; the result is still shown
    finally:
        engine.close(engine.app.job.grace)
    show_sweep(
        streams,
        group,
        _rows(plans),
        engine.app.state_dir,
        where,
        redaction(engine.app),
        table=not (streams.is_live and streams.data_is_terminal),
        waits=waits,
    )
    if code == outcome.TERMINATED:
        id = plans[0].record.shorten(group)
        streams.hint(f"resume it: taipy-exec resume {id}{where}")
    elif code == outcome.OK and len(plans) > 1:
        there = as_argument(where if application is None else application)
        there += f" -s {plans[0].scenario.id}" if _is_one_of(engine) else ""
        streams.hint(f"taipy-exec compare{there} shows them side by side")
    return code


def _is_one_of(engine: Engine) -> bool:
    return len(engine.app.real_scenarios) > 1


def _group(plans: Sequence[SubmissionPlan]) -> str:
    return plans[0].record.group or ""


def _rows(plans: Sequence[SubmissionPlan]) -> list[CombinationRow]:
    return [CombinationRow(record=plan.record, jobs=plan.jobs) for plan in plans]


def _waits(engine: Engine, plan: SubmissionPlan) -> Waits:
    """The data nodes that a submission waits for: those without a value, and the locked ones."""
    if not plan.record.unfinished:
        return Waits()
    waited_for = engine.coordinator.freshness.not_ready(plan.input_nodes())
    waiting = [job.task for job in plan.jobs if waits_for_data(job)]
    return Waits(
        unwritten=missing(engine.app, [n for n in waited_for if n.changed_at() is None]),
        locked=[node.config.id for node in waited_for if node.changed_at() is not None],
        readers=readers(plan.tasks.values(), waiting),
    )
