"""`run`: a Taipy program, unchanged, with its jobs on the runners of taipy-exec."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taipy_exec.cli import options
from taipy_exec.cli.options import help_text

if TYPE_CHECKING:
    from taipy_exec.taipy_plugin.dispatcher import Dispatcher

HELP = help_text(
    "Run a Taipy program as Python would, in its folder, with its jobs in standalone or cluster "
    "mode run by taipy-exec. Arguments after APP are for the program. Ctrl-C ends the program and "
    "lets running jobs end; twice: stops them; a third time: exit now.",
    "taipy-exec run app/main.py",
    "taipy-exec run --mode cluster app/main.py --port 5001",
)
# Everything after APP is for the program, options too.
SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def run(
    app: Annotated[
        str, typer.Argument(metavar="APP", help="A Python file, or a folder's main.py.")
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="For the program.")
    ] = None,
    mode: options.Mode = None,
    workers: options.Workers = None,
    root: options.Root = None,
    state_dir: options.StateDir = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    log_file: options.LogFile = None,
) -> int:
    from taipy_exec import event_log
    from taipy_exec.cli.program import Interrupts, find_program, run_program
    from taipy_exec.config.modes import runner_modes
    from taipy_exec.config.taipy_program import is_taipy_program
    from taipy_exec.errors import UsageError
    from taipy_exec.operations.application import enter

    if mode is not None and mode not in runner_modes():
        raise UsageError(f"unknown mode {mode!r}", f"use one of {', '.join(runner_modes())}")
    event_log.start(event_log.Choice.of(os.environ, file=log_file, on_stderr=verbose > 1))
    found, main = find_program(app, root)
    state_dir = state_dir.absolute() if state_dir is not None else None
    enter(found)
    if not is_taipy_program(found):
        raise UsageError(
            f"{main} imports nothing of Taipy", f"run it with: python {app}, or submit it"
        )
    dispatcher_of = _enable(main, state_dir, {"mode": mode, "max_nb_of_workers": workers})
    if quiet or verbose:
        logging.getLogger("Taipy").setLevel(logging.WARNING if quiet else logging.DEBUG)
    interrupts = Interrupts()
    try:
        code = run_program(main, arguments or [], interrupts.program_ended)
    finally:
        dispatcher = dispatcher_of()
        if dispatcher is not None:
            interrupts.wait_for(dispatcher)
    return code or interrupts.code


def _enable(
    main: Path, state_dir: Path | None, settings: dict[str, Any]
) -> Callable[[], Dispatcher | None]:
    """Have Taipy use taipy-exec; options for `[JOB]` win over all configuration."""
    from taipy_exec.errors import ConfigurationError
    from taipy_exec.taipy_plugin import enable
    from taipy_exec.taipy_plugin.versions import INSTALL, taipy_version

    if taipy_version() is None:
        raise ConfigurationError(
            f"{main} imports taipy, which is not installed in this environment", INSTALL
        )
    enable(state_dir=state_dir)
    from taipy_exec.taipy_plugin import internals
    from taipy_exec.taipy_plugin.service import Service

    internals.override_job({key: value for key, value in settings.items() if value is not None})
    service = Service.current
    return lambda: service.dispatcher if service is not None else None
