"""A copy of a process of ours, made by a job's `os.fork`, ends where the job's own code ends."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Protocol

SignalHandler = Callable[[int, FrameType | None], None]


class _Closable(Protocol):
    def close(self) -> None: ...


# What only the process itself may use: pipes on which a copy would speak for it.
_own: weakref.WeakSet[_Closable] = weakref.WeakSet()


def close_in_copies(*connections: _Closable) -> None:
    """Have these closed in every process that is forked from this one from now on."""
    if not _own:
        os.register_at_fork(after_in_child=_close_own)
    for connection in connections:
        _own.add(connection)


def _close_own() -> None:
    for connection in list(_own):
        try:
            connection.close()
        except OSError:
            pass
    _own.clear()


def end_copy_of(pid: int, error: BaseException | None = None) -> None:
    """End this process as a script ends, if it is not process `pid` but a copy of it.

    `error` is what ended the job's code, None where it returned. Else this does nothing.
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


def not_in_copies(handler: SignalHandler) -> SignalHandler:
    """A signal's handler that is this process's: a copy is ended by the signal, as any process."""
    own = os.getpid()

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() == own:
            handler(number, frame)
        elif number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
            signal.default_int_handler(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    return handle


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
