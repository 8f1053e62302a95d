"""`check`: every problem of the configuration at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from taipy_exec.cli import options
from taipy_exec.cli.call import ALL, Call, command
from taipy_exec.cli.options import help_text, option

if TYPE_CHECKING:
    from pathlib import Path

    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.problem import Problem

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
    from taipy_exec.config.problem import Level, Problem
    from taipy_exec.errors import ConfigurationError
    from taipy_exec.operations.application import read_application
    from taipy_exec.views.json_objects import dump
    from taipy_exec.wiring import check_everything

    streams = call.streams
    location = call.location
    try:
        compiled = read_application(location, mode=mode)
        problems = [
            *check_everything(compiled, connects=connect),
            *_check_state(compiled.config.state_dir),
        ]
        scenarios = len(compiled.config.real_scenarios)
    except ConfigurationError as error:
        message = f"{error.message}: {error.hint}" if error.hint else error.message
        problems = list(error.problems) or [Problem(message=message)]
        scenarios = 0
    if streams.json:
        streams.data(dump({"issues": [problem.as_json() for problem in problems]}))
    else:
        _show(streams, problems, scenarios)
    return outcome.INVALID if any(p.level is Level.ERROR for p in problems) else outcome.OK


def _check_state(folder: Path) -> list[Problem]:
    from taipy_exec.config.problem import Level, Problem
    from taipy_exec.store.location import remote_filesystem

    kind = remote_filesystem(folder)
    if kind is None:
        return []
    message = (
        f"the state folder {folder} is not on a local disk but on {kind}: the state can be damaged "
        "there; give a local folder with --state-dir or TAIPY_EXEC_STATE_DIR"
    )
    return [Problem(message=message, level=Level.WARNING, value=str(folder))]


def _show(streams: Streams, problems: list[Problem], scenarios: int) -> None:
    from taipy_exec.cli.problem_details import details
    from taipy_exec.cli.render import line
    from taipy_exec.config.problem import Level

    styles = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.INFO: "dim"}
    for problem in problems:
        if problem.level is Level.ERROR or not streams.quiet:
            text = line(f"{problem.level.lower()}: {problem}", style=styles[problem.level])
            streams.err.print(text, soft_wrap=True)
            for more in details(problem, verbose=streams.verbose):
                streams.err.print(line(more, style="dim"), soft_wrap=True)
    errors = sum(problem.level is Level.ERROR for problem in problems)
    warnings = sum(problem.level is Level.WARNING for problem in problems)
    if errors:
        streams.data(f"{errors} error(s), {warnings} warning(s)")
    else:
        found = "1 scenario" if scenarios == 1 else f"{scenarios} scenarios"
        extra = f", {warnings} warning(s)" if warnings else ""
        streams.data(f"no errors: {found}{extra}")
