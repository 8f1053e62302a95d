"""The scenario instances of an application, each with its latest submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.store.rows import Instance
    from taipy_exec.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInstance:
    """An instance, its latest submission, and its latest one as a combination of a sweep."""

    instance: Instance
    latest: SubmissionRecord | None
    of_sweep: SubmissionRecord | None
    is_interrupted: bool


def listed_instances(store: Store, scenario: str | None, file: str | None) -> list[ListedInstance]:
    """The instances, oldest first: those of a scenario, or of an application's file, or all.

    An instance that was never submitted belongs to no file yet, and so to each.
    """
    latest = store.latest_submissions(file)
    others = store.latest_submissions().keys() - latest.keys() if file is not None else ()
    swept = {record.instance: record for record in store.swept_submissions()}
    return [
        ListedInstance(
            instance=one,
            latest=(record := latest.get(one.id)),
            of_sweep=swept.get(one.id),
            is_interrupted=record is not None and store.is_interrupted(record),
        )
        for one in store.instances(scenario)
        if one.id not in others
    ]
