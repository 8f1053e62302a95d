"""The choice of what `clean` removes: a function of what is stored and of the options."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taipy_exec.config.modes import capabilities
from taipy_exec.errors import UsageError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.operations.job_filter import seconds_of_age
from taipy_exec.store.rows import Instance

# Without --older-than, anything whose age no submission shows must be older than this: a process
# may just have made it.
SETTLED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The user's options: an age in seconds, a number to keep for each scenario, or both.

    With `data`, the data of scenario instances that are not used any more is removed too.
    """

    older_than: float | None = None
    keep: int | None = None
    data: bool = False


def wanted_removal(older_than: str | None, keep: int | None, *, data: bool) -> Wanted:
    """The wish of a person, with an age such as `30d`. Raises UsageError if that is not clear."""
    if older_than is None and keep is None:
        raise UsageError(
            "choose what to remove: --older-than or --keep",
            "taipy-exec clean --older-than 30d --dry-run shows what that would remove",
        )
    age = None
    if older_than is not None:
        age = seconds_of_age(older_than.strip())
        if age is None:
            raise UsageError(
                f"--older-than takes a number and a unit, not {older_than!r}",
                "such as 30d (days), 12h (hours), 90m (minutes), 45s or 2w (weeks)",
            )
    return Wanted(older_than=age, keep=keep, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The stored state: `submissions` newest first, `instances` oldest first.

    `edited` has the times when data nodes of an instance or of a cycle were last written;
    `in_use`, the instances that a living process works on or may work on.
    """

    submissions: Sequence[SubmissionRecord] = ()
    instances: Sequence[Instance] = ()
    edited: Mapping[str, float]
    in_use: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The things to remove, and how many submissions stay: unfinished ones and others."""

    submissions: tuple[SubmissionRecord, ...]
    instances: tuple[Instance, ...]
    unfinished: int
    kept: int


def choose(stored: Stored, wanted: Wanted, now: float) -> Choice:
    """Choose what is removed.

    A submission is removed if it ended longer ago than the wanted age, and if it is not among the
    latest of its scenario that must be kept. A scenario instance is removed if it has no submission
    left, no process works on it, it has no tag, and `_has_served` is true.
    """
    ended = [record for record in stored.submissions if _has_ended(record)]
    going = [record for record in _beyond(ended, wanted.keep) if _is_old(record, wanted, now)]
    gone = {record.id for record in going}
    left = {record.instance for record in stored.submissions if record.id not in gone}
    emptied = {record.instance for record in going}
    used = _last_used(stored)
    latest = {(i.scenario, i.name, i.cycle): i.id for i in stored.instances}
    instances = [
        instance
        for instance in stored.instances
        if instance.id not in left
        and instance.id not in stored.in_use
        and not instance.tags
        and _has_served(
            wanted,
            now - used[instance.id],
            is_superseded=latest[instance.scenario, instance.name, instance.cycle] != instance.id,
            is_nameless=instance.name == instance.id,
            is_emptied=instance.id in emptied,
        )
    ]
    unfinished = len(stored.submissions) - len(ended)
    return Choice(
        submissions=tuple(going),
        instances=tuple(instances),
        unfinished=unfinished,
        kept=len(ended) - len(going),
    )


def _has_ended(record: SubmissionRecord) -> bool:
    """Whether it has, and no queue can have messages of the submission."""
    in_queue = capabilities(record.mode).outlives_coordinator
    is_held = in_queue and record.coordinator is not None
    return record.finished_at is not None and not is_held


def _beyond(ended: Sequence[SubmissionRecord], keep: int | None) -> list[SubmissionRecord]:
    """All but the latest of each scenario."""
    seen: Counter[str] = Counter()
    found = []
    for record in ended:
        seen[record.scenario] += 1
        if seen[record.scenario] > (keep or 0):
            found.append(record)
    return found


def _is_old(record: SubmissionRecord, wanted: Wanted, now: float) -> bool:
    assert record.finished_at is not None
    return wanted.older_than is None or record.finished_at < now - wanted.older_than


def _last_used(stored: Stored) -> dict[str, float]:
    """The time when each instance was made, submitted or written, whichever came last."""
    found: dict[str, float] = defaultdict(float)
    for instance in stored.instances:
        found[instance.id] = max(instance.created_at, stored.edited.get(instance.id, 0.0))
    for record in stored.submissions:
        end = record.finished_at or record.created_at
        found[record.instance] = max(found[record.instance], end)
    return found


def _has_served(
    wanted: Wanted, age: float, *, is_superseded: bool, is_nameless: bool, is_emptied: bool
) -> bool:
    """Whether an instance without submissions is not needed any more.

    An instance that was replaced by a newer one of its name cannot be found any more. The instance
    that the next `submit` of its name takes has the data of the last run: it is removed only with
    its data, and only by its age. One without a name, of a Python script, is found by its id only.
    """
    if not is_superseded and not wanted.data:
        return False
    if wanted.older_than is not None:
        return age > wanted.older_than
    return (is_superseded or is_nameless) and (is_emptied or age > SETTLED_SECONDS)
