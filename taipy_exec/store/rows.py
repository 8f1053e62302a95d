"""Rows of the store's tables <-> the records of the program."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from taipy_exec.errors import StoreError
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status, SubmissionStatus
from taipy_exec.store import values


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A scenario instance: it owns the data nodes that its submissions use.

    `sequences`, by name, are those that a program has given it; None for those of the
    configuration.
    """

    id: str
    scenario: str
    name: str
    created_at: float
    cycle: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    is_primary: bool = False
    tags: frozenset[str] = frozenset()
    sequences: Mapping[str, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRow:
    """A cycle that has scenario instances; `name` is None for the name of its period."""

    id: str
    name: str | None
    created_at: float


class Edit(NamedTuple):
    """One write of a data node, by a job or by `editor`; `digest` is that of default data.

    `made_from` is JSON about the source of a skippable job's result: the times of its inputs, or,
    with `cache = "content"`, the inputs and the function. In the second case `content` is the
    digest of what the job wrote. `notes` holds other properties that the user gave, as JSON.
    """

    node: str
    at: float
    job: str | None = None
    editor: str | None = None
    comment: str | None = None
    digest: str | None = None
    content: str | None = None
    made_from: str | None = None
    notes: str | None = None


class Lock(NamedTuple):
    """The lock of a user who is about to edit a data node; `editor` None if unnamed.

    `expires_at` is in seconds since the epoch, None for never.
    """

    node: str
    editor: str | None = None
    expires_at: float | None = None


class Content(NamedTuple):
    """The digest of a file's content at the time of this `stamp`."""

    path: str
    stamp: str
    digest: str


class JobUpdate(NamedTuple):
    """A job to store, if the stored row still has the status and attempt that are expected."""

    job: JobRecord
    expected: Status
    expected_attempt: int


INSTANCE_COLUMNS = "id, scenario, name, created_at, cycle, properties, is_primary, sequences"
SUBMISSION_COLUMNS = (
    "id, scenario, instance, name, target, mode, status, force, fail_fast, config_digest, "
    "created_at, finished_at, coordinator, properties, paused"
)
JOB_COLUMNS = (
    "id, submission, position, task, status, reason, attempt, worker, submitted_at, blocked_at, "
    "pending_at, started_at, finished_at, duration, peak_memory, error, cpu_seconds"
)
EDIT_COLUMNS = "node, at, job, editor, comment, digest, content, made_from, notes"
INSERT_EDIT = f"INSERT INTO edits ({EDIT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_JOB = (
    f"INSERT INTO jobs ({JOB_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
UPDATE_JOB = (
    "UPDATE jobs SET status = ?, reason = ?, attempt = ?, worker = ?, blocked_at = ?, "
    "pending_at = ?, started_at = ?, finished_at = ?, duration = ?, peak_memory = ?, error = ?, "
    "cpu_seconds = ? "
    "WHERE submission = ? AND position = ? AND status = ? AND attempt = ?"
)


_P = ParamSpec("_P")
_R = TypeVar("_R")
_Row = tuple[Any, ...]


def _from_row(
    convert: Callable[Concatenate[_Row, _P], _R],
) -> Callable[Concatenate[_Row, _P], _R]:
    """Turn errors of a row that taipy-exec cannot have written into a StoreError (damage)."""

    @functools.wraps(convert)
    def converted(row: _Row, /, *rest: _P.args, **named: _P.kwargs) -> _R:
        try:
            return convert(row, *rest, **named)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"the state store is damaged: one of its rows cannot be read ({error!r})",
                "move the state folder (.taipy-exec) away and submit again; "
                "the files of data nodes are not touched",
            ) from error

    return converted


@_from_row
def to_instance(row: tuple[Any, ...], tags: Iterable[str]) -> Instance:
    return Instance(
        id=values.text(row[0]),
        scenario=values.text(row[1]),
        name=values.text(row[2]),
        created_at=values.time(row[3]),
        cycle=values.text(row[4]),
        properties=values.mapping(row[5]),
        is_primary=bool(row[6]),
        tags=frozenset(map(values.text, tags)),
        sequences=values.sequences(row[7]),
    )


@_from_row
def to_cycle(row: tuple[Any, ...]) -> CycleRow:
    return CycleRow(
        id=values.text(row[0]), name=values.maybe_text(row[1]), created_at=values.time(row[2])
    )


def _error_text(failure: Failure | None) -> str | None:
    return json.dumps(failure.as_json()) if failure else None


def job_values(job: JobRecord) -> tuple[object, ...]:
    return (
        job.id,
        job.submission,
        job.position,
        job.task,
        job.status.name,
        job.reason,
        job.attempt,
        job.worker,
        job.submitted_at,
        job.blocked_at,
        job.pending_at,
        job.started_at,
        job.finished_at,
        job.duration,
        job.peak_memory,
        _error_text(job.failure),
        job.cpu_seconds,
    )


def update_values(update: JobUpdate) -> tuple[object, ...]:
    job = update.job
    return (
        job.status.name,
        job.reason,
        job.attempt,
        job.worker,
        job.blocked_at,
        job.pending_at,
        job.started_at,
        job.finished_at,
        job.duration,
        job.peak_memory,
        _error_text(job.failure),
        job.cpu_seconds,
        job.submission,
        job.position,
        update.expected.name,
        update.expected_attempt,
    )


@_from_row
def to_job(row: tuple[Any, ...], shorten: Callable[[str], str]) -> JobRecord:
    return JobRecord(
        id=values.text(row[0]),
        submission=values.text(row[1]),
        position=values.count(row[2]),
        task=values.text(row[3]),
        status=Status[row[4]],
        reason=values.maybe_text(row[5]),
        attempt=values.count(row[6], 1),
        worker=values.maybe_text(row[7]),
        submitted_at=values.maybe_time(row[8]),
        blocked_at=values.maybe_time(row[9]),
        pending_at=values.maybe_time(row[10]),
        started_at=values.maybe_time(row[11]),
        finished_at=values.maybe_time(row[12]),
        duration=values.maybe_seconds(row[13]),
        peak_memory=values.maybe_count(row[14]),
        failure=_to_failure(row[15]) if row[15] else None,
        cpu_seconds=values.maybe_seconds(row[16]),
        shorten=shorten,
    )


def _to_failure(found: object) -> Failure:
    fields = values.mapping(found)
    return Failure(
        kind=values.text(fields.get("kind")),
        type=values.maybe_text(fields.get("type")),
        message=values.text(fields.get("message")),
        traceback=values.maybe_text(fields.get("traceback")),
    )


def to_edit(row: tuple[Any, ...]) -> Edit:
    node, at, *rest = row[: len(Edit._fields)]
    return Edit(values.text(node), values.time(at), *map(values.maybe_text, rest))


def insert_jobs(connection: sqlite3.Connection, jobs: Iterable[JobRecord]) -> None:
    """Add jobs, within the caller's transaction."""
    connection.executemany(INSERT_JOB, [job_values(job) for job in jobs])


def insert_edits(connection: sqlite3.Connection, edits: Iterable[Edit]) -> None:
    """Add edits, within the caller's transaction."""
    for edit in edits:
        connection.execute(INSERT_EDIT, edit)


@_from_row
def to_submission(
    row: tuple[Any, ...], counts: Iterable[tuple[str, int]], shorten: Callable[[str], str]
) -> SubmissionRecord:
    """A row of submissions, with the number of its jobs by status."""
    return SubmissionRecord(
        id=values.text(row[0]),
        scenario=values.text(row[1]),
        instance=values.text(row[2]),
        name=values.text(row[3]),
        target=values.text(row[4]),
        mode=values.text(row[5]),
        stored_status=SubmissionStatus[row[6]],
        force=bool(row[7]),
        fail_fast=bool(row[8]),
        config_digest=values.text(row[9]),
        created_at=values.time(row[10]),
        finished_at=values.maybe_time(row[11]),
        coordinator=values.maybe_text(row[12]),
        properties=values.mapping(row[13]),
        paused=bool(row[14]),
        counts={Status[name]: number for name, number in counts},
        end_is_stored=row[11] is not None,
        shorten=shorten,
    )


def submission_values(submission: SubmissionRecord) -> tuple[object, ...]:
    """A submission as a row."""
    return (
        submission.id,
        submission.scenario,
        submission.instance,
        submission.name,
        submission.target,
        submission.mode,
        submission.status.name,
        submission.force,
        submission.fail_fast,
        submission.config_digest,
        submission.created_at,
        submission.finished_at,
        submission.coordinator,
        values.json_text(dict(submission.properties)),
        submission.paused,
    )
