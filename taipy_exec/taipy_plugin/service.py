"""The process's one partner of Taipy's orchestrator: before, during and after dispatching."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from taipy_exec.config.application import AppConfig
from taipy_exec.config.application_path import state_folder
from taipy_exec.config.modes import capabilities
from taipy_exec.taipy_plugin import internals
from taipy_exec.taipy_plugin.configuration import compile_program
from taipy_exec.taipy_plugin.dispatcher import Dispatcher

# How often to check jobs while there is no dispatcher.
_POLL_SECONDS = 0.1
_INTERRUPTED = 130


class Service:
    """Keeps submissions from before the orchestrator's start, and those that its stop left."""

    current: ClassVar[Service | None] = None

    def __init__(self, state_dir: Path | None) -> None:
        self.dispatcher: Dispatcher | None = None
        self._state_dir = state_dir
        self._lock = threading.RLock()
        self._early: list[tuple[Any, Sequence[Any]]] = []

    @classmethod
    def install(cls, state_dir: Path | None) -> None:
        """Put a service in the place of Taipy's dispatcher."""
        internals.allow_cluster()
        internals.write_entities_whole()
        cls.current = cls(state_dir)
        internals.take_over(cls.current)

    # -- requests of Taipy ----------------------------------------------------------------------

    def started(self) -> Dispatcher:
        """A running dispatcher, which has all earlier submissions."""
        app = self._application()
        while True:
            with self._lock:
                former = self.dispatcher
                if former is None or not former.is_running():
                    return self._start(app, former)
                if former.go_on(app):
                    return former
            # It ends with its running jobs: two dispatchers would not know each other's jobs.
            former.join()

    def _start(self, app: AppConfig, former: Dispatcher | None) -> Dispatcher:
        early = self._early
        for left in former.unfinished() if former is not None else ():
            early.append((internals.submission_of(left[0]), left))
        # In development version mode Taipy deletes all entities when it starts again.
        early = [(submission, jobs) for submission, jobs in early if submission is not None]
        dispatcher = Dispatcher(app, {submission.id for submission, _ in early}, _main_failed)
        self._early = []
        if self.dispatcher is None:
            # Registered after the runner was made, so that it is called before the exit handler of
            # `multiprocess`, which waits for the jobs' processes.
            atexit.register(self.end)
        self.dispatcher = dispatcher
        dispatcher.start()
        for submission, jobs in early:
            dispatcher.submitted(submission, jobs)
        return dispatcher

    def submitted(self, submission: Any, jobs: Sequence[Any]) -> None:
        """Run these jobs now, or after the orchestrator's start."""
        with self._lock:
            running = self._running()
            if running is not None and running.submitted(submission, jobs):
                return
            self._early.append((submission, jobs))
            has_failed = self.dispatcher is not None and self.dispatcher.has_failed
        if has_failed:
            internals.use_dispatcher(self.started())

    def cancel(self, job: Any) -> None:
        """Cancel a job, and with it the jobs that would read its outputs."""
        running = self._running()
        if running is not None:
            running.cancel(job)
            return
        with self._lock:
            for _, jobs in self._early:
                if any(job.id == other.id for other in jobs):
                    _cancel_early(job.id, jobs)

    def wait(self, jobs: Sequence[Any], timeout: float | None) -> None:
        """Return when these have ended, or after `timeout` seconds by a monotonic clock."""
        end = None if timeout is None else time.monotonic() + timeout
        dispatcher = self.dispatcher
        if dispatcher is not None and dispatcher.is_here:
            internals.log.warning("a callback cannot wait for jobs: it continues without waiting")
            return
        while _go_on(jobs, dispatcher):
            left = _POLL_SECONDS if end is None else min(_POLL_SECONDS, end - time.monotonic())
            if left <= 0:
                return
            if dispatcher is None:
                time.sleep(left)
                continue
            with dispatcher.changed:
                if _go_on(jobs, dispatcher):
                    dispatcher.changed.wait(left)

    def end(self) -> None:
        """End the process although jobs run: Ctrl-C ended Python's wait for them.

        As with `taipy-exec run`: after one Ctrl-C running jobs may end, after two they are stopped.
        """
        dispatcher = self._running()
        at_once = _main_failed()
        if dispatcher is None:
            return
        dispatcher.leave(at_once=at_once)
        while dispatcher.is_running():
            try:
                # Not `join`: after an interrupt it would count the thread as ended.
                time.sleep(_POLL_SECONDS)
            except KeyboardInterrupt:
                if at_once:
                    os._exit(_INTERRUPTED)
                at_once = True
                dispatcher.leave(at_once=True)

    # -- inside ---------------------------------------------------------------------------------

    def _running(self) -> Dispatcher | None:
        found = self.dispatcher
        return found if found is not None and found.is_running() else None

    def _application(self) -> AppConfig:
        main = _main_file()
        root = main.parent if main is not None else Path.cwd()
        compiled = compile_program(
            main, root=root, state_dir=state_folder(root, self._state_dir), runs=True
        )
        app = compiled.raise_errors()
        if capabilities(app.job.mode).on_other_machines:
            _check_folders(app)
        return app


def _main_file() -> Path | None:
    """The file that was started, None in a notebook or an interactive session."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).absolute() if file else None


def _main_failed() -> bool:
    """Whether the main thread has ended by an exception, such as Ctrl-C."""
    return getattr(sys, "last_value", None) is not None


def _go_on(jobs: Sequence[Any], dispatcher: Dispatcher | None) -> bool:
    """Whether a job has not ended, or its end has not been announced everywhere yet."""
    return any(
        not job._is_finished() or (dispatcher is not None and dispatcher.is_telling(job))
        for job in jobs
    )


def _check_folders(app: AppConfig) -> None:
    """Warn if workers, which start in the program's folder, would use other folders."""
    if Path.cwd().resolve() == app.root.resolve():
        return
    relative = [
        folder
        for folder in (app.core.taipy_storage_folder, app.core.storage_folder)
        if not os.path.isabs(folder)  # noqa: PTH117
    ]
    if relative:
        internals.log.warning(
            f"workers look for {' and '.join(relative)} in {app.root}, and this program was "
            f"started in {Path.cwd()}: start it there, or make them absolute in [CORE]"
        )


def _cancel_early(wanted: str, jobs: Sequence[Any]) -> None:
    """Cancel a job before a dispatcher has it, and abandon the jobs that read its outputs."""
    lost: set[str] = set()
    for job in jobs:
        task = internals.task_of(job)
        after = "CANCELED" if job.id == wanted else "ABANDONED"
        if job.id == wanted or lost & task.input.keys():
            lost |= task.output.keys()
            internals.unlock_outputs(job)
            internals.set_status(job, after)
