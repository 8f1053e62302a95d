"""`run_job`: read the inputs, call the function, split the results, write the outputs.

All modes run their jobs through this module.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Protocol

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.mapped import PartConfig, mapped_input, task_named, whole_name
from taipy_exec.config.run_options import RunOptions, size_text
from taipy_exec.data.files import A_FOLDER, remove_leftovers
from taipy_exec.data.node import DataNodeRef, Owner, locate, located
from taipy_exec.errors import ConfigurationError
from taipy_exec.execution.by_value import why_not_sent
from taipy_exec.execution.elements import Elements, stamp_of
from taipy_exec.execution.failed_attempt import (
    AttemptFailed,
    failure_of,
    format_traceback,
    message_of,
)
from taipy_exec.execution.limits import Deadline, JobStopped, JobTimeout, limited
from taipy_exec.execution.mapped_task import collected, counted
from taipy_exec.execution.results import split, write
from taipy_exec.execution.source import Sources
from taipy_exec.forks import end_copy_of
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason
from taipy_exec.protocol.order import JobOrder, JobReport

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Watching(Protocol):
    """Watches how a job changes its process: during its call, and during its module's import."""

    def importing(self) -> AbstractContextManager[None]: ...
    def calling(self) -> AbstractContextManager[None]: ...


class _Outdated(BaseException):
    """Another attempt has replaced this one. As a BaseException, no storage type catches it."""


class JobRunner:
    """Runs jobs of one application. It keeps the loaded functions for later jobs of a task.

    `may_write` is asked before each change of a data node, because another attempt may have
    replaced this one. `alone`: this process does nothing else while a job runs.
    """

    def __init__(
        self, app: AppConfig, may_write: Callable[[], bool] | None = None, *, alone: bool = False
    ) -> None:
        self._app = app
        self._may_write = may_write
        self._alone = alone
        self._beside = b""
        self._functions: dict[str, Callable[..., Any]] = {}
        self._elements = Elements(app, _read)
        self._sources = Sources(app.root, app.main_file) if app.job.cache == "content" else None
        self._process_state: Watching | None = None

    def watch(self, process_state: Watching) -> None:
        """Inform `process_state` about each call of a job and each import of its module."""
        self._process_state = process_state

    def run(self, order: JobOrder, beside: bytes = b"") -> JobReport:
        """Run the attempt to its end. An exception of the user's code becomes a `Failure`.

        An unexpected exception of a plugged-in storage type becomes a `Failure` too. `beside` came
        with the order, for a task that is not stored anywhere.

        This raises only `JobStopped`, after the attempt has ended.
        """
        begin = time.perf_counter()
        self._beside = beside
        failure = None
        final = False
        options = self._options(order)
        try:
            if options is None:
                self._run(order)
            else:
                self._run_limited(order, options)
        except AttemptFailed as failed:
            failure = failed.failure
            final = options is not None and failed.is_final(options.retry_on)
        except JobStopped:
            raise
        except _Outdated:
            failure = Failure(
                kind=Reason.OUTDATED,
                message="another attempt has replaced it; it wrote no more data",
            )
        except BaseException as error:
            unforeseen = AttemptFailed(failure_of(Reason.RAISED, error, message_of(error)), error)
            failure = unforeseen.failure
            final = options is not None and unforeseen.is_final(options.retry_on)
        return JobReport(
            job=order.job,
            attempt=order.attempt,
            finished_at=time.time(),
            duration=time.perf_counter() - begin,
            failure=failure,
            source=self._source(order.task) if failure is None else None,
            final=final,
        )

    def _options(self, order: JobOrder) -> RunOptions | None:
        """The run options of the task. None if there is none that matters here."""
        task = task_named(self._app.tasks, order.task)
        # A separate process has the environment of all jobs from its start.
        shared = {} if self._alone else self._app.job.environment
        if task is None or not (task.properties or shared):
            return None
        options = task.run_options
        if shared:
            options = replace(options, environment={**shared, **options.environment})
        return options

    def _run_limited(self, order: JobOrder, options: RunOptions) -> None:
        deadline = None
        try:
            with limited(options, alone=self._alone) as deadline:
                self._run(order)
        except AttemptFailed as failed:
            raise AttemptFailed(
                _explained(failed.failure, options, deadline), failed.error
            ) from None
        except JobTimeout as error:
            # Between two steps, where no user code runs.
            raise AttemptFailed(
                failure_of(Reason.TIMED_OUT, error, message_of(error)), error
            ) from None

    def _source(self, task_id: str) -> str | None:
        if self._sources is None:
            return None
        task = self._app.tasks[whole_name(task_id)]
        if not task.skippable or task.function_ref is None:
            return None
        return self._sources.digest_of_loaded(task.function_ref)

    def _task(self, order: JobOrder) -> TaskConfig:
        task = task_named(self._app.tasks, order.task)
        if task is None:
            raise AttemptFailed(
                Failure(
                    kind=Reason.NOT_LOADED,
                    message=f"the application's configuration has no task {order.task!r}",
                )
            )
        return task

    def _run(self, order: JobOrder) -> None:
        task = self._task(order)
        outputs = self._outputs(task, order)
        values = self._values(task, outputs, order)
        if self._may_write is not None:
            outputs = [replace(node, before_change=self._fence) for node in outputs]
        if order.attempt > 1:
            # A former attempt may still write (frozen, cut off). Its files are locked and stay.
            for node in outputs:
                if node.path is not None:
                    remove_leftovers(node.path)
        write(outputs, values)

    def _values(
        self, task: TaskConfig, outputs: Sequence[DataNodeRef], order: JobOrder
    ) -> Sequence[Any]:
        """One value for each output."""
        part = task if isinstance(task, PartConfig) else None
        # In a Taipy program, `map` is only a property of the user's own.
        if part is None and not order.entity and mapped_input(task) is not None:
            return collected(self._app, task, _owner(order), _read)
        if part is not None and part.element is None:
            (node,) = self._inputs(task, order)
            stamp = stamp_of(node)
            return [counted(part, _read(node), stamp.text)]
        function = self._function(task)
        arguments = [self._argument(node, part, order) for node in self._inputs(task, order)]
        with self._process_state.calling() if self._process_state else nullcontext():
            result = _call(function, arguments)
        return split(task, outputs, result)

    def _argument(self, node: DataNodeRef, part: PartConfig | None, order: JobOrder) -> Any:
        """The value of an input; of the list of a mapped task only the element of this job."""
        if part is None or node.config is not mapped_input(part.whole):
            return _read(node)
        return self._elements.take(node, part, _owner(order), order.element)

    def _fence(self) -> None:
        """Raise `_Outdated` if this run does not count any more. Then it writes nothing."""
        if self._may_write is not None and not self._may_write():
            raise _Outdated

    def _function(self, task: TaskConfig) -> Callable[..., Any]:
        name = whole_name(task.id)
        found = self._functions.get(name)
        if found is None:
            assert task.function_ref is not None
            try:
                with self._process_state.importing() if self._process_state else nullcontext():
                    found = self._functions[name] = task.function_ref.load()
            except ConfigurationError as error:
                cause = error.__cause__
                raise AttemptFailed(
                    Failure(
                        kind=Reason.NOT_LOADED,
                        type=type(cause).__name__ if cause else None,
                        message=error.message,
                        traceback=format_traceback(cause, cause.__traceback__) if cause else None,
                    ),
                    cause,
                ) from None
        why = why_not_sent(found)
        if why is not None:
            raise AttemptFailed(Failure(kind=Reason.NOT_LOADED, message=why))
        return found

    def _inputs(self, task: TaskConfig, order: JobOrder) -> Sequence[DataNodeRef]:
        return [locate(self._app, config, _owner(order)) for config in task.inputs]

    def _outputs(self, task: TaskConfig, order: JobOrder) -> Sequence[DataNodeRef]:
        # The data nodes of a part of a mapped task are not in the configuration.
        place = located if isinstance(task, PartConfig) else locate
        return [place(self._app, config, _owner(order)) for config in task.outputs]


def _owner(order: JobOrder) -> Owner:
    return Owner(instance=order.instance, cycle=order.cycle)


def _explained(failure: Failure, options: RunOptions, deadline: Deadline | None) -> Failure:
    """The failure with the limit that led to it."""
    if deadline is not None and deadline.passed:
        what = f"it did not end within its timeout of {deadline.seconds:g} s"
        if failure.type != JobTimeout.__name__:
            what += f", and then failed: {failure.message}"
        return replace(failure, kind=Reason.TIMED_OUT, message=what)
    if failure.type == "MemoryError" and options.max_memory is not None:
        limit = f"the task's max_memory is {size_text(options.max_memory)}"
        return replace(failure, message=f"{failure.message} ({limit})")
    return failure


def _read(node: DataNodeRef) -> Any:
    try:
        return node.read()
    except Exception as error:
        if isinstance(error, FileNotFoundError) and node.path is not None:
            what = f"there is no file {node.place}: it was never written, or it was removed"
        elif isinstance(error, IsADirectoryError):
            what = f"{node.place}: {A_FOLDER}"
        else:
            what = f"{node.place}: {message_of(error)}"
        what = f"reading data node {node.config.id!r}: {what}"
        raise AttemptFailed(failure_of(Reason.READ_INPUT, error, what), error) from None


def _call(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    own = os.getpid()
    try:
        # Context variables that a job sets do not leave the job.
        result = contextvars.copy_context().run(function, *arguments)
        if type(result) is CoroutineType and is_async(function):
            from taipy_exec.execution.coroutines import run_to_end

            result = run_to_end(result)
    except JobStopped as error:
        end_copy_of(own, error)
        raise
    except BaseException as error:  # SystemExit, KeyboardInterrupt: they end only the job
        end_copy_of(own, error)
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        raise AttemptFailed(
            Failure(
                kind=Reason.RAISED,
                type=type(error).__name__,
                message=message_of(error),
                traceback=format_traceback(error, trace),
            ),
            error,
        ) from None
    end_copy_of(own)
    return result


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call gives a coroutine that must run: an `async def` function, even if wrapped."""
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    called: object = function if inspect.isroutine(function) else type(function).__call__
    return inspect.iscoroutinefunction(called)
