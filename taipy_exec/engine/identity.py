"""Who coordinates a submission, and whether that process is still alive."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from taipy_exec.model.job import SubmissionRecord


def my_identity() -> str:
    """This process as `host:pid:start`; `start` tells it from a later process with its pid."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_alive(identity: str | None) -> bool:
    """Whether the process of `identity` still runs. One on another host is taken to be alive."""
    if identity is None:
        return False
    host, pid, start = identity.rsplit(":", 2)
    if host != socket.gethostname():
        return True
    return _start_time(int(pid)) == start


def _start_time(pid: int) -> str:
    """When the process started, in the kernel's ticks since boot; empty if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        return _alive_without_proc(pid)
    # A zombie has ended, even if nobody has asked for its exit code.
    return "" if fields[0] == "Z" else fields[19]


def _alive_without_proc(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"


def is_interrupted(record: SubmissionRecord) -> bool:
    """Whether the submission has not ended and nobody works on it."""
    return record.finished_at is None and not is_alive(record.coordinator)
