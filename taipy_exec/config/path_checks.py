"""Check paths before any job runs, so that no job fails to store its value there."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig, TaskConfig
from taipy_exec.config.compile import Compiled
from taipy_exec.config.modes import capabilities
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.user_path import LONGEST_NAME, unusable_folder, wrong_path
from taipy_exec.config.vocabulary import PATH_KEYS, STORAGE_PROPERTIES

# Storage types whose value is one file, with the end of its generated name.
_ONE_FILE = {"csv": "csv", "excel": "xlsx", "json": "json", "pickle": "p"}
_EXTENSIONS = {**_ONE_FILE, "parquet": "parquet"}
# The parts of a generated name around the id of the data node: a prefix and a UUID.
_AROUND = len("DATANODE__.") + 36
_BESIDE_SQLITE = len("-journal")  # SQLite also writes a file with this longer name

Finding = tuple[str, str, str | None, str, Level, Any]  # section, id, key, message, level, value


def path_problems(compiled: Compiled) -> Iterator[Problem]:
    """Paths that no file can have, folders that are missing, and one file for two data nodes."""
    config = compiled.config
    found = [*_sections(config), *_nodes(config)]
    for scenario in config.real_scenarios.values():
        found += _shared_files(config, scenario)
    for section, id, key, message, level, value in found:
        yield compiled.merged.problem(section, id, key, message, level=level, value=value)


def folder_problems(compiled: Compiled, tasks: Iterable[TaskConfig]) -> Iterator[Problem]:
    """Folders of the tasks' outputs in which no file can be made: these jobs will fail.

    A folder that is there is a warning: its rights may change before the job writes. So is every
    folder if the jobs run on other machines.
    """
    config = compiled.config
    outputs = {node.id: node for task in tasks for node in task.outputs}
    found: list[tuple[str, str, str, str, Path]] = []
    generated = False
    for node in outputs.values():
        key, given, _ = _place(node)
        if given is None:
            generated = generated or node.storage_type in _EXTENSIONS
        elif folder := _folder_of_new_file(config.place_of(given)):
            found.append(("DATA_NODE", node.id, key, given, folder))
    if generated:
        given = config.core.storage_folder
        found.append(("CORE", "", "storage_folder", given, config.storage_folder))
    elsewhere = capabilities(config.job.mode).on_other_machines
    for section, id, key, given, folder in found:
        if why := unusable_folder(folder):
            is_there = os.path.isdir(folder)  # noqa: PTH112 - no rights, no folder
            level = Level.WARNING if elsewhere or is_there else Level.ERROR
            yield compiled.merged.problem(section, id, key, why, level=level, value=given)


def _folder_of_new_file(place: Path) -> Path | None:
    """The folder in which a new value is written. A folder of files, or a device, needs none."""
    if os.path.exists(place) and not os.path.isfile(place):  # noqa: PTH110, PTH113 - no rights
        return None
    # A new file takes the place of a link's target.
    target = Path(os.path.realpath(place)) if os.path.islink(place) else place  # noqa: PTH114
    return target.parent


def _sections(config: AppConfig) -> Iterator[Finding]:
    for section, values in (("CORE", vars(config.core)), ("JOB", config.job.properties)):
        for key in PATH_KEYS[section]:
            value = values.get(key)
            wrong = wrong_path(config.root, value) if isinstance(value, str) else None
            if wrong:
                yield section, "", key, wrong, Level.ERROR, value


def _nodes(config: AppConfig) -> Iterator[Finding]:
    tasks = [task for scenario in config.real_scenarios.values() for task in scenario.tasks]
    written = {node.id for task in tasks for node in task.outputs}
    for node in config.data_nodes.values():
        known = STORAGE_PROPERTIES.get(node.storage_type, {})
        for key in ("path", "default_path"):
            value = node.properties.get(key)
            if value is not None and not isinstance(value, str) and key in known:
                message = f"must be a path, not {value!r}"
                yield "DATA_NODE", node.id, key, message, Level.ERROR, value
        key, given, longer = _place(node)
        if given is None:
            yield from _generated(node)
            continue
        level = Level.ERROR
        wrong = wrong_path(config.root, given, longer)
        if wrong is None and not longer:
            wrong = _folder_instead(config, node, given)
        if wrong is None and node.id in written:
            wrong, level = _missing_folder(config, node, given)
        if wrong:
            yield "DATA_NODE", node.id, key, wrong, level, given


def _place(node: DataNodeConfig) -> tuple[str, str | None, int]:
    """The key of the path, the path, and the additional length of file names next to it."""
    if node.sqlite_path is not None:
        folder = node.properties.get("sqlite_folder_path")
        return "sqlite_folder_path" if folder else "db_name", node.sqlite_path, _BESIDE_SQLITE
    return "path" if node.properties.get("path") else "default_path", node.path, 0


def _generated(node: DataNodeConfig) -> Iterator[Finding]:
    known: Mapping[str, Any] = STORAGE_PROPERTIES.get(node.storage_type, {})
    extension = _EXTENSIONS.get(node.storage_type)
    if "default_path" not in known or extension is None:
        return
    most = LONGEST_NAME - _AROUND - len(extension)
    length = len(os.fsencode(node.id))
    if length > most:
        message = (
            f"the id has {length} bytes, and the name of its file has room for {most}; shorten it, "
            "or give the data node a path"
        )
        yield "DATA_NODE", node.id, None, message, Level.ERROR, node.id


def _folder_instead(config: AppConfig, node: DataNodeConfig, given: str) -> str | None:
    if node.storage_type in _ONE_FILE and os.path.isdir(config.place_of(given)):  # noqa: PTH112
        return f"{given} is a folder: give the path of a file"
    return None


def _missing_folder(
    config: AppConfig, node: DataNodeConfig, given: str
) -> tuple[str | None, Level]:
    """A message about the folder of an output. The first write makes a missing folder.

    The folder of SQLite is not made if a table must already be in the file.
    """
    folder = config.place_of(given).parent
    if os.path.isdir(folder):  # noqa: PTH112 - no rights, no folder
        return None, Level.INFO
    if node.storage_type == "sql_table":
        return f"there is no folder {folder}: make it, or no job can write there", Level.WARNING
    if unusable_folder(folder) is not None:
        return None, Level.INFO  # `folder_problems` reports it
    return f"there is no folder {folder}; the first job that writes there makes it", Level.INFO


def _shared_files(config: AppConfig, scenario: ScenarioConfig) -> Iterator[Finding]:
    """Data nodes of one scenario that are the same file, however their paths spell it."""
    written = {node.id for task in scenario.tasks for node in task.outputs}
    places: dict[str, list[str]] = defaultdict(list)
    for node in scenario.data_nodes:
        if isinstance(node.path, str) and wrong_path(config.root, node.path) is None:
            places[os.path.realpath(config.place_of(node.path))].append(node.id)
    for place, ids in places.items():
        if len(ids) > 1 and not written.isdisjoint(ids):
            message = (
                f"the data nodes {', '.join(ids)} are one file, {place}: the order of tasks "
                "that read or write it is not defined; use one data node, or different files"
            )
            yield "SCENARIO", scenario.id, "tasks", message, Level.WARNING, None
