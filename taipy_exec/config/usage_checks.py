"""Find data nodes and tasks of the configuration that no scenario uses."""

from __future__ import annotations

from collections.abc import Iterator

from taipy_exec.config.compile import Compiled
from taipy_exec.config.problem import Level, Problem


def usage_problems(compiled: Compiled) -> Iterator[Problem]:
    """An INFO for each unused entry; none if there is no scenario at all."""
    config = compiled.config
    scenarios = config.real_scenarios.values()
    used_tasks = {task.id for scenario in scenarios for task in scenario.tasks}
    used_nodes = {node.id for scenario in scenarios for node in scenario.data_nodes}
    if not used_tasks:
        return
    merged = compiled.merged
    for id in config.tasks:
        if id not in used_tasks and id != "default":
            told = "no scenario has this task: add it to the tasks of one, or remove it"
            yield merged.problem("TASK", id, None, told, level=Level.INFO, value=id)
    by_tasks = {node.id for task in config.tasks.values() for node in (*task.inputs, *task.outputs)}
    for id in config.data_nodes:
        if id not in used_nodes | by_tasks and id != "default":
            told = "no task reads or writes this data node, and no scenario names it"
            yield merged.problem("DATA_NODE", id, None, told, level=Level.INFO, value=id)
