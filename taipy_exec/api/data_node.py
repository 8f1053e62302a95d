"""Data nodes as a program holds them."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from taipy_exec.api.entity import Entity, utc
from taipy_exec.api.service import Service
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.access import telling
from taipy_exec.data.filters import conditions_of, filtered, item
from taipy_exec.data.node import DataNodeRef
from taipy_exec.data.operators import JoinOperator
from taipy_exec.data.registry import storage_type
from taipy_exec.engine.instances import read_node, write_node
from taipy_exec.errors import DataNodeIsBeingEdited
from taipy_exec.store.rows import Edit, Lock

# How long the lock of an editor holds, as in Taipy.
_EDIT_SECONDS = 30 * 60.0

log = logging.getLogger("taipy_exec")


class DataNode(Entity):
    """One piece of data of a scenario instance."""

    def __init__(self, ref: DataNodeRef, owner_id: str | None) -> None:
        self._ref = ref
        self.id = ref.id
        self.config_id = ref.config.id
        self.scope: Scope = ref.config.scope
        self.owner_id = owner_id if ref.config.scope is Scope.SCENARIO else None

    @property
    def properties(self) -> dict[str, Any]:
        """The storage type's properties and the additional ones."""
        found = dict(self._ref.config.properties)
        if self._ref.path is not None:
            found["path"] = self.path
            found["is_generated"] = self._ref.is_generated
        return found

    @property
    def path(self) -> str | None:
        """The file, relative to the working folder where it lies below it."""
        if self._ref.path is None:
            return None
        try:
            return str(self._ref.path.relative_to(Service.latest().app.root))
        except ValueError:
            return str(self._ref.path)

    @property
    def is_generated(self) -> bool:
        """Whether the path is ours rather than the user's."""
        return self._ref.is_generated

    @property
    def name(self) -> str | None:
        """The property `name`."""
        return self._ref.config.properties.get("name")

    def storage_type(self) -> str:
        """The name of the storage type."""
        return self._ref.config.storage_type

    def read(self) -> Any:
        """The value; None, with a warning, if it was never written."""
        if self._ref.changed_at() is None:
            log.warning(
                "Data node %s from config %s is being read but has never been written.",
                self.id,
                self.config_id,
            )
            return None
        return read_node(self._ref)

    def read_or_raise(self) -> Any:
        """The value. Raises DataError if it was never written."""
        return read_node(self._ref)

    def write(self, data: Any, job_id: str | None = None, **kwargs: Any) -> None:
        """Replace the value; jobs that wait for it may run then."""
        write_node(self._ref, data)
        self.track_edit(job_id=job_id, **kwargs)
        self.unlock_edit()

    def append(self, data: Any, job_id: str | None = None, **kwargs: Any) -> None:
        """Add to the value, by the storage type's rule. Raises DataError where it cannot be."""
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
        """Record that the value was changed, now or then, with whatever else is told about it."""
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
        """Tell others that the value is about to change: jobs that read it wait until then.

        With an `editor_id` the lock keeps other editors out, and expires after 30 minutes. Raises
        DataNodeIsBeingEdited where another holds such a lock. A job writes all the same.
        """
        now = time.time()
        expires = now + _EDIT_SECONDS if editor_id else None
        held = Service.latest().store.lock(Lock(self.id, editor_id, expires), now)
        self._refuse(held)

    def unlock_edit(self, editor_id: str | None = None) -> None:
        """Take the lock away. Raises DataNodeIsBeingEdited where another than `editor_id` has it.

        Without one, whoever has it.
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
        """Who has locked it: an editor, or the job that is to write it."""
        lock = self._lock
        return lock.editor if lock else self._writer

    @property
    def editor_expiration_date(self) -> dt.datetime | None:
        """When the lock of an editor ends by itself."""
        lock = self._lock
        return utc(lock.expires_at) if lock else None

    @property
    def edits(self) -> list[dict[str, Any]]:
        """Every recorded write: timestamp and, where known, job_id, editor, comment and more."""
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

    @property
    def job_ids(self) -> list[str]:
        """The jobs that wrote the value, oldest first."""
        return [edit.job for edit in Service.latest().store.edits(self.id) if edit.job]

    @property
    def last_edit_date(self) -> dt.datetime | None:
        """When the value last changed, by a record or by the file's own time; None if unknown."""
        changed = self._ref.changed_at()
        if changed is None:
            return None
        recorded = Service.latest().store.last_edits([self.id]).get(self.id)
        latest = max(changed, recorded.at if recorded else changed)
        return utc(latest) if latest else None

    @property
    def edit_in_progress(self) -> bool:
        """Whether an unfinished job is to write it, or somebody has locked it."""
        return self._writer is not None or self._lock is not None

    @property
    def _writer(self) -> str | None:
        """The unfinished job that is to write it."""
        engine = Service.latest().engine
        if engine is None:
            return None
        key = self._ref.key
        jobs = list(engine.coordinator.board.jobs.values())
        return next((j.id for j in jobs if key in j.outputs and not j.status.is_final), None)

    @property
    def is_ready_for_reading(self) -> bool:
        """Written, and nobody is about to write it."""
        return self._ref.changed_at() is not None and not self.edit_in_progress

    @property
    def is_valid(self) -> bool:
        """Written, and not older than its validity period."""
        edited = self.last_edit_date
        if edited is None:
            return False
        period = self._ref.config.validity_period
        return period is None or dt.datetime.now(dt.UTC) <= edited + period

    @property
    def validity_period(self) -> dt.timedelta | None:
        """How long a value stays valid."""
        return self._ref.config.validity_period

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            properties = self.__dict__["_ref"].config.properties
            if name in properties:
                return properties[name]
        raise AttributeError(f"data node has no attribute or property {name!r}")
