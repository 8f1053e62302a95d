"""What a task allows its jobs: seconds, memory, and the environment in which they run."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType

from taipy_exec.config.run_options import RunOptions


class JobTimeout(TimeoutError):
    """Raised inside a job that has run for longer than the `timeout` of its task.

    A function may catch it to leave things in order; it has until `hard_timeout` for that.
    """


# The name under which users know it.
JobTimeout.__module__ = "taipy_exec"


class Deadline:
    """Whether the job has run into its timeout."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self.over = False

    def ring(self, number: int, frame: FrameType | None) -> None:
        """The signal handler."""
        if self.over:
            return
        self.passed = True
        raise JobTimeout(f"the job has run for longer than its timeout of {self.seconds:g} s")


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
            deadline = Deadline(options.timeout)
            stack.enter_context(_alarm(deadline))
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
def _alarm(deadline: Deadline) -> Iterator[None]:
    former = signal.signal(signal.SIGALRM, deadline.ring)
    signal.setitimer(signal.ITIMER_REAL, deadline.seconds)
    try:
        yield
    finally:
        deadline.over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


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
