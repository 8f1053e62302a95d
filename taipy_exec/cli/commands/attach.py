"""`attach`: the live table of a submission that another process works on."""

from __future__ import annotations

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Show the live table of a submission that another process works on. The command waits until "
    "the submission ends; its exit code is that of `submit`. Ctrl-C detaches and cancels nothing.",
    "taipy-exec attach SUBMISSION_1b2c3d4e",
    "taipy-exec attach SUBMISSION_1b2c3d4e -a app",
)


@command(*ALL)
def attach(
    call: Call,
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
) -> int:
    from taipy_exec.cli import outcome
    from taipy_exec.cli.result import show_result
    from taipy_exec.cli.viewer import Viewer
    from taipy_exec.operations.chosen import Latest, chosen_submission
    from taipy_exec.operations.redaction import redaction_for
    from taipy_exec.views.words import counts_text

    streams = call.streams
    location = call.location
    store = call.store
    where = location.where
    record = chosen_submission(store, submission, Latest.RUNNING_OR_ANY)
    location.take_from(record)
    named = record.short_id
    redacted = redaction_for(location)
    viewer = Viewer(streams, store, record.id, where, redacted)
    try:
        with viewer.shown():
            if viewer.table is None and viewer.record.finished_at is None:
                streams.note(f"attached to {named}: {counts_text(viewer.record.counts)}")
            viewer.follow()
    except KeyboardInterrupt:
        streams.note(
            f"Detached; {named} continues. Show it again: taipy-exec attach {named}{where}. "
            f"Cancel it: taipy-exec cancel {named}{where}"
        )
        return outcome.INTERRUPTED
    show_result(
        streams,
        viewer.record,
        viewer.jobs,
        store.folder,
        where,
        redacted,
        table=viewer.table is None,
    )
    return outcome.exit_code(viewer.record, viewer.jobs)
