"""`resume`: take over a submission whose coordinator died."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.store.store import Store

HELP = help_text(
    "Take over an interrupted submission and run its remaining jobs. Without an id: the latest "
    "interrupted one. With the id of a sweep: all its interrupted submissions.",
    "taipy-exec resume",
    "taipy-exec resume SUBMISSION_1b2c3d4e --application-path app",
)


def resume(
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
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.application import load_application
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.metrics import open_metrics
    from taipy_exec.cli.running import open_engine, run_to_end
    from taipy_exec.cli.state import open_state, refuse_program
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.admission import resumed_sweep
    from taipy_exec.cli.sweep.running import run_sweep_to_end
    from taipy_exec.engine.admission import resume_plan
    from taipy_exec.engine.given import write_given

    streams = Streams(
        color=color, quiet=quiet, verbose=verbose, json=json_output, detached=detached
    )
    location = Location(streams, application_path, state_dir, root)
    store = open_state(location)
    records = _interrupted(store, submission)
    record = records[0]
    refuse_program(record)
    location.take_from(record)
    config = load_application(location, mode=mode or record.mode, workers=workers)
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, config, store, metrics)
    where = location.where
    if record.group is not None and not _is_one(store, submission):
        plans = resumed_sweep(engine, records)
        there = location.where_of_application
        return run_sweep_to_end(engine, streams, plans, where, timeout, application=there)
    plan = resume_plan(store, config, record, engine.identity)
    write_given(store, plan, engine.identity)
    return run_to_end(engine, streams, plan, where, timeout)


def _is_one(store: Store, wanted: str | None) -> bool:
    """Whether a single submission is named, and not a sweep or the latest."""
    from taipy_exec.cli.sweep.stored import means_sweep

    return wanted is not None and not means_sweep(store, wanted)


def _interrupted(store: Store, submission: str | None) -> list[SubmissionRecord]:
    """The submission that is meant, or all interrupted ones of a sweep.

    Raises NotFoundError and UsageError if there is none.
    """
    from taipy_exec.cli.sweep.stored import interrupted_of_sweep
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.errors import NotFoundError, UsageError

    if submission is None:
        waiting = [r for r in store.unfinished_submissions() if is_interrupted(store.folder, r)]
        if not waiting:
            raise NotFoundError(
                "no submission was interrupted",
                f"taipy-exec status{store.where} shows all of them",
            )
        group = waiting[-1].group
        return interrupted_of_sweep(store, group) if group is not None else waiting[-1:]
    if not _is_one(store, submission):
        return interrupted_of_sweep(store, submission)
    record = store.submission(submission)
    if record.finished_at is not None:
        again = f"taipy-exec retry {record.short_id}{store.where} runs what did not complete"
        raise UsageError(
            f"{record.short_id} has ended ({record.status.name}): there is nothing to resume",
            None if record.status.name == "COMPLETED" else again,
        )
    if not is_interrupted(store.folder, record):
        raise UsageError(
            f"{record.short_id} is running", f"taipy-exec wait {record.short_id}{store.where}"
        )
    return [record]
