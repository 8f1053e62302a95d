"""The `taipy` command: `run-worker` is ours, everything else is Taipy's.

Taipy has a file `bin/taipy` too, and pip keeps whichever it installs last. Where that is Taipy's, a
line in `taipy_run_worker.pth` lets `stand_in` see to `run-worker` before it is asked for.
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
    """Run the command line; what it returns is for `sys.exit`, as with any console script."""
    arguments = sys.argv[1:]
    if arguments[:1] == [_OURS]:
        return _run_worker(arguments)
    taipy = _taipy()
    return _without_taipy(arguments) if taipy is None else taipy()


def stand_in() -> None:
    """Have Taipy's own `taipy` command, which is about to start, call `main` instead."""
    from types import ModuleType

    entrypoint = ModuleType(_ENTRYPOINT)
    entrypoint._entrypoint = main  # type: ignore[attr-defined]
    sys.modules[_ENTRYPOINT] = entrypoint


def _run_worker(arguments: list[str]) -> int:
    """The worker; Ctrl-C while it is still being imported is no traceback either."""
    try:
        from taipy_exec.cli.main import main as command_line

        command_line(arguments)
    except KeyboardInterrupt:
        return 130
    return 0


def _taipy() -> Callable[[], object] | None:
    """What Taipy's own `taipy` calls, or None without Taipy.

    Found by the entry point and not by the import: taipy-core alone has no command.
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
        # Without a command: show what there is. It is wrong use all the same.
        return 2 if first is None else 0
    _refuse(str(first))
    return 2


def _refuse(name: str) -> None:
    """One sentence for a command that is not here. What was typed may hold any character."""
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
        if sys.stderr is not None:  # print() would take stdout instead
            print(f"error: {sentence}", file=sys.stderr, flush=True)
    except OSError:
        pass


def _print(text: str) -> None:
    """To stdout; a reader that went away is no error, nor is it when the interpreter ends."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
