"""Tasks of scenario instances."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.api.data_node import DataNode
from taipy_exec.api.entity import Entity
from taipy_exec.api.submittable import Submittable
from taipy_exec.config.application import TaskConfig
from taipy_exec.config.typed_text import Scope

if TYPE_CHECKING:
    from taipy_exec.api.scenario import Scenario


class Task(Submittable):
    """A function between data nodes of a scenario instance.

    It belongs to the instance. If all its data nodes are shared, it belongs to the cycle or to all.
    """

    entity_type = "TASK"
    group = "task"

    def __init__(
        self, scenario: Scenario, config: TaskConfig, *, is_configured: bool = True
    ) -> None:
        self._is_configured = is_configured
        self._scenario = scenario
        self._config = config
        self.config_id = config.id
        owner = {Scope.SCENARIO: scenario.id, Scope.CYCLE: scenario._instance.cycle}
        self._owner = owner.get(self.scope) or ""
        self.id = f"TASK_{config.id}_{uuid.uuid5(uuid.NAMESPACE_OID, self._owner)}"

    @property
    def owner_id(self) -> str | None:
        """The id of the scenario or cycle that owns it; None if all share it."""
        return self._owner or None

    @property
    def scope(self) -> Scope:
        """The lowest scope of its data nodes; GLOBAL if it has none."""
        if not self._is_configured:
            return Scope.SCENARIO  # its data nodes are not known any more
        nodes = (*self._config.inputs, *self._config.outputs)
        return min((n.scope for n in nodes), key=lambda s: s.value, default=Scope.GLOBAL)

    @property
    def function(self) -> Callable[..., Any] | None:
        """The user's function."""
        return self._config.function

    @property
    def skippable(self) -> bool:
        """Whether the task may be skipped when its outputs are up to date."""
        return self._config.skippable

    @property
    def input(self) -> dict[str, DataNode]:
        """Inputs by id, in the order of the arguments."""
        return self._nodes(self._config.input_ids)

    @property
    def output(self) -> dict[str, DataNode]:
        """Outputs by id, in the order of the results."""
        return self._nodes(self._config.output_ids)

    @property
    def data_nodes(self) -> dict[str, DataNode]:
        """Inputs and outputs by id."""
        return {**self.input, **self.output}

    @property
    def parent_ids(self) -> set[str]:
        """The ids of the scenarios and sequences that have it."""
        return {parent.id for parents in self.get_parents().values() for parent in parents}

    def get_parents(self) -> dict[str, set[Entity]]:
        """The scenarios and sequences that have it, as `scenario` and `sequence`."""
        from taipy_exec.api.parents import parents_of_task

        return parents_of_task(self)

    def _given_properties(self) -> dict[str, Any]:
        return dict(self._config.properties)

    @property
    def _target(self) -> str:
        return f"task:{self.config_id}"

    @property
    def _task_configs(self) -> Sequence[TaskConfig]:
        return (self._config,)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            config = self.__dict__["_config"]
            if name in (*config.input_ids, *config.output_ids):
                return self._scenario.data_nodes[name]
            if name in config.properties:
                return config.properties[name]
        raise AttributeError(f"task has no attribute, data node or property {name!r}")
