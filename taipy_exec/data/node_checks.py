"""Checks, before a run, whether jobs will be able to read and write their data nodes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.compile import Compiled
from taipy_exec.config.modes import capabilities
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.user_path import may_access
from taipy_exec.data.node import Owner, has_generated_file, locate
from taipy_exec.data.packages import install_command, missing_packages
from taipy_exec.data.registry import is_own

_NAMED = 3  # data nodes or tasks that a message names
# (data node, key, message, level)
Finding = tuple[DataNodeConfig, str | None, str, Level]


@dataclass(frozen=True, slots=True)
class Use:
    """A data node with the tasks that read it and those that write it."""

    node: DataNodeConfig
    readers: Sequence[str]
    writers: Sequence[str]


def uses_of(tasks: Iterable[TaskConfig]) -> list[Use]:
    """Every data node of the tasks once, in their order."""
    nodes: dict[str, DataNodeConfig] = {}
    readers: dict[str, list[str]] = defaultdict(list)
    writers: dict[str, list[str]] = defaultdict(list)
    for task in tasks:
        for found, among in ((task.inputs, readers), (task.outputs, writers)):
            for node in found:
                nodes.setdefault(node.id, node)
                among[node.id].append(task.id)
    return [Use(node, readers[id], writers[id]) for id, node in nodes.items()]


def access_problems(compiled: Compiled, tasks: Iterable[TaskConfig]) -> Iterator[Problem]:
    """Missing packages and functions: without these, jobs of the tasks will fail.

    In cluster mode a missing package is only a warning, because the workers need it, not this
    machine.
    """
    uses = uses_of(tasks)
    yield from _reported(compiled, _without_packages(compiled.config, uses))
    yield from _reported(compiled, _without_functions(uses))


def input_problems(compiled: Compiled) -> Iterator[Problem]:
    """Warnings for inputs that no task writes and that have no value or cannot be read."""
    config = compiled.config
    scenarios = config.real_scenarios.values()
    tasks = {task.id: task for scenario in scenarios for task in scenario.tasks}
    uses = [use for use in uses_of(tasks.values()) if use.readers and not use.writers]
    yield from _reported(compiled, _without_value(config, uses))


def _reported(compiled: Compiled, findings: Iterable[Finding]) -> Iterator[Problem]:
    for node, key, message, level in findings:
        value = node.properties.get(key) if key else node.id
        value = node.storage_type if key == "storage_type" else value
        yield compiled.merged.problem("DATA_NODE", node.id, key, message, level=level, value=value)


def _without_packages(config: AppConfig, uses: Sequence[Use]) -> Iterator[Finding]:
    """One finding for each storage type and its missing packages."""
    found: dict[tuple[str, ...], list[DataNodeConfig]] = defaultdict(list)
    for use in uses:
        kind = use.node.storage_type
        if is_own(kind):
            reads, writes = bool(use.readers), bool(use.writers)
            missing = missing_packages(use.node, reads=reads, writes=writes)
            if missing:
                found[kind, *missing].append(use.node)
    elsewhere = capabilities(config.job.mode).on_other_machines
    for (kind, *missing), nodes in found.items():
        is_not = "is not installed" if len(missing) == 1 else "are not installed"
        message = f"{kind} data nodes need {' and '.join(missing)}, which {is_not}"
        if elsewhere:
            message += " here; the workers need it"
        message += f": {install_command(kind, missing)}"
        if len(nodes) > 1:
            message += f"; the same for {listed([node.id for node in nodes[1:]])}"
        level = Level.WARNING if elsewhere else Level.ERROR
        yield nodes[0], "storage_type", message, level


def _without_functions(uses: Sequence[Use]) -> Iterator[Finding]:
    for use in uses:
        if use.node.storage_type != "generic" or not is_own("generic"):
            continue
        if not any(use.node.properties.get(key) for key in ("read_fct", "write_fct")):
            continue  # the check of the section reports that both are missing
        for tasks, key, does in (
            (use.readers, "read_fct", "reads"),
            (use.writers, "write_fct", "writes"),
        ):
            if tasks and use.node.properties.get(key) is None:
                message = (
                    f"is missing, and task {tasks[0]} {does} the data node: write {key} = "
                    '"module.name:function"'
                )
                yield use.node, key, message, Level.ERROR


def _without_value(config: AppConfig, uses: Sequence[Use]) -> Iterator[Finding]:
    for use in uses:
        node = use.node
        if node.properties.get("default_data") is not None or not is_own(node.storage_type):
            continue
        found = _of_file(config, node) if _has_place(node) else _of_nothing(config, use)
        if found is not None:
            key, message = found
            yield node, key, message, Level.WARNING


def _has_place(node: DataNodeConfig) -> bool:
    """Whether the user's own file holds the value."""
    return bool(node.path if _has_files(node) else node.sqlite_path)


def _has_files(node: DataNodeConfig) -> bool:
    return node.storage_type in ("pickle", "json", "csv", "excel", "parquet")


def _of_file(config: AppConfig, node: DataNodeConfig) -> tuple[str, str] | None:
    """The key and the problem of an input's file that no task writes. None if it is fine."""
    if _has_files(node):
        key = "path" if node.properties.get("path") else "default_path"
    else:
        key = "sqlite_folder_path" if node.properties.get("sqlite_folder_path") else "db_name"
    ref = locate(config, node, Owner(instance=""))
    assert ref.path is not None
    if not _is_there(ref.path):
        if ref.path.name.endswith("*") and ref.changed_at() is not None:
            return None
        shown = node.path if _has_files(node) else ref.path
        return key, f"there is no file {shown}: correct the path, or put the file there"
    if not may_access(ref.path, os.R_OK):
        return key, f"{ref.path} cannot be read: change its permissions (chmod u+r)"
    return None


def _is_there(path: os.PathLike[str]) -> bool:
    try:
        os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True  # it may be; another check says what is wrong with the path
    return True


def _of_nothing(config: AppConfig, use: Use) -> tuple[str | None, str] | None:
    """The problem of an input without a default, a value and a writing task, with its fix."""
    node = use.node
    if not _has_files(node) and node.storage_type != "in_memory":
        return None
    if _has_files(node) and has_generated_file(config, node):
        return None
    readers = f"task {use.readers[0]}" if len(use.readers) == 1 else f"tasks {listed(use.readers)}"
    read = "reads" if len(use.readers) == 1 else "read"
    outside = [task.id for task in config.tasks.values() if node.id in task.output_ids]
    if outside:
        better = f"add the task {outside[0]}, which writes it, to the tasks of the scenario"
    else:
        keys = (
            "default_data" if node.storage_type == "in_memory" else "default_data or default_path"
        )
        better = f"give it {keys}, or write it first (taipy-exec submit --set {node.id}=VALUE)"
    return None, f"{readers} {read} it, but no task writes it and it has no value: {better}"


def listed(names: Sequence[str]) -> str:
    """The first names, and the number of the others."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
