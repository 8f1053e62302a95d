"""Databases for tests: one of a test's own on a private or a given server, or a sqlite file."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tools.private_mariadb import PrivateMariadb
from tools.private_postgres import PrivatePostgres

URLS = {"postgresql": "TEST_POSTGRES_URL", "mysql": "TEST_MARIADB_URL"}
SERVERS = {"postgresql": PrivatePostgres, "mysql": PrivateMariadb}


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database, seen past taipy-exec, and the properties of data nodes that lie in it."""

    engine: str
    name: str
    server: Any = None
    folder: Path | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def properties(self) -> dict[str, Any]:
        """`db_engine` and what else says where it is."""
        if self.folder is not None:
            where: dict[str, Any] = {"sqlite_folder_path": str(self.folder)}
        else:
            where = {
                "db_host": self.server.host,
                "db_port": self.server.port,
                "db_username": self.server.user,
                "db_password": self.server.password,
            }
        return {"db_engine": self.engine, "db_name": self.name, **where, **self.more}

    def toml(self) -> str:
        """The properties as lines of a data node's table."""
        return "".join(
            f"{key} = {value}\n" if isinstance(value, int) else f'{key} = "{value}"\n'
            for key, value in self.properties.items()
        )

    def connect(self) -> Any:
        if self.folder is not None:
            return sqlite3.connect(
                self.folder / f"{self.name}.db", isolation_level=None, timeout=10
            )
        return self.server.connect(self.name)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each committed; the rows of the last one."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


class GivenServer:
    """A server of somebody else's, by a URL such as `postgresql://user:password@host:port`."""

    is_running = True

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or "localhost"
        self._is_postgres = parts.scheme.startswith("postgres")
        self.port = parts.port or (5432 if self._is_postgres else 3306)
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")

    def connect(self, database: str | None = None) -> Any:
        options: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user}
        if self._is_postgres:
            import psycopg2

            connection = psycopg2.connect(
                **options, password=self.password, dbname=database or "postgres"
            )
            connection.autocommit = True
            return connection
        import pymysql

        return pymysql.connect(
            **options, password=self.password, database=database, autocommit=True
        )

    def close(self) -> None:
        """Nothing was started."""


@contextmanager
def database_on(server: Any, engine: str) -> Iterator[Database]:
    """A database that is there for one test only."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with closing(server.connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield Database(engine=engine, name=name, server=server)
    try:
        with closing(server.connect()) as connection, closing(connection.cursor()) as cursor:
            force = " WITH (FORCE)" if engine == "postgresql" else ""
            cursor.execute(f"DROP DATABASE {name}{force}")
    except Exception:
        if server.is_running:  # a test that stops its own server leaves nothing to drop
            raise


def sqlite_database(folder: Path) -> Database:
    """A sqlite file, which is made here."""
    folder.mkdir(parents=True, exist_ok=True)
    sqlite3.connect(folder / "shop.db").close()
    return Database(engine="sqlite", name="shop", folder=folder)


def given_url(engine: str) -> str | None:
    """The URL of the server to test with, where the environment names one."""
    return os.environ.get(URLS[engine])
