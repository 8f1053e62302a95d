"""Data nodes as objects for programs."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from taipy_exec.api.entity import Entity, utc
from taipy_exec.api.service import Service
from taipy_exec.config.typed_text import Scope
from taipy_exec.config.vocabulary import STORAGE_PROPERTIES
from taipy_exec.data.access import telling
from taipy_exec.data.filters import conditions_of, filtered, item
from taipy_exec.data.node import DataNodeRef, Owner
from taipy_exec.data.operators import JoinOperator
from taipy_exec.data.registry import storage_type
from taipy_exec.engine.instances import read_node, write_node
from taipy_exec.engine.writers import writer_elsewhere
from taipy_exec.errors import DataError, DataNodeIsBeingEdited, NoData, UsageError
from taipy_exec.store.rows import Edit, Lock

# How long the lock of an editor holds, as in Taipy.
_EDIT_SECONDS = 30 * 60.0

log = logging.getLogger("taipy_exec")


class DataNode(Entity):
    """One piece of data of a scenario instance, of a cycle, or of all scenarios."""

    group = "data"

    def __init__(self, ref: DataNodeRef, owner: Owner) -> None:
        self._ref = ref
        self.id = ref.id
        self.config_id = ref.config.id
        self.scope: Scope = ref.config.scope
        owners = {Scope.SCENARIO: owner.instance, Scope.CYCLE: owner.cycle}
        self._owner = owners.get(self.scope) or None

    @property
    def owner_id(self) -> str | None:
        """The id of the scenario or cycle that owns it; None if all share it."""
        return self._owner

    @property
    def parent_ids(self) -> set[str]:
        """The ids of the tasks that read or write it, and of scenarios with it as an extra one."""
        from taipy_exec.api.parents import direct_parents_of_node

        return {parent.id for parent in direct_parents_of_node(self)}

    def get_parents(self) -> dict[str, set[Entity]]:
        """The tasks, scenarios and sequences that have it, as `task`, `scenario` and `sequence`."""
        from taipy_exec.api.parents import parents_of_node

        return parents_of_node(self)

    def _given_properties(self) -> dict[str, Any]:
        """The storage type's properties and the additional ones."""
        found = dict(self._ref.config.properties)
        if self._ref.path is not None:
            found["path"] = self.path
            found["is_generated"] = self._ref.is_generated
        return found

    def _store_properties(self, changes: Mapping[str, Any]) -> None:
        fixed = {"path", "is_generated", *STORAGE_PROPERTIES.get(self.storage_type(), ())}
        refused = sorted(fixed & changes.keys())
        if refused:
            raise UsageError(
                f"the property {refused[0]!r} of data node {self.config_id!r} says how its value "
                "is kept, and jobs take it from the configuration",
                f"change it there: [DATA_NODE.{self.config_id}]",
            )
        super()._store_properties(changes)

    @property
    def path(self) -> str | None:
        """The file, relative to the working folder if it is below that folder."""
        if self._ref.path is None:
            return None
        try:
            return str(self._ref.path.relative_to(Service.latest().app.root))
        except ValueError:
            return str(self._ref.path)

    @property
    def is_generated(self) -> bool:
        """Whether taipy-exec chose the path, not the user."""
        return self._ref.is_generated

    @property
    def name(self) -> str | None:
        """The property `name`."""
        return self._properties().get("name")

    @name.setter
    def name(self, value: str | None) -> None:
        self._change_properties({"name": value})

    def storage_type(self) -> str:
        """The name of the storage type."""
        return self._ref.config.storage_type

    def read(self) -> Any:
        """The value. If it was never written: None, and a warning in the log."""
        if not self.is_written:
            log.warning(
                "Data node %s from config %s is being read but has never been written.",
                self.id,
                self.config_id,
            )
            return None
        return read_node(self._ref)

    def read_or_raise(self) -> Any:
        """The value. Raises NoData if it was never written, DataError if it cannot be read."""
        try:
            return read_node(self._ref)
        except DataError as error:
            if self.is_written:
                raise
            raise NoData(error.message, error.hint) from error

    def write(self, data: Any, job_id: str | None = None, **kwargs: Any) -> None:
        """Replace the value. Jobs that wait for it may then run."""
        write_node(self._ref, data)
        self.track_edit(job_id=job_id, **kwargs)
        self.unlock_edit()

    def append(self, data: Any, job_id: str | None = None, **kwargs: Any) -> None:
        """Add to the value, by the storage type's rule. Raises DataError if that is impossible."""
        with telling(self._ref, "cannot be appended to"):
            self._ref.append(data)
        self.track_edit(job_id=job_id, **kwargs)
        self.unlock_edit()

    def filter(
        self,
        operators: Sequence[Any] | None = None,
        join_operator: JoinOperator = JoinOperator.AND,
    ) -> Any:
        """The rows that fulfil a condition (key, value, Operator), or a list of them.

        Raises DataError if the data node cannot be read, NotImplementedError for a value that
        has no rows.
        """
        conditions = conditions_of(operators)
        in_place = getattr(storage_type(self.storage_type()), "filtered", None)
        if in_place is None:
            return filtered(read_node(self._ref), conditions, join_operator)
        with telling(self._ref, "cannot be read"):
            return in_place(self._ref, conditions, join_operator)

    def __getitem__(self, key: Any) -> Any:
        """Rows of the value by number, slice or mask, or its columns by name."""
        return item(read_node(self._ref), key)

    def track_edit(
        self,
        job_id: str | None = None,
        editor: str | None = None,
        comment: str | None = None,
        timestamp: dt.datetime | None = None,
        **options: Any,
    ) -> None:
        """Record that the value was changed, now or at a given time, with additional details."""
        notes = {key: value for key, value in options.items() if value is not None}
        edit = Edit(
            node=self.id,
            at=timestamp.timestamp() if timestamp else time.time(),
            job=job_id,
            editor=editor,
            comment=comment,
            notes=json.dumps(notes, default=str) if notes else None,
        )
        Service.latest().written(self._ref.key, edit)

    # -- locks ----------------------------------------------------------------------------

    def lock_edit(self, editor_id: str | None = None) -> None:
        """Lock the value for an edit. Jobs that read it wait until it is unlocked.

        With an `editor_id` the lock keeps other editors out, and expires after 30 minutes. Raises
        DataNodeIsBeingEdited if another editor holds such a lock. A lock does not stop a job that
        writes the value.
        """
        now = time.time()
        expires = now + _EDIT_SECONDS if editor_id else None
        held = Service.latest().store.lock(Lock(self.id, editor_id, expires), now)
        self._refuse(held)

    def unlock_edit(self, editor_id: str | None = None) -> None:
        """Remove the lock. Raises DataNodeIsBeingEdited if another editor than `editor_id` has it.

        Without an `editor_id`, the lock of any editor is removed.
        """
        self._refuse(Service.latest().unlock(self._ref, editor_id))

    def _refuse(self, held: Lock | None) -> None:
        if held is not None:
            raise DataNodeIsBeingEdited(
                f"data node {self.config_id!r} is being edited by {held.editor}",
                f"try again when {held.editor} has unlocked it, or after {utc(held.expires_at)}",
            )

    @property
    def _lock(self) -> Lock | None:
        return Service.latest().store.locks([self.id], time.time()).get(self.id)

    @property
    def editor_id(self) -> str | None:
        """The id of the editor that has locked it, or of the job that will write it."""
        lock = self._lock
        return lock.editor if lock else self._writer

    @property
    def editor_expiration_date(self) -> dt.datetime | None:
        """When the lock of an editor expires."""
        lock = self._lock
        return utc(lock.expires_at) if lock else None

    @property
    def edits(self) -> list[dict[str, Any]]:
        """Every recorded write: timestamp and, if known, job_id, editor, comment and more."""
        found = []
        for edit in Service.latest().store.edits(self.id):
            fields = {
                "timestamp": utc(edit.at),
                "job_id": edit.job,
                "editor": edit.editor,
                "comment": edit.comment,
            }
            known = {key: value for key, value in fields.items() if value is not None}
            found.append({**known, **json.loads(edit.notes or "{}")})
        return found

    def get_last_edit(self) -> dict[str, Any] | None:
        """The latest of `edits`."""
        edits = self.edits
        return edits[-1] if edits else None

    @property
    def job_ids(self) -> list[str]:
        """The jobs that wrote the value, oldest first."""
        return [edit.job for edit in Service.latest().store.edits(self.id) if edit.job]

    @property
    def last_edit_date(self) -> dt.datetime | None:
        """When the value last changed, by its records or the file's time; None if unknown."""
        changed = self._ref.changed_at()
        if changed is None:
            return None
        recorded = Service.latest().store.last_edits([self.id]).get(self.id)
        latest = max(changed, recorded.at if recorded else changed)
        return utc(latest) if latest else None

    @property
    def edit_in_progress(self) -> bool:
        """Whether an unfinished job will write it, or an editor has locked it."""
        return self._writer is not None or self._lock is not None

    @property
    def _writer(self) -> str | None:
        """The unfinished job that will write it, of this process or of another."""
        service = Service.latest()
        key = self._ref.key
        if service.engine is not None:
            jobs = list(service.engine.coordinator.job_table.jobs.values())
            mine = (j.id for j in jobs if key in j.outputs and not j.status.is_final)
            found = next(mine, None)
            if found is not None:
                return found
        return writer_elsewhere(service.store, service.app, key, service.identity)

    @property
    def is_written(self) -> bool:
        """Whether it has a value."""
        return self._ref.changed_at() is not None

    @property
    def is_ready_for_reading(self) -> bool:
        """Whether it has a value, no job will write it and no editor has locked it."""
        return self.is_written and not self.edit_in_progress

    @property
    def is_valid(self) -> bool:
        """Whether it was written, and is not older than its validity period."""
        edited = self.last_edit_date
        if edited is None:
            return False
        period = self._ref.config.validity_period
        return period is None or dt.datetime.now(dt.UTC) <= edited + period

    @property
    def expiration_date(self) -> dt.datetime:
        """When its value expires; without a validity period, when it last changed.

        Raises NoData if it was never written.
        """
        edited = self.last_edit_date
        if edited is None:
            raise NoData(f"data node {self.config_id!r} ({self.id}) was never written")
        return edited + (self._ref.config.validity_period or dt.timedelta())

    @property
    def is_up_to_date(self) -> bool:
        """Whether it is valid, and not older than any data node that it was made from."""
        from taipy_exec.api.parents import ancestors_of_node

        edited = self.last_edit_date
        if edited is None or not self.is_valid:
            return False
        dates = (node.last_edit_date for node in ancestors_of_node(self))
        return all(date is None or date <= edited for date in dates)

    @property
    def validity_period(self) -> dt.timedelta | None:
        """How long a value is valid."""
        return self._ref.config.validity_period

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            properties = self._properties()
            if name in properties:
                return properties[name]
        raise AttributeError(f"data node has no attribute or property {name!r}")
