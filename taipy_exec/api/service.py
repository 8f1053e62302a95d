"""The orchestrator of this process: the configuration in use, the engine, and its thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from taipy_exec.api.cancelation import cancel_elsewhere
from taipy_exec.api.configuration import Config
from taipy_exec.api.failures import log_failure
from taipy_exec.config.application import AppConfig
from taipy_exec.config.main_module import RunRefused, in_slot, is_importing
from taipy_exec.config.modes import capabilities
from taipy_exec.config.redaction import redaction
from taipy_exec.engine.admission import (
    interrupted_submissions,
    new_submission,
    store_submission,
    supersede,
)
from taipy_exec.engine.driving_thread import DrivingThread
from taipy_exec.engine.given import write_given
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.sweep import in_order_of_work
from taipy_exec.errors import BrokerError, OrchestratorServiceIsAlreadyRunning, UsageError
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.store.coordinators import Identity
from taipy_exec.store.rows import Edit, Instance, Lock
from taipy_exec.store.store import Store
from taipy_exec.wiring import Engine, make_engine, revoke

if TYPE_CHECKING:
    from taipy_exec.config.application import ScenarioConfig
    from taipy_exec.data.node import DataNodeRef

log = logging.getLogger("taipy_exec")

# How often the dispatching thread checks whether the program has ended.
_IDLE_SECONDS = 0.25

# The arguments: the job's record, and the status that the job has reached with this change.
JobCallback = Callable[[JobRecord, Status], None]


class Service:
    """The one service of a process, made with the first scenario. All methods are thread-safe.

    In development mode the thread that submits runs the jobs. In other modes a separate thread
    starts them; it outlives the main thread until all jobs that can run have run. Only the thread
    that drives the coordinator reads its job table. Other threads read the data that it publishes.
    """

    current: ClassVar[Service | None] = None
    # The last service that was stopped, or one that was only used to read so far.
    _last: ClassVar[Service | None] = None
    _making: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, app: AppConfig) -> None:
        self.app = app
        self.store = Store(app.state_dir)
        self.engine: Engine | None = None
        self.changed = threading.Condition()
        self._identity: Identity | None = None
        self._naming = threading.Lock()
        self._waiting: list[Sequence[SubmissionPlan]] = []
        self._canceled_early: set[str] = set()
        self._callbacks: dict[str, list[JobCallback]] = {}
        self._driving = threading.RLock()
        self._driver: int | None = None
        self._thread: DrivingThread | None = None
        self._stopping = threading.Event()
        self._idle = False
        self._error: BaseException | None = None

    @classmethod
    def get(cls) -> Service:
        """The service of this process. Freezes the configuration at the first call.

        Raises ConfigurationError with every problem of the configuration.
        """
        if is_importing():
            raise RunRefused
        if in_slot():
            raise UsageError(
                "a job's process runs no other jobs, but a module starts jobs when it is imported: "
                'put the code that submits under `if __name__ == "__main__":`'
            )
        with cls._making:
            if cls.current is None:
                cls.current = cls._fitting(Config.freeze())
                Config.block_update()
            return cls.current

    @classmethod
    def latest(cls) -> Service:
        """The current service, or one only to read, which does not freeze the configuration.

        The configuration may have problems: entities of an earlier one can still be read.
        """
        found = cls.current or cls._last
        if found is not None and (found is cls.current or Config.stands_as(found.app)):
            return found
        if is_importing():
            raise RunRefused
        if in_slot():
            raise UsageError(
                "a job's process does not know what the program has made: "
                "give the job what it needs as its inputs"
            )
        with cls._making:
            return cls.current or cls._fitting(Config.as_it_stands())

    @classmethod
    def _fitting(cls, app: AppConfig) -> Service:
        """The service used to read, if it has this configuration, or a new one."""
        last = cls._last
        if last is None or last.is_over or last.app is not app:
            cls._last = Service(app)
            if last is not None and not last.is_over:
                last.stop()
        return cls._last  # type: ignore[return-value]

    @cached_property
    def redact(self) -> Callable[[str], str]:
        """A function that removes the secrets of the configuration from a text."""
        return redaction(self.app)

    # -- start and stop -------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the orchestrator was started and has not been stopped."""
        return self.engine is not None and not self._stopping.is_set()

    def start(self) -> None:
        """Start dispatching, first the jobs that were submitted before."""
        with self._driving:
            if self.engine is not None:
                raise OrchestratorServiceIsAlreadyRunning("the orchestrator is running already")
            self.engine = make_engine(self.app, self.store, own=self._own, runs_user_code=True)
            self.engine.coordinator.observers.append(self._observe)
            waiting, self._waiting = self._waiting, []
            if not capabilities(self.app.job.mode).in_callers_thread:
                self._thread = DrivingThread(self.engine.coordinator, self._dispatch)
                self._thread.start()
        for number, plans in enumerate(waiting):
            try:
                self.hand_over(*plans)
            except BrokerError:
                for later in waiting[number + 1 :]:
                    self._leave_to_others(later)
                raise

    def stop(self, wait: bool = True, timeout: float | None = None) -> None:
        """Stop dispatching. With `wait`, running jobs end first, for at most `timeout` seconds.

        Jobs that have not run stay as stored, for `resume` or a later submit.
        """
        self._stopping.set()
        engine, thread = self.engine, self._thread
        if engine is not None and thread is not None:
            coordinator = engine.coordinator
            coordinator.post(coordinator.leave if wait else coordinator.hand_back)
            if not thread.is_here:
                thread.join(timeout)
                if thread.is_alive():
                    coordinator.post(coordinator.hand_back)
                    thread.join()
        elif engine is not None:
            engine.coordinator.release()
            engine.close()
        else:
            self.store.close()
            if self._identity is not None:
                self._identity.close()
        self._retire()

    def _retire(self) -> None:
        with Service._making:
            if Service.current is self:
                Service.current = None
                Config.unblock_update()

    @property
    def _own(self) -> Identity:
        """Its identity as a coordinator, made on first use: to read leaves no lock file."""
        with self._naming:
            if self._identity is None:
                self._identity = self.store.coordinate()
            return self._identity

    @property
    def identity(self) -> str:
        """Its name as a coordinator; empty until it has coordinated a submission."""
        return self._identity.name if self._identity else ""

    @property
    def is_over(self) -> bool:
        """Whether it was stopped, or has failed: its records are not updated any more."""
        return self._stopping.is_set()

    # -- submissions ----------------------------------------------------------------------

    def new_submission(
        self,
        scenario: ScenarioConfig,
        instance: Instance,
        target: str,
        *,
        force: bool,
        callbacks: Sequence[JobCallback],
        properties: dict[str, object],
    ) -> SubmissionPlan:
        """Store a submission; `hand_over` runs it. Raises the errors of `engine.admission`.

        Unfinished jobs of the instance's interrupted submissions are canceled.
        """
        for former in interrupted_submissions(self.store, instance.id):
            supersede(self.store, former, self._own.name, partial(revoke, self.app))
        plan = new_submission(
            self.app,
            scenario,
            instance,
            target=target,
            mode=self.app.job.mode,
            force=force,
            identity=self._own.name,
            properties=properties,
        )
        store_submission(self.store, plan)
        if callbacks:
            self._callbacks[plan.record.id] = list(callbacks)
        return plan

    def give_up(self, plan: SubmissionPlan) -> None:
        """Cancel a stored submission that was not handed over."""
        supersede(self.store, plan.record, self._own.name, lambda *_: None, Reason.CANCELED)

    def write_given(self, plan: SubmissionPlan) -> None:
        """Write the values that a stored submission was given. Raises DataError.

        A process that dies before has stored them: `resume` writes them.
        """
        edits = write_given(self.store, plan, self._own.name, editor=None, comment=None)
        written = {edit.node for edit in edits}
        nodes = [node for node in plan.nodes.values() if node.id in written]
        for node in nodes:
            self.store.unlock(node.id, None, time.time())
        if nodes and self.is_running:
            assert self.engine is not None
            coordinator = self.engine.coordinator
            self._do(lambda: coordinator.written([n.key for n in nodes], edits), wait=False)

    def hand_over(self, *plans: SubmissionPlan) -> None:
        """Run one or more stored submissions, now or as soon as the orchestrator is started.

        Raises BrokerError if they cannot be queued. None of them runs then, and any process may
        resume them.
        """
        with self._driving:
            if self.engine is None:
                log.warning("submitted before Orchestrator().run(): the jobs wait for it")
                self._waiting.append(plans)
                return
        engine = self.engine
        coordinator = engine.coordinator

        def add() -> None:
            engine.add(*in_order_of_work(plans))
            early = [job.id for p in plans for job in p.jobs if job.id in self._canceled_early]
            if early:
                coordinator.cancel(early, Reason.CANCELED)

        try:
            self._do(add)
        except BrokerError:
            for plan in plans:
                self._callbacks.pop(plan.record.id, None)
            raise

    def _leave_to_others(self, plans: Sequence[SubmissionPlan]) -> None:
        """Give up stored submissions that this process has not begun: another one may resume."""
        for plan in plans:
            self._callbacks.pop(plan.record.id, None)
            plan.record.coordinator = None
        self.store.save([], [plan.record for plan in plans])

    def cancel(self, job: str, submission: str) -> None:
        """Cancel a waiting job, stop a running one. Another process cancels its own jobs."""
        record = self.store.submission(submission)
        if record.coordinator != self.identity:
            cancel_elsewhere(self.store, self.app, record, job)
        elif self.engine is None:
            self._canceled_early.add(job)
        elif self.is_running:
            coordinator = self.engine.coordinator
            self._do(lambda: coordinator.cancel([job], Reason.CANCELED))

    def written(self, key: str, edit: Edit) -> None:
        """Note that a program has written a data node. Jobs that waited for it run now."""
        self.store.add_edits([edit])
        if self.is_running:
            assert self.engine is not None
            coordinator = self.engine.coordinator
            self._do(lambda: coordinator.written([key], [edit]), wait=False)

    def unlock(self, node: DataNodeRef, editor: str | None) -> Lock | None:
        """Remove a lock: jobs that waited for it run now. Returns the lock of another editor."""
        held = self.store.unlock(node.id, editor, time.time())
        if held is None and self.is_running and node.changed_at() is not None:
            assert self.engine is not None
            coordinator = self.engine.coordinator
            self._do(lambda: coordinator.written([node.key], []), wait=False)
        return held

    # -- the thread that drives the coordinator ---------------------------------------------

    @property
    def is_driven_here(self) -> bool:
        """Whether the calling thread drives the coordinator now: it is inside a callback."""
        return self._driver == threading.get_ident()

    def _do(self, action: Callable[[], None], *, wait: bool = True) -> None:
        """Let the owner call `action`. In development this thread becomes the owner."""
        assert self.engine is not None
        coordinator = self.engine.coordinator
        if self.is_driven_here:
            # A callback asks: its thread is inside a step, and calls the action after it.
            coordinator.post(action)
        elif self._thread is None:
            self._drive(action)
        else:
            self._idle = False
            if not self._thread.call(action, wait=wait):
                raise UsageError(
                    f"the orchestrator has stopped: {self._error or 'stop() was called'}",
                    "start it again with Orchestrator().run()",
                )

    def _drive(self, action: Callable[[], None]) -> None:
        """In development mode: run in this thread until no job can run any more."""
        with self._driving:
            assert self.engine is not None
            coordinator = self.engine.coordinator
            self._driver = threading.get_ident()
            try:
                action()
                coordinator.run()
            except KeyboardInterrupt:
                coordinator.abort(Reason.INTERRUPTED)
                raise
            except BaseException as error:
                # The job table may differ from the store now, so this service ends.
                self._error = error
                self._stopping.set()
                self._retire()
                raise
            finally:
                self._driver = None

    def _dispatch(self) -> None:
        """Run the dispatching thread."""
        engine = self.engine
        assert engine is not None
        coordinator = engine.coordinator
        self._driver = threading.get_ident()
        main = threading.main_thread()
        try:
            while True:
                busy = coordinator.has_work()
                self._idle = not busy
                if not busy and (self._stopping.is_set() or not main.is_alive()):
                    break
                coordinator.step(None if busy else _IDLE_SECONDS)
            coordinator.release()
        except BaseException as error:
            self._error = error
            log.exception("the dispatching thread stops: jobs that have not ended stay as stored")
            self._retire()
        finally:
            engine.close(self.app.job.grace if self._stopping.is_set() else 0.0)
            with self.changed:
                self.changed.notify_all()

    @property
    def is_stuck(self) -> bool:
        """Whether no job runs or could run: unfinished jobs wait for data or for `run`."""
        if self._thread is None:
            return self._driver is None
        return not self._thread.is_alive() or self._idle

    # -- observing ------------------------------------------------------------------------

    def _observe(self, changes: Sequence[Change]) -> None:
        assert self.engine is not None
        coordinator = self.engine.coordinator
        ended = set()
        for change in changes:
            job = coordinator.job_table.jobs.get(change.job)
            if job is None:
                continue
            if change.after is Status.FAILED:
                log_failure(job, self.redact)
            for callback in self._callbacks.get(job.submission, ()):
                callback(job, change.after)
            record = coordinator.job_table.submissions[job.submission]
            if record.finished_at is not None:
                ended.add(record.id)
        for id in ended:
            self._callbacks.pop(id, None)
            coordinator.forget(id)
        if ended:
            # Not at every change: each waiting thread would wake each time and compete for the GIL.
            with self.changed:
                self.changed.notify_all()
