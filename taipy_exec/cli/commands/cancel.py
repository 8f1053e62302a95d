"""`cancel`: waiting jobs do not run, running jobs are stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from taipy_exec.cli import completion, options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Cancel a submission or one job, from any terminal. Waiting jobs become CANCELED. A job that "
    "runs in its own process is stopped (TERM, grace, KILL). In development mode the running job "
    "ends first.",
    "taipy-exec cancel SUBMISSION_1b2c3d4e",
    "taipy-exec cancel JOB_train_5f6a7b8c",
)


@command(*ALL)
def cancel(
    call: Call,
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
) -> int:
    from taipy_exec.cli.sweep.result import sweep_shape
    from taipy_exec.operations.cancel import cancel as cancel_wanted
    from taipy_exec.operations.sweep.stored import stored_rows
    from taipy_exec.views.json_objects import dump, submission_shape

    streams, store = call.streams, call.store
    canceled = cancel_wanted(call.location, store, wanted)
    if not streams.json:
        streams.note(f"canceling {canceled.short_id}")
    elif canceled.group:
        streams.data(dump(sweep_shape(canceled.group, stored_rows(store, canceled.group))))
    else:
        record = store.submission(canceled.submission.id)
        streams.data(dump(submission_shape(record, store.jobs(record.id))))
    return 0
