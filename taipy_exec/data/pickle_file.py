"""`pickle`, the default storage type: any Python object, in a file that `pickle.load` reads."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from taipy_exec.data.files import FileStorage
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class PickleFile(FileStorage):
    """Protocol 5, in which large arrays go to the file straight from their own memory."""

    extension: str | None = "p"

    def read(self, node: DataNodeRef) -> Any:
        assert node.path is not None
        with open(node.path, "rb") as file:  # noqa: PTH123 - hot path
            return pickle.load(file)

    def write(self, node: DataNodeRef, value: Any) -> None:
        with self.write_bytes(node) as file:
            pickle.dump(value, file, protocol=5)

    def append(self, node: DataNodeRef, value: Any) -> None:
        raise DataError("a pickle data node cannot be appended to: write the whole value")
