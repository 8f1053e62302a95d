"""`sql_table`: a table of a database. A write replaces all rows in one transaction."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any

from taipy_exec.config.problem import nearest
from taipy_exec.config.reference import realise
from taipy_exec.data.registry import ALWAYS
from taipy_exec.data.sql_address import DATABASES, LOCK_SECONDS, database_place
from taipy_exec.data.sql_connection import Connections
from taipy_exec.data.sql_copy import copy_rows, may_copy, unescaped
from taipy_exec.data.sql_rows import (
    Column,
    chunks_of,
    column_values,
    create_statement,
    matched_columns,
)
from taipy_exec.data.sql_values import exposed_rows
from taipy_exec.data.table_index import index_columns, keeps_index
from taipy_exec.data.tables import frame_of, pandas_for
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_CREATE_LIMIT = 600


class SqlTable:
    """Reading takes all rows. Writing deletes all rows and inserts. Appending only inserts.

    The table must exist. Processes that write it at the same time wait for each other.
    """

    extension: str | None = None

    def __init__(self) -> None:
        self._connections = Connections()

    def place(self, node: DataNodeRef) -> str:
        return f"table {node.config.properties.get('table_name')} in {database_place(node)}"

    def read(self, node: DataNodeRef) -> Any:
        exposed = realise(node.config.properties.get("exposed_type", "pandas"))
        with self._connections.reading(node) as connection:
            found = _columns(connection, node)
            table = exposed_rows(
                connection,
                _select(connection, node),
                exposed,
                {column["name"]: column["type"] for column in found},
            )
        index = index_columns(node) if exposed == "pandas" else []
        return table.set_index([table.columns[number] for number in index]) if index else table

    def write(self, node: DataNodeRef, value: Any) -> None:
        self._put(node, value, replaces=True)

    def append(self, node: DataNodeRef, value: Any) -> None:
        self._put(node, value, replaces=False)

    def changed_at(self, node: DataNodeRef) -> float | None:
        return ALWAYS

    def connect(self, node: DataNodeRef) -> None:
        """Reach the database. Raises DataError."""
        self._connections.try_it(node)

    def _put(self, node: DataNodeRef, value: Any, *, replaces: bool) -> None:
        frame = _frame(value, pandas_for(_extra(node)))
        if keeps_index(node, {"": frame}):
            frame = _with_index(node, frame)
        with self._connections.writing(node) as connection:
            found = _columns(connection, node, frame)
            name = str(node.config.properties["table_name"])
            columns = matched_columns(frame, found, connection.dialect, name)
            table = _quoted(connection, node)
            _lock(connection, table, node, replaces=replaces)
            if replaces:
                connection.exec_driver_sql(f"DELETE FROM {table}")
            _insert(connection, table, frame, columns)


def _extra(node: DataNodeRef) -> str:
    known = DATABASES.get(str(node.config.properties.get("db_engine")))
    return known.extra if known else "sql"


def _frame(value: Any, pandas: Any) -> Any:
    """The value as a DataFrame. As in Taipy, a series is one row."""
    if isinstance(value, pandas.Series):
        return pandas.DataFrame([value.to_dict()])
    return frame_of(value, pandas)


def _with_index(node: DataNodeRef, frame: Any) -> Any:
    """The frame with its index as columns. Raises DataError if a level has no name."""
    if None in frame.index.names:
        raise DataError(
            'the index has no name, so its column is unknown: name it, as in df.rename_axis("id")'
        )
    return frame.reset_index()


def _names(node: DataNodeRef) -> tuple[str | None, str]:
    """The schema (None if none is given) and the table."""
    schema, _, table = str(node.config.properties.get("table_name")).rpartition(".")
    return schema or None, table


def _quoted(connection: Any, node: DataNodeRef) -> str:
    from sqlalchemy import MetaData, Table

    schema, table = _names(node)
    preparer = connection.dialect.identifier_preparer
    return str(preparer.format_table(Table(table, MetaData(), schema=schema)))


def _select(connection: Any, node: DataNodeRef) -> str:
    """The query for all rows. A colon in a name is no parameter."""
    return unescaped(connection, f"SELECT * FROM {_quoted(connection, node)}").replace(":", "\\:")


def _columns(connection: Any, node: DataNodeRef, frame: Any = None) -> list[Any]:
    """The table's columns. Raises DataError if it is missing; `frame` adds how to create it."""
    import sqlalchemy
    from sqlalchemy.exc import NoSuchTableError, SAWarning

    schema, table = _names(node)
    inspector = sqlalchemy.inspect(connection)
    with warnings.catch_warnings():
        # The driver handles types that SQLAlchemy does not know.
        warnings.simplefilter("ignore", SAWarning)
        try:
            return list(inspector.get_columns(table, schema=schema))
        except NoSuchTableError:
            pass
    near = nearest(table, inspector.get_table_names(schema=schema))
    how = ""
    if frame is not None and len(frame.columns):
        statement = create_statement(frame, table, connection.dialect)
        if len(statement) <= _CREATE_LIMIT:
            how = f", for example by {statement}"
    raise DataError(f"there is no table {table!r}{near}: taipy-exec creates none; create it{how}")


def _lock(connection: Any, table: str, node: DataNodeRef, *, replaces: bool) -> None:
    """Make other writers wait until the end of the transaction. Readers continue.

    A plain INSERT takes no lock: it waits for writers that replace the table, and some users have
    only the right to INSERT.
    """
    name = connection.dialect.name
    if name in ("mysql", "mariadb"):
        _lock_in_mariadb(connection, table, node)
    elif not replaces:
        return
    elif name == "postgresql" and _is_table(connection, table):
        # Without the lock, this write would not see and delete rows that another one just added.
        connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
    elif name == "mssql":
        connection.exec_driver_sql(f"SELECT TOP 0 1 FROM {table} WITH (TABLOCKX, HOLDLOCK)")


def _is_table(connection: Any, table: str) -> bool:
    kind = connection.exec_driver_sql(
        "SELECT relkind IN ('r', 'p') FROM pg_class WHERE oid = to_regclass(%s)",
        (unescaped(connection, table),),
    ).scalar()
    return bool(kind)


def _lock_in_mariadb(connection: Any, table: str, node: DataNodeRef) -> None:
    schema, plain = _names(node)
    engine = connection.exec_driver_sql(
        "SELECT t.ENGINE FROM information_schema.TABLES t "
        "JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE "
        "WHERE t.TABLE_SCHEMA = COALESCE(%s, DATABASE()) AND t.TABLE_NAME = %s "
        "AND e.TRANSACTIONS <> 'YES'",
        (schema, plain),
    ).scalar()
    if engine:
        raise DataError(
            f"table {plain!r} has the engine {engine}, which has no transactions, so it cannot be "
            f"replaced in one step: ALTER TABLE {table} ENGINE = InnoDB"
        )
    # LOCK TABLES would commit and stop readers. The named lock ends with the connection.
    database = schema or node.config.properties.get("db_name")
    name = hashlib.sha1(f"{database}.{plain}".lower().encode(), usedforsecurity=False).hexdigest()
    got = connection.exec_driver_sql(
        "SELECT GET_LOCK(%s, %s)", (f"taipy-exec {name}", LOCK_SECONDS)
    ).scalar()
    if got != 1:
        raise DataError(f"another process kept it locked for {LOCK_SECONDS} s")


def _insert(connection: Any, table: str, frame: Any, columns: list[Column]) -> None:
    name = connection.dialect.name
    if not columns or not len(frame):
        return
    if name == "postgresql" and may_copy(connection, table, columns):
        copy_rows(connection, table, frame, columns)
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in columns)
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(columns))
    if name == "postgresql":
        _insert_many(connection, f"INSERT INTO {table} ({names}) VALUES %s", frame, columns)
        return
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    for part in chunks_of(frame):
        values = column_values(part, columns, name)
        connection.exec_driver_sql(statement, list(zip(*values, strict=True)))


def _insert_many(connection: Any, statement: str, frame: Any, columns: list[Column]) -> None:
    """Insert into PostgreSQL without COPY: views, arrays and similar types."""
    from psycopg2.extras import execute_values

    cursor = connection.connection.cursor()
    try:
        for part in chunks_of(frame):
            values = column_values(part, columns, "postgresql")
            execute_values(cursor, statement, list(zip(*values, strict=True)), page_size=1000)
    finally:
        cursor.close()
