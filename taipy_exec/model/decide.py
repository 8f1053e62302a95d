"""`decide(job_table, event) -> Decision`: the one place where a job's next status is chosen.

Pure: it reads the job table and changes nothing; `JobTable.apply` applies the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from taipy_exec.model.event import (
    Admitted,
    Begun,
    CancelRequested,
    Change,
    Decision,
    Deferred,
    Event,
    Expanded,
    Finished,
    HandedBack,
    Lost,
    Started,
    Starting,
    Stop,
    UpToDate,
    Written,
)
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import DONE, RETRIABLE, WAITING, Reason, Status


def decide(job_table: JobTable, event: Event) -> Decision:
    """The consequences of `event`, given the state of the job table.

    An event that comes too late (an older attempt, a job that has ended) changes nothing.
    """
    return _RULES[type(event)](job_table, event)


def _admitted(job_table: JobTable, event: Admitted) -> Decision:
    changes = []
    for job_id in job_table.submissions[event.submission].jobs:
        job = job_table.jobs[job_id]
        missing = job_table.unwritten.get(job_id)
        if missing or job_table.waits[job_id]:
            after, reason = Status.BLOCKED, Reason.INPUT_NOT_WRITTEN if missing else None
        else:
            after, reason = Status.PENDING, None
        # A resumed job that was BLOCKED may be PENDING now; otherwise its status does not change.
        if job.status is Status.SUBMITTED or (
            job.status is Status.BLOCKED and after is Status.PENDING
        ):
            changes.append(_change(job, after, event.at, reason=reason))
    return Decision(tuple(changes))


def _expanded(job_table: JobTable, event: Expanded) -> Decision:
    changes = []
    for id in event.elements:
        after = Status.BLOCKED if job_table.waits[id] else Status.PENDING
        changes.append(_change(job_table.jobs[id], after, event.at))
    collect = job_table.jobs[event.collect]
    if collect.status is Status.BLOCKED and not job_table.waits[collect.id]:
        changes.append(_change(collect, Status.PENDING, event.at))
    return Decision(tuple(changes))


def _started(job_table: JobTable, event: Started) -> Decision:
    job = job_table.jobs.get(event.job)
    if job is None or job.status is not Status.PENDING:
        return Decision()
    if event.attempt not in (None, job.attempt):
        return Decision()
    reason: str | None = Reason.STARTING if event.starting else None
    if job.attempt > 1:
        # Why there is another attempt is of interest as long as that runs.
        reason = job.reason
    return Decision((_change(job, Status.RUNNING, event.at, reason=reason, worker=event.worker),))


def _up_to_date(job_table: JobTable, event: UpToDate) -> Decision:
    job = job_table.jobs.get(event.job)
    if job is None or job.status is not Status.PENDING:
        return Decision()
    skipped = _change(job, Status.SKIPPED, event.at, reason=Reason.UP_TO_DATE)
    return Decision(_consequences(job_table, {job.id: skipped}, event.at))


def _running(job_table: JobTable, event: Finished | Lost | HandedBack) -> JobRecord | None:
    """The job of the event, if it runs in this attempt now."""
    job = job_table.jobs.get(event.job)
    if job is None or job.status is not Status.RUNNING or job.attempt != event.attempt:
        return None
    return job


def _finished(job_table: JobTable, event: Finished) -> Decision:
    job = _running(job_table, event)
    if job is None:
        return Decision()
    if event.failure is None:
        after, reason = Status.COMPLETED, None
    elif job.id in job_table.stopping:
        after, reason = Status.CANCELED, job_table.stopping[job.id]
    elif event.failure.kind in RETRIABLE and job.attempt <= event.retries and not event.final:
        attempt = job.attempt + 1
        again = _change(job, Status.PENDING, event.at, reason=Reason.RETRIED, attempt=attempt)
        return Decision((again,))
    else:
        after, reason = Status.FAILED, event.failure.kind
    ended = _change(
        job,
        after,
        event.at,
        reason=reason,
        failure=event.failure if after is Status.FAILED else None,
        duration=event.duration,
        peak_memory=event.peak_memory,
        cpu_seconds=event.cpu_seconds,
    )
    return _ended(job_table, ended)


def _lost(job_table: JobTable, event: Lost) -> Decision:
    job = _running(job_table, event)
    if job is None:
        return Decision()
    if job.id in job_table.stopping:
        return _stopped(job_table, job, event.at)
    if job.attempt < event.max_attempts:
        again = _change(
            job,
            Status.PENDING,
            event.at,
            reason=Reason.WORKER_LOST,
            worker=job.worker,
            attempt=job.attempt + 1,
        )
        return Decision((again,))
    failure = Failure(
        kind=Reason.QUARANTINED,
        message=f"lost with its process in attempt {job.attempt}, on {job.worker}, and "
        f"max_attempts is {event.max_attempts}; it is not tried again"
        f"{event.story and f' ({event.story})'}",
    )
    return _ended(
        job_table,
        _change(job, Status.FAILED, event.at, reason=Reason.QUARANTINED, failure=failure),
    )


def _handed_back(job_table: JobTable, event: HandedBack) -> Decision:
    job = _running(job_table, event)
    if job is None:
        return Decision()
    if job.id in job_table.stopping:
        return _stopped(job_table, job, event.at)
    return Decision((_change(job, Status.PENDING, event.at, reason=Reason.HANDED_BACK),))


def _stopped(job_table: JobTable, job: JobRecord, at: float) -> Decision:
    reason = job_table.stopping[job.id]
    return _ended(job_table, _change(job, Status.CANCELED, at, reason=reason))


def _defer(job_table: JobTable, event: Deferred) -> Decision:
    # The job still waits; only its order is no longer in the queue.
    return Decision()


def _process_starts(job_table: JobTable, event: Starting | Begun) -> Decision:
    # The job runs as before: `JobTable.note_start` notes the time.
    return Decision()


def _cancel_requested(job_table: JobTable, event: CancelRequested) -> Decision:
    ends: dict[str, Change] = {}
    stops = []
    for job_id in event.jobs:
        job = job_table.jobs.get(job_id)
        if job is None:
            continue
        if job.status in WAITING:
            ends[job_id] = _change(job, Status.CANCELED, event.at, reason=event.reason)
        elif job.status is Status.RUNNING and event.stop_running:
            stops.append(Stop(job=job_id, reason=event.reason))
    _abandon_followers(job_table, ends, event.at, Reason.UPSTREAM_CANCELED)
    return Decision(_consequences(job_table, ends, event.at), tuple(stops))


def _written(job_table: JobTable, event: Written) -> Decision:
    changes = []
    for job_id in {j for node in event.nodes for j in job_table.awaiting.get(node, ())}:
        job = job_table.jobs[job_id]
        if (
            job.status is Status.BLOCKED
            and not job_table.waits[job_id]
            and job_table.unwritten[job_id] <= event.nodes
        ):
            changes.append(_change(job, Status.PENDING, event.at))
    changes.sort(key=lambda change: job_table.jobs[change.job].position)
    return Decision(tuple(changes))


def _ended(job_table: JobTable, ended: Change) -> Decision:
    """A running job reached a final status: the jobs that wait for it start, or are abandoned."""
    ends = {ended.job: ended}
    if ended.after is Status.FAILED:
        _abandon_followers(job_table, ends, ended.at, Reason.UPSTREAM_FAILED)
        submission = job_table.submissions[job_table.jobs[ended.job].submission]
        if submission.fail_fast:
            for job_id in _with_its_group(job_table, submission):
                job = job_table.jobs[job_id]
                if job_id not in ends and job.status in WAITING:
                    ends[job_id] = _change(job, Status.CANCELED, ended.at, reason=Reason.FAIL_FAST)
    elif ended.after is Status.CANCELED:
        _abandon_followers(job_table, ends, ended.at, Reason.UPSTREAM_CANCELED)
    return Decision(_consequences(job_table, ends, ended.at))


def _consequences(job_table: JobTable, ends: dict[str, Change], at: float) -> tuple[Change, ...]:
    """These ends, those of the copies of jobs that are done, and the jobs that can start now."""
    changes = list(ends.values())
    for ended in changes.copy():
        if ended.after not in DONE:
            continue
        for copy in job_table.waiting_copies(ended.job):
            if copy not in ends:
                # Taipy has no step from BLOCKED to SKIPPED.
                ready = _change(job_table.jobs[copy], Status.PENDING, at)
                ends[copy] = ready._replace(
                    before=Status.PENDING, after=Status.SKIPPED, reason=Reason.UP_TO_DATE
                )
                changes += (ready, ends[copy])
    return (*changes, *_released(job_table, ends, at))


def _with_its_group(job_table: JobTable, submission: SubmissionRecord) -> Iterator[str]:
    """The jobs of a submission, and those of the other combinations of its sweep."""
    yield from submission.jobs
    group = submission.group
    if group is not None:
        for other in job_table.submissions.values():
            if other is not submission and other.group == group:
                yield from other.jobs


def _abandon_followers(
    job_table: JobTable, ends: dict[str, Change], at: float, reason: Reason
) -> None:
    """Add to `ends` every waiting job that reads what a job in `ends` will never write.

    After a failure also the copies: they would fail in the same way.
    """
    walk = list(ends)
    while walk:
        ended = walk.pop()
        copies = job_table.waiting_copies(ended) if reason is Reason.UPSTREAM_FAILED else ()
        for follower in (*job_table.followers[ended], *copies):
            job = job_table.jobs[follower]
            if follower not in ends and job.status in WAITING:
                # Taipy has no step from PENDING to ABANDONED. A follower of an unfinished job
                # is never PENDING, because it waits for that job.
                ends[follower] = _change(job, Status.ABANDONED, at, reason=reason)
                walk.append(follower)


def _released(job_table: JobTable, ends: dict[str, Change], at: float) -> Iterable[Change]:
    """The blocked jobs that wait for nothing else once the jobs in `ends` have ended."""
    written_by = [job_id for job_id, change in ends.items() if change.after in DONE]
    written = {node for job_id in written_by for node in job_table.jobs[job_id].outputs}
    heirs = _heirs(job_table, ends)
    candidates: dict[str, None] = {}
    for job_id in ends:
        candidates.update(dict.fromkeys(job_table.followers[job_id]))
        candidates.update(dict.fromkeys(job_table.behind[job_id]))
    candidates.update(dict.fromkeys(heirs.values()))
    if job_table.awaiting:
        for node in written:
            candidates.update(dict.fromkeys(job_table.awaiting.get(node, ())))
    for job_id in candidates:
        job = job_table.jobs.get(job_id)
        if job is None or job.status is not Status.BLOCKED or job_id in ends:
            continue
        waits = job_table.waits[job_id]
        if (
            len(waits) == sum(other in waits for other in ends)
            and job_table.unwritten[job_id] <= written
            and not _waits_for_heir(job_table, job_id, ends, heirs)
        ):
            yield _change(job, Status.PENDING, at)


def _heirs(job_table: JobTable, ends: dict[str, Change]) -> dict[str, str]:
    """Canceled job -> the copy that takes its place."""
    heirs = {}
    for job_id, change in ends.items():
        if change.after not in DONE and job_id in job_table.copies:
            left = [copy for copy in job_table.waiting_copies(job_id) if copy not in ends]
            if left:
                heirs[job_id] = left[0]
    return heirs


def _waits_for_heir(
    job_table: JobTable, job_id: str, ends: dict[str, Change], heirs: dict[str, str]
) -> bool:
    """Whether a job waits for a copy that takes over, or, as such a copy, for other jobs."""
    for original, heir in heirs.items():
        if job_id == heir:
            if not job_table.takes_over_waits(original, heir) <= ends.keys():
                return True
        elif original in job_table.waits[job_id]:
            return True
    return False


def _change(
    job: JobRecord,
    after: Status,
    at: float,
    *,
    reason: str | None = None,
    worker: str | None = None,
    failure: Failure | None = None,
    duration: float | None = None,
    peak_memory: int | None = None,
    cpu_seconds: float | None = None,
    attempt: int | None = None,
) -> Change:
    return Change(
        job=job.id,
        before=job.status,
        after=after,
        at=at,
        attempt=job.attempt if attempt is None else attempt,
        reason=reason,
        worker=worker,
        failure=failure,
        duration=duration,
        peak_memory=peak_memory,
        cpu_seconds=cpu_seconds,
    )


_RULES: dict[type, Callable[..., Decision]] = {
    Admitted: _admitted,
    Expanded: _expanded,
    Started: _started,
    Starting: _process_starts,
    Begun: _process_starts,
    UpToDate: _up_to_date,
    Finished: _finished,
    Lost: _lost,
    HandedBack: _handed_back,
    Deferred: _defer,
    CancelRequested: _cancel_requested,
    Written: _written,
}
