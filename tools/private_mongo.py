"""A private server with MongoDB's protocol, for tests."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tools.private_server import PrivateServer, missing_module


class PrivateMongo(PrivateServer):
    """A server with MongoDB's protocol on WiredTiger, with the user `writer`.

    Acknowledged writes survive `kill` only if the server is `durable`, which is slower.

    It is SecantusDB, because no package index has MongoDB itself.
    """

    user, password = "writer", "p@ss/w:d%25"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__("mongo")
        self._auth = False
        self._durable = durable

    @staticmethod
    def missing() -> str | None:
        """The missing module, in one sentence. None if a server can be started."""
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
        """Start it and wait until it answers. It accepts only this user."""
        if not self._auth:
            from pymongo import MongoClient

            super().start()
            with MongoClient("127.0.0.1", self.port) as client:
                roles = ["root"]
                client.admin.command("createUser", self.user, pwd=self.password, roles=roles)
            self.stop()
            self._auth = True
        super().start()
