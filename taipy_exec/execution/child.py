"""A slot's process. It takes job orders from a pipe, runs them and sends reports back."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig, ForeignProgram, TaskConfig
from taipy_exec.config.main_module import import_main, mark_as_slot
from taipy_exec.config.reference import FunctionRef
from taipy_exec.config.vocabulary import WATCH_KEYS
from taipy_exec.execution import by_value
from taipy_exec.execution.failed_attempt import format_traceback
from taipy_exec.execution.fence import READY, Fence
from taipy_exec.execution.host import ProgramOrFile, host_of
from taipy_exec.execution.process_state import ProcessState
from taipy_exec.execution.processes import adopt_orphans, die_with, end_leftovers
from taipy_exec.execution.progress import to_stderr, told_by
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.execution.standard_streams import open_stream
from taipy_exec.execution.usage import Meter
from taipy_exec.forks import close_in_copies, end_copy_of
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.protocol.order import JobOrder, JobReport, from_beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """The settings that a slot's process needs once. `app` is read after folder and paths are set.

    `asks`: a job asks before it writes, unless its order already allows it. `environment` is set
    before the application's modules are imported. `program` imports them for another framework.
    `authkey` is the key that a child of `multiprocessing` inherits from its parent. A job needs it
    to use a lock or a dictionary of the application's `multiprocessing.Manager`.
    """

    folder: str
    sys_path: list[str]
    main_file: str | None
    app: bytes
    asks: bool
    environment: dict[str, str]
    program: ForeignProgram | None
    authkey: bytes


def make_bootstrap(app: AppConfig, folder: Path, *, asks: bool = False) -> bytes:
    """The first message to a slot. Functions of `__main__`, lambdas and closures are sent by value.

    Default data is not sent, because only the coordinator writes it. The settings for notifications
    (`WATCH_KEYS`) are not sent either, because only the coordinator uses them: an address may be a
    secret, and a function may hold objects that cannot be sent.
    """
    small = _small(app)
    try:
        sent = by_value.dump(small)
    except Exception:
        tasks = {id: _sendable(task) for id, task in small.tasks.items()}
        sent = by_value.dump(replace(small, tasks=tasks))
    bootstrap = Bootstrap(
        folder=str(folder),
        sys_path=list(sys.path),
        main_file=str(app.main_file) if app.main_file else None,
        app=sent,
        asks=asks,
        environment=dict(app.job.environment),
        program=app.program,
        authkey=bytes(multiprocessing.current_process().authkey),
    )
    return pickle.dumps(bootstrap, protocol=5)


def _small(app: AppConfig) -> AppConfig:
    nodes = {
        id: replace(
            node, properties={k: v for k, v in node.properties.items() if k != "default_data"}
        )
        for id, node in app.data_nodes.items()
    }

    def slim(configs: Any) -> Any:
        return tuple(nodes[config.id] for config in configs)

    tasks = {
        id: replace(task, inputs=slim(task.inputs), outputs=slim(task.outputs))
        for id, task in app.tasks.items()
    }
    sent_keys = {k: v for k, v in app.job.properties.items() if k not in WATCH_KEYS}
    job = replace(app.job, properties=sent_keys)
    also = None if app.also is None else _small(app.also)
    return replace(app, job=job, data_nodes=nodes, tasks=tasks, scenarios={}, also=also, memo={})


def _sendable(task: TaskConfig) -> TaskConfig:
    """The task with a function that can be sent: by value if possible, otherwise by its name.

    If neither is possible, the job of the task fails with the reason.
    """
    try:
        by_value.dump(task.function_ref)
    except Exception as error:
        assert task.function_ref is not None
        if task.function_ref.is_importable and not task.function_ref.is_of_main:
            return replace(task, function_ref=FunctionRef(task.function_ref.path))
        why = f"the function {task.function_ref.path} cannot be sent to another process: {error}"
        return replace(task, function_ref=FunctionRef(task.function_ref.path, why_not=why))
    return task


# The most characters of the note about a process that a job has spoiled.
_LONGEST_NOTE = 1000


def serve(orders: Any, reports: Any, output: Any, lifeline: Any) -> None:
    """Run a slot's process until its pipe ends. The arguments are ends of `multiprocess` pipes."""
    os.setsid()
    mark_as_slot()
    die_with(lifeline.fileno())
    adopt_orphans()
    _redirect(output)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent may ignore SIGCHLD. Then a job could not get the exit codes of its own processes.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    own = os.getpid()
    close_in_copies(orders, reports, lifeline)
    fence = Fence(orders, reports)
    runner, failure = _load(orders.recv_bytes(), fence.may_write)
    process_state = ProcessState()
    if runner is not None:
        runner.watch(process_state)
    reports.send_bytes(READY)
    while True:
        try:
            message = orders.recv_bytes()
        except EOFError:
            return
        order, beside = from_beside(fence.set_by(message))
        if runner is None:
            assert failure is not None
            report = JobReport.failed(order, failure)
        else:
            report = _run(runner, order, beside, process_state)
        end_copy_of(own)
        reports.send_bytes(report.dump())


def _run(
    runner: JobRunner | ProgramOrFile, order: JobOrder, beside: bytes, process_state: ProcessState
) -> JobReport:
    meter = Meter()
    with told_by(to_stderr):
        report = runner.run(order, beside)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    leaked = end_leftovers()
    used = meter.usage()
    left = process_state.restore()
    report = report._replace(leaked=leaked, spoiled="; ".join(left)[:_LONGEST_NOTE])
    return report._replace(cpu_seconds=used.cpu_seconds, peak_memory=used.peak_memory)


def _redirect(output: Any) -> None:
    """Redirect stdout and stderr, including their descriptors, to the slot's output pipe."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()
    os.close(null)
    sys.stdin, sys.stdout, sys.stderr = (open_stream(number) for number in range(3))


def _load(
    message: bytes, may_write: Callable[[], bool]
) -> tuple[JobRunner | ProgramOrFile | None, Failure | None]:
    """The application, or the failure of loading it. Every job of this slot then fails with it."""
    bootstrap: Bootstrap = pickle.loads(message)
    try:
        os.chdir(bootstrap.folder)
        sys.path[:] = bootstrap.sys_path
        os.environ.update(bootstrap.environment)
        multiprocessing.current_process().authkey = bootstrap.authkey
        _import_application(bootstrap)
        app = by_value.load(bootstrap.app)
        runner = _make_runner(app, may_write if bootstrap.asks else None)
    except (Exception, SystemExit) as error:
        return None, Failure(
            kind=Reason.NOT_LOADED,
            type=type(error).__name__,
            message=f"the application could not be loaded in a new process: {error}",
            traceback=format_traceback(error, error.__traceback__),
        )
    return runner, None


def _import_application(bootstrap: Bootstrap) -> None:
    program = bootstrap.program
    if program is not None:
        host_of(program).prepare()
    if bootstrap.main_file:
        main = Path(bootstrap.main_file)
        import_main(main) if program is None else host_of(program).import_program(main)


def _make_runner(app: AppConfig, may_write: Callable[[], bool] | None) -> JobRunner | ProgramOrFile:
    if app.program is None:
        return JobRunner(app, may_write, alone=True)
    of_program = host_of(app.program).job_runner(app, may_write)
    if app.also is None:
        return of_program
    return ProgramOrFile(of_program, JobRunner(app.also, may_write, alone=True))
