"""What a task allows its jobs: seconds, memory, and the environment in which they run."""

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
# By so much (seconds) a timer may ring before the clock says so.
_EARLY = 1e-4
# A timeout that rings where it must not be raised rings again so much later (seconds).
_SOON = 0.01
# An OSError means something else in these, or they catch every error, or must end what they began.
_INDIVISIBLE = {__file__, capture.__file__, fence.__file__, files.__file__, logging.__file__}
# What pdb and those like it are made of.
_DEBUGGER = f"{os.sep}bdb.py"


class JobTimeout(TimeoutError):
    """Raised inside a job that has run for longer than the `timeout` of its task.

    A function may catch it to leave things in order; it has until `hard_timeout` for that.
    """


class JobStopped(BaseException):
    """Raised inside a job that runs in the calling thread, to stop it."""


# The name under which users know it.
JobTimeout.__module__ = "taipy_exec"


@dataclass(slots=True, kw_only=True)
class _Outer:
    """The alarm of whoever runs the job. `at` is when it is due (monotonic clock)."""

    handler: Any
    at: float
    interval: float


class Deadline:
    """Whether the job has run into its timeout. An alarm that was set before rings in its time."""

    def __init__(self, seconds: float, outer: _Outer) -> None:
        self.seconds = seconds
        self.passed = False
        self.over = False
        self._at = time.monotonic() + seconds
        self._outer = outer

    def set(self) -> None:
        """Have the signal come when the next of both alarms is due."""
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
        """How much later it is to ring where a `JobTimeout` would do harm; 0 where it would not.

        It would be swallowed, leave something half done, or take a debugger from its user.
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
    """Run what is inside as the task wants it; the deadline, if it has a timeout that can be kept.

    Memory is limited where the job is `alone` in its process; the timeout is kept in main threads.
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
    """These variables are set inside, and afterwards what they were before."""
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
    """Have SIGALRM come then (monotonic clock), or not at all."""
    seconds = 0.0 if at == _NEVER else max(at - time.monotonic(), _EARLY)
    signal.setitimer(signal.ITIMER_REAL, seconds, interval)


@contextmanager
def _memory(size: int) -> Iterator[None]:
    """No process of the job gets more private memory than that: it sees a MemoryError."""
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
