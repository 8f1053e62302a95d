"""Find the entities that have a task or data node, and the sources of data nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taipy_exec.api.data_node import DataNode
from taipy_exec.api.entities import find_scenario, scenarios, scenarios_of_cycle
from taipy_exec.api.entity import Entity
from taipy_exec.api.scenario import Scenario
from taipy_exec.api.sequence import Sequence
from taipy_exec.api.task import Task

Parents = dict[str, set[Entity]]


def parents(entity: Entity, found: Parents) -> Parents:
    """`found`, with the parents of an entity, and theirs, by their group."""
    if isinstance(entity, Sequence | Task | DataNode):
        for group, some in entity.get_parents().items():
            found.setdefault(group, set()).update(some)
    return found


def parents_of_task(task: Task) -> Parents:
    """The scenarios and sequences that have a task."""
    found: Parents = {}
    for scenario in _scenarios_with(task):
        if task in scenario.tasks.values():
            found.setdefault("scenario", set()).add(scenario)
            for sequence in scenario.sequences.values():
                if task.config_id in sequence._names:
                    found.setdefault("sequence", set()).add(sequence)
    return found


def direct_parents_of_node(node: DataNode) -> list[Task | Scenario]:
    """The tasks that read or write a data node, and the scenarios with it as an extra one."""
    found: dict[str, Task | Scenario] = {}
    for scenario in _scenarios_with(node):
        if node not in scenario.data_nodes.values():
            continue
        if node.config_id in scenario.additional_data_nodes:
            found[scenario.id] = scenario
        for task in scenario.tasks.values():
            if node.config_id in (*task._config.input_ids, *task._config.output_ids):
                found[task.id] = task
    return list(found.values())


def parents_of_node(node: DataNode) -> Parents:
    """The tasks, scenarios and sequences that have a data node."""
    found: Parents = {}
    for parent in direct_parents_of_node(node):
        found.setdefault(parent.group, set()).add(parent)
        parents(parent, found)
    return found


def ancestors_of_node(node: DataNode) -> Iterator[DataNode]:
    """The data nodes that a data node is made from, at any distance, in all scenarios."""
    for scenario in _scenarios_with(node):
        names = _ancestors(scenario, node.config_id)
        if node in scenario.data_nodes.values():
            yield from (scenario.data_nodes[name] for name in names)


def _ancestors(scenario: Scenario, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        wanted = waiting.pop()
        for task in scenario._task_configs:
            if wanted in task.output_ids:
                new = set(task.input_ids) - found
                found |= new
                waiting += new
    return found - {name}


def _scenarios_with(entity: Any) -> list[Scenario]:
    """The scenarios that may have a task or a data node, by its owner."""
    owner = entity.owner_id
    if owner is None:
        return scenarios()
    if owner.startswith("CYCLE"):
        return scenarios_of_cycle(owner)
    scenario = find_scenario(owner)
    return [scenario] if scenario else []
