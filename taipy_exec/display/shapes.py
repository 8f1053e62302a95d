"""The submission and job objects of schema `taipy-exec/1`; only additive changes are allowed."""

from __future__ import annotations

import datetime as dt

from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.provenance import Provenance

SCHEMA = "taipy-exec/1"


def when(seconds: float | None) -> str | None:
    """A time as ISO 8601 in UTC with microseconds."""
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="microseconds")


def submission_fields(record: SubmissionRecord) -> dict[str, object]:
    """The `submission` object."""
    end = record.finished_at
    retried = record.properties.get("retries")
    return {
        "id": record.id,
        "status": record.status.name,
        "mode": record.mode,
        "scenario": record.scenario,
        "name": record.name,
        "created_at": when(record.created_at),
        "finished_at": when(end),
        "duration": None if end is None else round(max(end - record.created_at, 0.0), 6),
        "target": record.target,
        **({"retries": retried} if retried else {}),
        **({"paused": True} if record.paused and end is None else {}),
    }


def whole_submission_fields(record: SubmissionRecord) -> dict[str, object]:
    """The `submission` object of a single submission, with its provenance."""
    made_with = Provenance.of(record.properties)
    return {
        **submission_fields(record),
        "provenance": None if made_with is None else made_with.as_json(),
    }


def job_fields(job: JobRecord) -> dict[str, object]:
    """One entry of `jobs`."""
    return {
        "id": job.id,
        "task": job.task,
        "status": job.status.name,
        "reason": job.reason,
        "attempt": job.attempt,
        "worker": job.worker,
        "submitted_at": when(job.submitted_at),
        "started_at": when(job.started_at),
        "finished_at": when(job.finished_at),
        "duration": None if job.duration is None else round(job.duration, 6),
        "error": job.failure.as_json() if job.failure else None,
        "peak_memory": job.peak_memory,
        "cpu_seconds": None if job.cpu_seconds is None else round(job.cpu_seconds, 6),
    }
