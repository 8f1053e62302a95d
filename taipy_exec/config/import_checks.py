"""Check that the functions and classes of a configuration can be imported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from taipy_exec.config.application import AppConfig
from taipy_exec.config.compile import Compiled
from taipy_exec.config.import_failure import ImportFailed, traceback_of
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.reference import ClassRef, FunctionRef, ModuleMissing
from taipy_exec.errors import ConfigurationError

_NAMED = 5  # the number of entries that a message names


def import_problems(compiled: Compiled) -> list[Problem]:
    """Report failed imports, and the modules that hide others. A failed module counts once."""
    found: list[Problem] = []
    hidden: dict[str, str | None] = {}
    failed: dict[str, _Failed] = {}
    for section, id, key, reference in references(compiled.config):
        entry = f"[{section}.{id}]" if id else f"[{section}]"
        known = failed_with(failed, reference)
        if known is not None:
            failed[known].others.append(entry)
            continue
        try:
            reference.load()
            if reference.path not in hidden:
                hidden[reference.path] = reference.hides
            level, told, error = Level.WARNING, hidden[reference.path], None
        except ConfigurationError as wrong:
            level, told, error = Level.ERROR, _told(compiled.config, wrong), wrong
        if told is None:
            continue
        module = error.module if isinstance(error, ImportFailed) else None
        if module in failed:
            failed[module].others.append(entry)
            continue
        if module is not None:
            failed[module] = _Failed(len(found))
        problem = compiled.merged.problem(section, id, key, told, level=level, value=reference.path)
        problem = replace(problem, failed_module=module)
        cause = error.__cause__ if error is not None else None
        if isinstance(error, ImportFailed) and not isinstance(error, ModuleMissing) and cause:
            problem = replace(problem, traceback=traceback_of(cause))
        found.append(problem)
    for one in failed.values():
        found[one.place] = one.completed(found[one.place])
    return found


def failed_modules(problems: Iterable[Problem]) -> frozenset[str]:
    """The modules that cannot be imported, from the problems that `import_problems` found."""
    return frozenset(one.failed_module for one in problems if one.failed_module is not None)


def failed_with(modules: Iterable[str], reference: FunctionRef | ClassRef) -> str | None:
    """The one of the failed modules that the reference needs: its code is not run again."""
    path = reference.path.replace(":", ".")
    return next((name for name in modules if path.startswith(f"{name}.")), None)


class _Failed:
    """A module that cannot be imported: its problem, and the other entries that need it."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.others: list[str] = []

    def completed(self, problem: Problem) -> Problem:
        if not self.others:
            return problem
        names = list(dict.fromkeys(self.others))
        shown = ", ".join(names[:_NAMED])
        more = len(names) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        return replace(problem, message=f"{problem.message}; the same for {shown}{rest}")


def _told(config: AppConfig, error: ConfigurationError) -> str:
    said = error.hint
    if isinstance(error, ModuleMissing) and said and config.looked_in:
        folders = ", ".join(map(str, config.looked_in))
        said = f"looked in {folders} and among the installed packages: put it into one of "
        said += "these folders, install it, or name its folder with --root"
    return f"{error.message}; {said}" if said else error.message


def references(
    config: AppConfig,
) -> Iterator[tuple[str, str, str, FunctionRef | ClassRef]]:
    """Every function and class that the configuration names, as (section, id, key, reference)."""
    for key, reference in _inside(config.job.properties):
        yield "JOB", "", key, reference
    for task in config.tasks.values():
        if task.function_ref is not None:
            yield "TASK", task.id, "function", task.function_ref
        for key, reference in _inside(task.properties):
            yield "TASK", task.id, key, reference
    for node in config.data_nodes.values():
        for key, reference in _inside(node.properties):
            yield "DATA_NODE", node.id, key, reference
    for scenario in config.scenarios.values():
        for functions in scenario.comparators.values():
            for function in functions:
                yield "SCENARIO", scenario.id, "comparators", function
        for key, reference in _inside(scenario.properties):
            yield "SCENARIO", scenario.id, key, reference


def _inside(properties: Mapping[str, Any]) -> Iterator[tuple[str, FunctionRef | ClassRef]]:
    for key, value in properties.items():
        walk = [value]
        while walk:
            item = walk.pop()
            if isinstance(item, FunctionRef | ClassRef):
                yield key, item
            elif isinstance(item, Mapping):
                walk.extend(item.values())
            elif isinstance(item, list | tuple):
                walk.extend(item)
