"""Which CI system runs this process, and how text is kept from being a command of it.

Formats: docs.github.com, "Workflow commands"; the runner's ActionCommand.cs for what counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

# Nothing that is seen, and no white space: a line that begins with it begins with no command.
_BREAK = "\u2060"
_COMMAND_LINE = re.compile(r"^(\s*):(?=:)", re.MULTILINE)


class CiSystem(Enum):
    """A system that reads more than text out of a log."""

    GITHUB = "GITHUB_ACTIONS"
    GITLAB = "GITLAB_CI"


def ci_system(environ: Mapping[str, str]) -> CiSystem | None:
    """The one that this process runs in, as it says of itself."""
    return next((system for system in CiSystem if environ.get(system.value) == "true"), None)


def harmless(text: str) -> str:
    """`text` in which GitHub finds no workflow command: neither `::name::` nor `##[name]`."""
    return _COMMAND_LINE.sub(rf"\1{_BREAK}:", text).replace("##[", f"##{_BREAK}[")


def harmless_json(text: str) -> str:
    """The same JSON, in which GitHub finds no workflow command."""
    return text.replace("##[", "\\u0023#[")
