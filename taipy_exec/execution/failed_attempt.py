"""An attempt that failed: what is told of it, and whether another one is worth a try."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from taipy_exec.errors import TaipyExecError
from taipy_exec.execution import limits
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason

_MESSAGE_LIMIT = 10_000
_TRACEBACK_LIMIT = 100_000
# Frames that lead to the user's code: ours, and those of an event loop.
_OURS = (
    str(Path(__file__).parents[1]) + os.sep,
    str(Path(os.__file__).parent / "asyncio") + os.sep,
    contextlib.__file__,
    importlib.__file__,
    "<frozen importlib",
)


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


def failure_of(kind: Reason, error: BaseException, message: str) -> Failure:
    """What `error` led to, told by `message`; with the traceback if it is the user's."""
    return Failure(
        kind=kind,
        type=type(error).__name__,
        message=message[:_MESSAGE_LIMIT],
        # What we found out ourselves is told by its sentence; what led there is nobody's business.
        traceback=None
        if isinstance(error, TaipyExecError)
        else format_traceback(error, error.__traceback__),
    )


def message_of(error: BaseException) -> str:
    """What an exception says, whatever its `__str__` does; not too long."""
    try:
        text = str(error)
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
