"""Problems of the configuration, with lines of the file and a traceback below."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.config.problem import Problem


def details(problem: Problem, *, verbose: bool) -> list[str]:
    """The lines: an excerpt always, the traceback of the user's code with `verbose` only."""
    parts = [problem.excerpt, problem.traceback if verbose else None]
    return [f"  {line}" for part in parts if part for line in part.split("\n")]


def show_problems(streams: Streams, problems: list[Problem], scenarios: int) -> None:
    """Each problem on a line, and the counts."""
    from taipy_exec.cli.render import line
    from taipy_exec.config.problem import Level
    from taipy_exec.views.words import several

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
        extra = f", {warnings} warning(s)" if warnings else ""
        streams.data(f"no errors: {several(scenarios, 'scenario')}{extra}")
