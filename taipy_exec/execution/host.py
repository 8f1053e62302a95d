"""Jobs of a program of another framework. A module, found by its name, runs them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from taipy_exec.config.application import AppConfig, ForeignProgram
from taipy_exec.config.mapped import task_named
from taipy_exec.data.files import remove_leftovers
from taipy_exec.data.node import Owner, located
from taipy_exec.protocol.order import JobOrder, JobReport

if TYPE_CHECKING:
    from taipy_exec.execution.process_state import ProcessState
    from taipy_exec.execution.run_job import JobRunner


class Host(Protocol):
    """The functions that the module of a `ForeignProgram` provides."""

    def prepare(self) -> None:
        """Prepare a process that only runs jobs, before it imports the program's file."""

    def import_program(self, main: Path) -> None:
        """Import the program's file. Raises ConfigurationError if the file raises."""

    def job_runner(self, app: AppConfig, may_write: Callable[[], bool] | None) -> JobRunner:
        """The runner for jobs in this process, which does nothing else."""

    def remove_half_written(self, order: JobOrder) -> None:
        """Remove the unfinished files of a process that died while it ran the job."""


class ProgramOrFile:
    """Runs the jobs of a program, and jobs submitted through the TOML file in the same folder."""

    def __init__(self, of_program: JobRunner, of_file: JobRunner) -> None:
        self._of_program = of_program
        self._of_file = of_file

    def watch(self, process_state: ProcessState) -> None:
        """As `JobRunner.watch`."""
        self._of_program.watch(process_state)
        self._of_file.watch(process_state)

    def run(self, order: JobOrder, beside: bytes = b"") -> JobReport:
        """As `JobRunner.run`. Only the order of a program names the entity of its task."""
        runner = self._of_program if order.entity or beside else self._of_file
        return runner.run(order, beside)


def host_of(program: ForeignProgram) -> Host:
    """The module that knows how the program's jobs run."""
    return cast("Host", importlib.import_module(program.module))


def remove_half_written(app: AppConfig, order: JobOrder) -> None:
    """Remove the unfinished files of a process that died while it ran the job."""
    app = app.serving(order.entity)
    if app.program is not None:
        host_of(app.program).remove_half_written(order)
        return
    task = task_named(app.tasks, order.task)
    owner = Owner(instance=order.instance, cycle=order.cycle)
    for config in task.outputs if task else ():
        path = located(app, config, owner).path
        if path is not None:
            remove_leftovers(path)
