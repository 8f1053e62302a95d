"""`sql`: a query reads the value. Functions of the user make the queries that write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taipy_exec.config.problem import a
from taipy_exec.config.reference import realise
from taipy_exec.data.registry import ALWAYS
from taipy_exec.data.sql_address import database_place
from taipy_exec.data.sql_connection import Connections
from taipy_exec.data.sql_values import exposed_rows
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class SqlQueries:
    """`read_query` reads. `write_query_builder` and `append_query_builder` make the queries
    that write. All queries of a write run in one transaction.
    """

    extension: str | None = None

    def __init__(self) -> None:
        self._connections = Connections()

    def place(self, node: DataNodeRef) -> str:
        return f"queries of {node.config.id} in {database_place(node)}"

    def read(self, node: DataNodeRef) -> Any:
        properties = node.config.properties
        exposed = realise(properties.get("exposed_type", "pandas"))
        with self._connections.reading(node) as connection:
            return exposed_rows(connection, properties["read_query"], exposed)

    def write(self, node: DataNodeRef, value: Any) -> None:
        self._run(node, "write_query_builder", value)

    def append(self, node: DataNodeRef, value: Any) -> None:
        self._run(node, "append_query_builder", value)

    def changed_at(self, node: DataNodeRef) -> float | None:
        return ALWAYS

    def connect(self, node: DataNodeRef) -> None:
        """Reach the database. Raises DataError."""
        self._connections.try_it(node)

    def _run(self, node: DataNodeRef, key: str, value: Any) -> None:
        builder = realise(node.config.properties.get(key))
        if builder is None:
            raise DataError(
                f"it cannot be {'appended to' if key.startswith('append') else 'written'} without "
                f'{key}: set it to "module.name:function"'
            )
        queries = _queries(builder(value), key)
        from sqlalchemy import text

        with self._connections.writing(node, makes_file=True) as connection:
            for statement, parameters in queries:
                connection.execute(text(statement), parameters)


def _queries(built: Any, key: str) -> list[tuple[str, Any]]:
    """The queries as pairs (text, parameters). `built` is one query or a list of queries."""
    found = []
    for item in built if isinstance(built, list) else [built]:
        pair = item if isinstance(item, tuple) else (item, None)
        if len(pair) != 2 or not isinstance(pair[0], str):
            raise DataError(
                f"{key} must return a query or a list of queries, each a text or a pair of a text "
                f"and its parameters; it returned {a(type(item).__name__)}"
            )
        found.append(pair)
    return found
