"""What a submission would do now, job by job, without doing it."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import ExitStack
from dataclasses import dataclass

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig, TaskConfig
from taipy_exec.engine.content import make_freshness
from taipy_exec.engine.instances import find_instance, imagined_instance, instance_nodes
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
    created: dt.datetime | None = None,
) -> list[Forecast]:
    """The forecast for each task of `target`, in topological order. Writes nothing."""
    graph = scenario.graph(target)
    with ExitStack() as stack:
        store = None
        if Store.exists(app.state_dir):
            store = Store(app.state_dir, create=False)
            stack.callback(store.close)
        found = find_instance(store, scenario, name, created) if store and not new else None
        instance = found or imagined_instance(scenario, name, created)
        outlook = _Outlook(app, scenario, store, instance, force=force)
        return [outlook.of(spec.id) for spec in graph.tasks]


class _Outlook:
    """Goes through the tasks in topological order, and keeps what each means for the next."""

    def __init__(
        self,
        app: AppConfig,
        scenario: ScenarioConfig,
        store: Store | None,
        instance: Instance,
        *,
        force: bool,
    ) -> None:
        self._is_new = not instance.id
        self._force = force
        self._by_content = app.job.cache == "content"
        self._nodes = instance_nodes(app, scenario, instance)
        self._freshness = make_freshness(store, app) if store else None
        if self._freshness:
            self._freshness.load(self._nodes.values())
        self._usual = store.usual_durations(scenario.id) if store else {}
        self._tasks = {task.id: task for task in scenario.tasks}
        self._renewed: dict[str, str] = {}  # data node -> the task that will write it
        self._missing: set[str] = set()

    def of(self, id: str) -> Forecast:
        """The forecast for the next task."""
        task = self._tasks[id]
        unwritten = [node.id for node in task.inputs if not self._will_have_value(node)]
        if unwritten:
            action, reason = "wait", f"{', '.join(unwritten)} was never written"
            self._missing.update(task.output_ids)
        else:
            why = self._why_run(task)
            action, reason = ("skip", "up to date") if why is None else ("run", why)
            if why is not None:
                self._renewed.update(dict.fromkeys(task.output_ids, id))
        return Forecast(task=id, action=action, reason=reason, usual_duration=self._usual.get(id))

    def _will_have_value(self, node: DataNodeConfig) -> bool:
        if node.id in self._missing:
            return False
        if node.id in self._renewed or self._nodes[node.id].changed_at() is not None:
            return True
        return self._is_new and node.properties.get("default_data") is not None

    def _why_run(self, task: TaskConfig) -> str | None:
        """Why the task would run, in words; None if it would be skipped."""
        if self._force:
            return "forced"
        if not task.skippable:
            return "not skippable"
        for node in task.input_ids:
            if node in self._renewed:
                may_stay = ", and may stay the same" if self._by_content else ""
                return f"{node} is renewed by {self._renewed[node]}{may_stay}"
        inputs = [self._nodes[node] for node in task.input_ids]
        outputs = [self._nodes[node] for node in task.output_ids]
        if self._freshness is None:
            return "first run"
        if self._is_new:
            # Of an instance that is still to be made only what it shares with others is there.
            if any(node.changed_at() is None for node in outputs):
                return "first run"
            unwritten = [node.config.id for node in inputs if node.changed_at() is None]
            if unwritten:
                return f"{unwritten[0]} is new"
        return self._freshness.why_run(task, inputs, outputs, time.time())
