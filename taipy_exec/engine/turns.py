"""Whose turn it is to start: of jobs that are ready, tried again, or paused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from taipy_exec.config.mapped import whole_name
from taipy_exec.config.run_options import RunOptions
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.pools import Pools
from taipy_exec.engine.ready_jobs import Ready, ReadyJobs
from taipy_exec.engine.retry_queue import RetryQueue
from taipy_exec.model.board import Board
from taipy_exec.model.event import Finished
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status

Urgency = Callable[[SubmissionPlan], Mapping[str, float]]


class Turns:
    """The waiting jobs of all submissions of a coordinator, by what their tasks say of it.

    `urgency` tells for each task how many seconds of work depend on it, as far as that is known.
    """

    def __init__(self, board: Board, pools: Pools, urgency: Urgency) -> None:
        self._board = board
        self._pools = pools
        self._measure = urgency
        self._ready = ReadyJobs(pools)
        self._retries = RetryQueue()
        self._plans: dict[str, tuple[SubmissionPlan, Mapping[str, float]]] = {}

    def attend(self, plan: SubmissionPlan) -> None:
        """Take a submission whose jobs are on the board."""
        self._plans[plan.record.id] = plan, self._measure(plan)
        if plan.record.paused:
            self._ready.pause(plan.record.id)
        for job in plan.jobs:
            pool = self.options(job).pool
            if job.status is Status.PENDING:
                self.add(job)
            elif job.status is Status.RUNNING and pool is not None:
                # It runs already, whether there is a place for it or not.
                self._pools.enter(pool, job.id)

    def forget(self, submission: str) -> None:
        """Drop a submission that has ended."""
        self._plans.pop(submission, None)
        self._ready.forget(submission)

    def options(self, job: JobRecord) -> RunOptions:
        """What the job's task says of how it is run."""
        return self._plans[job.submission][0].tasks[job.task].run_options

    def with_retries(self, event: Finished) -> Finished:
        """The event with what the job's task says of retries, where it failed."""
        job = self._board.jobs.get(event.job)
        if job is None or event.failure is None:
            return event
        options = self.options(job)
        if options.retry_on and event.failure.type is None:
            # There was no exception, and so nobody has compared it.
            event = event._replace(final=event.failure.kind not in options.retry_on)
        return event._replace(retries=options.retries)

    # -- waiting --------------------------------------------------------------------------

    def add(self, job: JobRecord) -> None:
        """It may start from now on."""
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
        """It failed, and may start again as this attempt; the seconds that it waits before."""
        delay = self.options(job).retry_delay
        return self._retries.add(job.id, attempt, delay, time.monotonic())

    def seconds_to_retry(self) -> float:
        """Until the next one that failed may start again."""
        return self._retries.seconds_left(time.monotonic())

    def pause(self, submission: str, *, paused: bool) -> None:
        """Let none of a submission have its turn, or let them again."""
        if paused:
            self._ready.pause(submission)
        else:
            self._ready.go_on(submission)

    # -- starting -------------------------------------------------------------------------

    def next(self) -> tuple[Ready, JobRecord] | None:
        """The job whose turn it is, with its place in its pool; None where none may start."""
        for id in self._retries.take_due(time.monotonic()):
            job = self._board.jobs.get(id)
            if job is not None and job.status is Status.PENDING:
                self.add(job)
        while (ready := self._ready.take()) is not None:
            job = self._board.jobs.get(ready.job)
            if job is not None and job.status is Status.PENDING:
                return ready, job
            self._pools.leave(ready.job)
        return None

    def put_back(self, ready: Ready) -> None:
        """There was no room for it after all."""
        self._ready.put_back(ready)

    def come_back(self, id: str, attempt: int) -> None:
        """It had its turn, and was not begun: others of its pool have theirs until it goes on."""
        job = self._board.jobs.get(id)
        if job is not None and job.status is Status.PENDING and job.attempt == attempt:
            self._pools.leave(id)
            self.add(job)

    def leave(self, job: str) -> None:
        """It runs no more: its place in its pool is free."""
        self._pools.leave(job)
