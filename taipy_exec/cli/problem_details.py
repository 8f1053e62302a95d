"""Details below a problem of the configuration: lines of the file, a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipy_exec.config.problem import Problem


def details(problem: Problem, *, verbose: bool) -> list[str]:
    """The lines: an excerpt always, the traceback of the user's code with `verbose` only."""
    parts = [problem.excerpt, problem.traceback if verbose else None]
    return [f"  {line}" for part in parts if part for line in part.split("\n")]
