"""The thread that runs the jobs of a Taipy program, in place of Taipy's own dispatcher."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures.thread import _threads_queues as _pool_threads
from functools import partial
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig
from taipy_exec.engine.admission import supersede
from taipy_exec.engine.driving_thread import DrivingThread
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.errors import BrokerError, NotFoundError
from taipy_exec.model.event import Change
from taipy_exec.model.status import Reason, Status
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store
from taipy_exec.taipy_plugin import internals
from taipy_exec.taipy_plugin.following import follow
from taipy_exec.taipy_plugin.program_task import packed
from taipy_exec.taipy_plugin.readiness import EntityFreshness, is_ready
from taipy_exec.taipy_plugin.submission import plan_of
from taipy_exec.wiring import Engine, make_engine, revoke

# How often to check whether the program has ended, and whether another process has written data
# that jobs wait for.
_IDLE_SECONDS = 0.25
_ADD_AGAIN_SECONDS = 5.0


class Dispatcher(internals.DispatcherFace):
    """Runs submissions until it must stop, or the main thread has ended.

    The coordinator decides and the store keeps; this one thread updates Taipy's entities after each
    change. Submissions that an earlier dispatcher left are canceled, except those of `keep`.
    `was_interrupted` returns, after the end of the main thread, whether no more jobs should start.
    Raises BrokerError and StoreError if something that the mode needs is missing.
    """

    def __init__(
        self, app: AppConfig, keep: Collection[str], was_interrupted: Callable[[], bool]
    ) -> None:
        self.app = app
        self.changed = threading.Condition()
        self.has_failed = False
        self._was_interrupted = was_interrupted
        self._program = str(app.main_file or app.root)
        self._store = Store(app.state_dir)
        self._own = self._store.coordinate()
        self._jobs: dict[str, Any] = {}
        self._plans: dict[str, SubmissionPlan] = {}
        # Jobs that have ended, while Taipy and its subscribers are informed.
        self._telling: frozenset[str] = frozenset()
        # By job: tasks that another process does not find among the entities.
        self._unstored: dict[str, bytes] = {}
        self._unqueued: list[SubmissionPlan] = []
        self._add_again_at = 0.0
        self._stopping = threading.Event()
        self._draining = threading.Event()
        self._ending = threading.Lock()
        self._over = False
        try:
            self._end_former(keep)
            self._engine = self._make_engine()
        except BaseException:
            self._store.close()
            self._own.close()
            raise
        self._thread = DrivingThread(self._engine.coordinator, self._run)
        self.start = self._thread.start
        self.is_running = self.is_alive = self._thread.is_alive
        self.join = self._thread.join

    def _make_engine(self) -> Engine:
        engine = make_engine(
            self.app,
            self._store,
            folder=Path.cwd(),
            own=self._own,
            freshness=EntityFreshness(self._store),
            tell=internals.log.warning,
            beside=lambda order: self._unstored.get(order.job, b""),
            runs_user_code=True,
        )
        engine.coordinator.observers.append(self._observe)
        return engine

    def _end_former(self, keep: Collection[str]) -> None:
        """Cancel what an earlier run of the program left: no process waits for it any more."""
        for record in self._store.unfinished_submissions():
            is_ours = record.program is not None and record.id not in keep
            if is_ours and self._store.is_interrupted(record):
                left = [job.id for job in self._store.jobs(record.id) if not job.status.is_final]
                supersede(
                    self._store,
                    record,
                    self._own.name,
                    partial(revoke, self.app),
                    Reason.INTERRUPTED,
                )
                internals.end_former_jobs(left)
        self._follow_canceled(keep)

    def _follow_canceled(self, keep: Collection[str]) -> None:
        """Update Taipy's jobs that were canceled while the program did not run."""
        for record in self._store.submissions():
            if record.program is None or record.id in keep or record.finished_at is None:
                continue
            if record.counts.get(Status.CANCELED) and not self._store.is_alive(record.coordinator):
                internals.end_former_jobs(
                    job.id
                    for job in self._store.jobs(record.id)
                    if job.status in (Status.CANCELED, Status.ABANDONED)
                )

    # -- requests of Taipy, from any thread ---------------------------------------------------

    def free_workers(self) -> int:
        """How many more jobs could run now; from any thread."""
        submissions = list(self._engine.coordinator.job_table.submissions.values())
        running = sum(record.counts.get(Status.RUNNING, 0) for record in submissions)
        return self.app.job.workers - running

    def go_on(self, app: AppConfig) -> bool:
        """Whether it dispatches for `app` from now on. If it was asked to stop, it does so only
        while it still waits for a running job, and only if the configuration is the same."""
        with self._ending:
            if self._over or not self.is_running():
                return False
            if self._stopping.is_set():
                if (app.job, app.digest, app.program) != (
                    self.app.job,
                    self.app.digest,
                    self.app.program,
                ):
                    return False
                self._stopping.clear()
                self._engine.coordinator.post(self._engine.coordinator.stay)
            return True

    def stop(self, wait: bool = True, timeout: float | None = None) -> None:
        """Start nothing more. With `wait`, return when running jobs end, or after `timeout`."""
        coordinator = self._engine.coordinator
        with self._ending:
            self._stopping.set()
            coordinator.post(coordinator.leave)
        if wait and not self.is_here:
            self.join(timeout)

    def drain(self) -> None:
        """The program has ended: run the remaining jobs that can run, and end."""
        self._draining.set()

    def leave(self, *, at_once: bool = False) -> None:
        """End the program: start nothing more and, with `at_once`, stop running jobs.

        Safe in signal handlers.
        """
        coordinator = self._engine.coordinator
        coordinator.post(coordinator.leave)
        if at_once:
            coordinator.post(self._stop_all)

    def submitted(self, submission: Any, jobs: Sequence[Any]) -> bool:
        """Store the submission and run its jobs; False if it is too late for that."""
        plan, instance = plan_of(self.app, submission, jobs, self._own.name, self._program)
        with self._ending:
            if self._over:
                return False
            self._store_plan(plan, instance)
            self._jobs.update((job.id, job) for job in jobs)
            for job in jobs:
                task = internals.task_of(job)
                if not internals.is_stored(task):
                    self._unstored[job.id] = packed(task)
            self._engine.coordinator.post(partial(self._add, plan))
        return True

    def _store_plan(self, plan: SubmissionPlan, instance: Instance) -> None:
        if self._store.take_over(plan.record.id, None, self._own.name, self.app.job.mode):
            attempts = {job.id: job.attempt for job in self._store.jobs(plan.record.id)}
            for job in plan.jobs:
                job.attempt = attempts[job.id]
            return
        try:
            self._store.instance(instance.id)
        except NotFoundError:
            self._store.add_instance(instance)
        self._store.add_submission(plan.record, plan.jobs)

    def is_telling(self, job: Any) -> bool:
        """Whether the job's end is being announced: its submission may not show it yet."""
        return job.id in self._telling and self.is_running()

    def cancel(self, job: Any) -> None:
        """Cancel a waiting job, or stop a running one; return when that is decided."""
        coordinator = self._engine.coordinator
        self._thread.call(lambda: coordinator.cancel([job.id], Reason.CANCELED))

    @property
    def is_here(self) -> bool:
        """Whether the calling thread is the dispatching one: then it is inside a callback."""
        return self._thread.is_here

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        coordinator = self._engine.coordinator
        main = threading.main_thread()
        try:
            while not self._is_over():
                if not main.is_alive() and self._was_interrupted():
                    coordinator.leave()
                coordinator.step(_IDLE_SECONDS)
                self._wake_blocked()
                if not coordinator.leaving:
                    self._add_again()
        except BaseException:
            internals.log.exception(
                "the dispatcher stops: unfinished jobs are canceled, and the next submission "
                "starts it again"
            )
            self.has_failed = True
        finally:
            with self._ending:
                self._over = True
            self._close()

    def _is_over(self) -> bool:
        """Whether no work is left, and no thread that could submit more."""
        with self._ending:
            if not self._has_work():
                self._over = self._stopping.is_set() or self._program_has_ended()
            return self._over

    def _program_has_ended(self) -> bool:
        """Whether all remaining threads end with the process."""
        if threading.main_thread().is_alive() and not self._draining.is_set():
            return False
        # Python ends idle threads of a pool only after the main thread has ended.
        pools = _pool_threads if self._draining.is_set() else {}
        return not any(
            thread
            for thread in threading.enumerate()
            if not thread.daemon
            and thread not in (threading.main_thread(), threading.current_thread())
            and thread not in pools
        )

    def _close(self) -> None:
        coordinator = self._engine.coordinator
        try:
            if self.has_failed:
                coordinator.abort(Reason.INTERRUPTED)
            elif self._stopping.is_set():
                coordinator.release()
            else:
                self._stop_all()
        except Exception:
            internals.log.exception("the end of the remaining jobs could not be stored")
        self._engine.close(self.app.job.grace)
        with self.changed:
            self.changed.notify_all()

    def _add(self, plan: SubmissionPlan) -> None:
        self._plans[plan.record.id] = plan
        try:
            self._engine.add(plan)
        except BrokerError as error:
            internals.log.warning(
                f"{plan.record.id} cannot be queued yet, and will be tried again: {error}"
            )
            self._unqueued.append(plan)
            self._add_again_at = time.monotonic() + _ADD_AGAIN_SECONDS

    def _add_again(self) -> None:
        """Queue what could not be queued while the broker was away, in order.

        Only from time to time: each attempt waits for the broker, and all else waits with it.
        """
        while self._unqueued and time.monotonic() >= self._add_again_at:
            plan = self._unqueued[0]
            own, mode = self._own.name, self.app.job.mode
            if self._store.take_over(plan.record.id, None, own, mode):
                plan.record.coordinator = own
                try:
                    self._engine.coordinator.add(plan)
                except BrokerError:
                    self._add_again_at = time.monotonic() + _ADD_AGAIN_SECONDS
                    return
            else:
                # It was canceled in the meantime.
                self._give_up(plan)
            del self._unqueued[0]

    def _give_up(self, plan: SubmissionPlan) -> None:
        """Cancel a submission that no coordinator took; threads that wait for it are woken."""
        self._plans.pop(plan.record.id, None)
        for record in plan.jobs:
            job = self._jobs.pop(record.id)
            self._unstored.pop(record.id, None)
            internals.unlock_outputs(job)
            internals.set_status(job, Status.CANCELED.name)
        with self.changed:
            self.changed.notify_all()

    def _has_work(self) -> bool:
        coordinator = self._engine.coordinator
        return coordinator.has_work() or bool(self._unqueued and not coordinator.leaving)

    def _stop_all(self) -> None:
        """Cancel what has not ended, also in Taipy: no process will resume it."""
        coordinator = self._engine.coordinator
        left = [job.id for job in coordinator.job_table.jobs.values() if not job.status.is_final]
        if left:
            coordinator.cancel(left, Reason.INTERRUPTED)
        for plan in self._unqueued:
            self._give_up(plan)

    def _wake_blocked(self) -> None:
        """Run jobs whose data was written by another process, or is no longer locked by one."""
        coordinator = self._engine.coordinator
        ready = [id for id in list(coordinator.job_table.awaiting) if is_ready(id)]
        if ready:
            coordinator.written(ready, [])

    # -- effects of a decision ------------------------------------------------------------------

    def _observe(self, changes: Sequence[Change]) -> None:
        """Update Taipy's entities and call its subscribers; the changes are stored already."""
        self._telling = frozenset(change.job for change in changes if change.after.is_final)
        for change in changes:
            job = self._jobs.get(change.job)
            if job is not None:
                follow(job, change)
        ended = [id for id, plan in self._plans.items() if plan.record.finished_at is not None]
        for id in ended:
            plan = self._plans.pop(id)
            self._engine.coordinator.forget(id)
            for record in plan.jobs:
                self._jobs.pop(record.id, None)
                self._unstored.pop(record.id, None)
        if self._telling:
            self._telling = frozenset()
            with self.changed:
                self.changed.notify_all()

    def unfinished(self) -> list[list[Any]]:
        """Taipy's jobs of each submission that has not ended, for the next dispatcher."""
        return [[self._jobs[record.id] for record in plan.jobs] for plan in self._plans.values()]
