"""Opening what the user named on the command line: the application, its state, its instance."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from taipy_exec.config.application import AppConfig, ScenarioConfig
from taipy_exec.config.application_path import (
    ENVIRONMENT_FILE,
    ApplicationPath,
    module_folders,
    whole_path,
)
from taipy_exec.config.compile import Compiled
from taipy_exec.config.layers import Layer
from taipy_exec.config.main_module import import_main
from taipy_exec.config.modes import runner_modes
from taipy_exec.config.problem import Level
from taipy_exec.config.taipy_program import has_taipy, is_taipy_program
from taipy_exec.config.vocabulary import WATCH_KEYS
from taipy_exec.errors import ConfigurationError, UsageError
from taipy_exec.operations.listener import Listener
from taipy_exec.operations.location import Location
from taipy_exec.wiring import checked, compile_application, early_problems, refuse_early

if TYPE_CHECKING:
    from taipy_exec.engine.forecast import Forecast


def read_application(
    location: Location,
    *,
    mode: str | None = None,
    workers: int | None = None,
    coordinates: bool = True,
    prefers_program: bool = False,
) -> Compiled:
    """Compile the application, with the command line's own layer on top, and enter its root.

    Commands that do not coordinate work without the settings of notifications, such as secrets.
    With `prefers_program`, a folder with a TOML file and a Taipy program means the program, if
    Taipy is installed.

    Relative paths in the application, and its imports, start from its folder. Raises
    ConfigurationError if a file cannot be read, UsageError for an unknown mode.
    """
    found = location.found
    enter(found)
    overrides = Layer()
    if mode is not None:
        if mode not in runner_modes():
            known = ", ".join(name for name, why in runner_modes().items() if why is None)
            raise UsageError(f"unknown mode {mode!r}", f"use one of {known}")
        overrides.entry("JOB")["mode"] = mode
    if not coordinates:
        overrides.entry("JOB").update(dict.fromkeys(WATCH_KEYS))
    if workers is not None:
        overrides.entry("JOB")["max_nb_of_workers"] = workers
    toml_named = location.path.suffix == ".toml"
    prefers_program = prefers_program and not toml_named and has_taipy()
    if is_taipy_program(found, prefers_program=prefers_program):
        from taipy_exec.taipy_plugin.application import read_program

        compiled = read_program(found, state_dir=location.state_dir, overrides=overrides)
        if found.toml is not None:
            also = _also(found, location, overrides)
            compiled.config = replace(compiled.config, also=also)
        return compiled
    return compile_application(
        found,
        python_layer=_python_layer(found),
        state_dir=location.state_dir,
        overrides=overrides,
    )


def _also(found: ApplicationPath, location: Location, overrides: Layer) -> AppConfig | None:
    """The application as its TOML file describes it, if that is valid by itself."""
    try:
        compiled = compile_application(found, state_dir=location.state_dir, overrides=overrides)
        config = checked(compiled, imports=False)
    except ConfigurationError:
        return None
    return config if config.tasks else None


def enter(found: ApplicationPath) -> None:
    """From here on the application's root is the working folder, and its modules are found."""
    if ENVIRONMENT_FILE in os.environ:
        os.environ[ENVIRONMENT_FILE] = str(whole_path(os.environ[ENVIRONMENT_FILE]))
    sys.path[:0] = module_folders(found.root, found.main)
    os.chdir(found.root)
    # Modules of the application may read arguments: they must not see those of taipy-exec.
    sys.argv = [str(found.toml or found.main or found.root)]


def load_compiled(
    location: Location,
    *,
    mode: str | None = None,
    workers: int | None = None,
    imports: bool = True,
    coordinates: bool = True,
    takes_programs: bool = False,
    prefers_program: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Compiled:
    """`read_application`, checked. Raises ConfigurationError with every problem.

    A Taipy program submits its scenarios itself: it is refused unless `takes_programs` is set.
    `tell` gets the warnings about the configuration, such as a misspelt key.
    """
    compiled = read_application(
        location,
        mode=mode,
        workers=workers,
        coordinates=coordinates,
        prefers_program=prefers_program,
    )
    if compiled.config.program is not None and not takes_programs:
        named = shlex.quote(location.app)
        raise ConfigurationError(
            f"{compiled.config.main_file} is a Taipy program, which submits its scenarios itself",
            f"start it with taipy-exec run {named}, or have taipy-exec init --from-taipy {named} "
            "write a config.toml",
        )
    checked(compiled, imports=imports)
    for problem in compiled.problems:
        tell(str(problem))
    return compiled


def refuse_to_fail(
    listener: Listener,
    compiled: Compiled,
    scenario: ScenarioConfig,
    target: str,
    forecasts: Callable[[], Iterable[Forecast]],
) -> None:
    """Raises ConfigurationError if a job of the target is sure to run and to fail.

    Warns if it would fail, but may be skipped. That is known from the `forecasts` of the
    submissions, which are made only if there is such a job.
    """
    wanted = {spec.id for spec in scenario.graph(target).tasks}
    tasks = [task for task in scenario.tasks if task.id in wanted]
    found = [one for one in early_problems(compiled, tasks) if one.level is Level.ERROR]
    if not found:
        return
    sure = frozenset().union(*(one.sure_to_run for one in forecasts()))
    refuse_early(compiled, [task for task in tasks if task.id in sure])
    for problem in found:
        listener.warn(f"{problem}; the job does not run while it is up to date")


def _python_layer(found: ApplicationPath) -> Layer | None:
    """The configuration that the application's Python file makes, if it is a Python file."""
    if found.toml is not None or found.main is None:
        return None
    from taipy_exec.api.configuration import Config

    import_main(found.main)
    return Config.python_layer()


def cycle_day(
    listener: Listener, scenario: ScenarioConfig, given: datetime | None
) -> datetime | None:
    """The day whose cycle is meant, as given. Warns if the scenario has no frequency."""
    if given is not None and scenario.frequency is None:
        listener.warn(f"scenario {scenario.id} has no frequency: --creation-date has no effect")
        return None
    return given


def choose_target(scenario: ScenarioConfig, sequence: str | None, task: str | None) -> str:
    """`scenario`, `sequence:NAME` or `task:ID`. Raises NotFoundError for an unknown one."""
    if sequence is not None and task is not None:
        raise UsageError("--sequence and --task exclude each other", "give one of them")
    target = "scenario"
    if sequence is not None:
        target = f"sequence:{sequence}"
    elif task is not None:
        target = f"task:{task}"
    scenario.graph(target)
    return target
