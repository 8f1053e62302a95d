"""`check`: every problem of the configuration at once."""

from __future__ import annotations

from typing import Annotated

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

HELP = help_text(
    "Check the configuration, the graph and the functions of APP. Nothing is run or written. "
    "Exit code 3 if there is an error.",
    "taipy-exec check config.toml",
    "taipy-exec check app --connect --json",
)


@command(*ALL)
def check(
    call: Call,
    app: options.App = ".",
    mode: options.Mode = None,
    connect: Annotated[
        bool, option("--connect", help="Check that databases and buckets answer.")
    ] = False,
) -> int:
    from taipy_exec.cli import outcome
    from taipy_exec.cli.problem_details import show_problems
    from taipy_exec.config.problem import Level
    from taipy_exec.operations.check import check_application
    from taipy_exec.views.json_objects import dump

    streams = call.streams
    problems, scenarios = check_application(call.location, mode, connects=connect)
    if streams.json:
        streams.data(dump({"issues": [problem.as_json() for problem in problems]}))
    else:
        show_problems(streams, problems, scenarios)
    return outcome.INVALID if any(p.level is Level.ERROR for p in problems) else outcome.OK
