"""Opens the file of the state store so that nothing on the disk changes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

from taipy_exec.store.schema import LATEST, migrate, version_of


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that only reads; it works also if the folder cannot be written.

    A store of an older version is migrated in memory. Raises sqlite3.Error.
    """
    connection = _connect(path)
    try:
        if version_of(connection) >= LATEST:
            return connection
    except sqlite3.OperationalError:
        connection.close()
        if not os.path.exists(_log(path)):  # noqa: PTH110 - no rights count as no file
            raise
        # No process has moved this log into the database yet, and SQLite wants to write next to it.
        return _copy_of_both(path)
    except BaseException:
        connection.close()
        raise
    copy = _in_memory(connection)
    migrate(copy)
    return copy


def _connect(path: Path) -> sqlite3.Connection:
    # Without a log no process has the database open; SQLite would create a log and leave it there.
    immutable = "" if os.path.exists(_log(path)) else "&immutable=1"  # noqa: PTH110
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{immutable}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _in_memory(source: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of a database; `source` is closed."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    source.backup(copy)
    source.close()
    return copy


def _copy_of_both(path: Path) -> sqlite3.Connection:
    with tempfile.TemporaryDirectory(prefix="taipy-exec-") as name:
        for file in (path, _log(path)):
            shutil.copyfile(file, Path(name) / file.name)
        copy = _in_memory(sqlite3.connect(Path(name) / path.name, isolation_level=None))
    if version_of(copy) < LATEST:
        migrate(copy)
    return copy
