"""Reading and writing the state: instances, submissions, jobs and edits of data nodes."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taipy_exec.errors import NotFoundError, StoreError
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import (
    EDIT_COLUMNS,
    INSTANCE_COLUMNS,
    JOB_COLUMNS,
    SUBMISSION_COLUMNS,
    UPDATE_JOB,
    Content,
    Edit,
    Instance,
    JobUpdate,
    insert_edits,
    job_values,
    submission_values,
    to_edit,
    to_instance,
    to_job,
    to_submission,
    update_values,
)
from taipy_exec.store.schema import LATEST, migrate, version_of

DATABASE = "state.db"
_BUSY_SECONDS = 15.0
_CHECKPOINT_PAGES = 10_000  # 40 MB of log between two syncs of the disk


class Store:
    """One state folder. Each thread has a connection of its own; many processes may read.

    Raises StoreError where the store is locked, damaged, of a newer version or not writable.
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.folder = folder
        self.path = folder / DATABASE
        self._create = create
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        if create:
            self._make_folder()
        self._connection()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is a state store in `folder`."""
        return (folder / DATABASE).exists()

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"the state folder {self.folder} cannot be written: {error.strerror}",
                "give a writable folder with --state-dir or TAIPY_EXEC_STATE_DIR",
            ) from None

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            with self.explained():
                found = self._open()
            self._local.connection = found
            with self._lock:
                for thread, connection in self._all:
                    if not thread.is_alive():
                        connection.close()
                self._all = [(t, c) for t, c in self._all if t.is_alive()]
                self._all.append((threading.current_thread(), found))
        return found

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={'rwc' if self._create else 'rw'}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            version = version_of(connection)
            if version > LATEST:
                raise StoreError(
                    f"the state store {self.path} was written by a newer taipy-exec "
                    f"(its version is {version}, this one knows {LATEST})",
                    "upgrade taipy-exec, or use another --state-dir",
                )
            if version < LATEST:
                self._bring_up_to_date(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute("PRAGMA foreign_keys = ON")
            # A cheap proof that the tables are there and the file's head is whole.
            connection.execute("SELECT id FROM submissions LIMIT 1").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """One process at a time: SQLite does not wait for another that changes to WAL mode."""
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

    def explained(self) -> _Explained:
        """Turn SQLite's errors into a StoreError that says what happened to which file."""
        return _Explained(self.path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and the only writer while it lasts."""
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

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.explained():
            return self._connection().execute(sql, values).fetchall()

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        return int(self._rows("PRAGMA data_version")[0][0])

    # -- scenario instances ---------------------------------------------------------------

    def add_instance(self, instance: Instance, *, unless_named: bool = False) -> Instance:
        """Store a new instance; by its name, it is the one found from now on.

        With `unless_named`, one of that name and cycle that is there already stays, and is given
        back.
        """
        with self.transaction() as connection:
            if unless_named:
                there = self.find_instance(instance.scenario, instance.name, instance.cycle)
                if there is not None:
                    return there
            connection.execute(
                "INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?)",
                (
                    instance.id,
                    instance.scenario,
                    instance.name,
                    instance.created_at,
                    instance.cycle,
                    json.dumps(dict(instance.properties), default=str),
                ),
            )
        return instance

    def find_instance(self, scenario: str, name: str, cycle: str | None = None) -> Instance | None:
        """The latest instance of `scenario` with this name, of this cycle or of any."""
        rows = self._rows(
            f"SELECT {INSTANCE_COLUMNS} FROM instances WHERE scenario = ? AND name = ? "
            "AND cycle = ifnull(?, cycle) ORDER BY created_at DESC, rowid DESC LIMIT 1",
            (scenario, name, cycle),
        )
        return to_instance(rows[0]) if rows else None

    def instance(self, id: str) -> Instance:
        """The instance with this id. Raises NotFoundError."""
        rows = self._rows(f"SELECT {INSTANCE_COLUMNS} FROM instances WHERE id = ?", (id,))
        if not rows:
            raise NotFoundError(f"there is no scenario instance {id}")
        return to_instance(rows[0])

    def instances(self, scenario: str | None = None) -> list[Instance]:
        """All instances, oldest first."""
        where, values = ("WHERE scenario = ?", (scenario,)) if scenario else ("", ())
        return [
            to_instance(row)
            for row in self._rows(
                f"SELECT {INSTANCE_COLUMNS} FROM instances {where} ORDER BY created_at, rowid",
                values,
            )
        ]

    # -- submissions and jobs -------------------------------------------------------------

    def add_submission(
        self,
        submission: SubmissionRecord,
        jobs: Iterable[JobRecord],
        refuse: Callable[[list[SubmissionRecord]], None] = lambda unfinished: None,
    ) -> None:
        """Store a submission with all its jobs, in one transaction.

        `refuse` sees every unfinished submission and may raise; nothing is stored then.
        """
        with self.transaction() as connection:
            refuse(self.unfinished_submissions())
            connection.execute(
                f"INSERT INTO submissions ({SUBMISSION_COLUMNS}) VALUES "
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                submission_values(submission),
            )
            connection.executemany(
                f"INSERT INTO jobs ({JOB_COLUMNS}) VALUES "
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [job_values(job) for job in jobs],
            )

    def take_over(
        self, submission: str, former: str | None, identity: str | None, mode: str
    ) -> bool:
        """Become the coordinator of a submission, in `mode`, unless somebody else just did."""
        with self.transaction() as connection:
            done = connection.execute(
                "UPDATE submissions SET coordinator = ?, mode = ? "
                "WHERE id = ? AND coordinator IS ? AND finished_at IS NULL",
                (identity, mode, submission, former),
            )
            return done.rowcount == 1

    def save(
        self,
        updates: Sequence[JobUpdate],
        submissions: Iterable[SubmissionRecord] = (),
        edits: Iterable[Edit] = (),
        contents: Iterable[Content] = (),
    ) -> None:
        """Store what happened, in one transaction, if nobody else changed these jobs.

        Raises StoreError, and stores nothing, where a job is not what the writer believes.
        """
        with self.transaction() as connection:
            # One by one: for the usual one or two rows this costs less than executemany.
            done = sum(
                connection.execute(UPDATE_JOB, update_values(update)).rowcount for update in updates
            )
            if done != len(updates):
                raise StoreError(
                    "another process changed the jobs of this submission; this one stops here",
                    "taipy-exec status shows who runs it now",
                )
            for s in submissions:
                connection.execute(
                    "UPDATE submissions SET status = ?, finished_at = ?, coordinator = ? "
                    "WHERE id = ?",
                    (s.status.name, s.finished_at, s.coordinator, s.id),
                )
            insert_edits(connection, edits)
            for content in contents:
                connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", content)

    def ended_and_held(self) -> list[tuple[str, str]]:
        """Submissions of cluster mode that have ended, with coordinators that did not `let_go`."""
        return self._rows(
            "SELECT id, coordinator FROM submissions "
            "WHERE finished_at IS NOT NULL AND mode = 'cluster' AND coordinator IS NOT NULL"
        )

    def let_go(self, coordinator: str) -> None:
        """Nothing of what this coordinator has brought to its end is left on the broker."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE submissions SET coordinator = NULL "
                "WHERE coordinator = ? AND finished_at IS NOT NULL",
                (coordinator,),
            )

    def submission(self, wanted: str) -> SubmissionRecord:
        """The submission with this id, or the only one whose id begins so.

        Raises NotFoundError.
        """
        rows = self._rows(f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE id = ?", (wanted,))
        if not rows:
            prefix = wanted if wanted.startswith("SUBMISSION_") else f"SUBMISSION_{wanted}"
            rows = self._rows(
                f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE id GLOB ? LIMIT 2",
                (_glob(prefix),),
            )
        if len(rows) != 1:
            what = "more than one submission begins with" if rows else "there is no submission"
            raise NotFoundError(f"{what} {wanted!r}", "taipy-exec status lists them")
        return self._submission(rows[0])

    def submissions(self, limit: int | None = None) -> list[SubmissionRecord]:
        """The latest submissions, newest first."""
        rows = self._rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM submissions "
            "ORDER BY created_at DESC, rowid DESC LIMIT ?",
            (-1 if limit is None else limit,),
        )
        return [self._submission(row) for row in rows]

    def unfinished_submissions(self) -> list[SubmissionRecord]:
        """Every submission that has not ended, oldest first."""
        rows = self._rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE finished_at IS NULL "
            "ORDER BY created_at, rowid"
        )
        return [self._submission(row) for row in rows]

    def _submission(self, row: tuple[Any, ...]) -> SubmissionRecord:
        counts = {
            Status[name]: number
            for name, number in self._rows(
                "SELECT status, count(*) FROM jobs WHERE submission = ? GROUP BY status",
                (row[0],),
            )
        }
        return to_submission(row, counts)

    def jobs(self, submission: str) -> list[JobRecord]:
        """The jobs of a submission in topological order. Their data nodes are not stored."""
        rows = self._rows(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE submission = ? ORDER BY position", (submission,)
        )
        return [to_job(row) for row in rows]

    def find_job(self, wanted: str) -> JobRecord:
        """The job with this id, or the only one whose id begins so. Raises NotFoundError."""
        rows = self._rows(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (wanted,)) or self._rows(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE id GLOB ? LIMIT 2", (_glob(wanted),)
        )
        if len(rows) != 1:
            what = "more than one job begins with" if rows else "there is no job"
            raise NotFoundError(f"{what} {wanted!r}", "taipy-exec status SUBMISSION lists them")
        return to_job(rows[0])

    def usual_durations(self, scenario: str, latest: int = 5) -> dict[str, float]:
        """Task -> mean duration in seconds of its last completed jobs."""
        rows = self._rows(
            "SELECT task, avg(duration) FROM ("
            "  SELECT j.task, j.duration, row_number() OVER ("
            "    PARTITION BY j.task ORDER BY j.finished_at DESC) AS place"
            "  FROM jobs j JOIN ("
            "    SELECT id FROM submissions WHERE scenario = ?"
            "    ORDER BY created_at DESC LIMIT 20) s ON s.id = j.submission"
            "  WHERE j.status = 'COMPLETED' AND j.duration IS NOT NULL"
            ") WHERE place <= ? GROUP BY task",
            (scenario, latest),
        )
        return dict(rows)

    # -- requests from other processes ----------------------------------------------------

    def request_cancel(self, submission: str, job: str | None, at: float) -> None:
        """Ask the submission's coordinator to cancel one job, or all (None)."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO requests (kind, submission, job, at) VALUES ('cancel', ?, ?, ?)",
                (submission, job, at),
            )

    def take_requests(self, submissions: Iterable[str]) -> list[tuple[str, str | None]]:
        """The (submission, job) pairs to cancel for these submissions; they are gone then."""
        mine = set(submissions)
        found = [
            (number, submission, job)
            for number, submission, job in self._rows(
                "SELECT number, submission, job FROM requests ORDER BY number"
            )
            if submission in mine
        ]
        if found:
            with self.transaction() as connection:
                connection.executemany(
                    "DELETE FROM requests WHERE number = ?", [(row[0],) for row in found]
                )
        return [(submission, job) for _, submission, job in found]

    # -- edits of data nodes --------------------------------------------------------------

    def add_edits(self, edits: Iterable[Edit]) -> None:
        """Record writes that no job made."""
        with self.transaction() as connection:
            insert_edits(connection, edits)

    def last_edits(self, nodes: Sequence[str]) -> dict[str, Edit]:
        """The latest edit of each of these data nodes that has one."""
        found = {}
        for start in range(0, len(nodes), 500):
            some = nodes[start : start + 500]
            marks = ", ".join("?" * len(some))
            for row in self._rows(
                f"SELECT {EDIT_COLUMNS}, max(number) FROM edits "
                f"WHERE node IN ({marks}) GROUP BY node",
                some,
            ):
                found[row[0]] = to_edit(row)
        return found

    def edits(self, node: str) -> list[Edit]:
        """Every edit of a data node, oldest first."""
        return [
            to_edit(row)
            for row in self._rows(
                f"SELECT {EDIT_COLUMNS} FROM edits WHERE node = ? ORDER BY number", (node,)
            )
        ]

    def content(self, path: str) -> Content | None:
        """What a file held when it was last looked at."""
        rows = self._rows("SELECT path, stamp, digest FROM contents WHERE path = ?", (path,))
        return Content(*rows[0]) if rows else None


class _Explained:
    """A context by hand: it is entered several times for every job."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise _explain(self._path, error) from error


def _glob(prefix: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in prefix) + "*"


def _explain(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return StoreError(
            f"the state store {path} is locked by another process",
            "try again when that process has ended",
        )
    if "malformed" in text or "not a database" in text or "no such" in text:
        return StoreError(
            f"the state store {path} is damaged ({text})",
            f"move it away (mv '{path}' '{path}.damaged') and submit again; "
            "the files of data nodes are not touched",
        )
    if "full" in text or ("disk I/O" in text and _is_full(path.parent)):
        return StoreError(
            f"the disk is full: the state store {path} cannot be written",
            "make room; what was stored before is intact",
        )
    if "readonly" in text or "unable to open" in text or "disk I/O" in text:
        return StoreError(
            f"the state store {path} cannot be opened for writing ({text})",
            "give a writable folder with --state-dir or TAIPY_EXEC_STATE_DIR",
        )
    return StoreError(f"the state store {path} refused a write ({text})")


def _is_full(folder: Path) -> bool:
    """Whether the disk has no room: SQLite tells only of an I/O error where memory is mapped."""
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False
