"""A data node of one scenario instance: its id, its owner and its place.

Only this module makes the paths of data files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.data.registry import storage_type

_MEMO_LIMIT = 100_000
_NAMESPACE = uuid.UUID("5e1f2c5a-8d0b-4f0e-9b57-3f6f3f3b7c11").bytes
# An id of taipy-exec (UUID version 5). The data nodes of Taipy have a random UUID (version 4).
_ID = r"DATANODE_(.+)_[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_GENERATED = re.compile(rf"({_ID})\.(?P<extension>.+)")
_HALF_WRITTEN = re.compile(rf"\.({_ID})\.(?P<extension>.+?)\.[\w-]+\.part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The owner of data nodes: a scenario instance and its cycle, if it has one."""

    instance: str
    cycle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataNodeRef:
    """A data node with its id and, for file-based types and sqlite, the absolute path of its file.

    `is_generated`: taipy-exec chose the path (under the storage folder), not the user.
    `before_change` is called just before the value changes, and may raise to prevent it.
    """

    id: str
    config: DataNodeConfig
    path: Path | None = None
    is_generated: bool = False
    before_change: Callable[[], None] | None = None

    @property
    def place(self) -> str:
        """The place of the value, for messages."""
        return storage_type(self.config.storage_type).place(self)

    @property
    def has_file(self) -> bool:
        """Whether `path` holds only this value. If not, the file is shared with other values."""
        return storage_type(self.config.storage_type).extension is not None

    @property
    def key(self) -> str:
        """A key that is equal for two data nodes with the same place: the id, or the place.

        Links are resolved, so that all paths to one file give the same key.
        """
        if self.is_generated:
            return self.id
        if self.path is None:
            return self.place
        return replace(self, path=Path(os.path.realpath(self.path))).place

    def read(self) -> Any:
        """The value. Raises the errors of the storage type."""
        return storage_type(self.config.storage_type).read(self)

    def write(self, value: Any) -> None:
        """Replace the whole value. Raises the errors of the storage type."""
        if self.before_change is not None:
            self.before_change()
        storage_type(self.config.storage_type).write(self, value)

    def append(self, value: Any) -> None:
        """Add to the value, in the way of the storage type."""
        storage_type(self.config.storage_type).append(self, value)

    def changed_at(self) -> float | None:
        """The time of the last change (seconds since the epoch). None if there is no value."""
        return storage_type(self.config.storage_type).changed_at(self)


def new_instance_id(scenario: str) -> str:
    """A new id for an instance of the scenario `scenario`."""
    return f"SCENARIO_{scenario}_{uuid.uuid4()}"


def cycle_id(frequency: Frequency | None, created: dt.datetime) -> str:
    """The id of the cycle that contains the time `created`. Empty without a frequency."""
    if frequency is None:
        return ""
    day = created.date()
    start = {
        Frequency.DAILY: day,
        Frequency.WEEKLY: day - dt.timedelta(days=day.weekday()),
        Frequency.MONTHLY: day.replace(day=1),
        Frequency.QUARTERLY: day.replace(month=day.month - (day.month - 1) % 3, day=1),
        Frequency.YEARLY: day.replace(month=1, day=1),
    }[frequency]
    return f"CYCLE_{frequency.name}_{start.isoformat()}"


def node_id(config: DataNodeConfig, owner: Owner) -> str:
    """The id of `config`'s data node for `owner`. It is the same on every machine."""
    return _id(config.id, _shared(config, owner))


def _id(config: str, shared: str) -> str:
    return f"DATANODE_{config}_{_uuid(f'{shared}/{config}')}"


def _shared(config: DataNodeConfig, owner: Owner) -> str:
    """The owner of the data node: an instance, a cycle, or "" for all (global scope)."""
    if config.scope is Scope.SCENARIO:
        return owner.instance
    return owner.cycle if config.scope is Scope.CYCLE else ""


def _uuid(name: str) -> str:
    """`uuid.uuid5` as text, without the object: it is made for every data node of a graph."""
    raw = hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(raw[16], 16) & 3]
    return f"{raw[:8]}-{raw[8:12]}-5{raw[13:16]}-{variant}{raw[17:20]}-{raw[20:32]}"


def owners_of(ids: Iterable[str], owners: Iterable[str]) -> dict[str, str]:
    """The owner of each data node, out of `owners` (an instance, a cycle, "" for all).

    Data nodes of other owners are left out.
    """
    ids, owners = set(ids), set(owners)
    names = {found[1] for found in (re.fullmatch(_ID, id) for id in ids) if found}
    made = {_id(name, owner): owner for name in names for owner in owners}
    return {id: made[id] for id in ids if id in made}


def node_of_file(name: str, extension: str) -> str | None:
    """The id of the data node whose value, finished or not, is in a file of this name.

    `extension` is that of the node's storage type. A copy under a longer name does not count.
    """
    found = _GENERATED.fullmatch(name) or _HALF_WRITTEN.fullmatch(name)
    return found[1] if found and found["extension"] == extension else None


def locate(app: AppConfig, config: DataNodeConfig, owner: Owner) -> DataNodeRef:
    """The data node of `config` that belongs to `owner`."""
    shared = _shared(config, owner)
    found: DataNodeRef | None = app.memo.get((id(config), shared))
    if found is None:
        if len(app.memo) > _MEMO_LIMIT:
            app.memo.clear()
        found = app.memo[id(config), shared] = located(app, config, owner)
    return found


def located(app: AppConfig, config: DataNodeConfig, owner: Owner) -> DataNodeRef:
    """`locate` without its cache, for a `config` that is not in `app`."""
    id = node_id(config, owner)
    extension = storage_type(config.storage_type).extension
    if extension is None:
        file = config.sqlite_path
        return DataNodeRef(id=id, config=config, path=app.place_of(file) if file else None)
    if config.path:
        return DataNodeRef(id=id, config=config, path=app.place_of(config.path))
    path = Path(f"{app.storage_folder}/{config.storage_type}s/{id}.{extension}")
    return DataNodeRef(id=id, config=config, path=path, is_generated=True)


def has_generated_file(app: AppConfig, config: DataNodeConfig) -> bool:
    """Whether the storage folder holds a value of this data node, for any owner."""
    extension = storage_type(config.storage_type).extension
    folder = app.storage_folder / f"{config.storage_type}s"
    beginning = f"DATANODE_{config.id}_"
    try:
        return any(
            node_of_file(name, extension or "") is not None
            for name in os.listdir(folder)  # noqa: PTH208
            if name.startswith(beginning)
        )
    except OSError:
        return False


def locate_all(
    app: AppConfig, configs: Iterable[DataNodeConfig], owner: Owner
) -> dict[str, DataNodeRef]:
    """`locate` for several data nodes, by the id of their configuration."""
    return {config.id: locate(app, config, owner) for config in configs}
