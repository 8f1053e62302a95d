"""A quick read of the state for suggestions: it takes no lock, never waits and writes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taipy_exec.model.job import short_id
from taipy_exec.store.database import DATABASE
from taipy_exec.store.short_ids import neighbours

_LATEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickSubmission:
    """The fields that distinguish one submission from another. `status` is the stored one."""

    id: str
    short_id: str
    scenario: str
    name: str
    status: str
    created_at: float
    has_ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickJob:
    """The fields that distinguish one job from another."""

    id: str
    short_id: str
    task: str
    status: str
    has_ended: bool


def quick_submissions(folder: Path) -> list[QuickSubmission]:
    """The latest submissions, newest first; empty if no state can be read."""
    return [
        QuickSubmission(
            id=id,
            short_id=short_id(id, *others),
            scenario=scenario,
            name=name,
            status=status,
            created_at=at,
            has_ended=ended,
        )
        for id, scenario, name, status, at, ended, *others in _rows(
            folder,
            "SELECT s.id, scenario, name, status, created_at, finished_at IS NOT NULL, "
            f"{neighbours('submissions', 's.id')} "
            "FROM submissions s ORDER BY created_at DESC, s.rowid DESC LIMIT ?",
            (_LATEST,),
        )
    ]


def quick_jobs(folder: Path, prefix: str) -> list[QuickJob]:
    """The latest jobs whose ids begin with `prefix`, newest submission first."""
    return [
        QuickJob(id=id, short_id=short_id(id, *others), task=task, status=status, has_ended=ended)
        for id, task, status, ended, *others in _rows(
            folder,
            f"SELECT found.*, {neighbours('jobs', 'found.id')} FROM ("
            "SELECT j.id, j.task, j.status, j.finished_at IS NOT NULL FROM jobs j "
            "JOIN (SELECT id, created_at FROM submissions ORDER BY created_at DESC LIMIT ?) s "
            "ON s.id = j.submission WHERE substr(j.id, 1, ?) = ? "
            "ORDER BY s.created_at DESC, j.position LIMIT ?) found",
            (_LATEST, len(prefix), prefix, _LATEST),
        )
    ]


def _rows(folder: Path, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    """The rows of a query; empty if the state is missing, damaged, locked or not a database.

    A file without a log next to it is opened as immutable: otherwise SQLite would create a log
    only to read the file.
    """
    path = folder / DATABASE
    try:
        if not path.exists():
            return []
        log = path.with_name(f"{path.name}-wal")
        how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
        uri = f"{path.absolute().as_uri()}?{how}"
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as connection:
            return connection.execute(sql, values).fetchall()
    except (OSError, sqlite3.Error):
        return []
