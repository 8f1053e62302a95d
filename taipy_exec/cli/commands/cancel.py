"""`cancel`: what waits does not run, what runs is stopped."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Cancel a submission or one job, from any terminal. Jobs that wait are CANCELED; a job that "
    "runs in a process of its own is stopped (TERM, grace, KILL); in development mode the running "
    "job ends first.",
    "taipy-exec cancel SUBMISSION_1b2c3d4e",
    "taipy-exec cancel JOB_train_5f6a7b8c",
)


def cancel(
    wanted: Annotated[
        str, typer.Argument(metavar="SUBMISSION|JOB", help="Its id, or how it begins.")
    ],
    application_path: options.ApplicationPathOption = ".",
    json_output: options.Json = False,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.shapes import dump, submission_shape
    from taipy_exec.cli.state import open_state
    from taipy_exec.cli.streams import Streams
    from taipy_exec.engine.admission import supersede
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.errors import UsageError
    from taipy_exec.model.status import Reason

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    store, _ = open_state(application_path, state_dir)
    job = store.find_job(wanted) if wanted.startswith("JOB_") else None
    record = store.submission(job.submission if job else wanted)
    if record.finished_at is not None or (job is not None and job.status.is_final):
        raise UsageError(
            f"{wanted} has ended ({(job or record).status.name}): there is nothing to cancel"
        )
    if is_interrupted(store.folder, record) and job is None:
        supersede(store, record, None, Reason.CANCELED)
    else:
        store.request_cancel(record.id, job.id if job else None, time.time())
    if streams.json:
        record = store.submission(record.id)
        streams.data(dump(submission_shape(record, store.jobs(record.id))))
    else:
        streams.note(f"canceling {wanted}")
    return 0
