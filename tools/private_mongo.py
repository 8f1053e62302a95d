"""A server of MongoDB's protocol of one's own, for tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tools.private_server import PrivateServer, missing_module


class PrivateMongo(PrivateServer):
    """A server of MongoDB's protocol on WiredTiger, with the user `writer`.

    What it has acknowledged survives `kill` only if it is `durable`, which is slower.

    It is SecantusDB: MongoDB itself is in no package that can be installed by name.
    """

    user, password = "writer", "p@ss/w:d%25"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__("mongo")
        self._auth = False
        self._durable = durable

    @staticmethod
    def missing() -> str | None:
        """What is not installed, in one sentence; None if a server can be started."""
        return missing_module("secantus")

    def command(self) -> Sequence[str]:
        """The server's command line."""
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
