"""Sweeps as they are stored: which submissions belong to one, and which can be resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.engine.sweep import is_group
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.operations.sweep.rows import CombinationRow

if TYPE_CHECKING:
    from taipy_exec.store.store import Store


def means_sweep(store: Store, wanted: str) -> bool:
    """Whether an argument means a sweep: by its id, and not a scenario or an instance by name."""
    if not is_group(wanted):
        return False
    named = store.submissions(1, scenario=wanted) or store.submissions(1, name=wanted)
    if not named:
        return True
    try:
        return bool(store.swept_submissions(wanted))
    except NotFoundError:
        return False


def submissions_of_sweep(store: Store, group: str) -> list[SubmissionRecord]:
    """The latest submission for each combination, in their order. Raises NotFoundError."""
    latest = {record.place: record for record in store.swept_submissions(group)}
    return [latest[place] for place in sorted(latest)]


def interrupted_of_sweep(store: Store, group: str) -> list[SubmissionRecord]:
    """The unfinished ones that no process works on, in order of their combinations.

    Raises NotFoundError for an unknown sweep, and UsageError if there is nothing to resume.
    """
    records = submissions_of_sweep(store, group)
    found = [record for record in records if store.is_interrupted(record)]
    if found:
        return found
    id = store.short_id(str(records[0].group))
    if any(record.finished_at is None for record in records):
        raise UsageError(f"{id} is running", f"taipy-exec wait {id}{store.where}")
    raise UsageError(
        f"all submissions of {id} have ended: there is nothing to resume",
        "the same sweep again runs the remaining jobs",
    )


def unfinished_of_sweep(store: Store, group: str) -> list[SubmissionRecord]:
    """The unfinished ones. Raises NotFoundError, and UsageError if all have ended."""
    records = submissions_of_sweep(store, group)
    found = [record for record in records if record.finished_at is None]
    if not found:
        id = store.short_id(str(records[0].group))
        raise UsageError(f"all submissions of {id} have ended: there is nothing to cancel")
    return found


def stored_rows(store: Store, group: str) -> list[CombinationRow]:
    """A sweep with its jobs, as it is stored now. Raises NotFoundError."""
    records = submissions_of_sweep(store, group)
    return [CombinationRow(record=record, jobs=store.jobs(record.id)) for record in records]


def latest_sweep(store: Store, scenario: str) -> list[SubmissionRecord]:
    """The submissions of the scenario's latest sweep, in order of their combinations."""
    records = [one for one in store.swept_submissions() if one.scenario == scenario]
    return submissions_of_sweep(store, str(records[-1].group)) if records else []
