"""`cancel`: waiting jobs do not run, running jobs are stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.cli.location import Location
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.store.store import Store

HELP = help_text(
    "Cancel a submission or one job, from any terminal. Waiting jobs become CANCELED. A job that "
    "runs in its own process is stopped (TERM, grace, KILL). In development mode the running job "
    "ends first.",
    "taipy-exec cancel SUBMISSION_1b2c3d4e",
    "taipy-exec cancel JOB_train_5f6a7b8c",
)


def cancel(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="[SUBMISSION|SWEEP|JOB]",
            help=options.WHICH_JOB.replace("the latest.", "the latest running one."),
            show_default=False,
            autocompletion=completion.running_submissions_and_jobs,
        ),
    ] = "",
    application_path: options.ApplicationPathOption = ".",
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.chosen import Latest, chosen_job
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.shapes import dump, submission_shape
    from taipy_exec.cli.state import open_state
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.result import sweep_shape
    from taipy_exec.cli.sweep.stored import stored_rows, unfinished_of_sweep
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.engine.sweep import is_group
    from taipy_exec.errors import UsageError

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    store = open_state(location)
    if is_group(wanted):
        records = unfinished_of_sweep(store, wanted)
        location.take_from(records[0])
        for record in records:
            _cancel(store, record, location)
        group = str(records[0].group)
        if streams.json:
            streams.data(dump(sweep_shape(group, stored_rows(store, group))))
        else:
            streams.note(f"canceling {store.short_id(group)}")
        return 0
    record, job = chosen_job(store, wanted, Latest.RUNNING)
    location.take_from(record)
    meant = job or record
    if record.finished_at is not None or (job is not None and job.status.is_final):
        raise UsageError(
            f"{meant.short_id} has ended ({meant.status.name}): there is nothing to cancel"
        )
    if job is None:
        _cancel(store, record, location)
    elif is_interrupted(store.folder, record):
        _cancel_job(store, record, job, location)
    else:
        store.request_cancel(record.id, job.id, time.time())
    if streams.json:
        record = store.submission(record.id)
        streams.data(dump(submission_shape(record, store.jobs(record.id))))
    else:
        streams.note(f"canceling {meant.short_id}")
    return 0


def _cancel(store: Store, record: SubmissionRecord, location: Location) -> None:
    """Ask the coordinator of a submission to cancel it; if there is none, cancel it here."""
    from taipy_exec.engine.identity import is_interrupted

    if is_interrupted(store.folder, record):
        _cancel_lost(store, record, location)
        if store.submission(record.id).finished_at is not None:
            return
        # Another process has taken it over meanwhile.
    store.request_cancel(record.id, None, time.time())


def _cancel_lost(store: Store, record: SubmissionRecord, location: Location) -> None:
    """Cancel a submission without a coordinator. In cluster mode its jobs are withdrawn first."""
    from taipy_exec.cli.application import load_application
    from taipy_exec.engine.admission import supersede
    from taipy_exec.model.status import Reason
    from taipy_exec.wiring import withdraw

    def take_back(record: SubmissionRecord, jobs: Sequence[JobRecord], ended: bool) -> None:
        if record.mode == "cluster":
            config = load_application(
                location,
                mode=record.mode,
                imports=False,
                takes_programs=record.program is not None,
                prefers_program=record.program is not None,
            )
            withdraw(config, record, jobs, ended)

    supersede(store, record, None, take_back, Reason.CANCELED)


def _cancel_job(
    store: Store,
    record: SubmissionRecord,
    job: JobRecord,
    location: Location,
) -> None:
    """Cancel one job of a submission without a coordinator, and abandon the jobs after it.

    Only the configuration has the order of the jobs. Raises ConfigurationError if it is not the
    configuration of the submission any more.
    """
    from taipy_exec.cli.application import load_application
    from taipy_exec.cli.state import refuse_program
    from taipy_exec.engine.admission import cancel_lost_job, resume_plan
    from taipy_exec.engine.identity import Identity
    from taipy_exec.errors import ConfigurationError
    from taipy_exec.wiring import withdraw

    where = location.where
    refuse_program(
        record, f"taipy-exec cancel {record.short_id}{where} cancels its whole submission"
    )
    with closing(Identity(store.folder)) as identity:
        try:
            config = load_application(location, mode=record.mode, imports=False)
            plan = resume_plan(store, config, record, identity.name)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{job.short_id} cannot be canceled by itself: {error.message}",
                f"taipy-exec cancel {record.short_id}{where} cancels its whole submission",
            ) from None
        cancel_lost_job(store, plan, job.id, partial(withdraw, config))
