"""Storage types by name: those of taipy-exec, and those of installed plug-ins."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from taipy_exec.config.plug_ins import plug_ins
from taipy_exec.errors import ConfigurationError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

GROUP = "taipy_exec.storage_types"

_OURS = {
    "pickle": "taipy_exec.data.pickle_file:PickleFile",
    "json": "taipy_exec.data.json_file:JsonFile",
    "csv": "taipy_exec.data.csv_file:CsvFile",
    "excel": "taipy_exec.data.excel_file:ExcelFile",
    "parquet": "taipy_exec.data.parquet_file:ParquetFile",
    "in_memory": "taipy_exec.data.memory:Memory",
    "generic": "taipy_exec.data.generic:Generic",
    "mongo_collection": "taipy_exec.data.mongo_collection:MongoCollection",
    "s3_object": "taipy_exec.data.s3_object:S3Object",
    "sql_table": "taipy_exec.data.sql_table:SqlTable",
    "sql": "taipy_exec.data.sql:SqlQueries",
}


# The time of change of a place that has no such time, for example a table. It always has a value.
ALWAYS = 0.0


class StorageType(Protocol):
    """Reads and writes the values of one storage type. A plug-in implements only this.

    `extension` is the extension of generated files, None if the type has no such files. Every
    method may raise. The message should give the reason only: the caller adds the data node and
    its place. Open files and connections at their first use, because data nodes are sent to other
    processes.

    A storage type may have one more method, for `DataNode.filter`: `filtered(node, conditions,
    join)`. Its result is that of `data.filters.filtered(self.read(node), conditions, join)`, but it
    does not need to read the whole value. `conditions` is a list of (key, value, Operator).

    And one for `check --connect`: `connect(node)` reaches the server, and changes nothing there.
    """

    extension: str | None

    def place(self, node: DataNodeRef) -> str:
        """The place of the value, without credentials. All data nodes of a place give one text."""

    def read(self, node: DataNodeRef) -> Any:
        """The value as the task gets it."""

    def write(self, node: DataNodeRef, value: Any) -> None:
        """Replace the value in one step: a reader sees the old value or the new one.

        Call `node.before_change`, if there is one, just before the new value replaces the old one.
        If it raises, keep the old value.
        """

    def append(self, node: DataNodeRef, value: Any) -> None:
        """Add to the value."""

    def changed_at(self, node: DataNodeRef) -> float | None:
        """Seconds since the epoch of the last change, None if there is no value.

        `ALWAYS` if the time is unknown. Then there is always a value to read.
        """


@cache
def storage_types() -> tuple[str, ...]:
    """The name of every storage type, each once."""
    return tuple(dict.fromkeys([*_OURS, *(entry.name for entry in plug_ins(GROUP))]))


@cache
def is_own(name: str) -> bool:
    """Whether a storage type belongs to taipy-exec, and no plug-in replaces it."""
    return name in _OURS and all(entry.name != name for entry in plug_ins(GROUP))


@cache
def storage_type(name: str) -> StorageType:
    """The storage type `name`. Raises ConfigurationError for an unknown one."""
    for entry in plug_ins(GROUP):
        if entry.name == name:
            return entry.load()()  # type: ignore[no-any-return]
    if name not in _OURS:
        raise ConfigurationError(
            f"unknown storage type {name!r}", f"use one of {', '.join(storage_types())}"
        )
    module, _, attribute = _OURS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)()  # type: ignore[no-any-return]
