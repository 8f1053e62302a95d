"""Splits the result of a task's function into one value for each output, and writes them."""

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
from taipy_exec.config.problem import a
from taipy_exec.data.files import A_FOLDER
from taipy_exec.data.node import DataNodeRef
from taipy_exec.execution.failed_attempt import AttemptFailed, failure_of, message_of
from taipy_exec.execution.limits import JobStopped, JobTimeout
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason

# Values that cannot be stored: type, name, and a better value to return. The first match counts.
_INSTEAD: tuple[tuple[Any, str, str], ...] = (
    (GeneratorType, "a generator", "return a list of its values"),
    (AsyncGeneratorType, "an async generator", "return a list of its values"),
    (Awaitable, "a coroutine that was not awaited", "await it in an `async def` function"),
    (io.IOBase, "an open file", "return its contents or its path"),
    (ModuleType, "a module", "return data"),
    (Iterator, "an iterator", "return a list of its values"),
    (FunctionType | MethodType, "a function", "return the result of calling it"),
)
# Their bodies have not run when the function returns.
_UNFINISHED = (CoroutineType, AsyncGeneratorType)


def _instead(value: Any) -> tuple[str, str] | None:
    """The name of a value that cannot be stored, and a better value to return. None if it can."""
    return next(
        ((what, better) for kind, what, better in _INSTEAD if isinstance(value, kind)), None
    )


def split(task: TaskConfig, outputs: Sequence[DataNodeRef], results: Any) -> Sequence[Any]:
    """One value for each output. A single output takes the whole result, several split it.

    Raises AttemptFailed if the number is wrong, or the result cannot be stored.
    """
    _refuse_unfinished(task, outputs, results)
    if len(outputs) < 2:
        return [results] * len(outputs)
    wanted = f"task {task.id!r} has {len(outputs)} outputs and must return as many results; "
    kind = type(results).__name__
    if not hasattr(type(results), "__len__"):
        advice = _instead(results)
        better = f": {advice[1].replace('a list', 'a tuple')}" if advice else ""
        raise AttemptFailed(_wrong_count(f"{wanted}it returned one {kind}{better}", "TypeError"))
    values: list[Any] = []
    try:
        number = len(results)
        if number == len(outputs):
            # One value more than needed shows that there are too many. They may never end.
            values += itertools.islice(results, number + 1)
    except (JobStopped, KeyboardInterrupt):
        raise
    except BaseException as error:
        what = f"{wanted}reading the {kind} that it returned raised {message_of(error)}"
        raise AttemptFailed(failure_of(Reason.WRONG_RESULT_COUNT, error, what), error) from None
    if number != len(outputs):
        raise AttemptFailed(_wrong_count(f"{wanted}it returned {number}"))
    if len(values) != number:
        found = f"{len(values)} or more" if len(values) > number else str(len(values))
        what = f"it returned {a(kind)} of length {number}, but reading it gives {found}"
        raise AttemptFailed(_wrong_count(wanted + what))
    return values


def _refuse_unfinished(task: TaskConfig, outputs: Sequence[DataNodeRef], result: Any) -> None:
    """Raise AttemptFailed for a coroutine, and for a generator that no output reads.

    A storage type may read a generator, so it is accepted if there is an output.
    """
    if not isinstance(result, _UNFINISHED) and (outputs or not isinstance(result, GeneratorType)):
        return
    if isinstance(result, CoroutineType):
        result.close()  # without this, Python warns that it was never awaited
    what, better = _instead(result) or ("", "")
    message = f"the function of task {task.id!r} returned {what}, which cannot be stored: {better}"
    raise AttemptFailed(Failure(kind=Reason.WRITE_OUTPUT, type="TypeError", message=message))


def _wrong_count(message: str, type: str | None = None) -> Failure:
    return Failure(kind=Reason.WRONG_RESULT_COUNT, type=type, message=message)


def write(outputs: Sequence[DataNodeRef], values: Sequence[Any]) -> None:
    """Write all outputs. If one fails, the others are still written; then this raises."""
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
    """A better value to return, if the type of the value is the reason of the error."""
    what, better = _instead(value) or ("", "")
    if not what and isinstance(error, pickle.PicklingError | AttributeError | TypeError):
        if "pickle" not in str(error):
            return ""
        what = f"a value of type {type(value).__name__}"
        better = "return data, such as numbers, texts, lists, dicts and tables"
    if not what:
        return ""
    return f"; the function returned {what}, which cannot be stored: {better}"
