"""A data node of a Taipy program, in the form that runners use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taipy_exec.config.application import DataNodeConfig
from taipy_exec.data.files import replacing_by_name
from taipy_exec.data.node import DataNodeRef
from taipy_exec.taipy_plugin import internals


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityNode(DataNodeRef):
    """Read and written through Taipy; a file is written next to its place and then renamed."""

    @classmethod
    def of(cls, node: Any) -> EntityNode:
        """Make one from Taipy's data node."""
        return cls(
            id=node.id,
            config=DataNodeConfig(id=node.config_id, storage_type=node.storage_type()),
            # Its key is its id: Taipy distinguishes data nodes by that, wherever the value is.
            is_generated=True,
        )

    @property
    def place(self) -> str:
        """The file, or the data node's id."""
        file = internals.file_of(internals.data_node(self.id))
        return self.id if file is None else str(file)

    def read(self) -> Any:
        """The value. Raises what Taipy raises, also if it was never written."""
        return self._entity().read_or_raise()

    def _entity(self) -> Any:
        found = internals.data_node(self.id)
        if found is None:
            raise LookupError(
                f"{self.id} is not in {internals.stored_data_nodes()}: it was deleted, or the task "
                "has changed the working folder"
            )
        return found

    def write(self, value: Any) -> None:
        """Replace the value: a file as a whole, any other value as Taipy does it."""
        node = self._entity()
        file = internals.file_of(node)
        if file is None:
            self._before()
            internals.write_value(node, value)
            return
        # Under the same name: writers of tables choose the format by the extension.
        with replacing_by_name(Path(file), self._before) as made:
            internals.write_value(node, value, made)

    def _before(self) -> None:
        if self.before_change is not None:
            self.before_change()

    def changed_at(self) -> float | None:
        """The time of the last write, None if it cannot be read now: never written, or locked."""
        node = internals.data_node(self.id)
        edited = node.last_edit_date if node.is_ready_for_reading else None
        return internals.seconds(edited) if edited else None
