"""The JSON objects that the command line prints: schema `taipy-exec/1`, additive changes only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from taipy_exec.display.shapes import (
    SCHEMA,
    job_fields,
    submission_fields,
    when,
    whole_submission_fields,
)
from taipy_exec.display.visible import visible_json
from taipy_exec.model.job import JobRecord, SubmissionRecord

if TYPE_CHECKING:
    from taipy_exec.execution.messages import Beat

__all__ = [
    "SCHEMA",
    "beat_fields",
    "dump",
    "error_shape",
    "job_fields",
    "past_submission_fields",
    "submission_fields",
    "submission_shape",
    "when",
    "whole_submission_fields",
]


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


def beat_fields(beat: Beat) -> dict[str, object]:
    """One entry of `workers` in cluster mode: what a worker reports about itself."""
    return {
        "worker": beat.worker,
        "state": beat.state,
        "slots": beat.slots,
        "running": [
            {"job": job, "task": task, "seconds": seconds} for job, task, seconds in beat.running
        ],
        "done": beat.done,
        "failed": beat.failed,
        "uptime": beat.uptime,
        "config_digest": beat.digest,
    }
