"""The `taipy` command: runs `run-worker` itself and leaves every other command to Taipy.

Taipy has a file `bin/taipy` too, and pip keeps the file of the package that is installed last. If
that is Taipy's file, a line in `taipy_run_worker.pth` lets `stand_in` catch `run-worker` first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import cast

_OURS = "run-worker"
_THEIRS_TOO = "run"
_ENTRYPOINT = "taipy._entrypoint"
_HELP = """\
Usage: taipy run-worker [OPTIONS]

Examples:
  taipy run-worker --application-path app
  taipy run-worker --help

Taipy is not installed here, so this `taipy`, which came with taipy-exec {version}, has one command:
run-worker takes jobs of an application from RabbitMQ and runs them. It is the same as
`taipy-exec run-worker`; taipy-exec --help shows what else there is.

Taipy's commands come with `pip install taipy`; run-worker stays.

Options:
  -h, --help     Show this text.
  -v, --version  Print the version.
"""


def main() -> object:
    """Run the command line. The result is for `sys.exit`, as with any console script."""
    arguments = sys.argv[1:]
    if arguments[:1] == [_OURS]:
        return _run_worker(arguments)
    taipy = _taipy()
    return _without_taipy(arguments) if taipy is None else taipy()


def stand_in() -> None:
    """Make Taipy's own `taipy` command, which is about to start, call `main` instead."""
    from types import ModuleType

    entrypoint = ModuleType(_ENTRYPOINT)
    entrypoint._entrypoint = main  # type: ignore[attr-defined]
    sys.modules[_ENTRYPOINT] = entrypoint


def _run_worker(arguments: list[str]) -> int:
    """Run the worker. Ctrl-C during its import prints no traceback either."""
    try:
        from taipy_exec.cli.main import main as command_line

        command_line(arguments)
    except KeyboardInterrupt:
        return 130
    return 0


def _taipy() -> Callable[[], object] | None:
    """The function that Taipy's own `taipy` calls, or None without Taipy.

    It is found by the entry point and not by an import, because taipy-core alone has no command.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group="console_scripts", name="taipy"):
        if entry.module.partition(".")[0] == "taipy":
            return cast("Callable[[], object]", entry.load())
    return None


def _without_taipy(arguments: list[str]) -> int:
    from taipy_exec.version import __version__

    first = arguments[0] if arguments else None
    if first in ("-v", "--version"):
        _print(f"taipy-exec {__version__}; Taipy is not installed")
        return 0
    if first in (None, "-h", "--help", "help"):
        _print(_HELP.format(version=__version__).rstrip())
        # Without a command: show the help. The exit code is still that of wrong use.
        return 2 if first is None else 0
    _refuse(str(first))
    return 2


def _refuse(name: str) -> None:
    """Print one sentence about a command that does not exist here. `name` may hold anything."""
    from taipy_exec.cli.main import app

    ours = {command.name for command in app.registered_commands}
    ours |= {group.name for group in app.registered_groups}
    ours -= {_THEIRS_TOO}
    typed = repr(f"taipy {name}")
    if name in ours:
        sentence = f"{typed} is not a command of Taipy; use: taipy-exec {name}"
    else:
        sentence = f"{typed} needs Taipy, which is not installed here: pip install taipy"
    try:
        if sys.stderr is not None:  # without stderr, print() would write to stdout
            print(f"error: {sentence}", file=sys.stderr, flush=True)
    except OSError:
        pass


def _print(text: str) -> None:
    """Print to stdout. A closed pipe is no error, neither now nor when the interpreter ends."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
