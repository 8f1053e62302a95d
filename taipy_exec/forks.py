"""Copies of a taipy-exec process, made by a job's `os.fork`. A copy ends with the job's code."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

SignalHandler = Callable[[int, FrameType | None], None]


class _Closable(Protocol):
    def close(self) -> None: ...


# Pipes that only the process itself may use: a copy would write messages in its name.
_own: weakref.WeakSet[_Closable] = weakref.WeakSet()
# Signals that the process handles and a copy does not. They are blocked during a fork, because
# Python drops signals that arrive in a copy before the copy is ready.
_handled: set[int] = set()
_masks: dict[int, set[int]] = {}  # by thread


def close_in_copies(*connections: _Closable) -> None:
    """Close these connections in every process that is forked from this one from now on."""
    for connection in connections:
        _own.add(connection)


@contextmanager
def handling(handlers: Mapping[int, SignalHandler]) -> Iterator[None]:
    """Set signal handlers for this process only. These signals end a copy of it."""
    former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    _handled.update(handlers)
    try:
        yield
    finally:
        _handled.difference_update(handlers)
        for number, handler in former.items():
            signal.signal(number, handler)


def _before_fork() -> None:
    if _handled:
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _handled)


def _after_fork() -> None:
    mask = _masks.pop(threading.get_ident(), None)
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork_in_copy() -> None:
    for connection in list(_own):
        try:
            connection.close()
        except OSError:
            pass
    _own.clear()
    for number in _handled:
        is_interrupt = number == signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)
    _handled.clear()
    _after_fork()


os.register_at_fork(
    before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_copy
)


def end_copy_of(pid: int, error: BaseException | None = None) -> None:
    """End this process as a script ends, if it is a copy of process `pid`.

    `error` is the exception that ended the job's code, None if the code returned. In process `pid`
    itself this does nothing.
    """
    if os.getpid() == pid:
        return
    code = _exit_code(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        traceback.print_exception(error)
        return 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    print(error.code, file=sys.stderr)
    return 1
