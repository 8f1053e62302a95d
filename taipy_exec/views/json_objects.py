"""The JSON objects that the command line prints: schema `taipy-exec/1`, additive changes only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.provenance import Provenance
from taipy_exec.visible_text import visible_json

if TYPE_CHECKING:
    from taipy_exec.protocol.messages import Heartbeat

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


def dump(fields: Mapping[str, object], *, lines: bool = False) -> str:
    """One object with the schema first; on one line if it is one of many `lines` of JSON."""
    indent = None if lines else 1
    whole = {"schema": SCHEMA, **fields}
    return visible_json(json.dumps(whole, indent=indent, default=str, ensure_ascii=False))


def past_submission_fields(record: SubmissionRecord) -> dict[str, object]:
    """The `submission` object, and how many of its jobs have which status."""
    counts = {status.name: number for status, number in record.counts.items()}
    return {**submission_fields(record), "counts": counts}


def submission_shape(record: SubmissionRecord, jobs: Iterable[JobRecord]) -> dict[str, Any]:
    """The object of `submit`, `wait` and `status SUBMISSION`; jobs in topological order."""
    return {
        "submission": whole_submission_fields(record),
        "jobs": [job_fields(job) for job in jobs],
    }


def error_shape(kind: str, message: str, hint: str | None) -> dict[str, object]:
    """The object that any command prints with --json when it fails."""
    return {"error": {"kind": kind, "message": message, "hint": hint}}


def heartbeat_fields(heartbeat: Heartbeat) -> dict[str, object]:
    """One entry of `workers` in cluster mode: what a worker reports about itself."""
    return {
        "worker": heartbeat.worker,
        "state": heartbeat.state,
        "slots": heartbeat.slots,
        "running": [
            {"job": job, "task": task, "seconds": seconds}
            for job, task, seconds in heartbeat.running
        ],
        "done": heartbeat.done,
        "failed": heartbeat.failed,
        "uptime": heartbeat.uptime,
        "config_digest": heartbeat.digest,
    }
