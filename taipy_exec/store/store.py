"""Reads and writes the state: submissions, jobs and requests, and all that its base classes add."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Any

from taipy_exec.errors import NotFoundError, StoreError
from taipy_exec.model.job import APPLICATION, SWEEP, JobRecord, SubmissionRecord, file_in
from taipy_exec.model.status import Status, SubmissionStatus
from taipy_exec.store import values
from taipy_exec.store.coordinators import Coordinators
from taipy_exec.store.removals import Removals
from taipy_exec.store.rows import (
    JOB_COLUMNS,
    SUBMISSION_COLUMNS,
    UPDATE_JOB,
    Content,
    Edit,
    JobUpdate,
    insert_edits,
    insert_jobs,
    submission_values,
    to_job,
    to_submission,
    update_values,
)
from taipy_exec.store.short_ids import ShortIds
from taipy_exec.store.sql import begins, prefix_range

_KEEP_CONTENT = (
    "INSERT INTO contents (path, stamp, digest) VALUES (?, ?, ?) ON CONFLICT (path) "
    "DO UPDATE SET stamp = excluded.stamp, digest = excluded.digest"
)
# Usual durations come from this many latest submissions, among the latest ones of all files.
_COUNTED = 20
_LOOKED_AT = 100


class Store(Removals, ShortIds, Coordinators):
    """One state folder. Each thread has a connection of its own; many processes may read.

    Raises StoreError if the store is locked, damaged, of a newer version or not writable.
    """

    # -- submissions and jobs -------------------------------------------------------------

    def add_submission(
        self,
        submission: SubmissionRecord,
        jobs: Iterable[JobRecord],
        refuse: Callable[[list[SubmissionRecord]], None] = lambda unfinished: None,
    ) -> None:
        """Store a submission with all its jobs, in one transaction.

        `refuse` gets every unfinished submission of other coordinators and may raise; then nothing
        is stored.
        """
        with self.transaction() as connection:
            refuse(self.unfinished_submissions(without=submission.coordinator))
            connection.execute(
                f"INSERT INTO submissions ({SUBMISSION_COLUMNS}) VALUES "
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                submission_values(submission),
            )
            jobs = list(jobs)
            insert_jobs(connection, jobs)
        self._name([submission, *jobs])

    def _name(self, records: Iterable[JobRecord | SubmissionRecord]) -> None:
        """From now on the short ids of these records are those of this state."""
        shorten = self.short_id
        for record in records:
            record.shorten = shorten

    def take_over(
        self, submission: str, former: str | None, identity: str | None, mode: str
    ) -> bool:
        """Become the coordinator of a submission, in `mode`, unless another process just did."""
        with self.transaction() as connection:
            done = connection.execute(
                "UPDATE submissions SET coordinator = ?, mode = ? "
                "WHERE id = ? AND coalesce(coordinator, '') = ? AND finished_at IS NULL",
                (identity, mode, submission, former or ""),
            )
            return done.rowcount == 1

    def save(
        self,
        updates: Sequence[JobUpdate],
        submissions: Iterable[SubmissionRecord] = (),
        edits: Iterable[Edit] = (),
        contents: Iterable[Content] = (),
        new: Iterable[JobRecord] = (),
        *,
        by: str | None = None,
    ) -> None:
        """Store what happened, in one transaction, if no other process changed these jobs.

        `new` are further jobs of the submissions.

        Raises StoreError, and stores nothing, if a job is not in the expected state, or if another
        coordinator has taken over a submission from coordinator `by`.
        """
        submissions, new = list(submissions), list(new)
        self._name(new)
        with self.transaction() as connection:
            if by is not None:
                ids = {s.id for s in submissions} | {u.job.submission for u in updates}
                self._refuse_former(connection, by, ids)
            # One by one: for the usual one or two rows this costs less than executemany.
            done = sum(
                connection.execute(UPDATE_JOB, update_values(update)).rowcount for update in updates
            )
            if done != len(updates):
                raise StoreError(
                    "another process changed the jobs of this submission; this one stops here",
                    f"taipy-exec status{self.where} shows who runs it now",
                )
            for s in submissions:
                connection.execute(
                    "UPDATE submissions SET status = ?, finished_at = ?, coordinator = ? "
                    "WHERE id = ?",
                    (s.status.name, s.finished_at, s.coordinator, s.id),
                )
            insert_jobs(connection, new)
            insert_edits(connection, edits)
            for content in contents:
                connection.execute(_KEEP_CONTENT, content)

    def _refuse_former(self, connection: sqlite3.Connection, by: str, ids: Iterable[str]) -> None:
        for id in ids:
            row = connection.execute(
                "SELECT coordinator FROM submissions WHERE id = ?", (id,)
            ).fetchone()
            if row is not None and row[0] != by:
                raise StoreError(
                    f"another process has taken over {self.short_id(id)}; this one stops here",
                    f"taipy-exec status{self.where} shows who runs it now",
                )

    def pause(self, submission: str, *, paused: bool) -> bool:
        """Stop or resume starting jobs of a submission; False if it has ended."""
        with self.transaction() as connection:
            done = connection.execute(
                "UPDATE submissions SET paused = ? WHERE id = ? AND finished_at IS NULL",
                (paused, submission),
            )
            return done.rowcount == 1

    def paused_submissions(self) -> set[str]:
        """The ids of the unfinished submissions that are paused."""
        rows = self.rows(
            f"SELECT id FROM submissions {self.by_index('submissions_unfinished')} "
            "WHERE finished_at IS NULL AND paused = 1"
        )
        return {row[0] for row in rows}

    def ended_and_held(self) -> list[tuple[str, str]]:
        """Ended submissions of cluster mode, with coordinators that have not called `let_go`."""
        return self.rows(
            "SELECT id, coordinator FROM submissions "
            "WHERE finished_at IS NOT NULL AND mode = 'cluster' AND coordinator IS NOT NULL"
        )

    def let_go(self, coordinator: str) -> None:
        """Record that the broker holds nothing more of this coordinator's ended submissions."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE submissions SET coordinator = NULL "
                "WHERE coordinator = ? AND finished_at IS NOT NULL",
                (coordinator,),
            )

    def submission(self, wanted: str) -> SubmissionRecord:
        """The submission with this id, or the only one whose id begins with `wanted`.

        Raises NotFoundError.
        """
        rows = self.rows(f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE id = ?", (wanted,))
        if not rows:
            prefix = wanted if wanted.startswith("SUBMISSION_") else f"SUBMISSION_{wanted}"
            rows = self.rows(
                f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE {begins('id')} LIMIT 2",
                prefix_range(prefix),
            )
        if not rows:
            raise NotFoundError(
                f"there is no submission {wanted!r}", f"taipy-exec status{self.where} lists them"
            )
        if len(rows) > 1:
            two = " and ".join(self._submission(row).id for row in rows)
            raise NotFoundError(
                f"more than one submission begins with {wanted!r}: {two}", "give more of the id"
            )
        return self._submission(rows[0])

    def submissions(
        self,
        limit: int | None = None,
        *,
        scenario: str | None = None,
        name: str | None = None,
        file: str | None = None,
        statuses: Collection[SubmissionStatus] = (),
    ) -> list[SubmissionRecord]:
        """The latest submissions, newest first; of a scenario, name, file or statuses if given."""
        chosen, given = self._chosen(scenario, name, file)
        if statuses:
            chosen += f" AND status IN ({', '.join('?' * len(statuses))})"
            given += [one.name for one in statuses]
        rows = self.rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE {chosen} "
            f"ORDER BY created_at DESC, rowid DESC {_limit(limit)}",
            given,
        )
        return [self._submission(row) for row in rows]

    def submissions_of(self, instance: str, *, limit: int | None = None) -> list[SubmissionRecord]:
        """The submissions of a scenario instance, newest first, at most `limit`."""
        rows = self.rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE instance = ? "
            f"ORDER BY created_at DESC, rowid DESC {_limit(limit)}",
            (instance,),
        )
        return [self._submission(row) for row in rows]

    def swept_submissions(self, group: str | None = None) -> list[SubmissionRecord]:
        """The submissions of sweeps, oldest first; of the one whose id is, or begins with, `group`.

        Raises NotFoundError where that is no sweep, or more than one.
        """
        rows = self.rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM submissions WHERE properties LIKE ? "
            "ORDER BY created_at, rowid",
            (f'%"{SWEEP}"%',),
        )
        records = map(self._submission, rows)
        found = [one for one in records if one.group and one.group.startswith(group or "")]
        if group is not None and len({record.group for record in found}) != 1:
            what = "more than one sweep begins with" if found else "there is no sweep"
            raise NotFoundError(f"{what} {group!r}", f"taipy-exec status{self.where} --json")
        return found

    def latest_submissions(self, file: str | None = None) -> dict[str, SubmissionRecord]:
        """Scenario instance -> its latest submission, or its latest one from this `file`."""
        chosen, given = self._chosen(None, None, file)
        rows = self.rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM (SELECT {SUBMISSION_COLUMNS}, row_number() OVER ("
            "PARTITION BY instance ORDER BY created_at DESC, rowid DESC) AS place "
            f"FROM submissions WHERE {chosen}) AS ordered WHERE place = 1",
            given,
        )
        return {record.instance: record for record in map(self._submission, rows)}

    def count_submissions(
        self, *, scenario: str | None = None, name: str | None = None, file: str | None = None
    ) -> int:
        """The number of submissions, filtered by scenario, name and file if given."""
        chosen, given = self._chosen(scenario, name, file)
        rows = self.rows(f"SELECT count(*) FROM submissions WHERE {chosen}", given)
        return int(rows[0][0])

    def _chosen(
        self, scenario: str | None, name: str | None, file: str | None
    ) -> tuple[str, list[object]]:
        """A condition for submissions, with its values. Older versions did not store the file."""
        wanted: list[tuple[str, object]] = []
        if scenario is not None:
            wanted.append(("scenario = ?", scenario))
        if name is not None:
            wanted.append(("name = ?", name))
        if file is not None:
            stored = self.json_field("properties", APPLICATION, "file")
            wanted.append((f"coalesce({stored}, ?) = ?", file))
        conditions = " AND ".join(condition for condition, _ in wanted) or "true"
        return conditions, [v for condition, v in wanted for _ in range(condition.count("?"))]

    def unfinished_submissions(
        self, *, instance: str | None = None, without: str | None = None
    ) -> list[SubmissionRecord]:
        """Every submission that has not ended, oldest first.

        Where given: only those of this scenario `instance`, and none of the coordinator `without`.
        """
        wanted, given = ["finished_at IS NULL"], []
        for condition, value in (
            ("instance = ?", instance),
            ("coalesce(coordinator, '') <> ?", without),
        ):
            if value is not None:
                wanted.append(condition)
                given.append(value)
        # By itself SQLite reads all submissions that ever were, in the order of time.
        rows = self.rows(
            f"SELECT {SUBMISSION_COLUMNS} FROM submissions "
            f"{self.by_index('submissions_unfinished')} "
            f"WHERE {' AND '.join(wanted)} ORDER BY created_at, rowid",
            given,
        )
        return [self._submission(row) for row in rows]

    def _submission(self, row: tuple[Any, ...]) -> SubmissionRecord:
        counts = self.rows(
            "SELECT status, count(*) FROM jobs WHERE submission = ? GROUP BY status", (row[0],)
        )
        return to_submission(row, counts, self.short_id)

    def jobs(
        self,
        submission: str,
        *,
        statuses: Collection[Status] = (),
        tasks: Collection[str] = (),
        since: float | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]:
        """The jobs of a submission in topological order. Their data nodes are not stored.

        Where given: only those with one of these `statuses`, of these `tasks`, that ran or that
        something happened to `since` (seconds since the epoch), and the first `limit` of these.
        The jobs of a mapped task are also those of its elements.
        """
        wanted: list[str] = ["submission = ?"]
        given: list[object] = [submission]
        if statuses:
            wanted.append(f"status IN ({', '.join('?' * len(statuses))})")
            given += [status.name for status in statuses]
        if tasks:
            # The jobs of a mapped task's elements have its name, a dot, and `split` or a number.
            of_one = "task IN (?, ?) OR (task >= ? AND task < ?)"
            wanted.append(f"({' OR '.join([of_one] * len(tasks))})")
            # The colon is the character after 9.
            given += [
                word for task in tasks for word in (task, f"{task}.split", f"{task}.0", f"{task}.:")
            ]
        if since is not None:
            times = "coalesce(finished_at, started_at, pending_at, blocked_at, submitted_at)"
            wanted.append(f"(status = 'RUNNING' OR {times} >= ?)")
            given.append(since)
        rows = self.rows(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE {' AND '.join(wanted)} "
            f"ORDER BY position {_limit(limit)}",
            given,
        )
        shorten = self.short_id
        return [to_job(row, shorten) for row in rows]

    def retried_by(self, record: SubmissionRecord, key: str) -> list[str]:
        """The ids of the submissions that retried this one, oldest first.

        `key` is the property with which they name it.
        """
        rows = self.rows(
            "SELECT id, properties FROM submissions WHERE instance = ? AND created_at >= ? "
            "ORDER BY created_at, rowid",
            (record.instance, record.created_at),
        )
        return [
            values.text(id)
            for id, properties in rows
            if values.mapping(properties).get(key) == record.id
        ]

    def find_job(self, wanted: str) -> JobRecord:
        """The job with this id, or the only one whose id begins with it. Raises NotFoundError."""
        rows = self.rows(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", (wanted,)) or self.rows(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE {begins('id')} ORDER BY number DESC LIMIT 2",
            prefix_range(wanted),
        )
        if len(rows) == 1:
            return to_job(rows[0], self.short_id)
        hint = f"taipy-exec status SUBMISSION -v{self.where} lists them"
        if not rows:
            raise NotFoundError(f"there is no job {wanted!r}", hint)
        latest = to_job(rows[0], self.short_id)
        raise NotFoundError(
            f"more than one job begins with {wanted!r}; the latest is {latest.id}", hint
        )

    def usual_durations(
        self, scenario: str, file: str | None = None, *, latest: int = 5
    ) -> dict[str, float]:
        """Task -> mean duration in seconds of its latest completed jobs.

        With a `file`, submissions from another file do not count.
        """
        submissions = self._latest_of(scenario, file)
        marks = ", ".join("?" * len(submissions))
        rows = self.rows(
            "SELECT task, avg(duration) FROM ("
            "  SELECT j.task, j.duration, row_number() OVER ("
            "    PARTITION BY j.task ORDER BY j.finished_at DESC) AS place"
            f"  FROM jobs j WHERE j.submission IN ({marks})"
            "  AND j.status = 'COMPLETED' AND j.duration IS NOT NULL"
            ") AS ordered WHERE place <= ? GROUP BY task",
            (*submissions, latest),
        )
        return {values.text(task): values.maybe_seconds(mean) or 0.0 for task, mean in rows}

    def _latest_of(self, scenario: str, file: str | None) -> list[str]:
        rows = self.rows(
            "SELECT id, properties FROM submissions WHERE scenario = ? "
            "ORDER BY created_at DESC LIMIT ?",
            (scenario, _LOOKED_AT),
        )
        # Older versions did not store the file.
        same = (id for id, p in rows if file is None or file_in(values.mapping(p)) in (None, file))
        return [values.text(id) for id in islice(same, _COUNTED)]

    # -- requests from other processes ----------------------------------------------------

    def request_cancel(self, submission: str, job: str | None, at: float) -> None:
        """Ask the submission's coordinator to cancel one job, or all (None)."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO requests (kind, submission, job, at) VALUES ('cancel', ?, ?, ?)",
                (submission, job, at),
            )

    def take_requests(self, submissions: Iterable[str]) -> list[tuple[str, str | None]]:
        """The (submission, job) pairs to cancel for these submissions; removes the requests."""
        rows = self.rows("SELECT number, submission, job FROM requests ORDER BY number")
        mine = set(submissions) if rows else ()
        found = [row for row in rows if row[1] in mine]
        if found:
            with self.transaction() as connection:
                connection.executemany(
                    "DELETE FROM requests WHERE number = ?", [(row[0],) for row in found]
                )
        return [(submission, job) for _, submission, job in found]


def _limit(limit: int | None) -> str:
    return "" if limit is None else f"LIMIT {limit:d}"
