"""`wait`: wait until a submission ends."""

from __future__ import annotations

import time
from typing import Annotated

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Wait until SUBMISSION ends, print its result, and exit with the code that `submit` would "
    "give. The submission is not changed; after --timeout the exit code is 5. With the id of a "
    "sweep: wait until all its submissions have ended.",
    "taipy-exec wait SUBMISSION_1b2c3d4e --timeout 600",
    "taipy-exec wait SUBMISSION_1b2c3d4e --json",
)


def wait(
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
    timeout: Annotated[
        float | None, option("--timeout", min=0, metavar="S", help="Wait at most S seconds.")
    ] = None,
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli import outcome
    from taipy_exec.cli.chosen import Latest, chosen_submission
    from taipy_exec.cli.location import Location
    from taipy_exec.cli.redaction import redaction_for
    from taipy_exec.cli.result import show_result
    from taipy_exec.cli.state import open_state, what_now
    from taipy_exec.cli.streams import Streams
    from taipy_exec.cli.sweep.stored import means_sweep, submissions_of_sweep
    from taipy_exec.cli.sweep.waiting import wait_for_sweep
    from taipy_exec.engine.identity import is_interrupted

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    store = open_state(location)
    deadline = None if timeout is None else time.monotonic() + timeout
    where = location.where
    told = False
    if means_sweep(store, submission):
        location.take_from(submissions_of_sweep(store, submission)[0])
        redacted = redaction_for(location)
        return wait_for_sweep(streams, store, submission, location.where, redacted, deadline)
    record = chosen_submission(store, submission, Latest.RUNNING_OR_ANY)
    wanted = record.id
    location.take_from(record)
    while True:
        record = store.submission(wanted)
        ended = record.finished_at is not None
        late = deadline is not None and time.monotonic() >= deadline
        if ended or late:
            jobs = store.jobs(record.id)
            redacted = redaction_for(location)
            show_result(streams, record, jobs, store.folder, where, redacted, table=True)
            return outcome.exit_code(record, jobs) if ended else outcome.TIMED_OUT
        if not told and record.coordinator and is_interrupted(store.folder, record):
            streams.warn(f"no process works on {record.short_id}: {what_now(record, where)}")
            told = True
        time.sleep(0.05)
