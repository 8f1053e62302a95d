"""Sequences of scenario instances: some of their tasks under a name."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from taipy_exec.api.data_node import DataNode
from taipy_exec.api.entity import Entity
from taipy_exec.api.submittable import Submittable
from taipy_exec.api.task import Task
from taipy_exec.config.application import ScenarioConfig, TaskConfig
from taipy_exec.config.vocabulary import FORBIDDEN_IN_IDS
from taipy_exec.errors import InvalidSequence, SequenceTaskDoesNotExistInScenario, UsageError

if TYPE_CHECKING:
    from taipy_exec.api.scenario import Scenario

# This text replaces a blank of a name within an id, as in Taipy.
_BLANK = "TPSPACE"


class Sequence(Submittable):
    """Some tasks of a scenario, under a name. `tasks` are ids of configurations."""

    entity_type = "SEQUENCE"
    group = "sequence"

    def __init__(self, scenario: Scenario, name: str, tasks: Iterable[str]) -> None:
        self._scenario = scenario
        self._names = tuple(tasks)
        self.name = name
        self.config_id = name
        self.id = sequence_id(name, scenario.id)

    @property
    def owner_id(self) -> str | None:
        """The id of the scenario."""
        return self._scenario.id

    @property
    def parent_ids(self) -> set[str]:
        """The id of the scenario."""
        return {self._scenario.id}

    def get_parents(self) -> dict[str, set[Entity]]:
        """The scenario, as `scenario`."""
        return {"scenario": {self._scenario}}

    @property
    def tasks(self) -> dict[str, Task]:
        """Its tasks by id."""
        return {name: self._scenario._task(name) for name in self._names}

    @property
    def data_nodes(self) -> dict[str, DataNode]:
        """The data nodes of its tasks by id."""
        configs = self._task_configs
        return self._nodes(n for task in configs for n in (*task.input_ids, *task.output_ids))

    def _given_properties(self) -> dict[str, Any]:
        return {"name": self.name}

    @property
    def _task_configs(self) -> tuple[TaskConfig, ...]:
        return tuple(task._config for task in self.tasks.values())

    @property
    def _target(self) -> str:
        """The target of a submission. Other processes do not know the name of a program's sequence,
        so its tasks are the target.
        """
        configured = self._scenario._config.sequences.get(self.name)
        if configured is not None and tuple(task.id for task in configured) == self._names:
            return f"sequence:{self.name}"
        if not self._names:
            raise UsageError(
                f"the sequence {self.name!r} has no tasks", "give it some with update_sequence"
            )
        return f"task:{','.join(self._names)}"

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self.__dict__.get("_names", ()):
                return self._scenario._task(name)
            nodes = self.data_nodes
            if name in nodes:
                return nodes[name]
        raise AttributeError(f"sequence has no attribute, task or data node {name!r}")


def sequence_id(name: str, scenario: str) -> str:
    """The id of the sequence of this name of a scenario instance."""
    return f"SEQUENCE_{name.replace(' ', _BLANK)}_{scenario}"


def parts_of_id(id: str) -> tuple[str, str] | None:
    """The name and the scenario's id in the id of a sequence; None for any other text."""
    name, found, scenario = id.removeprefix("SEQUENCE_").partition("_SCENARIO_")
    return (name.replace(_BLANK, " "), f"SCENARIO_{scenario}") if found else None


def configured_sequences(config: ScenarioConfig) -> dict[str, tuple[str, ...]]:
    """The names of sequences, with the ids of their tasks, as the configuration has them."""
    return {name: tuple(task.id for task in tasks) for name, tasks in config.sequences.items()}


def checked_tasks(scenario: Scenario, name: str, tasks: Iterable[Task | str]) -> tuple[str, ...]:
    """The ids of the configurations of a new sequence's tasks.

    Raises SequenceTaskDoesNotExistInScenario for tasks of other scenarios, InvalidSequence if the
    tasks are not connected or the name is invalid.
    """
    mine = {task.id: task.config_id for task in scenario.tasks.values()}
    wanted = [task if isinstance(task, str) else task.id for task in tasks]
    unknown = [id for id in wanted if id not in mine]
    if unknown:
        raise SequenceTaskDoesNotExistInScenario(
            f"the sequence {name!r} of {scenario.id} cannot have {', '.join(map(str, unknown))}: "
            "the scenario has no such task",
            f"give tasks as scenario.NAME, or their ids: it has {', '.join(mine.values())}",
        )
    _check_name(name)
    names = tuple(dict.fromkeys(mine[id] for id in wanted))
    apart = _apart({n: scenario._task(n)._config for n in names})
    if apart:
        raise InvalidSequence(
            f"the tasks of the sequence {name!r} are not connected: no path leads from "
            f"{names[0]!r} to {', '.join(map(repr, apart))}",
            "make a sequence of each part",
        )
    return names


def _check_name(name: str) -> None:
    plain = name.replace(" ", "_")
    wrong = [word for word in FORBIDDEN_IN_IDS if word in name]
    if not plain.isidentifier() or keyword.iskeyword(plain) or wrong:
        raise InvalidSequence(
            f"{name!r} cannot be the name of a sequence",
            "use letters, digits, underscores and blanks, no digit first, and none of "
            f"{', '.join(FORBIDDEN_IN_IDS)}",
        )


def _apart(tasks: Mapping[str, TaskConfig]) -> list[str]:
    """The tasks that share no data node with the first one, directly or through others."""
    left = dict(tasks)
    reached: set[str] = set()
    while left:
        near = [
            name
            for name, task in left.items()
            if not reached or reached & {*task.input_ids, *task.output_ids}
        ][: 1 if not reached else None]
        if not near:
            break
        for name in near:
            task = left.pop(name)
            reached |= {*task.input_ids, *task.output_ids}
        if not reached:
            break
    return list(left)
