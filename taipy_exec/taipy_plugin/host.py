"""Runs jobs of a Taipy program in separate processes; implements what `execution.host` needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.main_module import import_main
from taipy_exec.config.modes import capabilities
from taipy_exec.config.redaction import redaction
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.data.files import remove_leftovers
from taipy_exec.data.node import DataNodeRef
from taipy_exec.execution.failed_attempt import AttemptFailed, format_traceback
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.protocol.order import JobOrder, JobReport
from taipy_exec.taipy_plugin import internals
from taipy_exec.taipy_plugin.program_task import ProgramTask, unpacked

_former_main: list[Any] = []


def prepare() -> None:
    """Make calls that would run the program end the import of its file."""
    internals.refuse_running()


def import_program(main: Path) -> None:
    """Import the file as the main script, as a process that `multiprocessing` spawns does.

    Raises ConfigurationError if it raises.
    """
    import_main(main, MAIN_NAMES[1])
    _former_main.append(sys.modules[MAIN_NAMES[0]])
    sys.modules[MAIN_NAMES[0]] = sys.modules[MAIN_NAMES[1]]


def job_runner(app: AppConfig, may_write: Callable[[], bool] | None) -> JobRunner:
    """A runner that uses the program's entities and its configuration."""
    assert app.program is not None
    internals.apply_configuration(app.program.configuration)
    internals.write_entities_whole()
    internals.refuse_submitting()
    return ProgramJobRunner(app, may_write, alone=True)


def remove_half_written(order: JobOrder) -> None:
    """Remove the unfinished files of a process that died while it ran the job."""
    try:
        task = internals.task_entity(order.entity)
        for node in task.output.values() if task else ():
            file = internals.file_of(node)
            if file is not None:
                remove_leftovers(Path(file))
    except Exception:
        # The entities may be gone, or need what only a job's process has. A leftover does no harm.
        internals.log.debug("unfinished files of the job were not removed", exc_info=True)


class ProgramJobRunner(JobRunner):
    """Runs jobs with the task and the data nodes that Taipy has stored."""

    def run(self, order: JobOrder, beside: bytes = b"") -> JobReport:
        """Run any job; a failure contains no password of the configuration.

        The command that shows it later cannot read the configuration without an import of the
        program. `beside` is the task, if the program has not stored it.
        """
        report = super().run(order, beside)
        failure = report.failure
        if failure is None:
            return report
        redacted = redaction(self._app)
        trace = failure.traceback
        return report._replace(
            failure=replace(
                failure,
                message=redacted(failure.message),
                traceback=None if trace is None else redacted(trace),
            )
        )

    def _run(self, order: JobOrder) -> None:
        self._program_task = self._found(order)
        super()._run(order)

    def _task(self, order: JobOrder) -> TaskConfig:
        """The configured task; on the program's own machine also one that is no longer there.

        An order from the broker must name a task that this worker's configuration has.
        """
        is_remote = capabilities(self._app.job.mode).on_other_machines
        if order.task in self._app.tasks or is_remote:
            return super()._task(order)
        return TaskConfig(id=order.task)

    def _found(self, order: JobOrder) -> ProgramTask:
        if self._beside:
            return self._sent(order)
        try:
            entity = internals.task_entity(order.entity)
        except Exception as error:
            what = (
                f"the function of task {order.task!r} cannot be imported in the job's process: "
                f"{error}; define it at the top level of a module, outside of the "
                '`if __name__ == "__main__":` part'
            )
            raise AttemptFailed(_not_loaded(what, error), error) from None
        if entity is None:
            what = (
                f"{order.entity} is not in {internals.stored_tasks()}: it was deleted or never "
                "stored, or the program and this worker do not share that folder; start both in "
                "the same one, or give [CORE] taipy_storage_folder and storage_folder as absolute "
                "paths of a shared disk"
            )
            raise AttemptFailed(_not_loaded(what))
        return ProgramTask.of(entity)

    def _sent(self, order: JobOrder) -> ProgramTask:
        try:
            found = unpacked(self._beside)
        except Exception as error:
            what = f"task {order.task!r}, which is not stored, cannot be created here: {error}"
            raise AttemptFailed(_not_loaded(what, error), error) from None
        if isinstance(found, str):
            raise AttemptFailed(_not_loaded(found))
        return found

    def _function(self, task: TaskConfig) -> Callable[..., Any]:
        return self._program_task.function

    def _inputs(self, task: TaskConfig, order: JobOrder) -> Sequence[DataNodeRef]:
        return self._program_task.inputs

    def _outputs(self, task: TaskConfig, order: JobOrder) -> Sequence[DataNodeRef]:
        return self._program_task.outputs


def _not_loaded(message: str, error: BaseException | None = None) -> Failure:
    return Failure(
        kind=Reason.NOT_LOADED,
        type=type(error).__name__ if error else None,
        message=message,
        traceback=format_traceback(error, error.__traceback__) if error else None,
    )
