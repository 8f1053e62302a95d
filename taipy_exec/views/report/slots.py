"""The rows of a timeline: the jobs of each slot, with their times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taipy_exec.model.status import Status
from taipy_exec.views.report.content import JobStory


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A job in its slot, in seconds since the epoch. `waits_from` is when it could have begun."""

    story: JobStory
    begin: float
    end: float
    waits_from: float


@dataclass(slots=True, kw_only=True)
class Slot:
    """The runs of one worker slot. Its process may have been replaced: `workers` names each."""

    host: str
    workers: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def end(self) -> float:
        """When its last job ended."""
        return self.runs[-1].end


def slots(stories: Iterable[JobStory]) -> list[Slot]:
    """The slots that follow from the jobs' times, in the order of their first jobs.

    A worker keeps its slot while it has later jobs. After it the next process of the same host
    takes it, so a process for each job does not make a row for each.
    """
    runs = sorted(_runs(stories), key=lambda run: (run.begin, run.end))
    last_of: dict[str, float] = {}
    for run in runs:
        last_of[_worker(run)] = run.begin
    found: list[Slot] = []
    for run in runs:
        worker = _worker(run)
        host = worker.rpartition(":")[0] or worker
        slot = _free_slot(found, worker, host, run.begin, last_of)
        if slot is None:
            slot = Slot(host=host)
            found.append(slot)
        if worker not in slot.workers[-1:]:
            slot.workers.append(worker)
        slot.runs.append(run)
    return found


def _free_slot(
    found: Sequence[Slot], worker: str, host: str, at: float, last_of: dict[str, float]
) -> Slot | None:
    # The clocks of two processes agree to about a millisecond, even if one sets another's end.
    free = [slot for slot in found if slot.end <= at + 0.001]
    for slot in free:
        if slot.workers[-1] == worker:
            return slot
    for slot in free:
        if slot.host == host and last_of[slot.workers[-1]] < at:
            return slot
    return None


def slots_given(rows: Iterable[Slot], *, from_the_start: bool) -> dict[str, float]:
    """Job -> when its slot was free for it: after that its process was being started.

    With `from_the_start` every slot was there before its first job; without it, the worker may
    have come later.
    """
    given = {}
    for slot in rows:
        free: float | None = 0.0 if from_the_start else None
        for run in slot.runs:
            if free is not None:
                given[run.story.job.id] = max(free, run.waits_from)
            free = run.end
    return given


def _worker(run: Run) -> str:
    return run.story.job.worker or "unknown"


def _runs(stories: Iterable[JobStory]) -> Iterable[Run]:
    for story in stories:
        begin, end = story.job.started_at, story.until
        if begin is not None and end is not None:
            ready = story.job.pending_at
            yield Run(
                story=story,
                begin=begin,
                end=max(end, begin),
                waits_from=begin if ready is None else min(ready, begin),
            )


def waiting(
    stories: Iterable[JobStory],
    now: float,
    least: float = 0.0,
    given: Mapping[str, float] | None = None,
) -> list[tuple[float, int]]:
    """How many jobs waited for a slot from each moment on, while their inputs were ready.

    A job that waited no longer than `least` seconds had a free slot, and does not count. `given`
    are the times at which jobs had their slot, if this was before their process was ready.
    """
    given = given or {}
    changes: dict[float, int] = {}
    for story in stories:
        ready, began = story.job.pending_at, story.job.started_at
        if ready is None:
            continue
        if story.job.status is Status.PENDING:
            began = None  # that was an earlier attempt
        end = story.job.finished_at if began is None else given.get(story.job.id, began)
        end = now if end is None else end
        if end - ready > least:
            changes[ready] = changes.get(ready, 0) + 1
            changes[end] = changes.get(end, 0) - 1
    steps, count = [], 0
    for at in sorted(changes):
        count += changes[at]
        steps.append((at, count))
    return steps
