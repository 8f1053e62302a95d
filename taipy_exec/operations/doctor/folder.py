"""The checks of `doctor` for folders: of the state, of the data, and the user's own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.user_path import may_access, unusable_folder
from taipy_exec.errors import StoreError
from taipy_exec.operations.doctor.diagnosis import Finding, Level
from taipy_exec.views.words import size

_SCARCE_BYTES = 500_000_000
_FULL_BYTES = 20_000_000
_SCARCE_FILES = 1000


def check_folders(config: AppConfig, application_path: str) -> list[Finding]:
    """Whether the state and the data can be stored in their places. Nothing is made there."""
    state, data = config.state_dir, config.storage_folder
    findings = [
        _state(state),
        _storage(data),
        _disk("state folder", state, application_path),
        *_own_files(config),
    ]
    if _device(state) != _device(data):
        findings.append(_disk("storage folder", data, application_path))
    return findings


def _state(folder: Path) -> Finding:
    """Whether the state can be stored in `folder`; nothing is made there."""
    from taipy_exec.store.location import remote_filesystem
    from taipy_exec.store.store import Store

    other = "give a local, writable folder with --state-dir or TAIPY_EXEC_STATE_DIR"
    name = "state folder"
    kind = remote_filesystem(folder)
    if kind is not None:
        text = f"{folder} is not on a local disk but on {kind}: the state can be damaged there"
        return Finding(name=name, message=text, level=Level.PROBLEM, fix=other)
    if not _is_writable(folder):
        text = f"{folder} cannot be written"
        return Finding(name=name, message=text, level=Level.PROBLEM, fix=other)
    if Store.exists(folder):
        try:
            store = Store(folder, read_only=True)
            store.submissions(1)
            store.close()
        except StoreError as error:
            return Finding(name=name, message=error.message, level=Level.PROBLEM, fix=error.hint)
    return Finding(name=name, message=f"{folder} is on a local disk and writable")


def _storage(folder: Path) -> Finding:
    name = "storage folder"
    if _is_writable(folder):
        return Finding(name=name, message=f"{folder} is writable")
    own = f'sudo chown -R "$(id -u)" {_quoted(folder)}'
    if not os.path.exists(folder):  # noqa: PTH110
        own = f"sudo mkdir -p {_quoted(folder)} && {own}"
    return Finding(
        name=name,
        message=f"{folder} cannot be written: jobs would fail when they write their outputs",
        level=Level.PROBLEM,
        fix=f"{own}, or set storage_folder in [CORE]",
    )


def _own_files(config: AppConfig) -> Iterator[Finding]:
    """The user's own paths that a job of any scenario could not read or write."""
    tasks = [task for scenario in config.real_scenarios.values() for task in scenario.tasks]
    read = {node.id for task in tasks for node in task.inputs}
    written = {node.id for task in tasks for node in task.outputs}
    for id, node in config.data_nodes.items():
        if not node.path or id not in read | written:
            continue
        path = config.place_of(node.path)
        is_there = os.path.isdir(path.parent)  # noqa: PTH112 - no rights, no folder
        if id in written and not is_there:
            text = unusable_folder(path.parent) or ""
            if not text:
                continue  # it is made with the first value
            folder = _quoted(path.parent)
            fix = f'sudo mkdir -p {folder} && sudo chown "$(id -u)" {folder}'
        elif id in written and not may_access(path.parent, os.W_OK | os.X_OK):
            text = f"{path.parent} cannot be written"
            fix = f'sudo chown "$(id -u)" {_quoted(path.parent)}'
        elif id in read and os.path.exists(path) and not may_access(path, os.R_OK):  # noqa: PTH110
            text, fix = f"{path} cannot be read", f"sudo chmod a+r {_quoted(path)}"
        elif id in read - written and _is_missing(node, path):
            yield Finding(
                name=f"data node {id}",
                message=f"there is no file {path}: the tasks that read it would wait",
                level=Level.WARNING,
                fix="put the file there, or correct the path",
            )
            continue
        else:
            continue
        yield Finding(name=f"data node {id}", message=text, level=Level.PROBLEM, fix=fix)


def _is_missing(node: DataNodeConfig, path: Path) -> bool:
    """Whether nothing gives the data node a value; `*` at the end means several files."""
    has_default = node.properties.get("default_data") is not None
    return not (has_default or path.name.endswith("*") or os.path.lexists(path))


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _disk(name: str, folder: Path, application_path: str) -> Finding:
    """Room for data and for new files on the disk of a folder."""
    name = f"disk of the {name}"
    where = _existing(folder)
    try:
        room = os.statvfs(where)
    except OSError as error:
        return Finding(name=name, message=f"it cannot be checked: {error.strerror}")
    free = room.f_bavail * room.f_frsize
    files = room.f_favail if room.f_files else None
    left = f"{size(free)} free"
    if files is not None and files < _SCARCE_FILES:
        left += f", and room for {files} more files"
    elif free >= _SCARCE_BYTES:
        return Finding(name=name, message=f"{left} at {where}")
    place = "" if application_path == "." else f" -a {shlex.quote(application_path)}"
    return Finding(
        name=name,
        message=f"{left} at {where}: a file needs its space twice while it is written",
        level=Level.PROBLEM if free < _FULL_BYTES or files == 0 else Level.WARNING,
        fix=f"see what can be removed: taipy-exec clean --older-than 30d --data --dry-run{place}",
    )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not os.path.exists(folder) and folder != folder.parent:  # noqa: PTH110
        folder = folder.parent
    return folder


def _is_writable(folder: Path) -> bool:
    above = _existing(folder)
    return os.path.isdir(above) and may_access(above, os.W_OK | os.X_OK)  # noqa: PTH112


def _device(folder: Path) -> int:
    return os.stat(_existing(folder)).st_dev  # noqa: PTH116
