"""Which jobs or submissions a command shows: by status, task, time and number."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from taipy_exec.config.mapped import whole_name
from taipy_exec.config.problem import nearest
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.job import JobRecord, SubmissionRecord, short_id
from taipy_exec.model.status import Status, SubmissionStatus
from taipy_exec.store.store import Store
from taipy_exec.views.words import counts_text

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_AnyStatus = TypeVar("_AnyStatus", bound=enum.Enum)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """The wanted jobs or submissions. Nothing given: all. `since` is in seconds since the epoch.

    `limit` None: no number was given; 0: all.
    """

    statuses: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    since: float | None = None
    limit: int | None = None

    @property
    def chooses(self) -> bool:
        """Whether it leaves anything out, apart from a number."""
        return bool(self.statuses or self.tasks) or self.since is not None

    def jobs(self, store: Store, submission: str) -> list[JobRecord]:
        """The jobs of a submission that are wanted.

        Raises UsageError for an unknown status, and NotFoundError for a task without a job.
        """
        statuses = _statuses(self.statuses, Status)
        for task in self.tasks:
            _refuse_unknown(store, submission, task)
        return store.jobs(
            submission,
            statuses=statuses,
            tasks=self.tasks,
            since=self.since,
            limit=self.limit or None,
        )

    def submissions(self, records: Iterable[SubmissionRecord]) -> list[SubmissionRecord]:
        """Those that are wanted. Raises UsageError for a status that no submission has."""
        statuses = _statuses(self.statuses, SubmissionStatus)
        found = [
            record
            for record in records
            if (not statuses or record.status in statuses)
            and (self.since is None or _latest(record) >= self.since)
        ]
        return found[: self.limit or None]


def _refuse_unknown(store: Store, submission: str, task: str) -> None:
    """Raises NotFoundError if the submission has no job of the task, and will have none."""
    if store.jobs(submission, tasks=(task,), limit=1):
        return
    known = [whole_name(job.task) for job in store.jobs(submission)]
    is_over = store.submission(submission).finished_at is not None
    if whole_name(task) != task and whole_name(task) in known and not is_over:
        return  # the jobs of the elements come later
    raise NotFoundError(
        f"{short_id(submission)} has no job of task {task!r}{nearest(task, dict.fromkeys(known))}",
        f"taipy-exec status {short_id(submission)}{store.where} lists its jobs",
    )


def _latest(record: SubmissionRecord) -> float:
    """The time of its last change; anything unfinished always counts as new."""
    return float("inf") if record.finished_at is None else record.finished_at


def job_filter(
    *,
    failed: bool,
    statuses: Sequence[str] | None,
    tasks: Sequence[str] | None,
    since: str | None,
    limit: int | None,
    now: float,
) -> JobFilter:
    """The filter of a command's options. Raises UsageError for a time that cannot be read."""
    names = [name.strip().upper() for name in _parts(statuses)]
    return JobFilter(
        statuses=tuple(dict.fromkeys([*names, *(["FAILED"] if failed else [])])),
        tasks=tuple(dict.fromkeys(_parts(tasks))),
        since=None if since is None else time_of(since, now),
        limit=limit,
    )


def _parts(given: Sequence[str] | None) -> list[str]:
    return [part for text in given or () for part in text.split(",") if part]


def _statuses(names: Sequence[str], kind: type[_AnyStatus]) -> tuple[_AnyStatus, ...]:
    unknown = [name for name in names if name not in kind.__members__]
    if unknown:
        what = "job" if kind is Status else "submission"
        raise UsageError(
            f"no {what} has the status {unknown[0]!r}", f"use {', '.join(kind.__members__)}"
        )
    return tuple(kind[name] for name in names)


def seconds_of_age(text: str) -> float | None:
    """The seconds of `90m` or `30d`; None for a text that is no age."""
    age = _AGE.fullmatch(text)
    return float(age[1]) * _SECONDS[age[2]] if age else None


def _two_digits(clock: str) -> str:
    """`05:30` for `5:30`."""
    return clock if clock.find(":") == 2 else f"0{clock}"


def time_of(text: str, now: float) -> float:
    """Seconds since the epoch for `90m` (ago), `14:30` (today), a date or a date and time (local).

    Raises UsageError.
    """
    text = text.strip()
    age = seconds_of_age(text)
    if age is not None:
        return now - age
    try:
        if _CLOCK.fullmatch(text):
            today = dt.datetime.fromtimestamp(now).date()
            at = dt.datetime.combine(today, dt.time.fromisoformat(_two_digits(text)))
        else:
            at = dt.datetime.fromisoformat(text)
        return at.timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since takes an age or a time, not {text!r}",
            "such as 90m, 12h, 30d, 14:30, 2026-01-31 or 2026-01-31T14:30",
        ) from None


def most_telling(
    store: Store, record: SubmissionRecord, number: int
) -> tuple[list[JobRecord], str | None]:
    """At most so many jobs (failed, running, then the first ones), and a line about the rest."""
    total = sum(record.counts.values())
    if total <= number:
        return store.jobs(record.id), None
    found: list[JobRecord] = []
    first = (Status.FAILED,), (Status.RUNNING,)
    rest = tuple(status for status in Status if (status,) not in first)
    for statuses in (*first, rest):
        if len(found) < number:
            found += store.jobs(record.id, statuses=statuses, limit=number - len(found))
    left = dict(record.counts)
    for job in found:
        left[job.status] = left.get(job.status, 0) - 1
    return found, f"not shown: {total - len(found)} jobs ({counts_text(left)})"
