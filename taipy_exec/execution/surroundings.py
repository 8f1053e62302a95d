"""What one job may change in its process and the next one must not notice."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
from typing import TextIO

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
_LIMITS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_CPU,
    resource.RLIMIT_DATA,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
)


class Surroundings:
    """Remembers working folder, environment, umask, signals, limits and streams of a process."""

    def __init__(self) -> None:
        self._folder = os.getcwd()  # noqa: PTH109 - compared after every job
        self._environ = dict(os.environ)
        self._raw = dict(_raw_environ())
        self._umask = os.umask(0o022)
        os.umask(self._umask)
        self._handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._limits = {number: resource.getrlimit(number) for number in _LIMITS}
        self._path = list(sys.path)
        self._argv = list(sys.argv)
        self._streams = [sys.stdin, sys.stdout, sys.stderr]
        self._spare = [os.dup(number) for number in range(3)]

    def restore(self) -> None:
        """Put back what differs."""
        try:
            moved = os.getcwd() != self._folder  # noqa: PTH109
        except FileNotFoundError:
            moved = True
        if moved:
            os.chdir(self._folder)
        if _raw_environ() != self._raw:
            os.environ.clear()
            os.environ.update(self._environ)
        os.umask(self._umask)
        self._restore_signals()
        for number, limit in self._limits.items():
            if resource.getrlimit(number) != limit:
                _restore_limit(number, limit)
        if sys.path != self._path:
            sys.path[:] = self._path
        if sys.argv != self._argv:
            sys.argv[:] = self._argv
        for number, spare in enumerate(self._spare):
            try:
                if os.fstat(number).st_ino == os.fstat(spare).st_ino:
                    continue
            except OSError:
                pass
            os.dup2(spare, number)
        self._restore_streams()

    def _restore_signals(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if signal.pthread_sigmask(signal.SIG_BLOCK, ()) != self._blocked:
            # What has waited meant the job that has ended: to ignore it takes it away.
            for signum in signal.sigpending() & set(_SIGNALS):
                signal.signal(signum, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
        for signum, handler in self._handlers.items():
            if signal.getsignal(signum) is not handler:
                signal.signal(signum, handler)

    def _restore_streams(self) -> None:
        for number, stream in enumerate(self._streams):
            if stream.closed:
                self._streams[number] = open_stream(number)
                for handler in logging.getLogger().handlers:
                    if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
                        handler.stream = self._streams[number]
        sys.stdin, sys.stdout, sys.stderr = self._streams


def _restore_limit(number: int, limit: tuple[int, int]) -> None:
    """Put a limit back as far as that is allowed: a lowered hard limit stays, except for root."""
    try:
        resource.setrlimit(number, limit)
    except (OSError, ValueError):
        soft, hard = limit[0], resource.getrlimit(number)[1]
        is_allowed = hard == resource.RLIM_INFINITY or 0 <= soft <= hard
        resource.setrlimit(number, (soft if is_allowed else hard, hard))


def _raw_environ() -> dict[bytes, bytes]:
    """The dict below `os.environ`: comparing the mapping itself decodes every variable."""
    found: dict[bytes, bytes] = getattr(os.environ, "_data", None) or dict(os.environb)
    return found


def open_stream(number: int) -> TextIO:
    """The text stream of a standard descriptor; to close it leaves the descriptor open."""
    if number == 0:
        return open(0, encoding="utf-8", closefd=False)
    return open(
        number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
