"""Errors on the command line: a sentence on stderr, with `--json` an object too, and the exit code.

`wants_json` is the descriptor for the object, or None.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taipy_exec.cli import outcome
from taipy_exec.cli.options import without_most
from taipy_exec.cli.problem_details import details
from taipy_exec.cli.suggestions import OPTIONS_ELSEWHERE, closest, did_you_mean
from taipy_exec.config.hidden_module import hiding_sentence
from taipy_exec.errors import ConfigurationError, TaipyExecError
from taipy_exec.version import __version__
from taipy_exec.visible_text import one_line

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Errors of the system that have their reason in the place, and not in this program.
_REFUSED = (
    errno.EACCES,
    errno.EIO,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
)
_LONGEST_MESSAGE = 20_000


def report_error(error: TaipyExecError, wants_json: int | None, *, verbose: bool = False) -> None:
    """Every problem of a configuration, or the one sentence and its hint."""
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    if len(problems) > 1 and wants_json is None:
        for problem in problems:
            say(f"{problem.level.lower()}: {problem}")
            _say_all(details(problem, verbose=verbose))
        return
    below = [line for problem in problems for line in details(problem, verbose=verbose)]
    _emit(wants_json, error.kind, error.message, error.hint, below)


def report_usage_error(error: Any, wants_json: int | None) -> int:
    """Report wrong use of the command line, with what was probably meant."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "taipy-exec"
    option = getattr(error, "option_name", None)
    message = without_most(error.format_message())
    if context is not None and option is not None and hasattr(error, "possibilities"):
        message = f"there is no option {option}{_meant_option(context, option)}"
    _emit(wants_json, "usage", message, f"{command} --help shows how it is used")
    return 2


def report_import_error(error: ImportError, wants_json: int | None) -> int:
    """A module of the user may have the name of one that taipy-exec needs."""
    hiding = hiding_sentence(error)
    if hiding is None:
        return report_bug(error, wants_json)
    report_error(ConfigurationError(hiding), wants_json)
    return ConfigurationError.exit_code


def report_system_error(error: OSError, wants_json: int | None) -> int:
    """Report an error of the system in a sentence. One with an unknown reason is a bug."""
    if error.errno in _NO_ROOM:
        what = error.filename or "stdout"
        hint = "free some space; the finished jobs are stored: taipy-exec status"
        _emit(wants_json, "no_room", f"{what} cannot be written: {error.strerror}", hint)
        return outcome.STORE if error.filename else outcome.WRONG_USE
    if error.errno not in _REFUSED or not error.filename:
        return report_bug(error, wants_json)
    name = os.fsdecode(error.filename) if not isinstance(error.filename, int) else ""
    _emit(wants_json, "usage", f"{middle_cut(name, 100)}: {error.strerror}", None)
    return outcome.WRONG_USE


def report_bug(error: BaseException, wants_json: int | None) -> int:
    """Report an exception that is a bug in taipy-exec, and write its traceback to a file."""
    import tempfile

    text = "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="taipy-exec-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"taipy-exec {__version__}, Python {sys.version}\n{text}")
        where = f"the traceback is in {Path(name)}"
    except OSError:
        where = "its traceback could not be written to a file"
    _emit(
        wants_json,
        "internal",
        f"a bug in taipy-exec ({type(error).__name__}: {error}); {where}",
        "please report it with that file",
    )
    return outcome.BUG


def _meant_option(context: Any, option: str) -> str:
    """A suggestion for an option that does not exist."""
    parameters = context.command.params
    names = [n for p in parameters for n in (*p.opts, *p.secondary_opts) if n.startswith("--")]
    if option in ("-a", "--application-path", "--app") and "app" in {p.name for p in parameters}:
        return did_you_mean([f"{context.command_path} APP"])
    return did_you_mean(closest(option, [*names, "--help"], OPTIONS_ELSEWHERE))


def _emit(
    wants_json: int | None,
    kind: str,
    message: str,
    hint: str | None,
    below: Sequence[str] = (),
) -> None:
    message = middle_cut(message, _LONGEST_MESSAGE)
    if wants_json is not None:
        from taipy_exec.views.json_objects import dump, error_shape

        try:
            os.write(wants_json, (dump(error_shape(kind, message, hint)) + "\n").encode())
        except OSError:
            pass
    say(f"error: {message}")
    _say_all(below)
    if hint:
        say(f"hint: {hint}")


def say(text: str) -> None:
    """One line on stderr, if that can be written."""
    try:
        print(one_line(text), file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass


def _say_all(lines: Sequence[str]) -> None:
    for line in lines:
        say(line)


def middle_cut(text: str, longest: int) -> str:
    """At most about so many characters, with its beginning and its end."""
    half = longest // 2
    left_out = len(text) - 2 * half
    return text if left_out <= 0 else f"{text[:half]}[... {left_out:,} more ...]{text[-half:]}"
