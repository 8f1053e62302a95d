"""Servers of data of one's own, for tests: MongoDB's protocol and S3's.

Each is a process on 127.0.0.1 with a free port and a temporary folder, and ends with this one.
"""

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

_WATCHER = Path(__file__).with_name("broker_watcher.py")
_SECONDS = 60.0


class PrivateServer:
    """A command that serves TCP on `port`, in a folder of its own."""

    module: str  # what must be installed for it

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="private-server-"))
        (self.port,) = free_ports(1)
        self._watcher: subprocess.Popen[str] | None = None
        self._group = 0

    @classmethod
    def missing(cls) -> str | None:
        """What is not installed, in one sentence; None if the server can be started."""
        if importlib.util.find_spec(cls.module) is None:
            return f"the module {cls.module} is not there: pip install -e '.[test]'"
        return None

    def command(self) -> Sequence[str]:
        """What to run."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """What to add to the environment."""
        return {}

    def start(self) -> None:
        """Return when it accepts connections; RuntimeError with its output if it does not."""
        with (self.folder / "output").open("ab") as output:
            self._watcher = subprocess.Popen(
                [
                    sys.executable,
                    "-ISs",
                    str(_WATCHER),
                    str(os.getpid()),
                    json.dumps([[*self.command()]]),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **self.environment()},
                cwd=self.folder,
                text=True,
                start_new_session=True,
            )
        atexit.register(self.close)
        assert self._watcher.stdout is not None
        with self._watcher.stdout as pids:
            self._group = int(pids.readline() or 0)
        end = time.monotonic() + _SECONDS
        while not self._answers():
            if not self._group or self._watcher.poll() is not None or time.monotonic() > end:
                output_text = (self.folder / "output").read_text("utf-8", "replace")
                self.kill()
                raise RuntimeError(f"the server does not answer: {output_text[-4000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order; its data stays in its folder."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL; `start` goes on with what it has saved."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop it and remove its folder."""
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2):
                return True
        except OSError:
            return False

    def _end(self, number: int) -> None:
        if self._watcher is None:
            return
        for sent in (number, signal.SIGKILL):
            try:
                os.killpg(self._group, sent)
            except ProcessLookupError:
                pass
            try:
                self._watcher.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
        self._watcher = None


class PrivateMongo(PrivateServer):
    """A server of MongoDB's protocol on WiredTiger, with the user `writer`.

    What it has acknowledged survives `kill` only if it is `durable`, which is slower.

    It is SecantusDB: MongoDB itself is in no package that can be installed by name.
    """

    module = "secantus"
    user, password = "writer", "p@ss/w:d%25"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._auth = False
        self._durable = durable

    def command(self) -> Sequence[str]:
        return [
            *(sys.executable, "-m", "secantus", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--storage-path", str(self.folder / "data"), "--cache-size", "64M"),
            *("--log-level", "WARNING"),
            *["--sync-on-commit"] * self._durable,
            *["--auth"] * self._auth,
        ]

    def start(self) -> None:
        """Return when it answers to the user, and to nobody else."""
        if not self._auth:
            from pymongo import MongoClient

            super().start()
            with MongoClient("127.0.0.1", self.port) as client:
                roles = ["root"]
                client.admin.command("createUser", self.user, pwd=self.password, roles=roles)
            self.stop()
            self._auth = True
        super().start()


class PrivateS3(PrivateServer):
    """Moto's server for S3. What it holds is gone when it ends; it knows one pair of keys."""

    module = "moto"
    # So many requests need no keys: those that make the user and its keys.
    _OPEN_REQUESTS = 3

    def __init__(self) -> None:
        super().__init__()
        self.access_key = self.secret_key = ""

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        return {"INITIAL_NO_AUTH_ACTION_COUNT": str(self._OPEN_REQUESTS)}

    def start(self) -> None:
        """Return when there is a user that may do everything."""
        import boto3

        super().start()
        iam = boto3.session.Session().client(
            "iam",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        iam.create_user(UserName="writer")
        keys = iam.create_access_key(UserName="writer")["AccessKey"]
        rule = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
        iam.put_user_policy(UserName="writer", PolicyName="all", PolicyDocument=policy)
        iam.close()
        self.access_key, self.secret_key = keys["AccessKeyId"], keys["SecretAccessKey"]
