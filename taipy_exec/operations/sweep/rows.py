"""The rows of a sweep's tables, one for each combination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taipy_exec.engine.sweep import shown_value
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import FINAL, Status, SubmissionStatus

_MOST_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinationRow:
    """One combination: its submission and its jobs."""

    record: SubmissionRecord
    jobs: Sequence[JobRecord]

    @property
    def status(self) -> str:
        """One word: the submission's status, but RUNNING while jobs still run after a failure.

        A submission whose jobs were all abandoned, since a job that it shares failed elsewhere, is
        ABANDONED.
        """
        if self.record.counts.get(Status.RUNNING):
            return Status.RUNNING.name
        found = self.record.status
        if found is SubmissionStatus.UNDEFINED and not self.record.unfinished:
            return Status.ABANDONED.name
        return found.name

    @property
    def ended(self) -> int:
        """How many jobs have ended."""
        return sum(self.record.counts.get(status, 0) for status in FINAL)

    @property
    def running(self) -> list[str]:
        """The tasks whose jobs run now."""
        return [job.task for job in self.jobs if job.status is Status.RUNNING]

    def seconds(self, now: float) -> float | None:
        """From the start of its first job until the end of its last, or until now."""
        starts = [job.started_at for job in self.jobs if job.started_at is not None]
        if not starts:
            return None
        ends = [job.finished_at for job in self.jobs if job.finished_at is not None]
        end = max(ends, default=now) if self.record.finished_at is not None else now
        return max(end - min(starts), 0.0)


def value_columns(records: Sequence[SubmissionRecord]) -> list[str]:
    """The titles for the values of each combination: data nodes, or one for the name.

    With a name that the user chose, or with many swept data nodes, the name is enough.
    """
    nodes = list(records[0].swept) if records else []
    plain = all("=" in record.name.partition(" ")[0] for record in records)
    return nodes if plain and 0 < len(nodes) <= _MOST_COLUMNS else ["Combination"]


def value_cells(record: SubmissionRecord, columns: Sequence[str]) -> list[str]:
    """The cells for `value_columns`."""
    if list(columns) == ["Combination"]:
        return [record.name]
    return [shown_value(node, record.swept.get(node)) for node in columns]


def status_counts(rows: Iterable[CombinationRow]) -> Counter[str]:
    """Status -> how many combinations have it."""
    return Counter(row.status for row in rows)


def counts_of_statuses(counts: Mapping[str, int]) -> str:
    """`4 completed, 1 failed`, the usual ones first."""
    order = ("COMPLETED", "FAILED", "ABANDONED", "CANCELED", "RUNNING", "PENDING", "BLOCKED")
    known = [name for name in order if counts.get(name)]
    others = [name for name in counts if name not in order]
    return ", ".join(f"{counts[name]} {name.lower()}" for name in (*known, *others))


def rows_in_room(rows: Sequence[CombinationRow], room: int) -> list[CombinationRow]:
    """The most important ones of many combinations, in order: failed, running, the next ones."""
    if len(rows) <= room:
        return list(rows)
    order = {"RUNNING": 0, "FAILED": 1, "ABANDONED": 2, "CANCELED": 2}

    def rank(number: int) -> tuple[int, int]:
        row = rows[number]
        if row.status in order:
            return order[row.status], number
        # The next ones that wait, and the last ones that are done.
        return (3, number) if row.record.unfinished else (4, -number)

    return [rows[n] for n in sorted(sorted(range(len(rows)), key=rank)[:room])]
