"""The coordinator takes events, stores decisions, then acts on them. One thread owns it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from taipy_exec.config.mapped import whole_name
from taipy_exec.engine.clock import Clock
from taipy_exec.engine.freshness import Freshness
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.pools import Pools
from taipy_exec.engine.requests import Requests
from taipy_exec.engine.scheduler import Scheduler, Urgency
from taipy_exec.engine.skipping import Skipping
from taipy_exec.errors import BrokerError
from taipy_exec.event_log import EventLog
from taipy_exec.model.decide import decide
from taipy_exec.model.event import (
    Admitted,
    Begun,
    CancelRequested,
    Change,
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
from taipy_exec.model.status import DONE, Reason, Status
from taipy_exec.ports import JobQueue, Runner
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.store.rows import Edit, JobUpdate
from taipy_exec.store.store import Store

log = logging.getLogger("taipy_exec")
journal = EventLog("coordinator")

# How long a request of another process may stay unnoticed, in seconds.
_LISTEN_SECONDS = 0.25

Observer = Callable[[Sequence[Change]], None]


class Coordinator:
    """Runs the submissions that were added to it. Not thread-safe, except for `post`.

    Every step is: decide, store in one transaction, act, notify the observers. So nothing is
    started or shown before it is stored.
    """

    def __init__(
        self,
        store: Store,
        runner: Runner,
        *,
        freshness: Freshness | None = None,
        pools: Pools | None = None,
        urgency: Urgency = lambda plan: {},
        note: Callable[[JobOrder, str], None] = lambda order, text: None,
        grace: float = 5.0,
        identity: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.job_table = JobTable()
        self.freshness = freshness or Freshness(store)
        self.observers: list[Observer] = []
        self.leaving = False
        self._left = False
        self._store = store
        self._runner = runner
        self._queue = runner.queue
        self._is_starting: Callable[[str], bool] = getattr(runner, "is_starting", lambda _: False)
        self._grace = grace
        self._identity = identity
        self.clock = clock or Clock()
        self._plans: dict[str, SubmissionPlan] = {}
        self._scheduler = Scheduler(self.job_table, pools or Pools(store.folder, {}), urgency)
        self._note = note
        self._inbox: deque[Event | Callable[[], None]] = deque()
        self._changes: list[Change] = []
        self._before: dict[str, tuple[Status, int]] = {}
        self._skipping = Skipping(self.freshness)
        self._stops: list[Stop] = []
        self._new: dict[str, JobRecord] = {}
        self._touched: dict[str, SubmissionRecord] = {}
        self._requests = Requests(store)
        self._paused: set[str] = set()

    # -- from any thread ------------------------------------------------------------------

    def post(self, event: Event | Callable[[], None]) -> None:
        """Have the owner's thread handle `event`, or call it. Also from a signal handler."""
        self._inbox.append(event)
        self._runner.wake()

    # -- the owner's thread ---------------------------------------------------------------

    def add(self, *plans: SubmissionPlan) -> None:
        """Take submissions that are in the store already, new or resumed, and start on them.

        Raises BrokerError if their jobs cannot be queued: it takes none of them then, and any
        process may resume them.
        """
        if all(other.finished_at is not None for other in self.job_table.submissions.values()):
            self.clock.set()
        self._plans.update({plan.record.id: plan for plan in plans})
        if self._queue is not None:
            self._attend_all(self._queue, plans)
        for plan in plans:
            self._admit(plan)
        # Requests may have come since the submissions were stored, and none of them was read.
        self._take_requests(anyway=True)

    def _attend_all(self, queue: JobQueue, plans: Sequence[SubmissionPlan]) -> None:
        attended = []
        unfinished = [plan for plan in plans if plan.record.finished_at is None]
        try:
            for plan in unfinished:
                self._attend(queue, plan)
                attended.append(plan)
        except BrokerError:
            for plan in plans:
                del self._plans[plan.record.id]
            for plan in attended:
                # Reports wait for the next coordinator of a resumed one.
                if not _is_resumed(plan):
                    queue.dismiss(plan.record.id)
            for plan in unfinished:
                plan.record.coordinator = None
            self._store.save([], [plan.record for plan in unfinished])
            raise

    def _admit(self, plan: SubmissionPlan) -> None:
        nodes = list(plan.nodes.values())
        self.freshness.load(nodes)
        self._skipping.reuse(self._store, plan)
        unwritten = frozenset(node.key for node in self.freshness.not_ready(plan.input_nodes()))
        self.job_table.admit(
            plan.record, plan.jobs, plan.predecessors, unwritten, plan.unexpanded, plan.copies
        )
        self._touched[plan.record.id] = plan.record
        journal.info(
            "submission-added",
            submission=plan.record.id,
            scenario=plan.record.scenario,
            jobs=len(plan.jobs),
            resumed=_is_resumed(plan),
            coordinator=self._identity,
        )
        self._scheduler.attend(plan)
        if plan.record.paused and plan.record.finished_at is None:
            self._paused.add(plan.record.id)
            _log_paused(plan.record)
        self._handle(Admitted(submission=plan.record.id, at=self.clock()))
        for split in plan.unexpanded.values():
            if (job := self.job_table.jobs[split]).status in DONE:
                self._expand(job)
        self._commit()

    def _attend(self, queue: JobQueue, plan: SubmissionPlan) -> None:
        running = {
            self._order(job): job.worker for job in plan.jobs if job.status is Status.RUNNING
        }
        resumed = _is_resumed(plan)
        queue.attend(plan.record.id, running, resumed=resumed)
        if resumed or plan.record.paused:
            # Workers may have heard the opposite from the previous coordinator.
            queue.pause(plan.record.id, paused=plan.record.paused)

    def lose(self, submission: str, max_attempts: int) -> None:
        """Run the jobs again that ran when the previous coordinator died, or give them up.

        Jobs that workers took from a queue continue, and the queue reports their results.
        """
        if self._queue is not None:
            return
        now = self.clock()
        for job in self._jobs(submission):
            if job.status is Status.RUNNING:
                journal.info("run-lost", job, job=job.id, how="its coordinator died")
                self._handle(
                    Lost(job=job.id, attempt=job.attempt, at=now, max_attempts=max_attempts)
                )
        self._commit()

    def forget(self, submission: str) -> None:
        """Drop a submission that has ended."""
        self.job_table.forget(submission)
        self._skipping.leave(submission)
        self._scheduler.forget(submission)
        self._paused.discard(submission)
        self._plans.pop(submission, None)

    def has_work(self) -> bool:
        """Whether a job runs or could run now. If not, every unfinished job waits for data."""
        if self._left:
            return False
        return bool(self._inbox) or any(
            s.counts.get(Status.RUNNING) or (s.counts.get(Status.PENDING) and not self.leaving)
            for s in self.job_table.submissions.values()
        )

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until there is no work or `until` holds."""
        while self.has_work() and not until():
            self.step(None)

    def step(self, timeout: float | None) -> None:
        """Wait for something to happen, at most `timeout` seconds, and deal with all of it."""
        self._dispatch()
        wait = _LISTEN_SECONDS if timeout is None else min(timeout, _LISTEN_SECONDS)
        wait = min(wait, self._scheduler.seconds_to_retry())
        reports = self._runner.poll(0 if self._inbox else wait)
        self._take_requests()
        # The inbox comes first: a requested cancel is the reason why a stopped job ended.
        while self._inbox:
            item = self._inbox.popleft()
            if callable(item):
                item()
            else:
                self._handle(item)
        for report in reports:
            event = report.as_event() if isinstance(report, JobReport) else report
            # Other processes have other clocks, and those may jump.
            self._handle(event._replace(at=self.clock()))
        self._dispatch()

    def _take_requests(self, *, anyway: bool = False) -> None:
        asked = self._requests.take(self._plans, anyway=anyway)
        if asked is None:
            return
        for submission, job in asked.cancels:
            record = self.job_table.submissions.get(submission)
            if record is not None:
                self.cancel([job] if job else record.jobs, Reason.CANCELED)
        changed = asked.paused ^ self._paused
        for record in (self.job_table.submissions.get(id) for id in sorted(changed)):
            if record is not None and record.finished_at is None:
                self._pause(record, paused=not record.paused)

    def _pause(self, record: SubmissionRecord, *, paused: bool) -> None:
        """Start no more jobs of a submission, or start them again. Running jobs continue."""
        record.paused = paused
        (self._paused.add if paused else self._paused.discard)(record.id)
        self._scheduler.pause(record.id, paused=paused)
        if self._queue is not None:
            self._queue.pause(record.id, paused=paused)
        _log_paused(record)

    def cancel(self, jobs: Iterable[str], reason: str, *, stop_running: bool = True) -> None:
        """Cancel waiting jobs, and stop running ones. A mapped task's elements go with it."""
        known = [self.job_table.jobs[id] for id in jobs if id in self.job_table.jobs]
        parts = (part.id for job in known for part in self._plans[job.submission].with_parts(job))
        wanted = tuple(dict.fromkeys(parts))
        journal.info("cancel-requested", jobs=len(wanted), reason=reason, stop=stop_running)
        self._handle(
            CancelRequested(jobs=wanted, reason=reason, at=self.clock(), stop_running=stop_running)
        )
        self._commit()

    def abort(self, reason: str) -> None:
        """Cancel all unfinished jobs: the thread that ran a job was interrupted."""
        now = self.clock()
        unfinished = [j for j in self.job_table.jobs.values() if not j.status.is_final]
        running = [j for j in unfinished if j.status is Status.RUNNING]
        self._handle(CancelRequested(jobs=tuple(j.id for j in unfinished), reason=reason, at=now))
        failure = Failure(kind=reason, message="interrupted")
        for job in running:
            self._handle(Finished(job=job.id, attempt=job.attempt, at=now, failure=failure))
        self._stops.clear()
        self._commit()

    def leave(self) -> None:
        """Start no more jobs. Running jobs end by themselves."""
        self.leaving = True

    def stay(self) -> None:
        """Undo `leave`: start jobs again."""
        self.leaving = False

    def release(self) -> None:
        """Give up the unfinished submissions, so that any process may resume them."""
        left = [s for s in self.job_table.submissions.values() if s.finished_at is None]
        for record in left:
            journal.info("submission-released", submission=record.id)
            record.coordinator = None
        if left:
            self._store.save([], left, by=self._identity)

    def hand_back(self) -> None:
        """Leave. Jobs that run here are stopped, and wait for their start again."""
        self.leaving = True
        journal.info("coordinator-leaving", jobs_go_on=self._queue is not None)
        if self._queue is not None:
            # Workers continue without this process. The next coordinator gets their results.
            self._left = True
            return
        running = [j for j in self.job_table.jobs.values() if j.status is Status.RUNNING]
        for job in running:
            self._handle(HandedBack(job=job.id, attempt=job.attempt, at=self.clock()))
        self._commit()

    def written(self, keys: Iterable[str], edits: Sequence[Edit]) -> None:
        """Note that a user or a program wrote data nodes, not a job. The edits are stored."""
        for edit in edits:
            self.freshness.note(edit)
        self._handle(Written(nodes=frozenset(keys), at=self.clock()))
        self.job_table.mark_written(keys)
        self._commit()

    # -- decide, store, act ---------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        if isinstance(event, Finished):
            event = self._scheduler.with_retries(event)
        elif isinstance(event, Deferred):
            self._scheduler.come_back(event.job, event.attempt)
        elif isinstance(event, Starting | Begun) and (job := self.job_table.note_start(event)):
            self._before.setdefault(job.id, (job.status, job.attempt))
        decision = decide(self.job_table, event)
        for change in decision.changes:
            job = self.job_table.jobs[change.job]
            self._before.setdefault(change.job, (job.status, job.attempt))
            if change.after is Status.COMPLETED:
                source = event.source if isinstance(event, Finished) else None
                plan = self._plans[job.submission]
                self._skipping.note_outputs(plan, job, time.time(), source)
            elif change.reason == Reason.RETRIED and isinstance(event, Finished):
                self._try_again(job, event, change.attempt)
            elif change.after is Status.PENDING:
                self._scheduler.add(job)
            if change.after.is_final:
                self._skipping.forget(change.job)
            if change.after.is_final or change.before is Status.RUNNING:
                self._scheduler.leave(change.job)
        self.job_table.apply(decision.changes, decision.stops)
        self._changes += decision.changes
        self._stops += decision.stops
        for change in decision.changes:
            if change.after in DONE:
                self._expand(self.job_table.jobs[change.job])
        for split in self.job_table.take_due_expansions():
            self._expand(self.job_table.jobs[split])

    def _expand(self, split: JobRecord) -> None:
        """Add a job for each element of a mapped task, if `split` has counted the elements."""
        plan = self._plans[split.submission]
        if plan.mapped is None or not plan.mapped.is_split(split.task):
            return
        collect = next(j for j in plan.jobs if j.task == whole_name(split.task))
        if collect.status.is_final or self.job_table.is_copy(collect.id):
            return  # of a copy, another combination of a sweep has the jobs of the elements
        now = self.clock()
        made = plan.mapped.expand(plan.jobs, split, now)
        self.freshness.load(plan.mapped.inputs(collect.task))
        self.job_table.expand(collect.id, made)
        self._new.update({job.id: job for job in made})
        self._handle(Expanded(collect=collect.id, elements=tuple(job.id for job in made), at=now))

    def _try_again(self, job: JobRecord, event: Finished, attempt: int) -> None:
        """Retry a failed job after a delay, and note the failure in its log."""
        delay = self._scheduler.add_later(job, attempt)
        assert event.failure is not None
        what = event.failure.summary
        journal.info("retry-planned", job, job=job.id, attempt=attempt, delay=delay, failure=what)
        text = f"attempt {event.attempt} failed, the next one follows in {delay:.1f} s ({what})"
        self._note(self._order(job), text)

    def _dispatch(self) -> None:
        """Give ready jobs to free workers: store that they run, and only then start them."""
        if self._queue is not None:
            self._enqueue(self._queue)
            return
        starts: list[tuple[JobRecord, str]] = []
        free = 0 if self.leaving else self._runner.free()
        while free > len(starts) and (found := self._scheduler.next()):
            ready, job = found
            if self._is_up_to_date(job):
                self._handle(UpToDate(job=job.id, at=self.clock()))
                continue
            worker = self._runner.reserve()
            if worker is None:
                self._scheduler.put_back(ready)
                break
            starting = self._is_starting(worker)
            self._handle(Started(job.id, worker, self.clock(), starting=starting))
            starts.append((job, worker))
        self._commit()
        for job, worker in starts:
            self._runner.start(self._order(job), worker)

    def _enqueue(self, queue: JobQueue) -> None:
        """Give ready jobs to the queue, after the store has them as ready."""
        orders = []
        while not self.leaving and (found := self._scheduler.next()):
            job = found[1]
            if self._is_up_to_date(job):
                self._handle(UpToDate(job=job.id, at=self.clock()))
            else:
                orders.append(job)
        self._commit()
        queue.enqueue([self._order(job) for job in orders if job.status is Status.PENDING])

    def _is_up_to_date(self, job: JobRecord) -> bool:
        return self._skipping.may_skip(self._plans[job.submission], job, time.time())

    def _order(self, job: JobRecord) -> JobOrder:
        plan = self._plans[job.submission]
        return JobOrder(
            job=job.id,
            task=job.task,
            attempt=job.attempt,
            submission=job.submission,
            instance=plan.owner.instance,
            cycle=plan.owner.cycle,
            entity=job.entity,
            element=plan.mapped.digest_of_element(job.task) if plan.mapped else "",
        )

    def _commit(self) -> None:
        """Store all decisions since the last commit, then stop jobs and notify the observers."""
        if not (self._changes or self._before or self._touched or self._stops):
            return
        changes, self._changes = self._changes, []
        before, self._before = self._before, {}
        writes = self._skipping.take()
        stops, self._stops = self._stops, []
        new, self._new = self._new, {}
        touched, self._touched = self._touched, {}
        for change in changes:
            record = self.job_table.submissions[self.job_table.jobs[change.job].submission]
            touched[record.id] = record
        moved = [s for s in touched.values() if self._submission_moved(s)]
        updates = [
            JobUpdate(job=self.job_table.jobs[id], expected=status, expected_attempt=attempt)
            for id, (status, attempt) in before.items()
            if id not in new
        ]
        if self._queue is not None:
            self._revoke(self._queue, changes)
        if updates or moved or any(writes):
            self._store.save(
                updates, moved, writes.edits, writes.contents, new.values(), by=self._identity
            )
        self._log_stored(changes, moved)
        for record in moved:
            record.stored_status = record.status
            record.end_is_stored = record.finished_at is not None
        for stop in stops:
            self._runner.stop(stop.job, self._grace)
        for observer in self.observers:
            observer(changes)
        if self._queue is not None:
            for record in moved:
                if record.finished_at is not None:
                    self._queue.dismiss(record.id)

    def _log_stored(self, changes: Sequence[Change], moved: Sequence[SubmissionRecord]) -> None:
        for change in changes if journal.is_on else ():
            job = self.job_table.jobs[change.job]
            runs = Status.RUNNING in (change.before, change.after)
            journal.debug(
                "status-changed",
                submission=job.submission,
                job=job.id,
                attempt=change.attempt,
                task=job.task,
                worker=job.worker if runs else None,
                before=change.before,
                after=change.after,
                reason=change.reason,
            )
        for record in moved:
            if record.finished_at is not None:
                journal.info("submission-ended", submission=record.id, status=record.status)

    def _revoke(self, queue: JobQueue, changes: Sequence[Change]) -> None:
        """Take canceled jobs off the queue: no worker may take a job that counts as canceled."""
        jobs: dict[str, list[str]] = {}
        for change in changes:
            if change.before is Status.PENDING and change.after is Status.CANCELED:
                jobs.setdefault(self.job_table.jobs[change.job].submission, []).append(change.job)
        for submission, revoked in jobs.items():
            queue.revoke(submission, revoked)

    def _submission_moved(self, record: SubmissionRecord) -> bool:
        if record.unfinished == 0 and record.finished_at is None:
            record.finished_at = self.clock()
            return True
        return record.status is not record.stored_status

    def _jobs(self, submission: str) -> list[JobRecord]:
        return [self.job_table.jobs[id] for id in self.job_table.submissions[submission].jobs]


def _is_resumed(plan: SubmissionPlan) -> bool:
    return any(job.status is not Status.SUBMITTED for job in plan.jobs)


def _log_paused(record: SubmissionRecord) -> None:
    id = record.short_id
    if record.paused:
        journal.info("submission-paused", submission=record.id)
        log.warning("%s is paused. Continue it: taipy-exec continue %s", id, id)
    else:
        journal.info("submission-continued", submission=record.id)
        log.warning("%s continues", id)
