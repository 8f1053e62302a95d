"""What GitHub's runner takes for workflow commands, by the rules of its ActionCommand.cs."""

from __future__ import annotations

import re
from collections.abc import Iterable

# As far as they matter; `stop-commands` and its token come on top.
_REGISTERED = {"error", "warning", "notice", "debug", "group", "endgroup", "echo", "add-mask"}
_REGISTERED |= {"set-output", "save-state", "set-env", "add-path", "add-matcher"}


def commands_in(text: str) -> list[str]:
    """The names of the commands that the runner obeys in a stream, in order."""
    found = []
    stopped: str | None = None
    for line in re.split(r"\r\n|\r|\n", text):
        name, data = _command(
            line, _REGISTERED | {"stop-commands"} | ({stopped} if stopped else set())
        )
        if name is None:
            continue
        if stopped is not None:
            if name == stopped:
                stopped = None
        elif name == "stop-commands":
            stopped = data
        else:
            found.append(name)
    return found


def _command(line: str, registered: Iterable[str]) -> tuple[str | None, str]:
    for pattern, text in ((r"::(.*?)::(.*)", line.lstrip()), (r".*?##\[(.*?)\](.*)", line)):
        match = re.match(pattern, text)
        if match:
            name = match[1].split(" ")[0].lower()
            if name in registered:
                return name, match[2]
    return None, ""
