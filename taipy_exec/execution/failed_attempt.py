"""An attempt that failed: its report, and the decision whether another attempt makes sense."""

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
# Frames that lead to the user's code: those of taipy-exec and of an event loop.
_OURS = (
    str(Path(__file__).parents[1]) + os.sep,
    str(Path(os.__file__).parent / "asyncio") + os.sep,
    contextlib.__file__,
    importlib.__file__,
    "<frozen importlib",
)


class AttemptFailed(Exception):
    """The attempt failed. `error` is the exception that caused it, None if there was none."""

    def __init__(self, failure: Failure, error: BaseException | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.error = error

    def is_final(self, retry_on: Sequence[str]) -> bool:
        """Whether another attempt is useless: `retry_on` has neither its exception nor reason."""
        names = {self.failure.kind}
        for kind in type(self.error).__mro__ if self.error is not None else ():
            names |= {kind.__name__, f"{kind.__module__}.{kind.__qualname__}"}
        return bool(retry_on) and names.isdisjoint(retry_on)


def failure_of(kind: Reason, error: BaseException, message: str) -> Failure:
    """The failure caused by `error`, with `message`. It has a traceback if user code raised it."""
    return Failure(
        kind=kind,
        type=type(error).__name__,
        message=message[:_MESSAGE_LIMIT],
        # For errors of taipy-exec the message is enough. Its own frames would not help the user.
        traceback=None
        if isinstance(error, TaipyExecError)
        else format_traceback(error, error.__traceback__),
    )


def message_of(error: BaseException) -> str:
    """The text of an exception, shortened. A `__str__` that raises does no harm."""
    try:
        text = str(error)
    except Exception as inner:
        text = f"(its text is not available: __str__ raised {type(inner).__name__})"
    return (text or type(error).__name__)[:_MESSAGE_LIMIT]


def format_traceback(error: BaseException, trace: TracebackType | None) -> str:
    """The traceback as text, shortened and without the frames of taipy-exec."""
    try:
        story = traceback.TracebackException(type(error), error, trace, compact=True)
        _leave_out_ours(story)
        text = "".join(story.format())
    except Exception as inner:
        text = f"{type(error).__name__} (its traceback is not available: {type(inner).__name__})"
    if len(text) > _TRACEBACK_LIMIT:
        half = _TRACEBACK_LIMIT // 2
        text = (
            f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
        )
    return text


def _leave_out_ours(story: traceback.TracebackException) -> None:
    """Remove the first frames of a traceback, so that it starts at the user's code."""
    walk = [story]
    while walk:
        one = walk.pop()
        theirs = list(itertools.dropwhile(lambda f: f.filename.startswith(_OURS), one.stack))
        if theirs and theirs[-1].filename == limits.__file__:
            theirs.pop()  # the frame that raised the timeout
        # None: without a frame there is no line "Traceback (most recent call last)" either.
        one.stack = traceback.StackSummary.from_list(theirs) if theirs else None  # type: ignore[assignment]
        walk += [s for s in (one.__cause__, one.__context__, *(one.exceptions or ())) if s]
