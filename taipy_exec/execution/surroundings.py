"""What one job may change in its process and the next one must not notice.

What can be put back is; for what cannot, the process takes no other job (docs/modes.md says which).
Modules stay imported, and what they set when they are first imported for a task stays too: in a
fresh process the next job would find it as well.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import locale
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TextIO

from taipy_exec.execution.log_settings import LogSettings
from taipy_exec.execution.random_numbers import RandomNumbers
from taipy_exec.execution.warning_filters import WarningFilters

_SIGNALS = frozenset(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_LIMITS = {
    name: getattr(resource, name) for name in sorted(dir(resource)) if name.startswith("RLIMIT_")
}
# A thread that is just ending gets so long (seconds) to do so.
_MOMENT = 0.02


@dataclass(frozen=True, slots=True)
class _Setting:
    """Something of the whole process that is read and written as one value."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]


def _hook(name: str) -> _Setting:
    return _Setting(name, lambda: getattr(sys, name), lambda hook: setattr(sys, name, hook))


def _limit(name: str, number: int) -> _Setting:
    return _Setting(
        f"the limit {name}",
        lambda: resource.getrlimit(number),
        lambda limit: _restore_limit(number, limit),
    )


def _decimals() -> tuple[Hashable, ...]:
    now = decimal.getcontext()
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, str(now.traps)


def _affinity() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _users() -> tuple[object, ...]:
    return os.getresuid(), os.getresgid(), os.getgroups()


def _cannot(value: object) -> None:
    """There is no way back."""


_SETTINGS = (
    *(_limit(name, number) for name, number in _LIMITS.items()),
    _Setting("its users and groups", _users, _cannot),
    _Setting("its niceness", lambda: os.getpriority(os.PRIO_PROCESS, 0), lambda nice: os.setpriority(os.PRIO_PROCESS, 0, nice)),
    _Setting("its processors", _affinity, lambda cpus: os.sched_setaffinity(0, cpus)),
    _Setting("gc", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    _Setting("gc thresholds", gc.get_threshold, lambda found: gc.set_threshold(*found)),
    _Setting("gc debug", gc.get_debug, gc.set_debug),
    _Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _Setting("switch interval", sys.getswitchinterval, sys.setswitchinterval),
    _Setting("digits", sys.get_int_max_str_digits, sys.set_int_max_str_digits),
    _Setting("trace", sys.gettrace, sys.settrace),
    _Setting("profile", sys.getprofile, sys.setprofile),
    _Setting("trace of threads", threading.gettrace, threading.settrace),  # type: ignore[arg-type]
    _Setting("profile of threads", threading.getprofile, threading.setprofile),  # type: ignore[arg-type]
    _hook("excepthook"),
    _hook("unraisablehook"),
    _hook("displayhook"),
    _hook("breakpointhook"),
    _hook("dont_write_bytecode"),
    _Setting(
        "hook of threads",
        lambda: threading.excepthook,
        lambda hook: setattr(threading, "excepthook", hook),
    ),
    _Setting("socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    _Setting(
        "folder for temporary files",
        lambda: tempfile.tempdir,
        lambda folder: setattr(tempfile, "tempdir", folder),
    ),
    _Setting("locale", locale.setlocale_all_read, locale.setlocale_all_write),
)
