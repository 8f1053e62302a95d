"""The processes that coordinate submissions, and whether they are still alive."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import uuid
from pathlib import Path
from typing import IO, ClassVar

from taipy_exec.errors import StoreError
from taipy_exec.event_log import EventLog
from taipy_exec.forks import close_in_copies
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store.database import Database

journal = EventLog("coordinator")

_FOLDER = "coordinators"
# A process may be stopped between making a lock's file and naming it. A file without that name is
# not removed for so many seconds.
_SETTLED_SECONDS = 3600.0
# struct flock of fcntl(2): type, whence, start, length, process. Start 0 and length 0 mean the
# whole file.
_FLOCK = struct.Struct("hhqqi4x")


class Coordinators(Database):
    """The part of the store that is about the processes that coordinate submissions."""

    def coordinate(self) -> Identity:
        """Make this process a coordinator. Raises StoreError if that cannot be stored."""
        return Identity(self.folder)

    def is_alive(self, coordinator: str | None) -> bool:
        """Whether the coordinator of this name still runs. Changes nothing."""
        token = _token(coordinator)
        return bool(token) and (
            Identity.is_mine(token) or is_locked(_lock_path(self.folder, token))
        )

    def is_interrupted(self, record: SubmissionRecord) -> bool:
        """Whether the submission has not ended and no process works on it."""
        return record.finished_at is None and not self.is_alive(record.coordinator)

    def forget_coordinator(self, name: str | None) -> None:
        """Forget a dead coordinator whose submission another process has taken over."""
        _remove(_lock_path(self.folder, _token(name)))

    def has_coordinators(self) -> bool:
        """Whether any coordinator of this state is alive."""
        dead = dead_locks(self.folder)
        return any(path not in dead for path in _files(self.folder, "*.lock"))

    def stale_locks(self, now: float) -> list[Path]:
        """The files of locks that no process holds."""
        unnamed = (
            path for path in _files(self.folder, "*.new") if _age(path, now) > _SETTLED_SECONDS
        )
        return [*dead_locks(self.folder), *unnamed]


class Identity:
    """This process as a coordinator: a name, `host:pid:token`, and a lock on a file.

    The file is next to the store. The kernel frees the lock when the process ends, however it
    ends. A lock is more reliable than a process id: it works across containers that share the
    folder, and after the machine was restarted or renamed. The lock belongs to the open file. It
    stays if a job opens and closes the file once more, for example to copy the folder. Raises
    StoreError if the lock's file cannot be made.
    """

    _mine: ClassVar[set[str]] = set()

    def __init__(self, state_dir: Path) -> None:
        self.token = uuid.uuid4().hex
        self.name = f"{socket.gethostname()}:{os.getpid()}:{self.token}"
        self._path = _lock_path(state_dir, self.token)
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(exist_ok=True)
            self._file: IO[bytes] | None = new.open("wb")
            _lock(self._file, fcntl.F_WRLCK)
            # A file of this name is locked from the start. If it is not, its process is dead.
            new.rename(self._path)
        except OSError as error:
            raise StoreError(
                f"the state folder {self._path.parent} cannot be written: {error.strerror}",
                "free disk space, make the folder writable, or choose another --state-dir",
            ) from None
        # A forked copy of this process would hold the lock until the copy ends.
        close_in_copies(self._file)
        Identity._mine.add(self.token)
        journal.info("coordinator-began", coordinator=self.name, lock=self._path)
        for dead in dead_locks(state_dir):
            journal.info("coordinator-dead", lock=dead)
            _remove(dead)

    def close(self) -> None:
        """Free the lock. The submissions of this name count as interrupted from now on."""
        if self._file is not None:
            Identity._mine.discard(self.token)
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None
            journal.info("coordinator-ended", coordinator=self.name)

    @classmethod
    def is_mine(cls, token: str) -> bool:
        """Whether the token belongs to this process."""
        return token in cls._mine


def is_locked(path: Path) -> bool:
    """Whether the process that made this lock still runs."""
    try:
        with path.open("rb") as file:
            _lock(file, fcntl.F_RDLCK)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def dead_locks(state_dir: Path) -> list[Path]:
    """The files of coordinators that were killed."""
    return [
        path
        for path in _files(state_dir, "*.lock")
        # If locks belong to the process, a look at its own lock would drop it.
        if not (Identity.is_mine(path.stem) or is_locked(path))
    ]


def _files(state_dir: Path, pattern: str) -> list[Path]:
    try:
        return list((state_dir / _FOLDER).glob(pattern))
    except OSError:
        return []


def _age(path: Path, now: float) -> float:
    try:
        return now - path.lstat().st_mtime
    except OSError:
        return 0.0


def _token(name: str | None) -> str:
    return (name or "").rpartition(":")[2]


def _remove(lock: Path) -> None:
    try:
        lock.unlink(missing_ok=True)
    except OSError:
        pass


def _lock(file: IO[bytes], kind: int) -> None:
    """Lock the open file. Raises OSError if another process holds a lock on it.

    Systems without locks of open files have locks of processes, which any close of the file
    drops. Each of the two kinds excludes the other.
    """
    if hasattr(fcntl, "F_OFD_SETLK"):
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0))
    else:
        shared = fcntl.LOCK_SH if kind == fcntl.F_RDLCK else fcntl.LOCK_EX
        fcntl.lockf(file, shared | fcntl.LOCK_NB)


def _lock_path(state_dir: Path, token: str) -> Path:
    return state_dir / _FOLDER / f"{token}.lock"
