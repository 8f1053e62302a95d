"""`continue`: continue a paused submission."""

from __future__ import annotations

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.commands.pause import show_paused
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Continue a paused SUBMISSION. One that is not paused stays as it is.",
    "taipy-exec continue SUBMISSION_1b2c3d4e",
)


@command(*ALL)
def continue_(
    call: Call,
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
) -> int:
    return show_paused(call, submission, paused=False)
