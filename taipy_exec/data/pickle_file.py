"""`pickle`, the default storage type: any Python object, in a file that `pickle.load` reads."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

from taipy_exec.data import mapped_pickle
from taipy_exec.data.files import FileStorage
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class PickleFile(FileStorage):
    """Protocol 5. Large arrays are written without a copy, and read back as a map of the file.

    Only a file at a generated path is mapped: it is replaced as a whole and never changed. A file
    at the user's own path may be overwritten by other programs during a job.
    """

    extension: str | None = "p"

    def read(self, node: DataNodeRef) -> Any:
        assert node.path is not None
        with open(node.path, "rb") as file:  # noqa: PTH123 - hot path
            try:
                return mapped_pickle.load(file, mapped=node.is_generated)
            except (pickle.UnpicklingError, EOFError) as error:
                empty = not file.seek(0, os.SEEK_END)
                what = "it is empty" if empty else f"it is no complete pickle file ({error})"
                raise DataError(what) from error

    def write(self, node: DataNodeRef, value: Any) -> None:
        with self.write_bytes(node) as file:
            mapped_pickle.dump(value, file)

    def append(self, node: DataNodeRef, value: Any) -> None:
        raise DataError("a pickle data node cannot be appended to: write the whole value")
