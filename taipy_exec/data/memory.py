"""`in_memory`: values kept in this process, for development mode only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class Memory:
    """The objects themselves, by the id of the data node. They are lost when the process ends."""

    extension: str | None = None

    def __init__(self) -> None:
        self._values: dict[str, tuple[Any, float]] = {}

    def place(self, node: DataNodeRef) -> str:
        return f"memory as {node.id}"

    def read(self, node: DataNodeRef) -> Any:
        try:
            return self._values[node.id][0]
        except KeyError:
            raise DataError("it holds nothing in this process") from None

    def write(self, node: DataNodeRef, value: Any) -> None:
        self._values[node.id] = (value, time.time())

    def forget(self, node: DataNodeRef) -> None:
        """Drop the object, if there is one."""
        self._values.pop(node.id, None)

    def append(self, node: DataNodeRef, value: Any) -> None:
        raise DataError("an in_memory data node cannot be appended to: write the whole value")

    def changed_at(self, node: DataNodeRef) -> float | None:
        found = self._values.get(node.id)
        return found[1] if found else None
