"""The data nodes of one scenario instance: what they hold, who wrote it, and writing to them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any

from taipy_exec.config.mapped import whole_name
from taipy_exec.config.problem import nearest
from taipy_exec.engine.instances import (
    find_instance,
    imagined_instance,
    instance_nodes,
    named_instance,
    read_node,
    write_node,
)
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.status import Status
from taipy_exec.operations.application import cycle_day, load_compiled
from taipy_exec.store.rows import Edit
from taipy_exec.store.store import Store

if TYPE_CHECKING:
    from datetime import datetime

    from taipy_exec.config.application import AppConfig
    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.location import Location
    from taipy_exec.store.rows import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceData:
    """The data nodes of an instance, by name; the instance's id is empty if it does not exist yet.

    `store` is None if nothing was ever submitted. `edits` holds the last write of each data node
    by its id.
    """

    app: AppConfig
    store: Store | None
    instance: Instance
    nodes: dict[str, DataNodeRef]
    edits: dict[str, Edit] = field(default_factory=dict)

    def node(self, wanted: str) -> DataNodeRef:
        """The data node of that name. Raises NotFoundError, with the nearest name."""
        if wanted not in self.nodes:
            raise NotFoundError(
                f"there is no data node {wanted!r}{nearest(wanted, self.nodes)}",
                f"the data nodes are {', '.join(self.nodes)}" if self.nodes else None,
            )
        return self.nodes[wanted]

    def written(self, node: DataNodeRef) -> tuple[float | None, str | None]:
        """The time and the writer: a job's id, an editor, or None for a file from elsewhere."""
        changed = node.changed_at()
        edit = self.edits.get(node.id)
        if changed is None or (not changed and edit is None):
            return None, None
        if edit is None or changed > edit.at + 0.001:
            return changed, None
        return edit.at, edit.job or edit.editor

    def editors(self) -> dict[str, str]:
        """Data node -> the one who changes it now: a job of this instance, or a lock's editor."""
        if self.store is None:
            return {}
        ids = {node.id: name for name, node in self.nodes.items()}
        locks = self.store.locks(list(ids), time.time())
        found = {ids[id]: lock.editor or "somebody" for id, lock in locks.items()}
        for record in self.store.unfinished_submissions():
            if record.instance == self.instance.id:
                for job in self.store.jobs(record.id):
                    if job.status is Status.RUNNING:
                        outputs = self.app.tasks[whole_name(job.task)].output_ids
                        found.update(dict.fromkeys(outputs, job.id))
        return found

    def owner(self, node: DataNodeRef) -> str | None:
        """The owner of a data node: one scenario instance, a cycle, or None (shared by all)."""
        scope = node.config.scope.name
        return {"SCENARIO": self.instance.id, "CYCLE": self.instance.cycle}.get(scope) or None

    def place(self, node: DataNodeRef) -> str:
        """The place of the value, for people; a file's path from the application's folder."""
        if node.path is None:
            return node.place
        try:
            return str(node.path.relative_to(self.app.root))
        except ValueError:
            return str(node.path)

    def value(self, node: DataNodeRef) -> Any:
        """The value; None if it was never written. Raises DataError if it cannot be read."""
        return read_node(node) if node.changed_at() is not None else None

    def write(self, node: DataNodeRef, value: Any, *, named: str) -> None:
        """Write a value, and note that a person did. `named`: the application, in an error.

        Raises UsageError for an in_memory data node, and DataError.
        """
        assert self.store is not None
        if node.config.storage_type == "in_memory":
            raise UsageError(
                f"data node {node.config.id!r} is kept in memory: its value would be lost with "
                "this command",
                f"taipy-exec submit {quote(named)} --set {node.config.id}=VALUE writes it for the "
                "jobs",
            )
        write_node(node, value)
        edit = Edit(node=node.id, at=time.time(), editor="taipy-exec", comment="data write")
        self.store.add_edits([edit])
        self.edits[node.id] = edit


def instance_data(
    location: Location,
    listener: Listener,
    *,
    scenario: str | None,
    name: str | None,
    created: datetime | None,
    create: bool = False,
) -> InstanceData:
    """The data nodes of the instance that is meant; `create` makes it if it does not exist.

    Nothing of the application is imported. Raises ConfigurationError, and NotFoundError for an
    unknown scenario or name.
    """
    app = load_compiled(location, imports=False).config
    chosen = app.scenario(scenario)
    created = cycle_day(listener, chosen, created)
    wanted = name or chosen.id
    store = None
    if create or Store.exists(app.state_dir):
        store = Store(app.state_dir, create=create)
    instance = find_instance(store, chosen, wanted, created) if store else None
    if instance is None and store is not None:
        if create:
            instance = named_instance(store, app, chosen, wanted, created=created)
        elif created is None:
            instance = store.find_instance(chosen.id, wanted)
    if instance is None:
        if name is not None:
            raise NotFoundError(
                f"scenario {chosen.id} has no instance named {name!r}",
                "submit it first, or remove --name",
            )
        instance = imagined_instance(chosen, wanted, created)
    nodes = instance_nodes(app, chosen, instance)
    edits = store.last_edits([node.id for node in nodes.values()]) if store else {}
    return InstanceData(app=app, store=store, instance=instance, nodes=nodes, edits=edits)
