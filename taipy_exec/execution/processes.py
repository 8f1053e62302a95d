"""Ending processes with everything that they started. Some parts need Linux, the rest POSIX."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from taipy_exec.execution import guard

MARK = "TAIPY_EXEC_SLOT"
_PR_SET_CHILD_SUBREAPER = 36
_RESCANS = 10


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent ends (Linux).

    It shows whether a job has detached a process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with(lifeline: int) -> None:
    """Have the kernel kill this process group when the other end of `lifeline` closes (Linux).

    The pipe carries no data. Its only writer is the coordinator, so it closes when the coordinator
    ends, even by a kill. The kernel sends the signal itself (fcntl(2), F_SETSIG), so this also
    works while C code holds the interpreter.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def end_leftovers() -> int:
    """Kill every descendant of this process. Returns their number. Without any, it is one call."""
    if not _has_children():
        return 0
    killed = 0
    # This process adopts the children of a killed one (`adopt_orphans`). Look until none is left.
    for _ in range(100):
        alive = children_of(os.getpid())
        if not alive:
            break
        for pid in alive:
            killed += _kill(pid, signal.SIGKILL)
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass
    return killed


def _has_children() -> bool:
    """Whether a child is alive. Ended children are reaped."""
    try:
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
    except ChildProcessError:
        return False


def children_of(parent: int) -> list[int]:
    """The live child processes of a process; empty if they are unknown, or not on Linux."""
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            found += [int(pid) for pid in task.read_text().split()]
        except OSError:
            continue
    return found


def end_group(pid: int, mark: str) -> None:
    """Kill the rest of the process group of `pid`, and processes with `mark` that left it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    wanted = f"{MARK}={mark}".encode()
    for _ in range(_RESCANS):
        if _kill_marked(wanted):
            return
        time.sleep(0.01)


def _kill_marked(wanted: bytes) -> bool:
    """Kill every process with this in its environment. False if one could not be checked.

    While a process starts another program, its environment reads as empty for a moment.
    """
    certain = True
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            found = environ.read_bytes()
            if wanted in found.split(b"\0"):
                _kill(int(environ.parent.name), signal.SIGKILL)
            elif not found:
                # A thread of the kernel, or a zombie, has no program.
                environ.with_name("exe").readlink()
                certain = False
        except OSError:
            continue
    return certain


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the group of `pid`, or to `pid` alone if it has no group yet."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        _kill(pid, number)
    except PermissionError:
        pass


def _kill(pid: int, number: int) -> int:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return 0
    return 1


class Guard:
    """A process that ends detached processes of jobs if this process is killed (Linux).

    The marks of this coordinator's slots begin with `family`.
    """

    def __init__(self) -> None:
        self.family = uuid.uuid4().hex
        reader, self._pipe = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(reader), f"{MARK}={self.family}."],
            pass_fds=(reader,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reader)

    def close(self) -> None:
        """End the guard: all processes of jobs have ended already."""
        try:
            os.write(self._pipe, b"q")
        except OSError:
            pass
        os.close(self._pipe)
        self._process.wait()
