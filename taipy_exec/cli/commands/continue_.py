"""`continue`: continue a paused submission."""

from __future__ import annotations

from taipy_exec.cli import options
from taipy_exec.cli.commands.pause import set_paused
from taipy_exec.cli.options import help_text

HELP = help_text(
    "Continue a paused SUBMISSION. One that is not paused stays as it is.",
    "taipy-exec continue SUBMISSION_1b2c3d4e",
)


def continue_(
    submission: options.RunningSubmissionId = "",
    application_path: options.ApplicationPathOption = ".",
    json_output: options.Json = False,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.Color = None,
) -> int:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.operations.location import Location

    streams = Streams(color=color, quiet=quiet, verbose=verbose, json=json_output)
    location = Location(streams, application_path, state_dir, root)
    return set_paused(streams, submission, location, paused=False)
