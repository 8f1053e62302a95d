"""Pausing a submission, and continuing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.errors import UsageError
from taipy_exec.operations.chosen import Latest, chosen_submission

if TYPE_CHECKING:
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.store.store import Store


def set_paused(store: Store, wanted: str, *, paused: bool) -> SubmissionRecord:
    """Start no more jobs of a submission, or start them again; running jobs go on.

    `wanted`: an id, a name, or an empty text for the latest that runs. It takes effect as soon as
    the coordinator sees it, and stays if there is none. Raises NotFoundError, and UsageError if
    the submission has ended.
    """
    record = chosen_submission(store, wanted, Latest.RUNNING)
    if not store.pause(record.id, paused=paused):
        what = "pause" if paused else "continue"
        again = f"taipy-exec retry {record.short_id}{store.where} runs what did not complete"
        raise UsageError(
            f"{record.short_id} has ended ({record.status.name}): there is nothing to {what}",
            None if paused else again,
        )
    return store.submission(record.id)
