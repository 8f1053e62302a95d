"""Scenario instances: found by name or made, with their default data written."""

from __future__ import annotations

import datetime as dt
import hashlib
import pickle
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig
from taipy_exec.config.reference import realise
from taipy_exec.data.access import telling
from taipy_exec.data.node import DataNodeRef, Owner, cycle_id, locate_all, new_instance_id
from taipy_exec.errors import DataError
from taipy_exec.store.rows import Edit, Instance
from taipy_exec.store.store import Store

DEFAULT_EDITOR = "TAIPY"
DEFAULT_COMMENT = "Default data written."


def make_instance(
    store: Store,
    app: AppConfig,
    scenario: ScenarioConfig,
    *,
    name: str | None = None,
    created: dt.datetime | None = None,
    unless_named: bool = False,
) -> Instance:
    """Make and store a new instance of `scenario`, and write its default data.

    Without a `name` its id is its name. With `unless_named`, an instance of that name that
    another process has just made is taken instead. Raises DataError if default data does not fit.
    """
    id = new_instance_id(scenario.id)
    created = created or _now()
    instance = Instance(
        id=id,
        scenario=scenario.id,
        name=name or id,
        created_at=created.timestamp(),
        cycle=cycle_id(scenario.frequency, created),
    )
    instance = store.add_instance(instance, unless_named=unless_named)
    write_default_data(store, instance_nodes(app, scenario, instance).values())
    return instance


def find_instance(
    store: Store, scenario: ScenarioConfig, name: str, created: dt.datetime | None = None
) -> Instance | None:
    """The instance of `scenario` called `name`, in the cycle of `created` (of now by default)."""
    return store.find_instance(
        scenario.id, name, cycle_id(scenario.frequency, created or _now()) or None
    )


def imagined_instance(
    scenario: ScenarioConfig, name: str, created: dt.datetime | None = None
) -> Instance:
    """The instance that would be made, without an id of its own."""
    created = created or _now()
    return Instance(
        id="",
        scenario=scenario.id,
        name=name,
        created_at=created.timestamp(),
        cycle=cycle_id(scenario.frequency, created),
    )


def named_instance(
    store: Store,
    app: AppConfig,
    scenario: ScenarioConfig,
    name: str,
    *,
    new: bool = False,
    created: dt.datetime | None = None,
) -> Instance:
    """The instance of `scenario` called `name` in the cycle of `created` (of now by default).

    It is made if there is none, or if `new`.

    Default data that has changed in the configuration is written again, unless a user, a program
    or a job has written the data node.
    """
    found = None if new else find_instance(store, scenario, name, created)
    if found is None:
        return make_instance(store, app, scenario, name=name, created=created, unless_named=not new)
    write_default_data(store, instance_nodes(app, scenario, found).values())
    return found


def _now() -> dt.datetime:
    """The local time, since a cycle begins at the user's midnight."""
    return dt.datetime.now().astimezone()


def instance_nodes(
    app: AppConfig, scenario: ScenarioConfig, instance: Instance
) -> dict[str, DataNodeRef]:
    """The data nodes of an instance by the ids of their configurations."""
    owner = Owner(instance=instance.id, cycle=instance.cycle)
    return locate_all(app, scenario.data_nodes, owner)


class Default(NamedTuple):
    """Default data that must be written, and its digest."""

    node: DataNodeRef
    value: Any
    digest: str


def due_defaults(store: Store | None, nodes: Iterable[DataNodeRef]) -> list[Default]:
    """The default data of every node without a value.

    Also that of nodes whose default data has changed in the configuration, unless a user, a
    program or a job has written the node.
    """
    wanted = [node for node in nodes if node.config.properties.get("default_data") is not None]
    recorded = store.last_edits([node.id for node in wanted]) if store and wanted else {}
    due = []
    for node in wanted:
        last = recorded.get(node.id)
        exists = node.changed_at() is not None
        if exists and (last is None or last.digest is None):
            continue
        value = _default_value(node.config)
        digest = _digest(value)
        if (
            exists
            and last is not None
            and (last.digest == digest or (node.changed_at() or 0) > last.at)
        ):
            continue
        due.append(Default(node, value, digest))
    return due


def write_default_data(store: Store, nodes: Iterable[DataNodeRef]) -> None:
    """Write the default data that is due, and record the writes."""
    edits = []
    for node, value, digest in due_defaults(store, nodes):
        write_node(node, value)
        edits.append(
            Edit(
                node=node.id,
                at=time.time(),
                editor=DEFAULT_EDITOR,
                comment=DEFAULT_COMMENT,
                digest=digest,
            )
        )
    if edits:
        store.add_edits(edits)


def write_node(node: DataNodeRef, value: Any) -> None:
    """Write outside a job. Raises DataError with the data node, its place and the problem."""
    with telling(node, "cannot be written"):
        node.write(value)


def read_node(node: DataNodeRef) -> Any:
    """Read outside a job. Raises DataError with the data node, its place and the problem."""
    with telling(node, "cannot be read"):
        try:
            return node.read()
        except FileNotFoundError:
            if node.path is None:
                raise
            missing = node.place
    raise DataError(f"data node {node.config.id!r} was never written: there is no file {missing}")


def _default_value(config: DataNodeConfig) -> Any:
    return realise(config.properties["default_data"])


def _digest(value: Any) -> str:
    try:
        raw = pickle.dumps(value, protocol=5)
    except Exception:
        raw = repr(value).encode()
    return hashlib.sha256(raw).hexdigest()[:16]
