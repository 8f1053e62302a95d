"""`decide(board, event) -> Decision`: the one place where a job's next status is chosen.

Pure: it reads the board and changes nothing; `Board.apply` applies the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from taipy_exec.model.board import Board
from taipy_exec.model.event import (
    Admitted,
    Begun,
    CancelRequested,
    Change,
    Decision,
    Event,
    Expanded,
    Finished,
    HandedBack,
    Lost,
    PutOff,
    Started,
    Starting,
    Stop,
    UpToDate,
    Written,
)
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE, RETRIABLE, WAITING, Reason, Status


def decide(board: Board, event: Event) -> Decision:
    """The consequences of `event`, given the state of the board.

    An event that comes too late (an older attempt, a job that has ended) changes nothing.
    """
    return _RULES[type(event)](board, event)


def _admitted(board: Board, event: Admitted) -> Decision:
    changes = []
    for job_id in board.submissions[event.submission].jobs:
        job = board.jobs[job_id]
        missing = board.unwritten.get(job_id)
        if missing or board.waits[job_id]:
            after, reason = Status.BLOCKED, Reason.INPUT_NOT_WRITTEN if missing else None
        else:
            after, reason = Status.PENDING, None
        # A resumed job that was BLOCKED may be PENDING now; otherwise its status does not change.
        if job.status is Status.SUBMITTED or (
            job.status is Status.BLOCKED and after is Status.PENDING
        ):
            changes.append(_change(job, after, event.at, reason=reason))
    return Decision(tuple(changes))


def _expanded(board: Board, event: Expanded) -> Decision:
    changes = []
    for id in event.elements:
        after = Status.BLOCKED if board.waits[id] else Status.PENDING
        changes.append(_change(board.jobs[id], after, event.at))
    collect = board.jobs[event.collect]
    if collect.status is Status.BLOCKED and not board.waits[collect.id]:
        changes.append(_change(collect, Status.PENDING, event.at))
    return Decision(tuple(changes))


def _started(board: Board, event: Started) -> Decision:
    job = board.jobs.get(event.job)
    if job is None or job.status is not Status.PENDING:
        return Decision()
    if event.attempt not in (None, job.attempt):
        return Decision()
    reason: str | None = Reason.STARTING if event.starting else None
    if job.attempt > 1:
        # Why there is another attempt is of interest as long as that runs.
        reason = job.reason
    return Decision((_change(job, Status.RUNNING, event.at, reason=reason, worker=event.worker),))


def _up_to_date(board: Board, event: UpToDate) -> Decision:
    job = board.jobs.get(event.job)
    if job is None or job.status is not Status.PENDING:
        return Decision()
    skipped = _change(job, Status.SKIPPED, event.at, reason=Reason.UP_TO_DATE)
    return Decision(_consequences(board, {job.id: skipped}, event.at))


def _finished(board: Board, event: Finished) -> Decision:
    job = board.jobs.get(event.job)
    if job is None or job.status is not Status.RUNNING or job.attempt != event.attempt:
        return Decision()
    if event.failure is None:
        after, reason = Status.COMPLETED, None
    elif job.id in board.stopping:
        after, reason = Status.CANCELED, board.stopping[job.id]
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
    return _ended(board, ended)


def _lost(board: Board, event: Lost) -> Decision:
    job = board.jobs.get(event.job)
    if job is None or job.status is not Status.RUNNING or job.attempt != event.attempt:
        return Decision()
    if job.id in board.stopping:
        return _ended(board, _change(job, Status.CANCELED, event.at, reason=board.stopping[job.id]))
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
        board,
        _change(job, Status.FAILED, event.at, reason=Reason.QUARANTINED, failure=failure),
    )


def _handed_back(board: Board, event: HandedBack) -> Decision:
    job = board.jobs.get(event.job)
    if job is None or job.status is not Status.RUNNING or job.attempt != event.attempt:
        return Decision()
    if job.id in board.stopping:
        return _ended(board, _change(job, Status.CANCELED, event.at, reason=board.stopping[job.id]))
    return Decision((_change(job, Status.PENDING, event.at, reason=Reason.HANDED_BACK),))


def _put_off(board: Board, event: PutOff) -> Decision:
    # The job still waits; only its order is no longer in the queue.
    return Decision()


def _process_starts(board: Board, event: Starting | Begun) -> Decision:
    # The job runs as before: `Board.note_start` notes the time.
    return Decision()


def _cancel_requested(board: Board, event: CancelRequested) -> Decision:
    ends: dict[str, Change] = {}
    stops = []
    for job_id in event.jobs:
        job = board.jobs.get(job_id)
        if job is None:
            continue
        if job.status in WAITING:
            ends[job_id] = _change(job, Status.CANCELED, event.at, reason=event.reason)
        elif job.status is Status.RUNNING and event.stop_running:
            stops.append(Stop(job=job_id, reason=event.reason))
    _abandon_followers(board, ends, event.at, Reason.UPSTREAM_CANCELED)
    return Decision(_consequences(board, ends, event.at), tuple(stops))


def _written(board: Board, event: Written) -> Decision:
    changes = []
    for job_id in {j for node in event.nodes for j in board.awaiting.get(node, ())}:
        job = board.jobs[job_id]
        if (
            job.status is Status.BLOCKED
            and not board.waits[job_id]
            and board.unwritten[job_id] <= event.nodes
        ):
            changes.append(_change(job, Status.PENDING, event.at))
    changes.sort(key=lambda change: board.jobs[change.job].position)
    return Decision(tuple(changes))


def _ended(board: Board, ended: Change) -> Decision:
    """A running job reached a final status: the jobs that wait for it start, or are abandoned."""
    ends = {ended.job: ended}
    if ended.after is Status.FAILED:
        _abandon_followers(board, ends, ended.at, Reason.UPSTREAM_FAILED)
        submission = board.submissions[board.jobs[ended.job].submission]
        if submission.fail_fast:
            for job_id in _with_its_group(board, submission):
                job = board.jobs[job_id]
                if job_id not in ends and job.status in WAITING:
                    ends[job_id] = _change(job, Status.CANCELED, ended.at, reason=Reason.FAIL_FAST)
    elif ended.after is Status.CANCELED:
        _abandon_followers(board, ends, ended.at, Reason.UPSTREAM_CANCELED)
    return Decision(_consequences(board, ends, ended.at))


def _consequences(board: Board, ends: dict[str, Change], at: float) -> tuple[Change, ...]:
    """These ends, those of the copies of jobs that are done, and the jobs that can start now."""
    changes = list(ends.values())
    for ended in changes.copy():
        if ended.after not in DONE:
            continue
        for copy in board.waiting_copies(ended.job):
            if copy not in ends:
                # Taipy has no step from BLOCKED to SKIPPED.
                ready = _change(board.jobs[copy], Status.PENDING, at)
                ends[copy] = ready._replace(
                    before=Status.PENDING, after=Status.SKIPPED, reason=Reason.UP_TO_DATE
                )
                changes += (ready, ends[copy])
    return (*changes, *_released(board, ends, at))


def _with_its_group(board: Board, submission: SubmissionRecord) -> Iterator[str]:
    """The jobs of a submission, and those of the other combinations of its sweep."""
    yield from submission.jobs
    group = submission.group
    if group is not None:
        for other in board.submissions.values():
            if other is not submission and other.group == group:
                yield from other.jobs


def _abandon_followers(board: Board, ends: dict[str, Change], at: float, reason: Reason) -> None:
    """Add to `ends` every waiting job that reads what a job in `ends` will never write.

    After a failure also the copies: they would fail in the same way.
    """
    walk = list(ends)
    while walk:
        ended = walk.pop()
        copies = board.waiting_copies(ended) if reason is Reason.UPSTREAM_FAILED else ()
        for follower in (*board.followers[ended], *copies):
            job = board.jobs[follower]
            if follower not in ends and job.status in WAITING:
                # Taipy has no step from PENDING to ABANDONED. A follower of an unfinished job
                # is never PENDING, because it waits for that job.
                ends[follower] = _change(job, Status.ABANDONED, at, reason=reason)
                walk.append(follower)


def _released(board: Board, ends: dict[str, Change], at: float) -> Iterable[Change]:
    """The blocked jobs that wait for nothing else once the jobs in `ends` have ended."""
    written_by = [job_id for job_id, change in ends.items() if change.after in DONE]
    written = {node for job_id in written_by for node in board.jobs[job_id].outputs}
    heirs = _heirs(board, ends)
    candidates: dict[str, None] = {}
    for job_id in ends:
        candidates.update(dict.fromkeys(board.followers[job_id]))
        candidates.update(dict.fromkeys(board.behind[job_id]))
    candidates.update(dict.fromkeys(heirs.values()))
    if board.awaiting:
        for node in written:
            candidates.update(dict.fromkeys(board.awaiting.get(node, ())))
    for job_id in candidates:
        job = board.jobs.get(job_id)
        if job is None or job.status is not Status.BLOCKED or job_id in ends:
            continue
        waits = board.waits[job_id]
        if (
            len(waits) == sum(other in waits for other in ends)
            and board.unwritten[job_id] <= written
            and not _waits_for_heir(board, job_id, ends, heirs)
        ):
            yield _change(job, Status.PENDING, at)


def _heirs(board: Board, ends: dict[str, Change]) -> dict[str, str]:
    """Canceled job -> the copy that takes its place."""
    heirs = {}
    for job_id, change in ends.items():
        if change.after not in DONE and job_id in board.copies:
            left = [copy for copy in board.waiting_copies(job_id) if copy not in ends]
            if left:
                heirs[job_id] = left[0]
    return heirs


def _waits_for_heir(
    board: Board, job_id: str, ends: dict[str, Change], heirs: dict[str, str]
) -> bool:
    """Whether a job waits for a copy that takes over, or, as such a copy, for other jobs."""
    for original, heir in heirs.items():
        if job_id == heir:
            if not board.takes_over_waits(original, heir) <= ends.keys():
                return True
        elif original in board.waits[job_id]:
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
    PutOff: _put_off,
    CancelRequested: _cancel_requested,
    Written: _written,
}
