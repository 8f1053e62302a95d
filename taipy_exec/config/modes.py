"""The modes of taipy-exec and of installed plug-ins, and the capabilities of their runners."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from taipy_exec.config.plug_ins import plug_ins
from taipy_exec.errors import ConfigurationError

GROUP = "taipy_exec.runners"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The ways in which modes differ for the rest of the program.

    Only what belongs to RabbitMQ asks for the name of a mode.

    `in_callers_thread`: one job at a time runs, in the thread that coordinates.
    `on_other_machines`: the workers have packages, folders and a number of slots of their own.
    `outlives_coordinator`: the jobs are in a queue, and workers go on without the coordinator.
    """

    in_callers_thread: bool = False
    on_other_machines: bool = False
    outlives_coordinator: bool = False

    def slots(self, workers: int) -> int | None:
        """How many jobs run at once, given `[JOB] max_nb_of_workers`; None if unknown here."""
        if self.in_callers_thread:
            return 1
        return None if self.on_other_machines else workers


IN_CALLERS_THREAD = Capabilities(in_callers_thread=True)
IN_PROCESSES = Capabilities()
IN_A_QUEUE = Capabilities(on_other_machines=True, outlives_coordinator=True)

# They are here too, so that to know them imports no runner.
_OURS = {
    "development": ("taipy_exec.runners.development:DevelopmentRunner", IN_CALLERS_THREAD),
    "standalone": ("taipy_exec.runners.standalone:StandaloneRunner", IN_PROCESSES),
    "cluster": ("taipy_exec.runners.cluster:ClusterRunner", IN_A_QUEUE),
}


@cache
def runner_modes() -> dict[str, str | None]:
    """Every mode -> None, or the reason why it cannot be used."""
    modes: dict[str, str | None] = {**dict.fromkeys(_OURS)}
    modes.update(dict.fromkeys(entry.name for entry in plug_ins(GROUP)))
    return modes


@cache
def capabilities(mode: str) -> Capabilities:
    """The `capabilities` of a mode's runner; the default ones if the mode is unknown here."""
    if mode in _OURS:
        return _OURS[mode][1]
    if mode not in runner_modes():
        return Capabilities()
    return getattr(runner_class(mode), "capabilities", Capabilities())


def runner_class(mode: str) -> Any:
    """The class, or function, that makes the runner of `mode`: a `ports.Runner`.

    Raises ConfigurationError if there is no such mode.
    """
    if mode in _OURS:
        module, _, attribute = _OURS[mode][0].partition(":")
        return getattr(importlib.import_module(module), attribute)
    for entry in plug_ins(GROUP):
        if entry.name == mode:
            return entry.load()
    raise ConfigurationError(f"unknown mode {mode!r}", f"use one of {', '.join(_OURS)}")
