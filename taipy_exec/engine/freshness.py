"""Whether a data node has a value, how old it is, and whether a job may be skipped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence

from taipy_exec.config.application import TaskConfig
from taipy_exec.data.node import DataNodeRef
from taipy_exec.store.rows import Content, Edit
from taipy_exec.store.store import Store

# Another clock, such as that of a file server, may be ahead by so many seconds.
_AHEAD = 2.0
# A key in the record of an output: the times of the inputs before the job read them.
_READ = "read"


def _in_the_future(node: DataNodeRef) -> str:
    return f"{node.config.id} has a time in the future"


class Freshness:
    """The time of each last edit: as recorded in the store, or the file's own time if later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recorded: dict[str, Edit] = {}

    def load(self, nodes: Iterable[DataNodeRef]) -> None:
        """Read the recorded edits of these data nodes."""
        wanted = [node.id for node in nodes if node.id not in self._recorded]
        self._recorded.update(self._store.last_edits(wanted))

    def note(self, edit: Edit) -> None:
        """Note a write that has just been recorded."""
        self._recorded[edit.node] = edit

    def recorded(self, node: DataNodeRef) -> Edit | None:
        """The last recorded write, if any."""
        return self._recorded.get(node.id)

    def last_edit(self, node: DataNodeRef) -> float | None:
        """Seconds since the epoch of the last change; None if the node has no value.

        `ALWAYS` if its storage type always has a value, and no write is recorded.
        """
        changed = node.changed_at()
        if changed is None:
            return None
        edit = self._recorded.get(node.id)
        return changed if edit is None else max(changed, edit.at)

    def in_the_future(self, nodes: Iterable[DataNodeRef], now: float) -> list[DataNodeRef]:
        """Files with a time after `now`: skippable tasks that read them run at every submit."""
        return [n for n in nodes if n.has_file and (n.changed_at() or 0.0) > now + _AHEAD]

    def not_ready(self, nodes: Iterable[DataNodeRef]) -> list[DataNodeRef]:
        """Those without a value, and those that a user or a program has locked for an edit."""
        nodes = list(nodes)
        locks = self._store.locks([node.id for node in nodes], time.time())
        return [node for node in nodes if node.id in locks or node.changed_at() is None]

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
        inputs: Sequence[DataNodeRef],
        outputs: Sequence[DataNodeRef],
        now: float,
    ) -> str | None:
        """Why the task must run, in words; None if Taipy's rule allows a skip.

        The rule: the task is skippable and has outputs, and all outputs are valid. Every input is
        older than the oldest output, and no input has changed since the job read it. An input of
        the same time as the output may be newer, since some disks keep whole seconds only. A time
        in the future proves nothing.
        """
        why = self._why_not_there(task, outputs, now)
        if why is not None:
            return why
        for node in outputs:
            if (node.changed_at() or 0.0) > now:
                return _in_the_future(node)
        oldest = min(self.last_edit(node) or 0.0 for node in outputs)
        for node in inputs:
            edited = self.last_edit(node)
            if edited is not None and edited > now:
                return _in_the_future(node)
            if edited is not None and edited >= oldest:
                return f"{node.config.id} changed"
        return self._changed_since_it_was_read(inputs, outputs)

    def _changed_since_it_was_read(
        self, inputs: Sequence[DataNodeRef], outputs: Sequence[DataNodeRef]
    ) -> str | None:
        """Why to run if an input changed while the job ran, in words; None if no input did.

        The output is newer then, but was made from the old value. An output that was written
        after the job does not count, since no job made it.
        """
        for output in outputs:
            edit = self.recorded(output)
            if edit is None or (output.changed_at() or 0.0) > edit.at + _AHEAD:
                continue
            known = json.loads(edit.made_from).get(_READ, {}) if edit.made_from else {}
            for node in inputs:
                if node.id in known and (self.last_edit(node) or 0.0) > (known[node.id] or 0.0):
                    return f"{node.config.id} changed"
        return None

    def were_read_as_now(
        self, inputs: Sequence[DataNodeRef], outputs: Sequence[DataNodeRef]
    ) -> bool:
        """Whether the job that wrote these outputs read the inputs as they are now."""
        read = self._as_recorded(inputs)
        for output in outputs:
            edit = self.recorded(output)
            known = json.loads(edit.made_from) if edit and edit.made_from else {}
            if any(known.get(key) != value for key, value in read.items()):
                return False
        return True

    def _as_recorded(self, inputs: Sequence[DataNodeRef]) -> dict[str, object]:
        """The part about these inputs of the record of an output, as it would be now."""
        return {_READ: {node.id: self.last_edit(node) for node in inputs}}

    def _why_not_there(
        self, task: TaskConfig, outputs: Sequence[DataNodeRef], now: float
    ) -> str | None:
        """Why to run because of the outputs alone, in words; None if they are no reason."""
        if not task.skippable:
            return "not skippable"
        if not outputs:
            return "no outputs"
        for node in outputs:
            if not self.last_edit(node):
                return f"{node.config.id} was never written"
            if not self.is_valid(node, now):
                return f"{node.config.id} is older than its validity period"
        return None

    # -- records of runs, for the rules ---------------------------------------------------

    def note_start(
        self, task: TaskConfig, inputs: Sequence[DataNodeRef]
    ) -> Mapping[str, object] | None:
        """The sources of the outputs of a job that starts now, to be stored with them, if any."""
        return self._as_recorded(inputs)

    def note_end(
        self, node: DataNodeRef, edit: Edit, made_from: Mapping[str, object], source: str | None
    ) -> Edit:
        """The record of an output, with the result of `note_start` and the content of the output.

        `source` is the digest of the function that ran, None if it is not known.
        """
        return edit._replace(made_from=json.dumps(made_from))

    def take_contents(self) -> Sequence[Content]:
        """The digests of files that must be stored with the next commit."""
        return ()
