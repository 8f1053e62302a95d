"""A small process that outlives its coordinator, to end processes left by the coordinator's jobs.

The kernel kills the slots' process groups when the coordinator dies (`processes.die_with`), but
not processes that left their group. This program waits for the end of a pipe. Then it kills every
process that has the coordinator's mark. To stay small, it imports nothing of taipy-exec.

    python guard.py DESCRIPTOR MARK
"""

from __future__ import annotations

import os
import signal
import sys


def kill_marked(prefix: bytes) -> None:
    """Kill every process with an environment entry that begins with `prefix` (Linux)."""
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib costs this program its start
    except OSError:
        return
    for name in names:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                entries = file.read().split(b"\0")
            if any(entry.startswith(prefix) for entry in entries):
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            continue


def main() -> None:
    """Wait for the coordinator's end, or for a byte on the pipe: then there is nothing to do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not os.read(int(sys.argv[1]), 1):
        kill_marked(sys.argv[2].encode())


if __name__ == "__main__":
    main()
