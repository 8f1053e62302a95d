"""The end of the process: threads and child processes of the application do not hold it up."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from typing import Any

from taipy_exec.cli.error_report import say

# A thread that is just ending gets so many seconds to do so.
_MOMENT = 0.1


def leave(code: int, *, waits: bool) -> None:
    """Exit without the interpreter's own complaint about a closed stdout or a late Ctrl-C.

    Unless the command `waits` for them as Python does, threads of the application do not hold it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not waits and (names := _threads_that_go_on()):
        say(f"threads of the application still run and are not waited for: {', '.join(names)}")
        _end_children()
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def _end_children() -> None:
    """Processes of a pool that was not shut down: Python would wait for them at its end."""
    found = sys.modules.get("multiprocessing")
    for child in found.active_children() if found else ():
        child.terminate()


def _end_idle_pools() -> None:
    """Have threads of executors end once they have nothing to do, as Python does at its end."""
    found: Any = sys.modules.get("concurrent.futures.thread")
    if found is not None:
        found._shutdown = True
        for work in list(found._threads_queues.values()):
            work.put(None)


def _threads_that_go_on() -> list[str]:
    """Names of those that Python would wait for at its end."""
    _end_idle_pools()
    until = time.monotonic() + _MOMENT
    others = [one for one in threading.enumerate() if one is not threading.main_thread()]
    waited_for = [one for one in others if not one.daemon]
    for thread in waited_for:
        thread.join(max(until - time.monotonic(), 0))
    return sorted(thread.name for thread in waited_for if thread.is_alive())
