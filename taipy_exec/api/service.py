"""The orchestrator of this process: the configuration in use, the engine, and its thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from taipy_exec.api.configuration import Config
from taipy_exec.config.application import AppConfig
from taipy_exec.config.main_module import RunRefused, is_importing
from taipy_exec.engine.admission import new_submission, store_submission
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.identity import my_identity
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.errors import UsageError
from taipy_exec.model.event import Change
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.store.rows import Edit, Instance
from taipy_exec.store.store import Store
from taipy_exec.wiring import Engine, make_engine

if TYPE_CHECKING:
    from taipy_exec.config.application import ScenarioConfig

log = logging.getLogger("taipy_exec")

# How often the dispatching thread looks whether the program has come to its end.
_IDLE_SECONDS = 0.25

# Gets the job's record, and the status that the job has reached with this change.
JobCallback = Callable[[JobRecord, Status], None]


class Service:
    """One per process, made when the first scenario is. Everything here is thread-safe.

    development: the thread that submits runs the jobs. Other modes: a thread of their own
    dequeues; it outlives the main thread until all that can run has run.
    """

    current: ClassVar[Service | None] = None
    _making: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, app: AppConfig) -> None:
        self.app = app
        self.store = Store(app.state_dir)
        self.engine: Engine | None = None
        self.changed = threading.Condition()
        self._identity = my_identity()
        self._waiting: list[SubmissionPlan] = []
        self._callbacks: dict[str, list[JobCallback]] = {}
        self._driving = threading.RLock()
        self._driver: int | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @classmethod
    def get(cls) -> Service:
        """The service of this process. Freezes the configuration at the first call.

        Raises ConfigurationError with every problem of the configuration.
        """
        if is_importing():
            raise RunRefused
        with cls._making:
            if cls.current is None:
                cls.current = Service(Config.freeze())
                Config.block_update()
            return cls.current

    # -- start and stop -------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the orchestrator was started."""
        return self.engine is not None

    def start(self) -> None:
        """Start dispatching; what was submitted before is worked off."""
        with self._driving:
            if self.engine is not None:
                raise UsageError("the orchestrator is running already")
            self.engine = make_engine(self.app, self.store, folder=None)
            self.engine.coordinator.observers.append(self._observe)
            if self.app.job.mode != "development":
                self._thread = threading.Thread(target=self._dispatch, name="taipy-exec-dispatcher")
                self._thread.start()
            waiting, self._waiting = self._waiting, []
            for plan in waiting:
                self._hand_over(plan)

    def stop(self, wait: bool = True, timeout: float | None = None) -> None:
        """Stop dispatching. With `wait`, running jobs end first, for at most `timeout` seconds."""
        engine = self.engine
        if engine is not None:
            if self._thread is not None:
                self._stopping.set()
                if not wait:
                    engine.coordinator.post(engine.coordinator.hand_back)
                else:
                    engine.coordinator.post(self._leave)
                if self._thread is not threading.current_thread():
                    self._thread.join(timeout)
            else:
                engine.close()
        else:
            self.store.close()
        with Service._making:
            if Service.current is self:
                Service.current = None
        Config.unblock_update()

    def _leave(self) -> None:
        assert self.engine is not None
        self.engine.coordinator.leaving = True

    # -- submissions ----------------------------------------------------------------------

    def submit(
        self,
        scenario: ScenarioConfig,
        instance: Instance,
        target: str,
        *,
        force: bool,
        callbacks: Sequence[JobCallback],
        properties: dict[str, object],
    ) -> SubmissionPlan:
        """Store a submission and hand it over. Raises what `engine.admission` raises."""
        plan = new_submission(
            self.app,
            scenario,
            instance,
            target=target,
            mode=self.app.job.mode,
            force=force,
            identity=self._identity,
            properties=properties,
        )
        if callbacks:
            self._callbacks[plan.record.id] = list(callbacks)
        store_submission(self.store, plan)
        with self._driving:
            if self.engine is None:
                log.warning("submitted before Orchestrator().run(): the jobs wait for it")
                self._waiting.append(plan)
                return plan
        self._hand_over(plan)
        return plan

    def _hand_over(self, plan: SubmissionPlan) -> None:
        assert self.engine is not None
        coordinator = self.engine.coordinator
        if self._driver == threading.get_ident():
            # A callback submits: its thread is inside a step and goes on with this afterwards.
            coordinator.post(lambda: coordinator.add(plan))
        elif self._thread is None:
            self._drive(plan)
        else:
            added = threading.Event()

            def add() -> None:
                try:
                    coordinator.add(plan)
                finally:
                    added.set()

            coordinator.post(add)
            while not added.wait(0.5) and self._thread.is_alive():
                pass

    def _drive(self, plan: SubmissionPlan) -> None:
        """development: run in this thread until nothing can run any more."""
        with self._driving:
            assert self.engine is not None
            coordinator = self.engine.coordinator
            self._driver = threading.get_ident()
            try:
                coordinator.add(plan)
                coordinator.run()
            except KeyboardInterrupt:
                coordinator.abort(Reason.INTERRUPTED)
                raise
            finally:
                self._driver = None

    def _dispatch(self) -> None:
        """The life of the dispatching thread."""
        engine = self.engine
        assert engine is not None
        coordinator = engine.coordinator
        self._driver = threading.get_ident()
        main = threading.main_thread()
        try:
            while True:
                busy = coordinator.has_work()
                if not busy and (self._stopping.is_set() or not main.is_alive()):
                    return
                coordinator.step(None if busy else _IDLE_SECONDS)
        except Exception:
            log.exception("the dispatching thread stops: jobs that have not ended stay as stored")
        finally:
            engine.close(self.app.job.grace if self._stopping.is_set() else 0.0)
            with self.changed:
                self.changed.notify_all()

    @property
    def is_stuck(self) -> bool:
        """Whether nothing can run: what is left waits for data."""
        if self.engine is None:
            return False
        alive = self._thread is None or self._thread.is_alive()
        return not alive or not self.engine.coordinator.has_work()

    def cancel(self, jobs: Iterable[str]) -> None:
        """Cancel jobs that wait, stop those that run."""
        if self.engine is None:
            return
        coordinator = self.engine.coordinator
        wanted = list(jobs)
        done = threading.Event()

        def cancel() -> None:
            try:
                coordinator.cancel(wanted, Reason.CANCELED)
            finally:
                done.set()

        if self._thread is None or self._driver == threading.get_ident():
            coordinator.post(cancel)
            if self._driver is None:
                with self._driving:
                    coordinator.run()
        else:
            coordinator.post(cancel)
            while not done.wait(0.5) and self._thread.is_alive():
                pass

    def written(self, key: str, edit: Edit) -> None:
        """A data node was written by hand."""
        self.store.add_edits([edit])
        if self.engine is not None:
            coordinator = self.engine.coordinator
            coordinator.post(lambda: coordinator.written([key], [edit]))

    # -- observing ------------------------------------------------------------------------

    def _observe(self, changes: Sequence[Change]) -> None:
        coordinator = self._coordinator()
        ended = set()
        for change in changes:
            job = coordinator.board.jobs.get(change.job)
            if job is None:
                continue
            for callback in self._callbacks.get(job.submission, ()):
                callback(job, change.after)
            record = coordinator.board.submissions[job.submission]
            if record.finished_at is not None:
                ended.add(record.id)
        for id in ended:
            self._callbacks.pop(id, None)
            coordinator.forget(id)
        if ended:
            # Not at every change: whoever waits would wake each time and fight for the GIL.
            with self.changed:
                self.changed.notify_all()

    def _coordinator(self) -> Coordinator:
        assert self.engine is not None
        return self.engine.coordinator
