"""A small process that outlives its coordinator only to end what the coordinator's jobs left.

The kernel kills the slots' process groups when the coordinator dies (`processes.die_with`), but
not what left its group. This program, started by itself and importing nothing of ours so that it
costs little, waits for the end of a pipe and then kills whatever carries the coordinator's mark.

    python guard.py DESCRIPTOR MARK
"""

from __future__ import annotations

import os
import signal
import sys


def kill_marked(prefix: bytes) -> None:
    """Kill every process that was started with an environment entry that begins so (Linux)."""
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
    """Wait for the coordinator's end, or for its leave (a byte on the pipe)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not os.read(int(sys.argv[1]), 1):
        kill_marked(sys.argv[2].encode())


if __name__ == "__main__":
    main()
