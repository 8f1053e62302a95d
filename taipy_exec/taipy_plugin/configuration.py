"""Turns Taipy's configuration, as a program made it, into an `AppConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import ForeignProgram
from taipy_exec.config.checker import check_running
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.digest import digest
from taipy_exec.config.layers import Layer, Sections, layer_from_toml
from taipy_exec.config.modes import runner_modes
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.run_options import OPTIONS
from taipy_exec.config.toml_file import TomlFile
from taipy_exec.errors import ConfigurationError
from taipy_exec.taipy_plugin import internals

HOST_MODULE = "taipy_exec.taipy_plugin.host"

# The parts that a worker must share with the program; it reads all others from the entities.
_IN_COMMON: Mapping[str, tuple[str, ...]] = {
    "DATA_NODE": ("storage_type",),
    "TASK": ("function", "inputs", "outputs"),
    "SCENARIO": ("tasks",),
}


def compile_program(
    main: Path | None,
    *,
    root: Path,
    state_dir: Path,
    overrides: Layer | None = None,
    runs: bool = False,
) -> Compiled:
    """Taipy's applied configuration as an `AppConfig`, with the problems in it.

    `main` is the file of the program, None if it has none. With `runs`, the problems are only
    those of keys that taipy-exec reads: Taipy has checked the others before the run.
    """
    layer = program_layer(main or root)
    compiled = compile_layers(
        [layer, overrides] if overrides else [layer],
        root=root,
        state_dir=state_dir,
        main_file=main,
    )
    compiled.config = replace(
        compiled.config,
        digest=digest(_in_common(compiled.merged.sections), main),
        program=ForeignProgram(module=HOST_MODULE, configuration=internals.configuration_text()),
    )
    found = [*compiled.problems, *check_running(compiled, runner_modes())]
    compiled.problems = [*filter(_is_ours, found), *([] if runs else _found_by_taipy())]
    return compiled


def _found_by_taipy() -> list[Problem]:
    return [
        Problem(message=message, level=Level(level), field=field, value=value)
        for level, field, value, message in internals.problems()
    ]


def program_layer(source: Path) -> Layer:
    """Taipy's applied configuration as a layer, without default data."""
    values = internals.configuration_values()
    for node in values.get("DATA_NODE", {}).values():
        node.pop("default_data", None)
    layer = layer_from_toml(TomlFile(path=source, values=values))
    # Taipy starts jobs in the order in which they become ready.
    layer.entry("JOB").setdefault("schedule", "fifo")
    return layer


def has_tasks() -> bool:
    """Whether any task is configured."""
    return any(id != "default" for id in internals.configuration_values().get("TASK", {}))


def require_tasks(main: Path, alternative: str = "") -> None:
    """Raises ConfigurationError if the import of the program configures no task.

    `alternative` is another thing to do, with a semicolon in front.
    """
    if has_tasks():
        return
    refused = internals.refused_at()
    if refused is not None:
        raise ConfigurationError(
            f"importing {main} configures no task: it ends where {refused}",
            "configure tasks above that line, or move that line and all after it below "
            f'`if __name__ == "__main__":`{alternative}',
        )
    raise ConfigurationError(
        f"importing {main} configures no task",
        'move Config.configure_... and Config.load out of its `if __name__ == "__main__":` part: '
        f"a worker imports the program and does not run that part{alternative}",
    )


def _in_common(sections: Sections) -> Sections:
    return {
        section: {
            id: {key: _names(value, section) for key, value in entry.items() if key in keys}
            for id, entry in sections.get(section, {}).items()
            if id != "default"
        }
        for section, keys in _IN_COMMON.items()
    }


def _names(value: Any, section: str) -> Any:
    if not isinstance(value, list):
        return value
    names = [getattr(item, "id", item) for item in value]
    # The tasks that a TOML file gives a scenario go through a set in Taipy, so their order differs
    # from process to process.
    return sorted(names) if section == "SCENARIO" else names


def _is_ours(problem: Problem) -> bool:
    """Whether it is about a key that taipy-exec reads: Taipy checks its own configuration."""
    return problem.level is Level.ERROR and (
        problem.section == "JOB" or (problem.section == "TASK" and problem.field in OPTIONS)
    )
