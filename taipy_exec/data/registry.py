"""Storage types by name: ours, and those of installed plug-ins."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

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


# The time of change of a place that cannot tell one, such as a table: it always has a value.
ALWAYS = 0.0


class StorageType(Protocol):
    """How values of one storage type are kept. A plug-in implements this and nothing else.

    `extension` is the generated files' extension, or None where there is no file of ours. Every
    method may raise; the message should say what is wrong, since the caller names the data node
    and its place. Nothing is opened before it is used: data nodes travel to other processes.

    A storage type may have one more method, for `DataNode.filter`: `filtered(node, conditions,
    join)` gives what `data.filters.filtered(self.read(node), conditions, join)` would, without
    reading all of it. `conditions` is a list of (key, value, Operator).

    And one for `check --connect`: `connect(node)` reaches the server, and changes nothing there.
    """

    extension: str | None

    def place(self, node: DataNodeRef) -> str:
        """Where the value lies, without credentials: one text for all who share that place."""

    def read(self, node: DataNodeRef) -> Any:
        """The value as the task gets it."""

    def write(self, node: DataNodeRef, value: Any) -> None:
        """Replace the value as a whole: a reader sees the former one or the new one.

        `node.before_change`, if there is one, is called right before the new one takes its
        place, and keeps the former one if it raises.
        """

    def append(self, node: DataNodeRef, value: Any) -> None:
        """Add to the value."""

    def changed_at(self, node: DataNodeRef) -> float | None:
        """Seconds since the epoch of the last change, None if there is no value.

        `ALWAYS` where that cannot be told, and a value is always there to be read.
        """


@cache
def storage_types() -> tuple[str, ...]:
    """The name of every storage type, each once."""
    return tuple(dict.fromkeys([*_OURS, *(entry.name for entry in entry_points(group=GROUP))]))


@cache
def is_own(name: str) -> bool:
    """Whether a storage type is one of ours, and no plug-in has taken its place."""
    return name in _OURS and all(entry.name != name for entry in entry_points(group=GROUP))


@cache
def storage_type(name: str) -> StorageType:
    """The storage type `name`. Raises ConfigurationError for an unknown one."""
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return entry.load()()  # type: ignore[no-any-return]
    if name not in _OURS:
        raise ConfigurationError(
            f"unknown storage type {name!r}", f"use one of {', '.join(storage_types())}"
        )
    module, _, attribute = _OURS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)()  # type: ignore[no-any-return]
