"""Builds the store, the runner and the coordinator from a configuration; imports all of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.application_path import ENVIRONMENT_FILE, ApplicationPath
from taipy_exec.config.checker import check, in_order
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.import_checks import failed_modules, references
from taipy_exec.config.layers import Layer, layer_from_toml
from taipy_exec.config.main_module import import_main
from taipy_exec.config.modes import capabilities, runner_class, runner_modes
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.redaction import redaction
from taipy_exec.config.reference import MAIN_PREFIXES
from taipy_exec.config.toml_file import read_toml
from taipy_exec.data.registry import storage_types
from taipy_exec.engine.circumstances import Circumstances
from taipy_exec.engine.content import make_freshness
from taipy_exec.engine.coordinator import Coordinator
from taipy_exec.engine.critical_path import remaining_seconds
from taipy_exec.engine.freshness import Freshness
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.pools import Pools
from taipy_exec.engine.scheduler import Urgency
from taipy_exec.errors import StoreError
from taipy_exec.event_log import EventLog, start_by_environment
from taipy_exec.execution.capture import appending
from taipy_exec.forks import close_in_copies
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.ports import JobQueue, Runner, RunnerContext, make_runner
from taipy_exec.protocol.order import JobOrder
from taipy_exec.store.coordinators import Identity
from taipy_exec.store.keeping import Keeper
from taipy_exec.store.logs import log_path
from taipy_exec.store.store import Store
from taipy_exec.visible_text import visible_record

if TYPE_CHECKING:
    from taipy_exec.observers.watching import Watcher, Watching

log = logging.getLogger("taipy_exec")
log.addFilter(visible_record)


def environment_layers() -> list[Layer]:
    """The layer of the file that TAIPY_CONFIG_PATH names, if it is set."""
    path = os.environ.get(ENVIRONMENT_FILE)
    return [layer_from_toml(read_toml(Path(path)))] if path else []


def compile_application(
    found: ApplicationPath,
    *,
    python_layer: Layer | None = None,
    state_dir: Path | None = None,
    overrides: Layer | None = None,
) -> Compiled:
    """Compile the application: Python < file < environment file < `overrides`.

    Raises ConfigurationError if a file cannot be read.
    """
    layers = [python_layer] if python_layer else []
    if found.toml is not None:
        layers.append(layer_from_toml(read_toml(found.toml)))
    layers += environment_layers()
    if overrides is not None:
        layers.append(overrides)
    compiled = compile_layers(
        layers,
        root=found.root,
        state_dir=found.state_folder(state_dir),
        source=found.toml,
        main_file=found.main,
        looked_in=found.looked_in,
    )
    if found.toml is not None and not _names_main(compiled.config):
        compiled.config = replace(compiled.config, main_file=None)
    return compiled


def _names_main(app: AppConfig) -> bool:
    """Whether the configuration names a function or class of the main script."""
    return any(reference.path.startswith(MAIN_PREFIXES) for *_, reference in references(app))


def check_compiled(compiled: Compiled, *, imports: bool = True) -> list[Problem]:
    """Every problem, checked against the modes and storage types that are installed here.

    For a program of another framework: the problems that this framework has found.
    """
    if compiled.config.program is not None:
        return compiled.problems
    return check(compiled, modes=runner_modes(), storage_types=storage_types(), imports=imports)


def early_problems(
    compiled: Compiled, tasks: Iterable[TaskConfig], found: Iterable[Problem] = ()
) -> list[Problem]:
    """Problems between these tasks and their functions and data nodes, before any job starts.

    An ERROR is sure to make a job fail. `check_compiled` comes first: it imports the functions.
    Modules that failed then, by the problems that it `found`, are not run again.
    """
    from taipy_exec.config.call_checks import call_problems
    from taipy_exec.config.path_checks import folder_problems
    from taipy_exec.data.node_checks import access_problems

    if compiled.config.program is not None:
        return []
    tasks = list(tasks)
    calls = call_problems(compiled, tasks, failed_modules(found))
    folders = folder_problems(compiled, tasks)
    return in_order(compiled, [*calls, *access_problems(compiled, tasks), *folders])


def check_everything(compiled: Compiled, *, connects: bool = False) -> list[Problem]:
    """Every problem: those of `check_compiled`, jobs that would fail or wait, unused entries.

    With `connects`, databases and buckets are asked whether they answer.
    """
    from taipy_exec.config.usage_checks import usage_problems
    from taipy_exec.data.node_checks import input_problems

    if compiled.config.program is not None:
        return check_compiled(compiled)
    tasks = [task for task in compiled.config.tasks.values() if task.id != "default"]
    checked = check_compiled(compiled)
    found = [
        *checked,
        *early_problems(compiled, tasks, checked),
        *input_problems(compiled),
        *usage_problems(compiled),
    ]
    # Not for a configuration with errors: these may be the reason.
    if connects and all(one.level is not Level.ERROR for one in found):
        from taipy_exec.data.connection_checks import connection_problems

        found += connection_problems(compiled, tasks)
    return in_order(compiled, found)


def refuse_early(compiled: Compiled, tasks: Iterable[TaskConfig]) -> None:
    """Raises ConfigurationError if jobs of these tasks are sure to fail."""
    found = [one for one in early_problems(compiled, tasks) if one.level is Level.ERROR]
    replace_problems(compiled, found).raise_errors()


def checked(compiled: Compiled, *, imports: bool = True) -> AppConfig:
    """The configuration. Raises ConfigurationError with every problem if one is an error."""
    app = compiled.config
    if imports and app.main_file is not None and app.program is None:
        import_main(app.main_file)
    compiled = replace_problems(compiled, check_compiled(compiled, imports=imports))
    return compiled.raise_errors()


def replace_problems(compiled: Compiled, problems: Sequence[Problem]) -> Compiled:
    """`compiled` with what a check found."""
    return Compiled(compiled.config, compiled.merged, list(problems))


def revoke(
    app: AppConfig, record: SubmissionRecord, jobs: Sequence[JobRecord], ended: bool
) -> None:
    """Take unfinished jobs that no process coordinates back from their queue or their worker.

    `ended`: the whole submission ends with them. Only jobs in a queue go on without a coordinator.
    Raises BrokerError.
    """
    if capabilities(record.mode).outlives_coordinator:
        runner_class(record.mode).revoke_jobs(app, record.id, jobs, ended=ended)


@dataclass(slots=True)
class Engine:
    """A store with a coordinator and the runner that it drives, for one mode."""

    app: AppConfig
    store: Store
    runner: Runner
    coordinator: Coordinator
    own: Identity
    identity: str
    pools: Pools
    watching: Watching
    keeper: Keeper | None
    circumstances: Circumstances

    def add(self, *plans: SubmissionPlan) -> None:
        """Give submissions to the coordinator, and announce them to the watchers.

        Raises BrokerError if their jobs cannot be queued: the coordinator takes none of them then.
        """
        for plan in plans:
            self.circumstances.add_to(plan.record)
            self.watching.begin(plan)
        self.coordinator.add(*plans)

    def close(self, grace: float = 0.0) -> None:
        """End every process of the runner; a process that runs a job gets `grace` seconds."""
        self.runner.close(grace)
        self.watching.close()
        if self.runner.queue is not None and self.runner.queue.has_dismissed_all:
            try:
                self.store.let_go(self.identity)
            except StoreError:
                pass  # the next coordinator does it
        self.pools.close()
        self.circumstances.close()
        self.store.close()
        if self.keeper is not None:
            self.keeper.close()
        self.own.close()


def _dismiss_ended(store: Store, queue: JobQueue) -> None:
    """Remove what dead coordinators left on the broker for submissions that have ended."""
    dead = set()
    for submission, coordinator in store.ended_and_held():
        if not store.is_alive(coordinator):
            queue.dismiss(submission)
            dead.add(coordinator)
    for coordinator in dead:
        store.let_go(coordinator)


def _watchers(app: AppConfig, tell: Callable[[str], None]) -> Sequence[Watcher]:
    # Imported here: a process that only checks a configuration does not need it.
    from taipy_exec.observers.configured import configured_watchers

    return configured_watchers(app, tell)


def _watching(coordinator: Coordinator, watchers: Sequence[Watcher]) -> Watching:
    from taipy_exec.observers.watching import Watching

    watching = Watching(coordinator)
    for watcher in watchers:
        watching.add(watcher)
    return watching


def _place_of_log(app: AppConfig, order: JobOrder) -> Path:
    return log_path(app.state_dir, order.submission, order.job)


def _note(app: AppConfig, order: JobOrder, text: str) -> None:
    """Write a line into the log of a job; an error of writing does not stop the job."""
    try:
        with closing(appending(_place_of_log(app, order))) as file:
            file.write(f"taipy-exec: {redaction(app)(text)}\n".encode())
    except OSError:
        pass


def make_engine(
    app: AppConfig,
    store: Store,
    *,
    folder: Path | None = None,
    echo: bool = True,
    own: Identity | None = None,
    freshness: Freshness | None = None,
    tell: Callable[[str], None] = log.warning,
    runs_user_code: bool = False,
    beside: Callable[[JobOrder], bytes] = lambda order: b"",
) -> Engine:
    """An engine for the mode of `app`. `folder` is the working folder of jobs' processes.

    `own` is the identity to coordinate under, a new one by default. `freshness` decides which jobs
    may be skipped, by default as the configuration says. `tell` gets the warnings of watchers.
    `runs_user_code`: this process runs user code in any mode, not only in development mode.
    `beside` returns the bytes that are sent with an order to a process of this machine.
    """
    EventLog.keep_secret(app)
    # Before any file is opened: these may raise.
    start_by_environment()
    watchers = _watchers(app, tell)
    where = partial(_place_of_log, app)
    own = own or store.coordinate()
    can = capabilities(app.job.mode)
    runner = make_runner(
        app.job.mode,
        RunnerContext(
            app=app,
            log_path=where,
            folder=folder or app.root,
            echo=echo,
            epoch=own.token,
            beside=beside,
        ),
    )
    if runner.queue is not None:
        _dismiss_ended(store, runner.queue)
    pools = Pools(store.folder / "pools", app.job.pools)
    coordinator = Coordinator(
        store,
        runner,
        freshness=freshness or make_freshness(store, app),
        pools=pools,
        urgency=_urgency(app, store),
        note=partial(_note, app),
        grace=app.job.grace,
        identity=own.name,
    )
    return Engine(
        app=app,
        store=store,
        runner=runner,
        coordinator=coordinator,
        own=own,
        identity=own.name,
        pools=pools,
        watching=_watching(coordinator, watchers),
        keeper=_keeper(store) if runs_user_code or can.in_callers_thread else None,
        circumstances=Circumstances(app, store),
    )


def _keeper(store: Store) -> Keeper:
    keeper = Keeper(store.path)
    if keeper.pipe is not None:
        close_in_copies(keeper.pipe)
    keeper.wait()
    return keeper


def _urgency(app: AppConfig, store: Store) -> Urgency:
    """How urgent tasks are; all are equal if jobs run one by one or in order of submission."""
    one_by_one = capabilities(app.job.mode).slots(app.job.workers) == 1
    if one_by_one or app.job.schedule == "fifo":
        return lambda plan: {}

    def urgency(plan: SubmissionPlan) -> Mapping[str, float]:
        usual = store.usual_durations(plan.record.scenario, plan.record.file)
        return remaining_seconds(plan.graph, usual)

    return urgency
