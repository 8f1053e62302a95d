"""The jobs that a live table shows if there is no room for all, and the parts of its bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import DONE, FINAL, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The jobs by where they are: `pinned` and `shown` have rows, the others are only counted."""

    pinned: Sequence[JobRecord] = ()
    above: Sequence[JobRecord] = ()
    shown: Sequence[JobRecord]
    below: Sequence[JobRecord] = ()


def rows(jobs: Sequence[JobRecord], room: int) -> Rows:
    """The jobs in `room` rows: what runs, and above it the latest jobs that failed.

    Once all have ended: what failed, or the last jobs if none did.
    """
    if len(jobs) <= room:
        return Rows(shown=jobs)
    failed = [job for job in jobs if job.status is Status.FAILED]
    if failed and all(job.status in FINAL for job in jobs):
        pinned = failed[:room]
        return Rows(pinned=pinned, shown=(), below=_without(jobs, pinned))
    kept = min(len(failed), room // 3)
    first, last = window(jobs, room - kept)
    shown = jobs[first:last]
    outside = _without(failed, shown)
    outside.sort(key=lambda job: job.finished_at or 0.0)
    pinned = outside[max(len(outside) - kept, 0) :]
    pinned.sort(key=lambda job: job.position)
    return Rows(
        pinned=pinned,
        above=_without(jobs[:first], pinned),
        shown=shown,
        below=_without(jobs[last:], pinned),
    )


def _without(jobs: Sequence[JobRecord], others: Sequence[JobRecord]) -> list[JobRecord]:
    ids = {job.id for job in others}
    return [job for job in jobs if job.id not in ids]


def window(jobs: Sequence[JobRecord], room: int) -> tuple[int, int]:
    """The range of jobs to show in `room` rows: the one in which most of what runs is seen."""
    if len(jobs) <= room:
        return 0, len(jobs)
    active = [n for n, job in enumerate(jobs) if job.status is Status.RUNNING]
    if not active:
        active = [n for n, job in enumerate(jobs) if job.status not in FINAL][:1]
    above = min(2, room - 1)
    focus = max(
        active,
        key=lambda start: sum(start <= n < start + room - above for n in active),
        default=len(jobs) - 1,
    )
    first = min(max(focus - above, 0), len(jobs) - room)
    return first, first + room


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Cells of a bar: jobs that are done, that failed, that ended in another way, and the rest."""

    done: int
    failed: int
    others: int
    rest: int


def bar(counts: Mapping[Status, int], width: int) -> Bar:
    """The bar of so many cells. A failure is always seen in it, and so is what has not ended."""
    total = sum(counts.values())
    if not total:
        return Bar(done=width, failed=0, others=0, rest=0)
    done = sum(counts.get(status, 0) for status in DONE)
    failed = counts.get(Status.FAILED, 0)
    others = sum(counts.get(status, 0) for status in FINAL) - done - failed
    has_ended = done + failed + others == total
    room = width if has_ended else width - 1
    failed_cells = min(-(-width * failed // total), room)
    other_cells = min(-(-width * others // total), room - failed_cells)
    room -= failed_cells + other_cells
    done_cells = room if has_ended else min(width * done // total, room)
    rest = width - failed_cells - other_cells - done_cells
    return Bar(done=done_cells, failed=failed_cells, others=other_cells, rest=rest)


def wrapped(lines: Sequence[int], width: int) -> int:
    """How many rows lines of these widths take on a terminal of so many columns."""
    return sum(max(-(-line // width), 1) for line in lines)
