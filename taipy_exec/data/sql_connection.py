"""Connections to databases: a new one for each use. A write is one transaction."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taipy_exec.data.files import make_folder_at
from taipy_exec.data.sql_address import (
    CONNECT_SECONDS,
    KEEPALIVE_COUNT,
    KEEPALIVE_IDLE,
    KEEPALIVE_INTERVAL,
    LOCK_SECONDS,
    require_driver,
    server_of,
    url_of,
)
from taipy_exec.data.sql_errors import is_lost, wrong_connect, wrong_statement
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class Connections:
    """SQLAlchemy's engines by URL. They keep no connection open between two uses.

    So a restart of the server or a fork of the process breaks nothing.
    """

    def __init__(self) -> None:
        self._engines: dict[Any, Any] = {}

    @contextmanager
    def reading(self, node: DataNodeRef) -> Iterator[Any]:
        """A connection for reading. Raises DataError for its errors."""
        _require_file(node)
        with self._connected(node, writes=False) as connection:
            yield connection

    def try_it(self, node: DataNodeRef) -> None:
        """Connect, and disconnect. Raises DataError; of SQLite's file nothing is asked."""
        if node.config.properties.get("db_engine") != "sqlite":
            with self._connected(node, writes=False):
                pass

    @contextmanager
    def writing(self, node: DataNodeRef, *, makes_file: bool = False) -> Iterator[Any]:
        """A connection in a transaction that is committed when the block ends without an error.

        `node.before_change` is called just before the commit. Raises DataError for its errors.
        """
        if not makes_file:
            _require_file(node)
        elif node.path is not None:
            make_folder_at(node.path.parent)
        with self._connected(node, writes=True) as connection:
            _begin(connection)
            yield connection
            if node.before_change is not None:
                node.before_change()
            try:
                connection.commit()
            except _errors(connection) as error:
                if is_lost(error):
                    raise DataError(
                        f"the connection to {server_of(node)} was lost while the new rows were "
                        "committed: it is unknown whether they were stored"
                    ) from None
                raise

    @contextmanager
    def _connected(self, node: DataNodeRef, *, writes: bool) -> Iterator[Any]:
        engine = self._engine(node)
        from sqlalchemy.exc import SQLAlchemyError

        errors = (SQLAlchemyError, engine.dialect.dbapi.Error)
        try:
            connection = engine.connect()
        except errors as error:
            raise wrong_connect(error, node) from None
        try:
            yield connection
        except errors as error:
            raise wrong_statement(error, node, writes=writes) from None
        finally:
            _close(connection, errors)

    def _engine(self, node: DataNodeRef) -> Any:
        require_driver(node)
        url = url_of(node)
        found = self._engines.get(url)
        if found is None:
            found = self._engines[url] = _new_engine(url)
        return found


def _new_engine(url: Any) -> Any:
    import sqlalchemy

    options: dict[str, Any] = {}
    name = url.get_backend_name()
    if name == "mssql":
        options = {"fast_executemany": True, "connect_args": {"timeout": CONNECT_SECONDS}}
    elif name == "mysql":
        # The driver's connect_timeout does not cover the first answer of the server.
        options = {"connect_args": {"read_timeout": float(url.query["connect_timeout"])}}
    engine = sqlalchemy.create_engine(
        url, poolclass=sqlalchemy.NullPool, hide_parameters=True, **options
    )

    @sqlalchemy.event.listens_for(engine, "connect")
    def _made(connection: Any, _: Any) -> None:
        if name == "sqlite":
            # The driver would begin transactions itself, but too late to wait for a lock.
            connection.isolation_level = None
        elif name == "mysql":
            _made_by_pymysql(connection, url.query.get("read_timeout"))

    return engine


def _made_by_pymysql(connection: Any, read_timeout: str | None) -> None:
    """Remove the time limit of queries, but notice a host that is gone.

    These attributes are the only way to do it.
    """
    connection._read_timeout = None if read_timeout is None else float(read_timeout)
    if connection._sock.family in (socket.AF_INET, socket.AF_INET6):
        for option, seconds in (
            (socket.TCP_KEEPIDLE, KEEPALIVE_IDLE),
            (socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL),
            (socket.TCP_KEEPCNT, KEEPALIVE_COUNT),
        ):
            connection._sock.setsockopt(socket.IPPROTO_TCP, option, seconds)


def _begin(connection: Any) -> None:
    """Begin a transaction that waits a limited time for locks of other transactions."""
    name = connection.dialect.name
    if name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    elif name in ("mysql", "mariadb"):
        connection.exec_driver_sql(
            f"SET SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}, "
            f"lock_wait_timeout = {LOCK_SECONDS}"
        )
    elif name == "mssql":
        connection.exec_driver_sql(f"SET LOCK_TIMEOUT {LOCK_SECONDS * 1000}")


def _errors(connection: Any) -> tuple[type[Exception], ...]:
    from sqlalchemy.exc import SQLAlchemyError

    return (SQLAlchemyError, connection.dialect.dbapi.Error)


def _close(connection: Any, errors: tuple[type[Exception], ...]) -> None:
    """Roll back uncommitted changes, and disconnect. The server may be gone."""
    try:
        connection.rollback()
    except errors:
        connection.invalidate()
    try:
        connection.close()
    except errors:
        pass


def _require_file(node: DataNodeRef) -> None:
    """Raise DataError if the sqlite file is missing: the driver would make an empty one."""
    if node.config.properties.get("db_engine") == "sqlite":
        assert node.path is not None
        if not node.path.exists():
            raise DataError(
                "there is no such file: make the database, or correct db_name, "
                "sqlite_folder_path or sqlite_file_extension"
            )
