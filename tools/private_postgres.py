"""A private PostgreSQL, for tests."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.private_server import PrivateServer

_INSTALLED = Path("/usr/lib/postgresql")
_USERS = ("postgres", "nobody")


class PrivatePostgres(PrivateServer):
    """A PostgreSQL server. It cannot run as root, so root starts it as `postgres` or `nobody`."""

    stop_signal = signal.SIGINT
    user = "chief"

    def __init__(self) -> None:
        super().__init__("postgres")
        self.password = secrets.token_hex(8)

    @staticmethod
    def missing() -> str | None:
        """The missing program, in one sentence. None if a server can be started."""
        if _folder() is None:
            return "postgres is missing: apt-get install postgresql"
        return None

    def prepare(self) -> None:
        """Make the data folder. It does not need to survive power cuts."""
        given = self.folder / "password"
        given.write_text(self.password)
        if os.geteuid() == 0:
            user = _unprivileged()
            for path in (self.folder, given):
                os.chown(path, user.pw_uid, user.pw_gid)
        options = ["-D", "data", "-U", self.user, "-A", "scram-sha-256", "--pwfile", "password"]
        self.run(_as_ordinary_user([str(_program("initdb")), *options, "-E", "UTF8", "--no-sync"]))

    def command(self) -> Sequence[str]:
        """The server's command line."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "64MB",
            "max_connections": "40",
        }
        options = [f"--{key}={value}" for key, value in settings.items()]
        return _as_ordinary_user(
            [str(_program("postgres")), "-D", str(self.folder / "data"), *options]
        )

    def answers(self) -> bool:
        """Whether a client can work with it."""
        import psycopg2

        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def connect(self, database: str = "postgres") -> Any:
        """A connection of the driver. It commits each statement."""
        import psycopg2

        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection


def _folder() -> Path | None:
    """The folder with the programs of the newest version."""
    versions = sorted(
        _INSTALLED.glob("*/bin/initdb"),
        key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0),
    )
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _program(name: str) -> Path:
    folder = _folder()
    assert folder is not None
    return folder / name


def _as_ordinary_user(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    user = _unprivileged()
    change = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # A change of the user would clear the signal that the watcher asked for.
    return ["setpriv", *change, "--pdeathsig", "KILL", "--", *command]


def _unprivileged() -> pwd.struct_passwd:
    for name in _USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(f"PostgreSQL needs a user other than root: {' or '.join(_USERS)}")
