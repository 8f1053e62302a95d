"""Applies the decisions about a job to Taipy's entities and subscribers."""

from __future__ import annotations

from typing import Any

from taipy_exec.model.event import Change
from taipy_exec.model.status import Status
from taipy_exec.taipy_plugin import internals


def follow(job: Any, change: Change) -> None:
    """Make Taipy's job take the decided step, even if its entities cannot be updated."""
    try:
        if change.after is Status.COMPLETED:
            internals.record_outputs(job)
        elif change.after.is_final:
            internals.unlock_outputs(job)
    except Exception:
        internals.log.exception(f"the outputs of {change.job} could not be updated in Taipy")
    stacktrace = _stacktrace(change)
    if change.after is Status.FAILED:
        internals.log.error(f"job {job.id} failed:\n{''.join(stacktrace)}")
    try:
        internals.set_status(job, change.after.name, stacktrace)
    except Exception:
        internals.log.exception(f"{change.job} is {change.after.name}, but Taipy has not stored it")


def _stacktrace(change: Change) -> list[str]:
    failure = change.failure
    if failure is None:
        return []
    if failure.traceback is None:
        return [f"{failure.type or failure.kind}: {failure.message}\n"]
    # The traceback may not name the data node, but the message does.
    is_complete = failure.message in failure.traceback
    return [failure.traceback if is_complete else f"{failure.traceback}{failure.message}\n"]
