"""`pause`: no more jobs of a submission start for now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.location import Location

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

    streams = call.streams
    location = call.location
    return set_paused(streams, submission, location, paused=True)


def set_paused(
    streams: Streams,
    wanted: str,
    location: Location,
    *,
    paused: bool,
) -> int:
    """Pause or continue, and report it. Raises UsageError if the submission has ended."""
    from taipy_exec.engine.identity import is_interrupted
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.chosen import Latest, chosen_submission
    from taipy_exec.operations.state import open_state, what_now
    from taipy_exec.views.json_objects import dump, submission_shape

    store = open_state(location)
    record = chosen_submission(store, wanted, Latest.RUNNING)
    where = location.where
    if not store.pause(record.id, paused=paused):
        what = "pause" if paused else "continue"
        again = f"taipy-exec retry {record.short_id}{where} runs what did not complete"
        raise UsageError(
            f"{record.short_id} has ended ({record.status.name}): there is nothing to {what}",
            None if paused else again,
        )
    if streams.json:
        record = store.submission(record.id)
        streams.data(dump(submission_shape(record, store.jobs(record.id))))
    elif paused:
        streams.note(
            f"{record.short_id} is paused. Continue it: "
            f"taipy-exec continue {record.short_id}{where}"
        )
    else:
        streams.note(f"{record.short_id} continues")
    if not paused and is_interrupted(store.folder, record):
        streams.warn(f"no process works on {record.short_id}: {what_now(record, where)}")
    return 0
