"""Runs commands as one process group that ends with a given process.

Arguments: `PID JSON-OF-COMMANDS`.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None)


def main(parent: int, commands: list[list[str]]) -> None:
    """Print the process ids of the commands. Kill all when `parent` or the last command ends."""
    gone = os.pidfd_open(parent)
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    processes: list[subprocess.Popen[bytes]] = []
    for command in commands:
        group = processes[0].pid if processes else 0
        processes.append(
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                process_group=group,
                preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
            )
        )
    print(*(process.pid for process in processes), flush=True)
    ended = os.pidfd_open(processes[-1].pid)
    while not select.select([gone, ended], [], [], 1)[0]:
        _reap(os.WNOHANG)
    os.killpg(processes[0].pid, signal.SIGKILL)
    signal.alarm(20)
    _reap(0)


def _reap(options: int) -> None:
    try:
        while os.waitpid(-1, options)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
