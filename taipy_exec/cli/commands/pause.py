"""`pause`: no more jobs of a submission start for now."""

from __future__ import annotations

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Start no more jobs of SUBMISSION, from any terminal, until `continue`. Running jobs continue "
    "to their end. A submission stays paused even if its process ends, until it is continued.",
    "taipy-exec pause SUBMISSION_1b2c3d4e",
    "taipy-exec continue SUBMISSION_1b2c3d4e",
)


@command(*ALL)
def pause(
    call: Call,
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
) -> int:
    return show_paused(call, submission, paused=True)


def show_paused(call: Call, wanted: str, *, paused: bool) -> int:
    """Pause a submission or continue it, and show that; the exit code."""
    from taipy_exec.operations.pause import set_paused
    from taipy_exec.operations.state import warn_of_no_process
    from taipy_exec.views.json_objects import dump, submission_shape

    streams, store = call.streams, call.store
    where = call.location.where
    record = set_paused(store, wanted, paused=paused)
    if streams.json:
        streams.data(dump(submission_shape(record, store.jobs(record.id))))
    elif paused:
        streams.note(
            f"{record.short_id} is paused. Continue it: "
            f"taipy-exec continue {record.short_id}{where}"
        )
    else:
        streams.note(f"{record.short_id} continues")
    if not paused:
        warn_of_no_process(streams, store, record, where)
    return 0
