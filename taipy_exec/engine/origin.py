"""The file and folder that a submission came from, stored with it for later commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taipy_exec.config.application import AppConfig
from taipy_exec.model.job import APPLICATION, SubmissionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The application's file (or its folder, if it has none) and its root, both absolute."""

    file: Path
    root: Path


def origin_properties(app: AppConfig) -> dict[str, object]:
    """The properties of a submission of this application; none for a Taipy program.

    A path below the folder of the state is stored relative to it, so that both can be moved.
    """
    if app.program is not None:
        return {}
    home = app.state_dir.parent
    file = app.source or app.main_file or _script(app.root) or app.root
    return {APPLICATION: {"file": _stored(file, home), "root": _stored(app.root, home)}}


def stored_file(file: Path, state_dir: Path) -> str:
    """The file of an application as the submissions of the state in `state_dir` name it."""
    return _stored(file, state_dir.parent)


def origin_of(record: SubmissionRecord, state_dir: Path) -> Origin | None:
    """The origin of a submission of the state in `state_dir`; None if it is not stored."""
    found = record.properties.get(APPLICATION)
    if not isinstance(found, Mapping):
        return None
    file, root = found.get("file"), found.get("root")
    if not isinstance(file, str) or not isinstance(root, str):
        return None
    home = state_dir.parent
    return Origin(file=home / file, root=home / root)


def _script(root: Path) -> Path | None:
    """The script that was started, which has the configuration, if it is the application's own."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    path = Path(script).absolute() if script else None
    return path if path is not None and path.is_relative_to(root) and path.is_file() else None


def _stored(path: Path, home: Path) -> str:
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
