"""Every problem of an application, before anything runs."""

from __future__ import annotations

from pathlib import Path

from taipy_exec.config.problem import Level, Problem
from taipy_exec.errors import ConfigurationError
from taipy_exec.operations.application import read_application
from taipy_exec.operations.location import Location
from taipy_exec.store.location import remote_filesystem
from taipy_exec.wiring import check_everything


def check_application(
    location: Location, mode: str | None, *, connects: bool
) -> tuple[list[Problem], int]:
    """The problems, and how many scenarios there are; 0 if the configuration cannot be read.

    With `connects`, databases and buckets are asked whether they answer.
    """
    try:
        compiled = read_application(location, mode=mode)
        config = compiled.config
        problems = [*check_everything(compiled, connects=connects), *check_state(config.state_dir)]
        return problems, len(config.real_scenarios)
    except ConfigurationError as error:
        message = f"{error.message}: {error.hint}" if error.hint else error.message
        return list(error.problems) or [Problem(message=message)], 0


def check_state(folder: Path) -> list[Problem]:
    """A warning about a state folder that is not on a local disk."""
    kind = remote_filesystem(folder)
    if kind is None:
        return []
    message = (
        f"the state folder {folder} is not on a local disk but on {kind}: the state can be damaged "
        "there; give a local folder with --state-dir or TAIPY_EXEC_STATE_DIR"
    )
    return [Problem(message=message, level=Level.WARNING, value=str(folder))]
