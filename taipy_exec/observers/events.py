"""The events of a submission as objects of the schema, for `--events` and `on_event`."""

from __future__ import annotations

from typing import Any

from taipy_exec.model.job import SubmissionRecord
from taipy_exec.observers.watching import Step
from taipy_exec.views.json_objects import SCHEMA, when


def begin_event(record: SubmissionRecord) -> dict[str, Any]:
    """This process starts to work on a submission."""
    return {
        "schema": SCHEMA,
        "event": "submission",
        "submission": record.id,
        "status": record.status.name,
        "at": when(record.created_at),
    }


def job_event(step: Step) -> dict[str, Any]:
    """A job changed its status."""
    change = step.change
    return {
        "schema": SCHEMA,
        "event": "job",
        "submission": step.submission.id,
        "job": change.job,
        "task": step.job.task,
        "before": change.before.name,
        "status": change.after.name,
        "reason": change.reason,
        "attempt": change.attempt,
        "worker": change.worker,
        "at": when(change.at),
    }


def end_event(record: SubmissionRecord) -> dict[str, Any]:
    """The submission has ended; or it is left unfinished, if `at` is null."""
    return {
        "schema": SCHEMA,
        "event": "end",
        "submission": record.id,
        "status": record.status.name,
        "at": when(record.finished_at),
    }
