"""`retry`: a new submission with only what did not complete in an earlier one."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from taipy_exec.config.application import AppConfig
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.store.store import Store

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


def retry(
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
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.application import load_compiled, refuse_to_fail
    from taipy_exec.cli.chosen import Latest, chosen_job
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.metrics import detached_options, open_metrics
    from taipy_exec.cli.running import admitted, open_engine, run_on
    from taipy_exec.cli.state import open_state, refuse_program, submit_again
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.retrying import retry_sweep
    from taipy_exec.config.mapped import whole_name
    from taipy_exec.engine.admission import admit
    from taipy_exec.engine.mapping import predecessors
    from taipy_exec.engine.retries import RETRIES, chain_of, newest_jobs, with_followers
    from taipy_exec.engine.sweep import is_group, same_sweep
    from taipy_exec.wiring import withdraw

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    fast = options.fails_fast(ctx, keep_going, fail_fast)
    begin = time.monotonic()
    store = open_state(location)
    group = wanted if is_group(wanted) else None
    if group is None:
        record, job = chosen_job(store, wanted, Latest.FAILED)
        group = None if wanted else record.group
    if group is not None:
        return retry_sweep(
            streams,
            location,
            store,
            group,
            mode=mode,
            workers=workers,
            fail_fast=fast,
            begin=begin,
            timeout=timeout,
            detach=detach,
            metrics_port=metrics_port,
            metrics_host=metrics_host,
        )
    refuse_program(record)
    location.take_from(record)
    chain = chain_of(record, store.submissions_of(record.instance))
    refuse_unfinished(store, chain)
    jobs = newest_jobs(store.jobs(each.id) for each in chain)
    again = submit_again(location, record.scenario)
    left = _left(record, chain, jobs, again)
    compiled = load_compiled(location, mode=mode or record.mode, workers=workers)
    config = compiled.config
    if job is not None:
        graph = config.scenario(record.scenario).graph(chain[0].target)
        before = predecessors([newest.task for newest in jobs], graph)
        only = next(newest for newest in jobs if newest.task == job.task)
        _refuse_job(record, jobs, only, before.get(only.task, ()), store.where, again)
        left = with_followers(only, jobs, before) if followers else [only]
    refuse_lost_data(config, record)
    scenario = config.scenario(record.scenario)
    target = f"task:{','.join(dict.fromkeys(whole_name(job.task) for job in left))}"
    refuse_to_fail(compiled, scenario, target)
    metrics = open_metrics(streams, metrics_port, metrics_host)
    engine = open_engine(streams, config, store, metrics)
    plan = admitted(
        streams,
        lambda: admit(
            store,
            config,
            scenario,
            store.instance(record.instance),
            target=target,
            force=record.force,
            fail_fast=fast,
            fresh=True,
            identity=engine.identity,
            withdraw=partial(withdraw, config),
            properties={RETRIES: chain[-1].id, **same_sweep(record)},
        ),
        None if timeout is None else begin + timeout,
    )
    later = f", after its retry {chain[-1].short_id}" if chain[-1] is not record else ""
    streams.note(f"retrying {len(left)} of {len(jobs)} jobs of {record.short_id}{later}")
    where = location.where
    carried = detached_options(metrics, metrics_host)
    return run_on(engine, streams, plan, where, begin, timeout, detach=detach, carried=carried)


def refuse_unfinished(store: Store, chain: Sequence[SubmissionRecord]) -> None:
    """A submission of the chain that has not ended. Raises UsageError."""
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.errors import UsageError

    for record in chain:
        if record.finished_at is not None:
            continue
        if is_interrupted(store.folder, record):
            why = "waits for data" if record.waits_for_data else "was interrupted"
            raise UsageError(
                f"{record.short_id} {why} and has not ended",
                f"taipy-exec resume {record.short_id}{store.where} continues it",
            )
        raise UsageError(
            f"{record.short_id} has not ended", f"taipy-exec wait {record.short_id}{store.where}"
        )


def _left(
    record: SubmissionRecord,
    chain: Sequence[SubmissionRecord],
    jobs: Sequence[JobRecord],
    again: str,
) -> list[JobRecord]:
    """The jobs that did not complete. Raises UsageError if there is nothing to retry."""
    from taipy_exec.engine.retries import left_of
    from taipy_exec.errors import UsageError

    left = left_of(jobs)
    if not left:
        by = f" ({chain[-1].short_id} retried it)" if chain[-1] is not record else ""
        raise UsageError(
            f"every job of {record.short_id} is done{by}: there is nothing to retry",
            f"{again} --force runs all of them again",
        )
    return left


def _refuse_job(
    record: SubmissionRecord,
    jobs: Sequence[JobRecord],
    only: JobRecord,
    before: Iterable[str],
    where: str,
    again: str,
) -> None:
    """A job that is done, or one whose inputs are not. Raises UsageError."""
    from taipy_exec.errors import UsageError
    from taipy_exec.model.status import DONE

    if only.status in DONE:
        raise UsageError(
            f"{only.short_id} is done: there is nothing to retry",
            f"{again} --task {only.task} --force runs it again",
        )
    missing = [job.task for job in jobs if job.task in before and job.status not in DONE]
    if missing:
        raise UsageError(
            f"{only.short_id} reads what {', '.join(missing)} did not write",
            f"taipy-exec retry {record.short_id}{where} runs all that is left",
        )


def refuse_lost_data(config: AppConfig, record: SubmissionRecord) -> None:
    """The results of completed jobs were in a process that is gone."""
    from taipy_exec.errors import ConfigurationError

    nodes = config.scenario(record.scenario).data_nodes
    if any(node.storage_type == "in_memory" for node in nodes):
        raise ConfigurationError(
            f"{record.short_id} cannot be retried: its in_memory data nodes are gone with their "
            "process",
            "submit again: all jobs run then",
        )
