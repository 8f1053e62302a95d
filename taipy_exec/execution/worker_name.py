"""The name of a worker in tables and in JSON."""

from __future__ import annotations

import os
import socket

HOST = socket.gethostname()


def worker_name(pid: int | None = None) -> str:
    """`host:pid`, of this process by default."""
    return f"{HOST}:{os.getpid() if pid is None else pid}"
