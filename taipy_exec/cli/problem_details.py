"""What people see below a problem of the configuration: lines of the file, a traceback."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipy_exec.config.problem import Problem


def details(problem: Problem, *, verbose: bool) -> list[str]:
    """The lines: an excerpt always, the traceback of the user's code with `verbose` only."""
    parts = [problem.excerpt, problem.traceback if verbose else None]
    return [f"  {line}" for part in parts if part for line in part.split("\n")]


def wants_details(arguments: Sequence[str]) -> bool:
    """Whether `--verbose` was given, where no command has read it yet."""
    chosen = os.environ.get("TAIPY_EXEC_VERBOSE", "").lower()
    return bool({"-v", "--verbose"} & set(arguments)) or chosen in (
        "1",
        "true",
        "t",
        "yes",
        "y",
        "on",
    )
