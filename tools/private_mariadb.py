"""A private MariaDB, for tests."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from typing import Any

from tools.private_server import PrivateServer, environment

_SERVER = "mariadbd"
_INSTALL = "mariadb-install-db"


class PrivateMariadb(PrivateServer):
    """A MariaDB whose user is made at the first start, with all rights, for this host only."""

    user = "chief"

    def __init__(self) -> None:
        super().__init__("mariadb")
        self.password = secrets.token_hex(8)

    @staticmethod
    def missing() -> str | None:
        """The missing program, in one sentence. None if a server can be started."""
        for command in (_SERVER, _INSTALL):
            if _found(command) is None:
                return f"{command} is missing: apt-get install mariadb-server"
        return None

    def prepare(self) -> None:
        """Make the data folder, and the SQL file that makes the user."""
        self.run(
            [
                str(_found(_INSTALL)),
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *_as_root(),
            ]
        )
        (self.folder / "user.sql").write_text(
            "".join(
                f"CREATE USER IF NOT EXISTS '{self.user}'@'{host}' "
                f"IDENTIFIED BY '{self.password}';\n"
                f"GRANT ALL ON *.* TO '{self.user}'@'{host}' WITH GRANT OPTION;\n"
                for host in ("localhost", "127.0.0.1")
            )
        )

    def command(self) -> Sequence[str]:
        """The server's command line."""
        return [
            str(_found(_SERVER)),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'socket'}",
            f"--pid-file={self.folder / 'pid'}",
            f"--init-file={self.folder / 'user.sql'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            # A commit survives a crash of the process, but not of the machine.
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=64M",
            "--character-set-server=utf8mb4",
            *_as_root(),
        ]

    def answers(self) -> bool:
        """Whether a client can work with it."""
        import pymysql

        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def connect(self, database: str | None = None) -> Any:
        """A connection of the driver. It commits each statement."""
        import pymysql

        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            autocommit=True,
            connect_timeout=5,
        )


def _as_root() -> list[str]:
    """The server runs as root only with this option."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _found(command: str) -> str | None:
    return shutil.which(command, path=environment()["PATH"])
