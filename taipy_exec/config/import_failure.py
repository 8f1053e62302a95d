"""A failed import of the user's code: find the user's line that failed."""

from __future__ import annotations

import importlib
import linecache
import os
import traceback
from pathlib import Path
from types import TracebackType

from taipy_exec.config.hidden_module import is_of_others
from taipy_exec.config.secrets import discreet_line
from taipy_exec.errors import ConfigurationError

_OURS = (
    str(Path(__file__).parents[1]) + os.sep,
    str(Path(importlib.__file__).parent) + os.sep,
    "<frozen ",
)
_LONGEST_LINE = 200
_LONGEST_TRACEBACK = 20_000


class ImportFailed(ConfigurationError):
    """A module cannot be imported at all; `module` is its name."""

    def __init__(self, message: str, hint: str | None = None, *, module: str) -> None:
        super().__init__(message, hint)
        self.module = module


def raised_by(error: BaseException) -> str:
    """`KeyError: 'conn' (helper.py:3: y = x["conn"])`: the exception, and the user's last line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = type(error).__name__
    return f"{kind}: {text}{place_of(error)}" if text else f"{kind}{place_of(error)}"


def place_of(error: BaseException) -> str:
    """` (helper.py:3: y = x["conn"])`: the user's last line; empty if there is none."""
    found = _last_line(error)
    if found is None:
        return ""
    file, line = found
    source = discreet_source(linecache.getline(file, line))
    return f" ({_shown(file)}:{line}{f': {source}' if source else ''})"


def discreet_source(line: str) -> str:
    """A line of code for a message, without passwords in addresses; empty near a secret."""
    shown = discreet_line(line)
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[:_LONGEST_LINE]} [...]"


def _last_line(error: BaseException) -> tuple[str, int] | None:
    """File and line of the user's last frame, or of a syntax error."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, error.lineno
    walk = traceback.walk_tb(error.__traceback__)
    frames = [(frame.f_code.co_filename, line) for frame, line in walk]
    theirs = [one for one in frames if not one[0].startswith(_OURS)]
    own = [one for one in theirs if not is_of_others(one[0])]
    found = own or theirs
    return found[-1] if found else None


def traceback_of(error: BaseException) -> str:
    """The traceback, from the user's first frame on, without lines that may hold a secret."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, trace, chain=False))
    except Exception as inner:
        return f"{type(error).__name__} (its traceback is not available: {type(inner).__name__})"
    lines = [line for line in text.split("\n") if 'File "<frozen importlib' not in line]
    shown = [_discreet(line) for line in lines]
    return "\n".join(shown)[:_LONGEST_TRACEBACK].rstrip()


def _discreet(line: str) -> str:
    """A line of a traceback, with its indentation."""
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}{discreet_source(line) or '***'}" if line.strip() else line


def _shown(file: str) -> str:
    """The path, relative to the working folder if the file is below it."""
    try:
        path = Path(file).relative_to(Path.cwd())
    except (ValueError, OSError):
        return file
    return str(path)
