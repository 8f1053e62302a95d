"""Running the command in a process that is forked from one that has imported it already.

It saves most of the time of a test that runs many commands. `TEST_BY_EXEC=1` has every command
start as a user's does; so do `make test-all` and the tests of what depends on the start.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_SERVER = Path(__file__).with_name("fork_server.py")


class ForkServer:
    """A server of this process's own. It starts at the first use, and ends with this process.

    `usual` gives the environment of a command with this mark and without variables of its own.
    """

    def __init__(self, mark: str, usual: Callable[[str], dict[str, str]]) -> None:
        self._mark = mark
        self._usual = usual
        self._environment: dict[str, str] = {}
        self._requests: socket.socket | None = None

    def takes(self, environment: Mapping[str, str]) -> bool:
        """Whether a forked process behaves in this environment as one that was just started.

        Python, and modules that are imported already, have read other variables than ours.
        """
        if os.environ.get("TEST_BY_EXEC"):
            return False
        if self._requests is None:
            self._start(len(environment[self._mark]))
        differing = dict(environment.items() ^ self._environment.items())
        return all(name.startswith(("TAIPY_", "PYTEST_")) for name in differing)

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        timeout: float,
    ) -> tuple[int, bytes, bytes]:
        """Run the command to its end: its exit code and its two streams, as of subprocess.run.

        Raises subprocess.TimeoutExpired, after SIGKILL to the process.
        """
        assert self._requests is not None
        request = {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": dict(environment),
        }
        reading, writing = zip(*(os.pipe() for _ in range(3)), strict=True)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            socket.send_fds(self._requests, [json.dumps(request).encode()], [nothing, *writing])
        finally:
            for descriptor in (nothing, *writing):
                os.close(descriptor)
        out, err, answer = _read_all(reading, timeout)
        return int(answer.split()[1]), out, err

    def _start(self, length: int) -> None:
        # As long as every mark: a forked process writes its own over it.
        self._environment = self._usual("0" * length)
        # A request is one message, whatever its length.
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            server = subprocess.Popen(
                [sys.executable, str(_SERVER), str(theirs.fileno()), self._mark],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        atexit.register(server.wait)
        atexit.register(self._requests.close)


def _read_all(descriptors: Sequence[int], timeout: float) -> list[bytes]:
    """What comes from each until its end. The last one begins with the process's id."""
    end = time.monotonic() + timeout
    found = dict.fromkeys(descriptors, b"")
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        try:
            while selector.get_map():
                ready = selector.select(max(end - time.monotonic(), 0))
                if not ready:
                    raise subprocess.TimeoutExpired("taipy_exec", timeout)
                for key, _ in ready:
                    data = os.read(key.fd, 1 << 16)
                    found[key.fd] += data
                    if not data:
                        selector.unregister(key.fd)
        except subprocess.TimeoutExpired:
            os.kill(int(found[descriptors[-1]].split()[0]), signal.SIGKILL)
            raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
    return list(found.values())
