"""Check `sql_table` and `sql` data nodes before any connection is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.config.compile import Compiled
from taipy_exec.config.problem import Level, Problem, nearest
from taipy_exec.config.reference import FunctionRef

ENGINES = ("sqlite", "postgresql", "mysql", "mssql")
_REQUIRED = {
    "sql_table": ("db_name", "db_engine", "table_name"),
    "sql": ("db_name", "db_engine", "read_query", "write_query_builder"),
}
_TEXTS = (
    "db_name",
    "table_name",
    "read_query",
    "db_username",
    "db_password",
    "db_host",
    "db_driver",
    "sqlite_folder_path",
    "sqlite_file_extension",
)
_BUILDERS = ("write_query_builder", "append_query_builder")
_MOST_PORT = 65_535


def sql_problems(compiled: Compiled) -> Iterator[Problem]:
    """The missing or wrong properties of sql data nodes, never with a password."""
    for node in compiled.config.data_nodes.values():
        if node.storage_type in _REQUIRED:
            yield from _missing(compiled, node)
            yield from _wrong(compiled, node)


def _missing(compiled: Compiled, node: DataNodeConfig) -> Iterator[Problem]:
    wanted = list(_REQUIRED[node.storage_type])
    engine = node.properties.get("db_engine")
    if engine in ENGINES and engine != "sqlite":
        wanted += ["db_username", "db_password"]
    for key in wanted:
        value = node.properties.get(key)
        if value is None or (value == "" and key != "db_password"):
            yield compiled.merged.problem(
                "DATA_NODE",
                node.id,
                key,
                f"is missing: {_purpose(node, key)}",
                level=Level.WARNING if node.id == "default" else Level.ERROR,
            )


def _purpose(node: DataNodeConfig, key: str) -> str:
    if key in ("db_username", "db_password"):
        return f'db_engine = "{node.properties["db_engine"]}" needs it'
    return f"{node.storage_type} data nodes need it"


def _wrong(compiled: Compiled, node: DataNodeConfig) -> Iterator[Problem]:
    properties = node.properties

    def wrong(key: str, message: str, value: object = None) -> Problem:
        return compiled.merged.problem("DATA_NODE", node.id, key, message, value=value)

    engine = properties.get("db_engine")
    if engine not in (None, "", *ENGINES):
        yield wrong(
            "db_engine",
            f"unknown database engine {engine!r}; use {', '.join(ENGINES)}"
            f"{nearest(str(engine), ENGINES)}",
            engine,
        )
    for key in _TEXTS:
        value = properties.get(key)
        if value is not None and not isinstance(value, str):
            shown = "" if key == "db_password" else f", not {value!r}"
            yield wrong(key, f"must be a text{shown}", None if key == "db_password" else value)
    for key in _BUILDERS:
        value = properties.get(key)
        if value is not None and not isinstance(value, FunctionRef) and not callable(value):
            yield wrong(
                key, f'must be a function, written "module.name:function", not {value!r}', value
            )
    port = properties.get("db_port")
    if port is not None and not _is_port(port):
        yield wrong("db_port", f"must be a whole number from 1 to {_MOST_PORT}, not {port!r}", port)
    given = properties.get("db_extra_args")
    if given is not None and not isinstance(given, Mapping):
        yield wrong("db_extra_args", "must be a table of the driver's options")


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_PORT
