"""The next job to start: out of ready, retried and paused jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from taipy_exec.config.mapped import whole_name
from taipy_exec.config.run_options import RunOptions
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.pools import Pools
from taipy_exec.engine.ready_queue import Ready, ReadyQueue
from taipy_exec.engine.retry_queue import RetryQueue
from taipy_exec.model.event import Finished
from taipy_exec.model.job import JobRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import Status

Urgency = Callable[[SubmissionPlan], Mapping[str, float]]


class Scheduler:
    """The waiting jobs of all submissions of a coordinator, ordered by their tasks' options.

    `urgency` maps each task to the seconds of work that depend on it, as far as they are known.
    """

    def __init__(self, job_table: JobTable, pools: Pools, urgency: Urgency) -> None:
        self._job_table = job_table
        self._pools = pools
        self._measure = urgency
        self._ready = ReadyQueue(pools)
        self._retries = RetryQueue()
        self._plans: dict[str, tuple[SubmissionPlan, Mapping[str, float]]] = {}

    def attend(self, plan: SubmissionPlan) -> None:
        """Add a submission whose jobs are on the job table."""
        self._plans[plan.record.id] = plan, self._measure(plan)
        if plan.record.paused:
            self._ready.pause(plan.record.id)
        for job in plan.jobs:
            pool = self.options(job).pool
            if job.status is Status.PENDING:
                self.add(job)
            elif job.status is Status.RUNNING and pool is not None:
                # The job runs already, even if its pool has no free place.
                self._pools.enter(pool, job.id)

    def forget(self, submission: str) -> None:
        """Drop a submission that has ended."""
        self._plans.pop(submission, None)
        self._ready.forget(submission)

    def options(self, job: JobRecord) -> RunOptions:
        """The run options of the job's task."""
        return self._plans[job.submission][0].tasks[job.task].run_options

    def with_retries(self, event: Finished) -> Finished:
        """The event, with the retry options of the job's task if the job failed."""
        job = self._job_table.jobs.get(event.job)
        if job is None or event.failure is None:
            return event
        options = self.options(job)
        if options.retry_on and event.failure.type is None:
            # There was no exception that the job's process could compare.
            event = event._replace(final=event.failure.kind not in options.retry_on)
        return event._replace(retries=options.retries)

    # -- waiting --------------------------------------------------------------------------

    def add(self, job: JobRecord) -> None:
        """Let the job start from now on."""
        plan, urgency = self._plans[job.submission]
        options = plan.tasks[job.task].run_options
        self._ready.add(
            job.id,
            job.submission,
            priority=options.priority,
            urgency=urgency.get(whole_name(job.task), 0.0) if urgency else 0.0,
            pool=options.pool,
        )

    def add_later(self, job: JobRecord, attempt: int) -> float:
        """Retry a failed job as this attempt, and return the seconds that it waits first."""
        delay = self.options(job).retry_delay
        return self._retries.add(job.id, attempt, delay, time.monotonic())

    def seconds_to_retry(self) -> float:
        """Seconds until the next failed job may start again."""
        return self._retries.seconds_left(time.monotonic())

    def pause(self, submission: str, *, paused: bool) -> None:
        """Start no jobs of a submission, or let them start again."""
        if paused:
            self._ready.pause(submission)
        else:
            self._ready.go_on(submission)

    # -- starting -------------------------------------------------------------------------

    def next(self) -> tuple[Ready, JobRecord] | None:
        """The next job, with its place in its pool; None if no job may start."""
        for id in self._retries.take_due(time.monotonic()):
            job = self._job_table.jobs.get(id)
            if job is not None and job.status is Status.PENDING:
                self.add(job)
        while (ready := self._ready.take()) is not None:
            job = self._job_table.jobs.get(ready.job)
            if job is not None and job.status is Status.PENDING:
                return ready, job
            self._pools.leave(ready.job)
        return None

    def put_back(self, ready: Ready) -> None:
        """Put a job back for which no worker was free."""
        self._ready.put_back(ready)

    def come_back(self, id: str, attempt: int) -> None:
        """Put back a job that did not begin. Other jobs of its pool may start before it."""
        job = self._job_table.jobs.get(id)
        if job is not None and job.status is Status.PENDING and job.attempt == attempt:
            self._pools.leave(id)
            self.add(job)

    def leave(self, job: str) -> None:
        """Free the place in its pool of a job that has ended."""
        self._pools.leave(job)
