"""Whether data nodes of a Taipy program are ready or fresh, according to Taipy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taipy_exec.config.application import TaskConfig
from taipy_exec.data.node import DataNodeRef
from taipy_exec.engine.freshness import Freshness
from taipy_exec.taipy_plugin import internals


class EntityFreshness(Freshness):
    """Asks the entities and keeps nothing of them: other processes may change them at any time."""

    def load(self, nodes: Iterable[DataNodeRef]) -> None:
        """Do nothing: the entities have the state."""

    def not_ready(self, nodes: Iterable[DataNodeRef]) -> list[DataNodeRef]:
        """The nodes that were never written, or are locked by a job or a user."""
        return [node for node in nodes if not is_ready(node.id)]

    def why_run(
        self,
        task: TaskConfig,
        inputs: Sequence[DataNodeRef],
        outputs: Sequence[DataNodeRef],
        now: float,
    ) -> str | None:
        """Why the task must run, in words; None if Taipy would skip it."""
        if not outputs:
            return "no outputs"
        written = [internals.data_node(node.id) for node in outputs]
        if None in written:
            return "an output was deleted"
        for node in written:
            if not node.is_valid:
                return f"{node.config_id} was never written, or is older than its validity period"
        oldest = min(node.last_edit_date for node in written)
        for ref in inputs:
            node = internals.data_node(ref.id)
            edited = node.last_edit_date if node is not None else None
            if edited is None:
                return "an input was deleted"
            if edited > oldest:
                return f"{node.config_id} changed"
        return None


def is_ready(id: str) -> bool:
    """Whether the data node has a value and no job or user has locked it."""
    node = internals.data_node(id)
    return node is not None and bool(node.is_ready_for_reading)
