"""The address of an SQL data node's database: its URL, and a text without the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taipy_exec.data.extras import extra
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

CONNECT_SECONDS = 10
LOCK_SECONDS = 60
KEEPALIVE_IDLE = 30
KEEPALIVE_INTERVAL = 10
KEEPALIVE_COUNT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The facts of one `db_engine`: its driver, default port and options of a connection.

    `query` is added to the URL; the user's `db_extra_args` override it. With these options, a lost
    server is noticed within a minute.
    """

    driver: str
    module: str | None
    extra: str
    port: int | None
    yes_no: tuple[str, str] = ("true", "false")
    query: Mapping[str, str]


DATABASES: Mapping[str, Database] = {
    "sqlite": Database(
        driver="sqlite+pysqlite",
        module=None,
        extra="sql",
        port=None,
        query={"timeout": str(LOCK_SECONDS)},
    ),
    "postgresql": Database(
        driver="postgresql+psycopg2",
        module="psycopg2",
        extra="postgresql",
        port=5432,
        query={
            "connect_timeout": str(CONNECT_SECONDS),
            "keepalives_idle": str(KEEPALIVE_IDLE),
            "keepalives_interval": str(KEEPALIVE_INTERVAL),
            "keepalives_count": str(KEEPALIVE_COUNT),
        },
    ),
    "mysql": Database(
        driver="mysql+pymysql",
        module="pymysql",
        extra="mysql",
        port=3306,
        query={"connect_timeout": str(CONNECT_SECONDS)},
    ),
    "mssql": Database(
        driver="mssql+pyodbc",
        module="pyodbc",
        extra="mssql",
        port=1433,
        yes_no=("yes", "no"),
        query={},
    ),
}


def database_of(node: DataNodeRef) -> Database:
    """The facts of the data node's engine. Raises DataError for an unknown engine."""
    name = str(node.config.properties.get("db_engine"))
    if name not in DATABASES:
        raise DataError(f"unknown db_engine {name!r}: use {', '.join(DATABASES)}")
    return DATABASES[name]


def server_of(node: DataNodeRef) -> str:
    """`host:port`."""
    properties = node.config.properties
    known = DATABASES.get(str(properties.get("db_engine")))
    port = properties.get("db_port") or (known.port if known else None)
    # Without a user and a password, which some users put there.
    host = str(properties.get("db_host") or "localhost").rpartition("@")[2]
    return f"{host}:{port}" if port else host


def database_place(node: DataNodeRef) -> str:
    """`sqlite file /x/y.db` or `postgresql://host:5432/shop`, without user and password."""
    properties = node.config.properties
    if properties.get("db_engine") == "sqlite":
        return f"sqlite file {node.path}"
    return f"{properties.get('db_engine')}://{server_of(node)}/{properties.get('db_name')}"


def require_driver(node: DataNodeRef) -> None:
    """Raises ConfigurationError if SQLAlchemy or the driver is missing."""
    database = database_of(node)
    for module in ("sqlalchemy", database.module):
        if module is not None:
            engine = node.config.properties["db_engine"]
            extra(module, database.extra, f'data nodes with db_engine = "{engine}"')


def url_of(node: DataNodeRef) -> Any:
    """SQLAlchemy's URL, with the password."""
    import sqlalchemy

    database = database_of(node)
    properties = node.config.properties
    query = dict(database.query)
    if database.driver == "mssql+pyodbc" and properties.get("db_driver"):
        query["driver"] = str(properties["db_driver"])
    for key, value in (properties.get("db_extra_args") or {}).items():
        query[str(key)] = database.yes_no[not value] if isinstance(value, bool) else str(value)
    if database.port is None:
        return sqlalchemy.URL.create(database.driver, database=str(node.path), query=query)
    return sqlalchemy.URL.create(
        database.driver,
        username=_text(properties.get("db_username")),
        password=_text(properties.get("db_password")),
        host=str(properties.get("db_host") or "localhost"),
        port=int(properties.get("db_port") or database.port),
        database=str(properties.get("db_name")),
        query=query,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
