"""Files of the state folder and the storage folder that are not needed any more."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from taipy_exec.data.node import node_of_file
from taipy_exec.data.registry import storage_type, storage_types
from taipy_exec.errors import ConfigurationError


def log_folders(state_dir: Path) -> list[Path]:
    """The folders with logs, one for each submission."""
    return [path for path in _listed(state_dir / "logs") if path.name.startswith("SUBMISSION_")]


def untouched_since(path: Path, at: float) -> bool:
    """Whether the file, or nothing in the folder, has changed since. A link counts by itself."""
    within = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
    return all(_changed_at(file) < at for file in (path, *within))


def generated_files(storage_folder: Path, users_own: Collection[Path]) -> dict[str, list[Path]]:
    """Data node -> the files that were made for it, half-written ones included.

    A path that the user chose, or in a folder that the user chose, is never one of them.
    """
    found = defaultdict(list)
    for folder in _listed(storage_folder):
        extension = _extension(folder.name)
        for path in _listed(folder) if extension and folder.is_dir() else ():
            node = node_of_file(path.name, extension or "")
            if node is not None and not _is_within(path, users_own):
                found[node].append(path)
    return dict(found)


def _extension(folder: str) -> str | None:
    """The extension of the files in a folder of this name, if it is one of a storage type."""
    kind = folder.removesuffix("s")
    if kind == folder or kind not in storage_types():
        return None
    try:
        return storage_type(kind).extension
    except (ConfigurationError, ImportError, AttributeError):
        return None  # a plug-in that cannot be loaded


def _is_within(path: Path, folders: Collection[Path]) -> bool:
    target = path.resolve()
    return any(place in folders for place in (path, *path.parents, target, *target.parents))


def is_half_written(path: Path) -> bool:
    """Whether a file is half-written: it gets its real name once it is whole."""
    return path.name.startswith(".") and path.name.endswith(".part")


def size_of(paths: Iterable[Path]) -> int:
    """Bytes that these files, and all files in these folders, hold."""
    total = 0
    for path in paths:
        files = path.rglob("*") if path.is_dir() and not path.is_symlink() else (path,)
        for file in files:
            try:
                total += file.lstat().st_size if not file.is_dir() else 0
            except OSError:
                continue
    return total


def remove(paths: Iterable[Path]) -> dict[Path, str]:
    """Remove files and whole folders. Gives those that could not be removed, with the reason.

    A file that another process has just removed counts as removed; the target of a link stays.
    """
    failed: dict[Path, str] = {}
    for path in paths:
        is_folder = path.is_dir() and not path.is_symlink()
        for part in (*(sorted(path.rglob("*"), reverse=True) if is_folder else ()), path):
            try:
                if part.is_dir() and not part.is_symlink():
                    part.rmdir()
                else:
                    part.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                failed[part] = error.strerror or str(error)
                break
    return failed


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry) for entry in os.scandir(folder))
    except OSError:
        return []


def _changed_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0
