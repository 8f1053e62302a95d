"""Which CI system runs this process, and how to keep it from reading text as a command.

Formats: docs.github.com, "Workflow commands"; the runner's ActionCommand.cs for what counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

# Invisible, and no white space: a line that begins with it does not begin with a command.
_BREAK = "\u2060"
_COMMAND_LINE = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


class CiSystem(Enum):
    """A system that reads more than text out of a log."""

    GITHUB = "GITHUB_ACTIONS"
    GITLAB = "GITLAB_CI"


def ci_system(environ: Mapping[str, str]) -> CiSystem | None:
    """The one that this process runs in, by its environment variables."""
    return next((system for system in CiSystem if environ.get(system.value) == "true"), None)


def harmless(text: str) -> str:
    """`text` in which GitHub finds no workflow command: neither `::name::` nor `##[name]`."""
    return _COMMAND_LINE.sub(rf"\1{_BREAK}:", text).replace("##[", f"##{_BREAK}[")


def harmless_json(text: str) -> str:
    """The same JSON, in which GitHub finds no workflow command."""
    return text.replace("##[", "\\u0023#[")
