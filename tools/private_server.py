"""The common part of the private database servers: a folder, a port, and the life cycle."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.ports import free_ports
from tools.private_broker import send_signal

_WATCHER = Path(__file__).with_name("broker_watcher.py")
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class PrivateServer:
    """A server on 127.0.0.1 with its own folder. It ends with this process."""

    host = "127.0.0.1"
    stop_signal = signal.SIGTERM

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"private-{name}-"))
        (self.port,) = free_ports(1)
        self._watcher: subprocess.Popen[str] | None = None
        self._group = self.pid = 0

    @property
    def is_running(self) -> bool:
        """Whether it was started, and not stopped or killed by this class."""
        return self.pid != 0

    @staticmethod
    def missing() -> str | None:
        """The missing program, in one sentence. None if a server can be started."""
        raise NotImplementedError

    def command(self) -> Sequence[str]:
        """The server's command line."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """Its environment variables in addition to those of every server."""
        return {}

    def prepare(self) -> None:
        """Make the data folder. Called at the first start."""

    def answers(self) -> bool:
        """Whether a client can work with it."""
        try:
            with socket.create_connection((self.host, self.port), 2):
                return True
        except OSError:
            return False

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of the log."""
        missing = self.missing()
        if missing:
            raise RuntimeError(missing)
        atexit.register(self.close)
        if not (self.folder / "data").exists():
            self.prepare()
        with (self.folder / "output").open("ab") as output:
            self._watcher = subprocess.Popen(
                [
                    sys.executable,
                    "-ISs",
                    str(_WATCHER),
                    str(os.getpid()),
                    json.dumps([list(self.command())]),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**self._surroundings(), **self.environment()},
                cwd=self.folder,
                text=True,
                start_new_session=True,
            )
        assert self._watcher.stdout is not None
        with self._watcher.stdout as pids:
            words = pids.readline().split()
        if len(words) != 1:
            self._fail("the server could not be started")
        self._group = self.pid = int(words[0])
        end = time.monotonic() + _START_SECONDS
        while not self.answers():
            if self._watcher.poll() is not None:
                self._fail("the server ended while it started")
            if time.monotonic() > end:
                self._fail(f"the server does not answer after {_START_SECONDS:.0f} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """Shut it down cleanly. Its data stays."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """Send SIGKILL. `start` continues with the data."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop it and remove its folder."""
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, command: Sequence[str]) -> None:
        """Run a command that prepares the server. Raises RuntimeError with its output."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            env=self._surroundings(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def _surroundings(self) -> dict[str, str]:
        # At its start a MariaDB removes all temporary tables in this folder, even those of others.
        return {**environment(), "TMPDIR": str(self.folder)}

    def _fail(self, what: str) -> None:
        output = (self.folder / "output").read_text("utf-8", "replace")
        tail = "\n".join(output.splitlines()[-40:])
        self.kill()
        raise RuntimeError(f"{what}; its log ends with:\n{tail}")

    def _end(self, number: int) -> None:
        if self._watcher is None:
            return
        if self.pid:
            send_signal(self.pid, number)
        try:
            self._watcher.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            send_signal(-self._group, signal.SIGKILL)
            self._watcher.wait(_STOP_SECONDS)
        self._watcher = None
        self._group = self.pid = 0


def missing_module(name: str) -> str | None:
    """How to install a server that is a Python module. None if it is installed."""
    if importlib.util.find_spec(name) is None:
        return f"the module {name} is missing: pip install -e '.[test]'"
    return None


def environment() -> dict[str, str]:
    """The environment of a server, without variables that lead it or its tools to another one."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/bin"
    return {"PATH": path, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
