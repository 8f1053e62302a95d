"""The file of the state store: opening, transactions, and messages for SQLite's errors."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taipy_exec.config.user_path import is_read_only, may_access, unusable_folder
from taipy_exec.errors import StoreError
from taipy_exec.store.reading import open_to_read
from taipy_exec.store.schema import LATEST, migrate, version_of

DATABASE = "state.db"
_OTHER_FOLDER = "give a writable folder with --state-dir or TAIPY_EXEC_STATE_DIR"
_BUSY_SECONDS = 15.0
_CHECKPOINT_PAGES = 10_000  # 40 MB of log between two syncs of the disk


class Database:
    """One state folder. Each thread has a connection of its own; many processes may read.

    With `read_only` nothing on the disk changes. The same holds if the file cannot be written,
    unless `create`. `where` holds the options that the commands in hints need to find this state.
    Raises StoreError if the store is locked, damaged, of a newer version or not writable.
    """

    def __init__(
        self, folder: Path, *, create: bool = True, read_only: bool = False, where: str = ""
    ) -> None:
        self.folder = folder
        self.where = where
        self.path = folder / DATABASE
        self._create = create and not read_only
        self._read_only = read_only or not (create or _is_writable(self.path))
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self.is_closed = False
        if self._create:
            self._make_folder()
        self._connection()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a state store; True also if this user may not look into it."""
        try:
            return (folder / DATABASE).exists()
        except PermissionError:
            return True

    @staticmethod
    def refuse_unwritable(folder: Path) -> None:
        """Raises StoreError if the folder of a new state cannot be made. Makes nothing."""
        if not folder.exists() and (why := unusable_folder(folder)):
            raise StoreError(f"the state cannot be stored: {why}", _OTHER_FOLDER)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"the state folder {self.folder} cannot be written: {error.strerror}",
                _OTHER_FOLDER,
            ) from None

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            with self.explained():
                found = self._open()
            self._local.connection = found
            self.is_closed = False
            with self._lock:
                for thread, connection in self._all:
                    if not thread.is_alive():
                        connection.close()
                self._all = [(t, c) for t, c in self._all if t.is_alive()]
                self._all.append((threading.current_thread(), found))
        return found

    def _open(self) -> sqlite3.Connection:
        connection = open_to_read(self.path) if self._read_only else self._open_to_write()
        try:
            version = version_of(connection)
            if version > LATEST:
                raise StoreError(
                    f"the state store {self.path} was written by a newer taipy-exec "
                    f"(its version is {version}, this one knows {LATEST})",
                    "upgrade taipy-exec, or use another --state-dir",
                )
            if not self._read_only:
                self._set_up(connection, version)
            # A cheap check that the tables exist and the start of the file is intact.
            connection.execute("SELECT id FROM submissions LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_write(self) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={'rwc' if self._create else 'rw'}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )

    def _set_up(self, connection: sqlite3.Connection, version: int) -> None:
        if version < LATEST:
            self._bring_up_to_date(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys = ON")

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """One process at a time: SQLite does not wait for a process that changes to WAL mode."""
        try:
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise sqlite3.OperationalError(f"unable to open: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection)

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for _, connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()
        self.is_closed = True

    def explained(self) -> _Explained:
        """A context that turns SQLite's errors into a StoreError, which names the file."""
        return _Explained(self.path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all or nothing, and the only writer while it lasts."""
        connection = self._connection()
        with self.explained():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.explained():
            return self._connection().execute(sql, values).fetchall()

    @staticmethod
    def by_index(name: str) -> str:
        """The part of a query that has it use this index."""
        return f"INDEXED BY {name}"

    @staticmethod
    def json_field(column: str, *names: str) -> str:
        """The text of a field of a JSON column; NULL if there is none.

        Older versions stored NaN, which is not JSON.
        """
        path = ".".join(("$", *names))
        return f"CASE WHEN json_valid({column}) THEN json_extract({column}, '{path}') END"

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        return int(self.rows("PRAGMA data_version")[0][0])


class _Explained:
    """A context manager as a class, not a generator: it is entered several times for every job."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # UnicodeDecodeError: SQLite takes any bytes for text, and a damaged file may hold such.
        if isinstance(error, (sqlite3.Error, UnicodeDecodeError)):
            raise _explain(self._path, error) from error


def _explain(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    text = "malformed text" if isinstance(error, UnicodeDecodeError) else str(error)
    if "locked" in text or "busy" in text:
        return StoreError(
            f"the state store {path} is locked by another process",
            "try again when that process has ended",
        )
    if "FOREIGN KEY" in text:
        return StoreError(
            f"the state store {path} refused a write: the scenario instance was removed meanwhile "
            "(taipy-exec clean)",
            "submit again",
        )
    if "malformed" in text or "not a database" in text or "no such" in text:
        return StoreError(
            f"the state store {path} is damaged ({text})",
            f"move it away (mv '{path}' '{path}.damaged') and submit again; "
            "the files of data nodes are not touched",
        )
    if "full" in text or (_is_of_the_disk(text) and _is_full(path.parent)):
        return StoreError(
            f"the disk is full: the state store {path} cannot be written",
            "make room; what was stored before is intact",
        )
    if _is_of_the_disk(text):
        why = "the disk is read-only" if is_read_only(path.parent) else text
        return StoreError(
            f"the state store {path} cannot be opened for writing ({why})",
            _OTHER_FOLDER,
        )
    return StoreError(f"the state store {path} refused a write ({text})")


def _is_of_the_disk(text: str) -> bool:
    return "readonly" in text or "unable to open" in text or "disk I/O" in text


def _is_writable(path: Path) -> bool:
    """Whether the database and SQLite's files next to it can be written, as far as is known."""
    return may_access(path, os.W_OK) and may_access(path.parent, os.W_OK | os.X_OK)


def _is_full(folder: Path) -> bool:
    """Whether the disk has no room for bytes or for files: SQLite reports only a failure."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    has_no_room = disk.f_bavail * disk.f_frsize < 1 << 16
    return has_no_room or (disk.f_files > 0 and disk.f_favail == 0)
