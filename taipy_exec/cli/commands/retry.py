"""`retry`: a new submission with only what did not complete in a former one, or one job of it."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.application import AppConfig
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.store.store import Store

# Among so many submissions of the scenario instance a former retry is looked for.
_LOOKED_AT = 50

HELP = help_text(
    "Run what did not complete in a submission that has ended, as a new submission of the same "
    "scenario instance. What completed or was skipped is not run again. Of a job, only that job.",
    "taipy-exec retry SUBMISSION_1b2c3d4e",
    "taipy-exec retry JOB_train_5f6a7b8c",
    "taipy-exec retry SUBMISSION_1b2c3d4e --application-path app --json",
)


def retry(
    ctx: typer.Context,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="[SUBMISSION|JOB]",
            help=options.WHICH_JOB.replace("the latest", "the latest that failed"),
            show_default=False,
            autocompletion=completion.failed_submissions_and_jobs,
        ),
    ] = "",
    application_path: options.ApplicationPathOption = ".",
    mode: options.Mode = None,
    workers: options.Workers = None,
    timeout: options.Timeout = None,
    detach: options.Detach = False,
    keep_going: options.KeepGoing = None,
    fail_fast: options.FailFast = None,
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
    from taipy_exec.cli.chosen import Latest, chosen_job
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.metrics import detached_options, open_metrics
    from taipy_exec.cli.running import admitted, open_engine, run_on
    from taipy_exec.cli.state import open_state, refuse_program, submit_again
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.admission import admit
    from taipy_exec.wiring import withdraw

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    fast = options.fails_fast(ctx, keep_going, fail_fast)
    begin = time.monotonic()
    store = open_state(location)
    record, only = chosen_job(store, wanted, Latest.FAILED)
    refuse_program(record)
    jobs = store.jobs(record.id)
    again = submit_again(location, record.scenario)
    left = _left(store, record, jobs, again)
    _tell_former(streams, store, record)
    config = load_application(location, mode=mode or record.mode, workers=workers)
    if only is not None:
        _refuse_job(config, record, jobs, only, store.where, again)
        left = [only]
    _refuse_lost_data(config, record)
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, config, store, metrics)
    plan = admitted(
        streams,
        lambda: admit(
            store,
            config,
            config.scenario(record.scenario),
            store.instance(record.instance),
            target=f"task:{','.join(job.task for job in left)}",
            force=record.force,
            fail_fast=fast,
            fresh=True,
            identity=engine.identity,
            withdraw=partial(withdraw, config),
            properties={"retries": record.id},
        ),
        None if timeout is None else begin + timeout,
    )
    streams.note(f"retrying {len(left)} of {len(jobs)} jobs of {record.id}")
    where = location.where
    carried = detached_options(metrics, metrics_host)
    return run_on(engine, streams, plan, where, begin, timeout, detach=detach, carried=carried)


def _left(
    store: Store, record: SubmissionRecord, jobs: list[JobRecord], again: str
) -> list[JobRecord]:
    """The jobs that did not complete. Raises UsageError where there is nothing to retry."""
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.errors import UsageError
    from taipy_exec.model.status import DONE

    if record.finished_at is None:
        if is_interrupted(store.folder, record):
            why = "waits for data" if record.waits_for_data else "was interrupted"
            raise UsageError(
                f"{record.id} {why} and has not ended",
                f"taipy-exec resume {record.id}{store.where} carries on",
            )
        raise UsageError(f"{record.id} has not ended", f"taipy-exec wait {record.id}{store.where}")
    left = [job for job in jobs if job.status not in DONE]
    if not left:
        raise UsageError(
            f"every job of {record.id} is done: there is nothing to retry",
            f"{again} runs all of them again",
        )
    return left


def _tell_former(streams: Streams, store: Store, record: SubmissionRecord) -> None:
    """Say so where a retry of the submission has done all that is to be done here again."""
    from taipy_exec.model.status import SubmissionStatus

    for other in store.submissions(_LOOKED_AT, scenario=record.scenario, name=record.name):
        is_retry = other.properties.get("retries") == record.id
        if is_retry and other.status is SubmissionStatus.COMPLETED:
            streams.warn(f"{other.id} retried it before and COMPLETED; its jobs run once more")
            return


def _refuse_job(
    config: AppConfig,
    record: SubmissionRecord,
    jobs: list[JobRecord],
    only: JobRecord,
    where: str,
    again: str,
) -> None:
    """Where one job is done, or its inputs are not. Raises UsageError."""
    from taipy_exec.errors import UsageError
    from taipy_exec.model.status import DONE

    if only.status in DONE:
        raise UsageError(
            f"{only.id} is done: there is nothing to retry",
            f"{again} --task {only.task} --force runs it again",
        )
    before = config.scenario(record.scenario).graph(record.target).predecessors.get(only.task, ())
    missing = [job.task for job in jobs if job.task in before and job.status not in DONE]
    if missing:
        raise UsageError(
            f"{only.id} reads what {', '.join(missing)} did not write",
            f"taipy-exec retry {record.id}{where} runs all that is left",
        )


def _refuse_lost_data(config: AppConfig, record: SubmissionRecord) -> None:
    """What completed left its results in a process that is gone."""
    from taipy_exec.errors import ConfigurationError

    nodes = config.scenario(record.scenario).data_nodes
    if any(node.storage_type == "in_memory" for node in nodes):
        raise ConfigurationError(
            f"{record.id} cannot be retried: its in_memory data nodes are gone with their process",
            "submit again: all jobs run then",
        )
