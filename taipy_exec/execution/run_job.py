"""`run_job`: read the inputs, call the function, split the results, write the outputs.

The one way to run a job, whatever the mode.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.run_options import RunOptions, size_text
from taipy_exec.data.files import A_FOLDER, remove_leftovers
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.errors import ConfigurationError, TaipyExecError
from taipy_exec.execution import limits
from taipy_exec.execution.limits import Deadline, JobTimeout, limited
from taipy_exec.execution.order import JobOrder, JobReport
from taipy_exec.execution.source import Sources
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason

_MESSAGE_LIMIT = 10_000
_TRACEBACK_LIMIT = 100_000
_OURS = (
    str(Path(__file__).parents[1]) + os.sep,
    contextlib.__file__,
    importlib.__file__,
    "<frozen importlib",
)


class JobStopped(BaseException):
    """Raised inside a job that runs in the calling thread, to stop it."""


class _Outdated(BaseException):
    """Another attempt has taken the place of this one. No storage type may take it for its own."""


class AttemptFailed(Exception):
    """The attempt failed; `error` is the exception that led to it, if one did."""

    def __init__(self, failure: Failure, error: BaseException | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.error = error

    def is_final(self, retry_on: Sequence[str]) -> bool:
        """Whether it is none of the exceptions and reasons that are worth another attempt."""
        names = {self.failure.kind}
        for kind in type(self.error).__mro__ if self.error is not None else ():
            names |= {kind.__name__, f"{kind.__module__}.{kind.__qualname__}"}
        return bool(retry_on) and names.isdisjoint(retry_on)


class JobRunner:
    """Runs jobs of one application; keeps what all jobs of a task have in common.

    `may_write` is asked before each change of a data node, where another attempt could be the one
    that counts. `alone`: this process does nothing else while a job runs.
    """

    def __init__(
        self, app: AppConfig, may_write: Callable[[], bool] | None = None, *, alone: bool = False
    ) -> None:
        self._app = app
        self._may_write = may_write
        self._alone = alone
        self._beside = b""
        self._functions: dict[str, Callable[..., Any]] = {}
        self._sources = Sources(app.root, app.main_file) if app.job.cache == "content" else None

    def run(self, order: JobOrder, beside: bytes = b"") -> JobReport:
        """Run the attempt to its end. What the user's code raises becomes a `Failure`.

        So does what a plugged-in storage type raises where nobody expects it. `beside` came with
        the order, for a task that is stored nowhere.

        Only `JobStopped` and KeyboardInterrupt go through, after the attempt has ended.
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
        except (JobStopped, KeyboardInterrupt):
            raise
        except _Outdated:
            failure = Failure(
                kind=Reason.OUTDATED,
                message="another attempt has taken its place; nothing more of it was written",
            )
        except BaseException as error:
            unforeseen = AttemptFailed(_failure(Reason.RAISED, error, _message(error)), error)
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
        """What the task says of how its jobs run, None for nothing that matters here."""
        task = self._app.tasks.get(order.task)
        # A process of its own has the environment of all jobs from its start.
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
            raise AttemptFailed(_failure(Reason.TIMED_OUT, error, _message(error)), error) from None

    def _source(self, task_id: str) -> str | None:
        if self._sources is None:
            return None
        task = self._app.tasks[task_id]
        if not task.skippable or task.function_ref is None:
            return None
        return self._sources.digest_of_loaded(task.function_ref)

    def _task(self, order: JobOrder) -> TaskConfig:
        task = self._app.tasks.get(order.task)
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
        function = self._function(task)
        inputs, outputs = self._data_nodes(task, order)
        arguments = [_read(node) for node in inputs]
        values = _split(task, outputs, _call(function, arguments))
        if self._may_write is not None:
            outputs = [replace(node, before_change=self._fence) for node in outputs]
        if order.attempt > 1:
            # A former attempt that still writes, frozen or cut off, is fenced off anyway.
            for node in outputs:
                if node.path is not None:
                    remove_leftovers(node.path)
        _write(outputs, values)

    def _fence(self) -> None:
        """Let nothing be written by a run that does not count any more."""
        if self._may_write is not None and not self._may_write():
            raise _Outdated

    def _function(self, task: TaskConfig) -> Callable[..., Any]:
        found = self._functions.get(task.id)
        if found is None:
            assert task.function_ref is not None
            try:
                found = self._functions[task.id] = task.function_ref.load()
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
        return found

    def _data_nodes(
        self, task: TaskConfig, order: JobOrder
    ) -> tuple[Sequence[DataNodeRef], Sequence[DataNodeRef]]:
        owner = Owner(instance=order.instance, cycle=order.cycle)
        return (
            [locate(self._app, config, owner) for config in task.inputs],
            [locate(self._app, config, owner) for config in task.outputs],
        )


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
            what = f"there is no file {node.place}: the data node was never written, or removed"
        elif isinstance(error, IsADirectoryError):
            what = f"{node.place}: {A_FOLDER}"
        else:
            what = f"{node.place}: {_message(error)}"
        what = f"reading data node {node.config.id!r}: {what}"
        raise AttemptFailed(_failure(Reason.READ_INPUT, error, what), error) from None


def _call(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    try:
        return function(*arguments)
    except (JobStopped, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit and the like end the job, not us
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        raise AttemptFailed(
            Failure(
                kind=Reason.RAISED,
                type=type(error).__name__,
                message=_message(error),
                traceback=format_traceback(error, trace),
            ),
            error,
        ) from None


def _split(task: TaskConfig, outputs: Sequence[DataNodeRef], results: Any) -> Sequence[Any]:
    """One value for each output: one output takes the result whole, several split it."""
    if len(outputs) < 2:
        return [results] * len(outputs)
    wanted = f"task {task.id!r} has {len(outputs)} outputs and must return as many results; "
    kind = type(results).__name__
    if not hasattr(type(results), "__len__"):
        raise AttemptFailed(_wrong_count(f"{wanted}it returned one {kind}", "TypeError"))
    values: list[Any] = []
    try:
        number = len(results)
        if number == len(outputs):
            # No more than needed to see that there are too many: they may never end.
            values += itertools.islice(results, number + 1)
    except (JobStopped, KeyboardInterrupt):
        raise
    except BaseException as error:
        what = f"{wanted}taking them from the {kind} that it returned raised {_message(error)}"
        raise AttemptFailed(_failure(Reason.WRONG_RESULT_COUNT, error, what), error) from None
    if number != len(outputs):
        raise AttemptFailed(_wrong_count(f"{wanted}it returned {number}"))
    if len(values) != number:
        found = f"{len(values)}, or more" if len(values) > number else str(len(values))
        what = f"it returned a {kind} of length {number} that gives {found}"
        raise AttemptFailed(_wrong_count(wanted + what))
    return values


def _wrong_count(message: str, type: str | None = None) -> Failure:
    return Failure(kind=Reason.WRONG_RESULT_COUNT, type=type, message=message)


def _write(outputs: Sequence[DataNodeRef], values: Sequence[Any]) -> None:
    """Write each output whole. One that fails does not keep the others from being written."""
    failures = []
    for node, value in zip(outputs, values, strict=True):
        try:
            node.write(value)
        except JobTimeout:
            raise
        except Exception as error:
            why = A_FOLDER if isinstance(error, IsADirectoryError) else _message(error)
            what = f"writing data node {node.config.id!r} to {node.place}: {why}"
            failures.append(AttemptFailed(_failure(Reason.WRITE_OUTPUT, error, what), error))
    if failures:
        raise failures[0]


def _failure(kind: Reason, error: BaseException, message: str) -> Failure:
    return Failure(
        kind=kind,
        type=type(error).__name__,
        message=message[:_MESSAGE_LIMIT],
        # What we found out ourselves is told by its sentence; what led there is nobody's business.
        traceback=None
        if isinstance(error, TaipyExecError)
        else format_traceback(error, error.__traceback__),
    )


def _message(error: BaseException) -> str:
    try:
        text = str(error)
        if isinstance(error, TaipyExecError) and error.hint:
            text = f"{text}: {error.hint}"
    except Exception as inner:
        text = f"(its text cannot be had: {type(inner).__name__})"
    return (text or type(error).__name__)[:_MESSAGE_LIMIT]


def format_traceback(error: BaseException, trace: TracebackType | None) -> str:
    """The traceback as text, without our own frames and not too long."""
    try:
        story = traceback.TracebackException(type(error), error, trace, compact=True)
        _leave_out_ours(story)
        text = "".join(story.format())
    except Exception as inner:
        text = f"{type(error).__name__} (its traceback cannot be had: {type(inner).__name__})"
    if len(text) > _TRACEBACK_LIMIT:
        half = _TRACEBACK_LIMIT // 2
        text = (
            f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
        )
    return text


def _leave_out_ours(story: traceback.TracebackException) -> None:
    """Have a traceback start at the user's code, not at what led there."""
    walk = [story]
    while walk:
        one = walk.pop()
        theirs = list(itertools.dropwhile(lambda f: f.filename.startswith(_OURS), one.stack))
        if theirs and theirs[-1].filename == limits.__file__:
            theirs.pop()  # where the timeout rang
        # None: without a frame there is no line "Traceback (most recent call last)" either.
        one.stack = traceback.StackSummary.from_list(theirs) if theirs else None  # type: ignore[assignment]
        walk += [s for s in (one.__cause__, one.__context__, *(one.exceptions or ())) if s]
