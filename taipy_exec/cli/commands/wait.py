"""`wait`: wait until a submission ends."""

from __future__ import annotations

import time
from typing import Annotated

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Wait until SUBMISSION ends, print its result, and exit with the code that `submit` would "
    "give. The submission is not changed; after --timeout the exit code is 5. With the id of a "
    "sweep: wait until all its submissions have ended.",
    "taipy-exec wait SUBMISSION_1b2c3d4e --timeout 600",
    "taipy-exec wait SUBMISSION_1b2c3d4e --json",
)


@command(*ALL)
def wait(
    call: Call,
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
    timeout: Annotated[
        float | None, option("--timeout", min=0, metavar="S", help="Wait at most S seconds.")
    ] = None,
) -> int:
    from taipy_exec.cli import outcome
    from taipy_exec.cli.result import show_result
    from taipy_exec.cli.sweep.waiting import wait_for_sweep
    from taipy_exec.operations.chosen import Latest, chosen_submission
    from taipy_exec.operations.redaction import redaction_for
    from taipy_exec.operations.sweep.stored import means_sweep, submissions_of_sweep
    from taipy_exec.operations.wait import wait as wait_for

    streams, location, store = call.streams, call.location, call.store
    deadline = None if timeout is None else time.monotonic() + timeout
    if means_sweep(store, submission):
        location.take_from(submissions_of_sweep(store, submission)[0])
        redacted = redaction_for(location)
        return wait_for_sweep(streams, store, submission, location.where, redacted, deadline)
    where = location.where
    record = chosen_submission(store, submission, Latest.RUNNING_OR_ANY)
    location.take_from(record)
    record = wait_for(store, record.id, streams, where, deadline)
    jobs, redacted = store.jobs(record.id), redaction_for(location)
    show_result(streams, record, jobs, store.folder, where, redacted, table=True)
    return outcome.TIMED_OUT if record.finished_at is None else outcome.exit_code(record, jobs)
