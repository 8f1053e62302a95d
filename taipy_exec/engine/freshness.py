"""Whether a data node has a value, how old it is, and whether a job may be skipped."""

from __future__ import annotations

from collections.abc import Iterable

from taipy_exec.config.application import TaskConfig
from taipy_exec.data.node import DataNodeRef
from taipy_exec.store.rows import Edit
from taipy_exec.store.store import Store


class Freshness:
    """Times of the last edits: what the store recorded, or the file's own time if later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recorded: dict[str, float] = {}

    def load(self, nodes: Iterable[DataNodeRef]) -> None:
        """Read what is recorded of these data nodes."""
        wanted = [node.id for node in nodes if node.id not in self._recorded]
        for id, edit in self._store.last_edits(wanted).items():
            self._recorded[id] = edit.at

    def note(self, edit: Edit) -> None:
        """A write has just been recorded."""
        self._recorded[edit.node] = edit.at

    def last_edit(self, node: DataNodeRef) -> float | None:
        """Seconds since the epoch of the last change; None if the node has no value.

        `ALWAYS` if it has one by nature, and no write of it is recorded.
        """
        changed = node.changed_at()
        if changed is None:
            return None
        return max(changed, self._recorded.get(node.id, changed))

    def is_valid(self, node: DataNodeRef, now: float) -> bool:
        """Written, and not older than its validity period."""
        edited = self.last_edit(node)
        if not edited:
            return False
        period = node.config.validity_period
        return period is None or now <= edited + period.total_seconds()

    def why_run(
        self,
        task: TaskConfig,
        inputs: Iterable[DataNodeRef],
        outputs: Iterable[DataNodeRef],
        now: float,
    ) -> str | None:
        """Why the task must run, in words; None where Taipy's rule lets it be skipped.

        The rule: the task is skippable, has outputs, all of them are valid, and no input is
        younger than the oldest output.
        """
        if not task.skippable:
            return "not skippable"
        outputs = list(outputs)
        if not outputs:
            return "no outputs"
        oldest: float | None = None
        for node in outputs:
            edited = self.last_edit(node)
            if not edited:
                return f"{node.config.id} was never written"
            if not self.is_valid(node, now):
                return f"{node.config.id} is older than its validity period"
            oldest = edited if oldest is None else min(oldest, edited)
        assert oldest is not None
        for node in inputs:
            edited = self.last_edit(node)
            if edited is not None and edited > oldest:
                return f"{node.config.id} changed"
        return None
