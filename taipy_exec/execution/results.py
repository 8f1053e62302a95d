"""From what a task's function returns to its outputs: one value each, written whole."""

from __future__ import annotations

import io
import itertools
import pickle
from collections.abc import Awaitable, Iterator, Sequence
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

from taipy_exec.config.application import TaskConfig
from taipy_exec.data.files import A_FOLDER
from taipy_exec.data.node import DataNodeRef
from taipy_exec.execution.failed_attempt import AttemptFailed, failure_of, message_of
from taipy_exec.execution.limits import JobStopped, JobTimeout
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason

# What cannot be stored: its name, and what to return in its place. The first that fits counts.
_INSTEAD: tuple[tuple[Any, str, str], ...] = (
    (GeneratorType, "a generator", "return a list of what it yields"),
    (AsyncGeneratorType, "an async generator", "return a list of what it yields"),
    (Awaitable, "a coroutine that nobody awaits", "await it in an `async def` function"),
    (io.IOBase, "an open file", "return what is in it, or its path"),
    (ModuleType, "a module", "return data"),
    (Iterator, "an iterator", "return a list of what it gives"),
    (FunctionType | MethodType, "a function", "return the result of calling it"),
)
# Their bodies have not run when the function returns.
_UNFINISHED = (CoroutineType, AsyncGeneratorType)


def _instead(value: Any) -> tuple[str, str] | None:
    """What a value that cannot be stored is, and what to return instead; None if it may be."""
    return next(
        ((what, better) for kind, what, better in _INSTEAD if isinstance(value, kind)), None
    )


def split(task: TaskConfig, outputs: Sequence[DataNodeRef], results: Any) -> Sequence[Any]:
    """One value for each output: one output takes the result whole, several split it."""
    _refuse_unfinished(task, outputs, results)
    if len(outputs) < 2:
        return [results] * len(outputs)
    wanted = f"task {task.id!r} has {len(outputs)} outputs and must return as many results; "
    kind = type(results).__name__
    if not hasattr(type(results), "__len__"):
        told = _instead(results)
        better = f": {told[1].replace('a list', 'a tuple')}" if told else ""
        raise AttemptFailed(_wrong_count(f"{wanted}it returned one {kind}{better}", "TypeError"))
    values: list[Any] = []
    try:
        number = len(results)
        if number == len(outputs):
            # No more than needed to see that there are too many: they may never end.
            values += itertools.islice(results, number + 1)
    except (JobStopped, KeyboardInterrupt):
        raise
    except BaseException as error:
        what = f"{wanted}taking them from the {kind} that it returned raised {message_of(error)}"
        raise AttemptFailed(failure_of(Reason.WRONG_RESULT_COUNT, error, what), error) from None
    if number != len(outputs):
        raise AttemptFailed(_wrong_count(f"{wanted}it returned {number}"))
    if len(values) != number:
        found = f"{len(values)}, or more" if len(values) > number else str(len(values))
        what = f"it returned a {kind} of length {number} that gives {found}"
        raise AttemptFailed(_wrong_count(wanted + what))
    return values


def _refuse_unfinished(task: TaskConfig, outputs: Sequence[DataNodeRef], result: Any) -> None:
    """A generator may be a storage type's to work off; without an output nobody would."""
    if not isinstance(result, _UNFINISHED) and (outputs or not isinstance(result, GeneratorType)):
        return
    if isinstance(result, CoroutineType):
        result.close()  # else Python warns that it was never awaited
    what, better = _instead(result) or ("", "")
    message = f"the function of task {task.id!r} returned {what}, which cannot be stored: {better}"
    raise AttemptFailed(Failure(kind=Reason.WRITE_OUTPUT, type="TypeError", message=message))


def _wrong_count(message: str, type: str | None = None) -> Failure:
    return Failure(kind=Reason.WRONG_RESULT_COUNT, type=type, message=message)


def write(outputs: Sequence[DataNodeRef], values: Sequence[Any]) -> None:
    """Write each output whole. One that fails does not keep the others from being written."""
    failures = []
    for node, value in zip(outputs, values, strict=True):
        try:
            node.write(value)
        except JobTimeout:
            raise
        except Exception as error:
            why = A_FOLDER if isinstance(error, IsADirectoryError) else message_of(error)
            why += _advice(value, error)
            what = f"writing data node {node.config.id!r} to {node.place}: {why}"
            failures.append(AttemptFailed(failure_of(Reason.WRITE_OUTPUT, error, what), error))
    if failures:
        raise failures[0]


def _advice(value: Any, error: Exception) -> str:
    """What to return instead of a value that could not be written, where its kind is to blame."""
    what, better = _instead(value) or ("", "")
    if not what and isinstance(error, pickle.PicklingError | AttributeError | TypeError):
        if "pickle" not in str(error):
            return ""
        what = f"a value of type {type(value).__name__}"
        better = "return data, such as numbers, texts, lists, dicts and tables"
    if not what:
        return ""
    return f"; the function returned {what}, which cannot be stored: {better}"
