"""Restores a process after a job, so that the next job does not notice changes of this one.

If something cannot be restored, the process takes no other job. docs/modes.md has the table.
Modules stay imported. The settings that they make during their import stay too: in a fresh process
the next job would find the same.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from taipy_exec.execution.default_logging import DefaultLogging
from taipy_exec.execution.module_settings import (
    DecimalSettings,
    LogSettings,
    RandomNumbers,
    WarningSettings,
)
from taipy_exec.execution.standard_streams import as_made, is_usable, open_stream

# The C modules are faster: importing `locale` takes 10 ms, all handlers of `signal` take 0.5 ms.
_c_locale, _c_signal = importlib.import_module("_locale"), importlib.import_module("_signal")

_SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
# The time (seconds) that an ending thread gets.
_MOMENT = 0.02
_MISSING = object()
# Classes of threads that libraries leave for the rest of the process, and that the next job does
# not notice. The monitor of tqdm only looks at bars that are drawn.
_HARMLESS_THREADS = {("tqdm._monitor", "TMonitor")}


def _is_harmless(thread: threading.Thread) -> bool:
    kind = type(thread)
    return thread.daemon and (kind.__module__, kind.__qualname__) in _HARMLESS_THREADS


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting of the whole process that is read and written as one value."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


def _hook(name: str, module: Any = sys) -> _Setting:
    return _Setting(
        f"{module.__name__}.{name}",
        lambda: getattr(module, name),
        lambda hook: setattr(module, name, hook),
    )


def _limit(name: str) -> _Setting:
    number = getattr(resource, name)
    return _Setting(
        f"the limit {name}",
        lambda: resource.getrlimit(number),
        lambda limit: _restore_limit(number, limit),
    )


def _restore_limit(number: int, limit: tuple[int, int]) -> None:
    """Restore a limit as far as allowed. Only root can raise a hard limit again."""
    try:
        resource.setrlimit(number, limit)
    except (OSError, ValueError):
        soft, hard = limit[0], resource.getrlimit(number)[1]
        is_allowed = hard == resource.RLIM_INFINITY or 0 <= soft <= hard
        resource.setrlimit(number, (soft if is_allowed else hard, hard))


def _rights() -> tuple[object, ...]:
    return os.getresuid(), os.getresgid(), os.getgroups()


def _there_is_no_way_back(known: object) -> None:
    pass


def _niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def _set_niceness(nice: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, nice)


def _processors() -> set[int]:
    return os.sched_getaffinity(0)


def _set_processors(numbers: set[int]) -> None:
    os.sched_setaffinity(0, numbers)


def _set_locale(found: str) -> None:
    _c_locale.setlocale(_c_locale.LC_ALL, found)


_SETTINGS = (
    *(_limit(name) for name in sorted(dir(resource)) if name.startswith("RLIMIT_")),
    _Setting("its user or its groups", _rights, _there_is_no_way_back),
    _Setting("its niceness", _niceness, _set_niceness),
    *(
        (_Setting("its processors", _processors, _set_processors),)
        if hasattr(os, "sched_getaffinity")
        else ()
    ),
    _Setting("gc", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    _Setting("the thresholds of gc", gc.get_threshold, lambda found: gc.set_threshold(*found)),
    _Setting("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _Setting("the switch interval", sys.getswitchinterval, sys.setswitchinterval),
    _Setting("the digits of int", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    _Setting("the trace function", sys.gettrace, sys.settrace),
    _Setting("the profile function", sys.getprofile, sys.setprofile),
    _hook("excepthook"),
    _hook("unraisablehook"),
    _hook("displayhook"),
    _hook("breakpointhook"),
    _hook("excepthook", threading),
    _hook("tempdir", tempfile),
    _Setting("the socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    _Setting("the locale", lambda: _c_locale.setlocale(_c_locale.LC_ALL), _set_locale),
)


class _State:
    """The state of a process, taken when this object is made."""

    def __init__(self) -> None:
        self.folder = _folder()
        self.environ = dict(_raw_environ())
        self.zone = _zone()
        self.umask = os.umask(0o022)
        os.umask(self.umask)
        self.handlers = {number: _c_signal.getsignal(number) for number in _SIGNALS}
        self.blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self.path = list(sys.path)
        self.argv = list(sys.argv)
        self.settings = {setting.name: setting.read() for setting in _SETTINGS}
        self.loggers = LogSettings()
        self.warnings = WarningSettings()
        self.decimals = DecimalSettings()

    def take_changes(self, before: _State, after: _State) -> None:
        """Accept the changes between two states. Earlier changes of a job are not accepted."""
        for name, now in vars(after).items():
            was = getattr(before, name)
            if now == was:
                continue
            known = getattr(self, name)
            if isinstance(now, dict):
                known.update({key: now[key] for key in now if now[key] != was.get(key, _MISSING)})
                for key in was.keys() - now.keys():
                    known.pop(key, None)
            else:
                setattr(self, name, now)


class ProcessState:
    """Saves the state of a process when it is made. Call `restore` after each job."""

    def __init__(self) -> None:
        self._logging = DefaultLogging()
        self._logging.install()
        self._streams = [sys.stdin, sys.stdout, sys.stderr]
        self._spare = [os.dup(number) for number in range(3)]
        self._random = RandomNumbers()
        self._threads: set[threading.Thread] = set()
        self._known = _State()

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """The block imports a task's module. Its settings stay for all later jobs."""
        self._random.before_import()
        before = _State()
        try:
            yield
        finally:
            self._known.take_changes(before, _State())
            self._random.remember()

    @contextlib.contextmanager
    def calling(self) -> Iterator[None]:
        """The block runs a job's function. New threads after it belong to the job."""
        before = set(threading.enumerate())
        try:
            yield
        finally:
            new = set(threading.enumerate()) - before
            self._threads = {thread for thread in new if not _is_harmless(thread)}

    def restore(self) -> list[str]:
        """Restore all changes. Returns those that stay, in words, as the next job notices them."""
        known = self._known
        left = [*self._left_threads(), *_restore_settings(known.settings)]
        _restore_signals(known)
        if not _restore_folder(known.folder):
            left.append("its working folder is gone")
        if _raw_environ() != known.environ:
            os.environb.clear()
            os.environb.update(known.environ)
        if _zone() != known.zone:
            time.tzset()
        os.umask(known.umask)
        if sys.path != known.path:
            sys.path[:] = known.path
        if sys.argv != known.argv:
            sys.argv[:] = known.argv
        self._restore_descriptors()
        self._restore_streams()
        for settings in (known.loggers, known.warnings, known.decimals, self._random):
            settings.restore()
        self._logging.install()
        if _descriptors_are_scarce():
            left.append("more than half of its descriptors are open")
        return left

    def _left_threads(self) -> list[str]:
        until = time.monotonic() + _MOMENT
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        names = sorted(thread.name for thread in self._threads if thread.is_alive())
        self._threads = set()
        return [f"a thread still runs ({name})" for name in names]

    def _restore_descriptors(self) -> None:
        for number, spare in enumerate(self._spare):
            try:
                if not os.path.samestat(os.fstat(number), os.fstat(spare)):
                    os.dup2(spare, number)
            except OSError:
                os.dup2(spare, number)
            if not os.get_blocking(number):
                os.set_blocking(number, True)

    def _restore_streams(self) -> None:
        for number, stream in enumerate(self._streams):
            if not is_usable(stream):
                self._streams[number] = open_stream(number)
                for handler in logging.getLogger().handlers:
                    if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
                        handler.stream = self._streams[number]
        sys.stdin, sys.stdout, sys.stderr = self._streams
        for stream in (sys.stdout, sys.stderr):
            as_made(stream)


def _restore_settings(known: Mapping[str, Any]) -> list[str]:
    left = []
    for setting in _SETTINGS:
        wanted = known[setting.name]
        if setting.read() == wanted:
            continue
        with contextlib.suppress(OSError, ValueError):
            setting.write(wanted)
        if setting.read() != wanted:
            left.append(f"{setting.name} cannot be restored")
    return left


def _restore_signals(known: _State) -> None:
    for timer in _TIMERS:
        if signal.getitimer(timer) != (0.0, 0.0):
            signal.setitimer(timer, 0)
    if signal.pthread_sigmask(signal.SIG_BLOCK, ()) != known.blocked:
        # Pending signals were for the job that has ended. Ignoring them removes them.
        for number in signal.sigpending() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, known.blocked)
    for number, handler in known.handlers.items():
        # None: code outside Python handles it.
        if _c_signal.getsignal(number) is not handler and handler is not None:
            signal.signal(number, handler)
    with contextlib.suppress(ValueError):
        signal.set_wakeup_fd(-1)


def _folder() -> str:
    """The working folder. Empty if it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - compared after every job
    except FileNotFoundError:
        return ""


def _restore_folder(folder: str) -> bool:
    if _folder() == folder:
        return bool(folder)
    try:
        os.chdir(folder)
    except OSError:
        return False
    return True


def _zone() -> tuple[object, ...]:
    return time.timezone, time.altzone, time.tzname


def _raw_environ() -> dict[bytes, bytes]:
    """The dict inside `os.environ`. A comparison of `os.environ` itself decodes every variable."""
    found: dict[bytes, bytes] = getattr(os.environ, "_data", None) or dict(os.environb)
    return found


def _descriptors_are_scarce() -> bool:
    """Whether most descriptors are in use. Some open files are normal: modules keep some."""
    try:
        number = os.dup(0)
    except OSError:
        return True
    os.close(number)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft != resource.RLIM_INFINITY and number > soft // 2
