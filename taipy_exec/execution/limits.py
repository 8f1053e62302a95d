"""The limits of a task for its jobs: seconds and memory. It also sets their environment."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from taipy_exec.config.run_options import RunOptions
from taipy_exec.data import files
from taipy_exec.execution import capture, fence

_NEVER = float("inf")
# A timer may ring this much (seconds) before its time on the clock.
_EARLY = 1e-4
# A timeout that rings inside code that must not be interrupted rings again this much later (s).
_SOON = 0.01
# A timeout must not be raised in these modules: they catch it, take it for an I/O error, or must
# finish their work.
_INDIVISIBLE = {__file__, capture.__file__, fence.__file__, files.__file__, logging.__file__}
# The module that pdb and similar debuggers are based on.
_DEBUGGER = f"{os.sep}bdb.py"


class JobTimeout(TimeoutError):
    """Raised inside a job that has run for longer than the `timeout` of its task.

    A function may catch it to clean up. It has until `hard_timeout` for that.
    """


class JobStopped(BaseException):
    """Raised inside a job that runs in the calling thread, to stop it."""


# Users know it under this name.
JobTimeout.__module__ = "taipy_exec"


@dataclass(slots=True, kw_only=True)
class _Outer:
    """The alarm of the program that runs the job. `at` is its due time (monotonic clock)."""

    handler: Any
    at: float
    interval: float


class Deadline:
    """The timeout of a job. An alarm that was set before the job still rings at its own time."""

    def __init__(self, seconds: float, outer: _Outer) -> None:
        self.seconds = seconds
        self.passed = False
        self.over = False
        self._at = time.monotonic() + seconds
        self._outer = outer

    def set(self) -> None:
        """Set the timer to the earlier of both alarms."""
        outer = self._outer
        _set_timer(min(self._at, outer.at) if callable(outer.handler) else self._at)

    def ring(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.over:
            return
        now = time.monotonic() + _EARLY
        outer, is_time = self._outer, now >= self._at
        is_outer = now >= outer.at and callable(outer.handler)
        if is_outer:
            outer.at = now + outer.interval if outer.interval else _NEVER
        if is_time and (later := self._seconds_off(frame)):
            is_time, self._at = False, now + later
        elif is_time:
            self.passed, self._at = True, _NEVER
        self.set()
        if is_outer:
            outer.handler(number, frame)
        if is_time:
            raise JobTimeout(f"the job has run for longer than its timeout of {self.seconds:g} s")

    def _seconds_off(self, frame: FrameType | None) -> float:
        """Seconds until the next try if a `JobTimeout` would do harm now, 0 if it would not.

        It would be swallowed, leave something half done, or end the user's debugger.
        """
        while frame is not None:
            file = frame.f_code.co_filename
            if file in _INDIVISIBLE:
                return _SOON
            if file.endswith(_DEBUGGER):
                return self.seconds
            frame = frame.f_back
        return 0.0


@contextmanager
def limited(options: RunOptions, *, alone: bool) -> Iterator[Deadline | None]:
    """Run the block with the limits of the task. Gives the deadline, None without a timeout.

    Memory is limited only if the job is `alone` in its process. The timeout works in main threads
    only.
    """
    deadline = None
    with ExitStack() as stack:
        if options.environment:
            stack.enter_context(environment(options.environment))
        if options.max_memory is not None and alone:
            stack.enter_context(_memory(options.max_memory))
        if options.timeout is not None and _in_main_thread():
            deadline = stack.enter_context(_alarm(options.timeout))
        yield deadline


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set these environment variables inside the block, and restore them afterwards."""
    former = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _alarm(seconds: float) -> Iterator[Deadline]:
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    outer = _Outer(
        handler=signal.getsignal(signal.SIGALRM),
        at=time.monotonic() + left if left else _NEVER,
        interval=interval,
    )
    deadline = Deadline(seconds, outer)
    try:
        signal.signal(signal.SIGALRM, deadline.ring)
        deadline.set()
        yield deadline
    finally:
        deadline.over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, outer.handler)
        _set_timer(outer.at, outer.interval)


def _set_timer(at: float, interval: float = 0.0) -> None:
    """Set SIGALRM to come at that time (monotonic clock), or not at all."""
    seconds = 0.0 if at == _NEVER else max(at - time.monotonic(), _EARLY)
    signal.setitimer(signal.ITIMER_REAL, seconds, interval)


@contextmanager
def _memory(size: int) -> Iterator[None]:
    """Limit the private memory (bytes) of each process of the job. More raises a MemoryError."""
    if sys.platform != "linux":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = [size, *(n for n in (soft, hard) if n != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
