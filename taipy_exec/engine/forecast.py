"""What a submission would do now, job by job, without doing it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from taipy_exec.config.application import AppConfig, ScenarioConfig
from taipy_exec.engine.freshness import Freshness
from taipy_exec.engine.instances import instance_nodes
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`action` is run, skip or wait; `usual_duration` in seconds, None if never measured."""

    task: str
    action: str
    reason: str
    usual_duration: float | None = None


def forecast(
    app: AppConfig,
    scenario: ScenarioConfig,
    target: str,
    name: str,
    *,
    force: bool = False,
    new: bool = False,
) -> list[Forecast]:
    """The forecast for each task of `target`, in topological order. Writes nothing."""
    graph = scenario.graph(target)
    store = Store(app.state_dir, create=False) if Store.exists(app.state_dir) else None
    found = store.find_instance(scenario.id, name) if store and not new else None
    instance = found or Instance(id="", scenario=scenario.id, name=name, created_at=time.time())
    nodes = instance_nodes(app, scenario, instance)
    freshness = Freshness(store) if store else None
    if freshness:
        freshness.load(nodes.values())
    usual = store.usual_durations(scenario.id) if store else {}
    tasks = {task.id: task for task in scenario.tasks}
    outdated: dict[str, str] = {}
    missing: set[str] = set()
    entries = []
    for spec in graph.tasks:
        task = tasks[spec.id]
        inputs = [nodes[node.id] for node in task.inputs]
        unwritten = [
            node.config.id
            for node in inputs
            if node.config.id in missing
            or (
                node.config.id not in outdated
                and node.changed_at() is None
                and not (found is None and node.config.properties.get("default_data") is not None)
            )
        ]
        if unwritten:
            action, reason = "wait", f"{', '.join(unwritten)} was never written"
            missing.update(task.output_ids)
        else:
            renewed = [
                f"{n.id} is renewed by {outdated[n.id]}" for n in task.inputs if n.id in outdated
            ]
            why = "forced" if force else None
            if why is None and task.skippable and renewed:
                why = renewed[0]
            if why is None:
                why = (
                    freshness.why_run(
                        task, inputs, [nodes[n.id] for n in task.outputs], time.time()
                    )
                    if freshness and found
                    else "first run"
                    if task.skippable
                    else "not skippable"
                )
            action, reason = ("skip", "up to date") if why is None else ("run", why)
            if action == "run":
                outdated.update(dict.fromkeys(task.output_ids, task.id))
        entries.append(
            Forecast(task=task.id, action=action, reason=reason, usual_duration=usual.get(task.id))
        )
    if store:
        store.close()
    return entries
