"""Scenario instances: what can be submitted, promoted, tagged and compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from taipy_exec.api.cycle import Cycle
from taipy_exec.api.data_node import DataNode
from taipy_exec.api.properties import REMOVED
from taipy_exec.api.reasons import ReasonCollection
from taipy_exec.api.registry import Callback, Registry, Subscriber
from taipy_exec.api.sequence import Sequence, checked_tasks, configured_sequences, sequence_id
from taipy_exec.api.service import Service
from taipy_exec.api.submittable import Submittable
from taipy_exec.api.task import Task
from taipy_exec.config.application import ScenarioConfig, TaskConfig
from taipy_exec.data.node import Owner
from taipy_exec.engine.instances import instance_nodes, make_instance
from taipy_exec.errors import (
    DoesNotBelongToACycle,
    NonExistingSequence,
    NotFoundError,
    SequenceAlreadyExists,
    UnauthorizedTagError,
)
from taipy_exec.store.rows import Instance

_AUTHORIZED_TAGS = "authorized_tags"


class Scenario(Submittable):
    """An instance of a scenario, with data nodes of its own.

    Tasks and data nodes come from the configuration. Name, properties, tags, sequences and
    whether it is primary are read from the store each time. A scenario that is not configured
    any more has only these.
    """

    entity_type = "SCENARIO"
    group = "scenario"
    _target = "scenario"

    def __init__(self, service: Service, instance: Instance) -> None:
        config = service.app.real_scenarios.get(instance.scenario)
        self._app = service.app
        self._config = config or ScenarioConfig(id=instance.scenario)
        self._is_configured = config is not None
        self._instance = instance
        self._scenario = self
        self.id = instance.id
        self.config_id = instance.scenario

    def _now(self) -> Instance:
        """The stored record; the last known one if the scenario was deleted."""
        try:
            self._instance = Service.latest().store.instance(self.id)
        except NotFoundError:
            pass
        return self._instance

    @property
    def owner_id(self) -> str | None:
        """The id of its cycle."""
        return self._instance.cycle or None

    @property
    def _property_owner(self) -> str:
        return self.id

    @property
    def creation_date(self) -> dt.datetime:
        """When it was created, or the creation date that the program gave, in UTC."""
        return dt.datetime.fromtimestamp(self._instance.created_at, dt.UTC)

    @property
    def cycle(self) -> Cycle | None:
        """The cycle that it belongs to."""
        row = Service.latest().store.cycle(self._instance.cycle) if self._instance.cycle else None
        return Cycle(row) if row else None

    # -- name and properties ----------------------------------------------------------------

    @property
    def name(self) -> str | None:
        """The given name, if any: the property `name`."""
        return self._properties().get("name")

    @name.setter
    def name(self, value: str | None) -> None:
        self._change_properties({"name": value or REMOVED})

    def _given_properties(self) -> dict[str, Any]:
        instance = self._now()
        found = {**self._config.properties, **instance.properties}
        name = self._given_name(instance)
        return {**found, "name": name} if name is not None else found

    def _given_name(self, instance: Instance) -> str | None:
        """The given name of an instance, or that of the configuration."""
        if instance.name != instance.id:
            return instance.name
        given: str | None = {**self._config.properties, **instance.properties}.get("name")
        return given

    def _store_properties(self, changes: Mapping[str, Any]) -> None:
        others = {name: value for name, value in changes.items() if name != "name"}
        if others:
            super()._store_properties(others)
        if "name" in changes:
            name = changes["name"]
            given = None if name is REMOVED or name is None else str(name)
            Service.latest().store.rename_instance(self.id, given)

    # -- data nodes, tasks and sequences ----------------------------------------------------

    @cached_property
    def data_nodes(self) -> dict[str, DataNode]:
        """Its data nodes by id, shared ones included."""
        owner = Owner(instance=self.id, cycle=self._instance.cycle)
        refs = instance_nodes(self._app, self._config, self._instance)
        return {name: DataNode(ref, owner) for name, ref in refs.items()}

    @property
    def additional_data_nodes(self) -> dict[str, DataNode]:
        """The data nodes that no task reads or writes."""
        return {node.id: self.data_nodes[node.id] for node in self._config.additional_data_nodes}

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Its tasks by id."""
        return {task.id: Task(self, task) for task in self._config.tasks}

    def _task(self, name: str) -> Task:
        """The task of this id, in reduced form if it is not configured any more."""
        if name in self.tasks:
            return self.tasks[name]
        return Task(self, TaskConfig(id=name), is_configured=False)

    @property
    def _task_configs(self) -> tuple[TaskConfig, ...]:
        return self._config.tasks

    @property
    def sequences(self) -> dict[str, Sequence]:
        """Its sequences by name."""
        stored = self._now().sequences
        names = configured_sequences(self._config) if stored is None else stored
        return {name: Sequence(self, name, tasks) for name, tasks in names.items()}

    def add_sequence(
        self,
        name: str,
        tasks: list[Task] | list[str],
        properties: dict[str, Any] | None = None,
        subscribers: list[Callback] | list[Subscriber] | None = None,
    ) -> None:
        """Add a sequence of some of its tasks, given as such or by their ids.

        Raises SequenceAlreadyExists, SequenceTaskDoesNotExistInScenario and InvalidSequence.
        """
        self._put_sequences({name: tasks}, are_new=True)
        self._dress_sequence(name, properties, subscribers)

    def add_sequences(self, sequences: Mapping[str, Iterable[Task | str]]) -> None:
        """Add several sequences, or none of them. Raises the errors of `add_sequence`."""
        self._put_sequences(sequences, are_new=True)

    def update_sequence(
        self,
        name: str,
        tasks: list[Task] | list[str],
        properties: dict[str, Any] | None = None,
        subscribers: list[Callback] | list[Subscriber] | None = None,
    ) -> None:
        """Give a sequence other tasks, properties and subscribers.

        Raises NonExistingSequence, SequenceTaskDoesNotExistInScenario and InvalidSequence.
        """
        self._put_sequences({name: tasks}, are_new=False)
        self._forget_sequences([name])
        self._dress_sequence(name, properties, subscribers)

    def remove_sequence(self, name: str) -> None:
        """Remove a sequence; its tasks stay. A missing sequence is ignored."""
        if name in self.sequences:
            self.remove_sequences([name])

    def remove_sequences(self, sequence_names: list[str]) -> None:
        """Remove several sequences, or none of them. Raises NonExistingSequence."""

        def without(known: dict[str, tuple[str, ...]]) -> None:
            for name in sequence_names:
                self._refuse_unknown(name, known)
                del known[name]

        self._change_sequences(without)
        self._forget_sequences(sequence_names)

    def rename_sequence(self, old_name: str, new_name: str) -> None:
        """Rename a sequence.

        Raises NonExistingSequence, SequenceAlreadyExists and InvalidSequence.
        """
        if old_name == new_name:
            return

        def renamed(known: dict[str, tuple[str, ...]]) -> None:
            self._refuse_unknown(old_name, known)
            self._refuse_known(new_name, known)
            checked_tasks(self, new_name, ())
            known[new_name] = known.pop(old_name)

        former = self.sequences.get(old_name)
        properties = former._properties() if former else {}
        subscribers = former.subscribers if former else []
        self._change_sequences(renamed)
        self._forget_sequences([old_name])
        properties.pop("name", None)
        self._dress_sequence(new_name, properties, subscribers)

    def _put_sequences(
        self, sequences: Mapping[str, Iterable[Task | str]], *, are_new: bool
    ) -> None:
        wanted = {name: checked_tasks(self, name, tasks) for name, tasks in sequences.items()}

        def put(known: dict[str, tuple[str, ...]]) -> None:
            for name in wanted:
                (self._refuse_known if are_new else self._refuse_unknown)(name, known)
            known.update(wanted)

        self._change_sequences(put)

    def _change_sequences(self, change: Callable[[dict[str, tuple[str, ...]]], None]) -> None:
        configured = configured_sequences(self._config)

        def changed(stored: Mapping[str, Iterable[str]] | None) -> dict[str, tuple[str, ...]]:
            known = configured if stored is None else {n: tuple(t) for n, t in stored.items()}
            change(known)
            return known

        Service.latest().store.change_sequences(self.id, changed)

    def _refuse_known(self, name: str, known: Mapping[str, object]) -> None:
        if name in known:
            raise SequenceAlreadyExists(
                f"{self.id} has a sequence {name!r} already", "change it with update_sequence"
            )

    def _refuse_unknown(self, name: str, known: Mapping[str, object]) -> None:
        if name not in known:
            raise NonExistingSequence(
                f"{self.id} has no sequence {name!r}",
                f"its sequences are {', '.join(known)}" if known else "add it with add_sequence",
            )

    def _forget_sequences(self, names: Iterable[str]) -> None:
        for name in names:
            id = sequence_id(name, self.id)
            Service.latest().store.forget_properties(id)
            Registry.forget(id)

    def _dress_sequence(
        self,
        name: str,
        properties: Mapping[str, Any] | None,
        subscribers: Iterable[Callback | Subscriber] | None,
    ) -> None:
        sequence = self.sequences[name]
        sequence.properties.update(properties or {})
        for one in subscribers or ():
            sequence.subscribe(*one if isinstance(one, Subscriber) else (one,))

    # -- tags and the primary one of a cycle ------------------------------------------------

    @property
    def tags(self) -> set[str]:
        """Its tags."""
        return set(self._now().tags)

    @tags.setter
    def tags(self, value: Iterable[str] | None) -> None:
        wanted = set(value or ())
        self._do(lambda: Service.latest().store.change_tags(self.id, lambda tags: wanted))

    def has_tag(self, tag: str) -> bool:
        """Whether it has this tag."""
        return tag in self.tags

    def add_tag(self, tag: str) -> None:
        """Add a tag. Raises UnauthorizedTagError if it is not among `authorized_tags`."""
        authorized = self._properties().get(_AUTHORIZED_TAGS) or ()
        if authorized and tag not in authorized:
            raise UnauthorizedTagError(
                f"Tag `{tag}` not authorized by scenario configuration `{self.config_id}`",
                f"authorized_tags are {', '.join(map(str, authorized))}",
            )
        self._do(lambda: Service.latest().store.change_tags(self.id, lambda tags: {*tags, tag}))

    def remove_tag(self, tag: str) -> None:
        """Remove a tag. A tag that it does not have is ignored."""
        self._do(lambda: Service.latest().store.change_tags(self.id, lambda tags: tags - {tag}))

    @property
    def is_primary(self) -> bool:
        """Whether it is the primary one of its cycle."""
        return self._now().is_primary

    @is_primary.setter
    def is_primary(self, value: bool) -> None:
        if value:
            self._do(self.set_primary)
        else:
            self._do(lambda: Service.latest().store.set_primary(self.id, is_primary=False))

    def set_primary(self) -> None:
        """Make it the primary scenario of its cycle, in place of the previous one.

        Raises DoesNotBelongToACycle.
        """
        if not self._instance.cycle:
            raise DoesNotBelongToACycle(
                f"Can't set scenario {self.id} to primary because it doesn't belong to a cycle.",
                f"give its configuration, {self.config_id!r}, a frequency",
            )
        Service.latest().store.set_primary(self.id)

    def is_deletable(self) -> ReasonCollection:
        """Whether it can be deleted, with the reasons if not."""
        from taipy_exec.api.permissions import is_deletable

        return is_deletable(self)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for place in ("data_nodes", "tasks", "sequences"):
                found = getattr(self, place)
                if name in found:
                    return found[name]
            if name in self._config.properties:
                return self._config.properties[name]
        raise AttributeError(
            f"scenario has no attribute, data node, task, sequence or property {name!r}"
        )


def new_scenario(
    config: ScenarioConfig, creation_date: dt.datetime | None, name: str | None
) -> Scenario:
    """Make and store an instance of a scenario.

    Raises ConfigurationError if the configuration or the graph is invalid.
    """
    service = Service.get()
    frozen = service.app.scenario(config.id)
    frozen.graph()
    instance = make_instance(service.store, service.app, frozen, name=name, created=creation_date)
    return Scenario(service, instance)
