"""Forecast what a submit would do now, job by job, without doing it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from taipy_exec.config.application import AppConfig, ScenarioConfig, TaskConfig
from taipy_exec.config.modes import capabilities
from taipy_exec.data.node import DataNodeRef
from taipy_exec.engine.admission import carried_on, interrupted_submissions
from taipy_exec.engine.content import make_freshness
from taipy_exec.engine.critical_path import remaining_seconds
from taipy_exec.engine.estimate import Work, makespan
from taipy_exec.engine.given import due_values
from taipy_exec.engine.instances import (
    due_defaults,
    find_instance,
    imagined_instance,
    instance_nodes,
)
from taipy_exec.engine.origin import origin_properties
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import JobRecord, SubmissionRecord, file_in
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store

_MAY_STAY = ", and may stay the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobForecast:
    """`action` is run, skip, wait, or `ended` in the submission that would be resumed.

    `usual_duration` is in seconds, None if it was never measured. `may_be_skipped`: it runs only
    if the content of its inputs changes.
    """

    task: str
    action: str
    reason: str
    usual_duration: float | None = None
    may_be_skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The jobs in topological order, and the least time that they take together.

    `least_duration` is in seconds. It counts with `workers` jobs at once (None: no limit), and
    with 0 s for jobs that were never measured. `carries_on` is the id of the interrupted
    submission that would be resumed instead of a new one, and `carries_on_short` its short form.
    `unwritten` are the data nodes without a value that jobs wait for.
    """

    jobs: tuple[JobForecast, ...]
    workers: int | None
    least_duration: float
    carries_on: str | None = None
    carries_on_short: str | None = None
    unwritten: tuple[DataNodeRef, ...] = ()

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """The tasks that would run and have no known duration."""
        return tuple(
            job.task for job in self.jobs if job.action == "run" and job.usual_duration is None
        )

    @property
    def has_work(self) -> bool:
        """Whether a submit would find any task that is not up to date."""
        return any(job.action in ("run", "wait") for job in self.jobs)

    @property
    def sure_to_run(self) -> frozenset[str]:
        """The tasks that run now, or once their data is there."""
        return frozenset(
            job.task
            for job in self.jobs
            if job.action in ("run", "wait") and not job.may_be_skipped
        )


def forecast(
    app: AppConfig,
    scenario: ScenarioConfig,
    target: str,
    name: str,
    *,
    force: bool = False,
    new: bool = False,
    fresh: bool = False,
    created: dt.datetime | None = None,
    given: Collection[str] = (),
    swept: Mapping[str, Any] | None = None,
    elsewhere: Mapping[str, str] | None = None,
) -> Forecast:
    """The forecast for the tasks of `target`. Writes nothing.

    With `fresh` no interrupted submission is resumed. `given` are data nodes that the submission
    would write first, and so are those of `swept`, as far as they do not hold these values.
    `elsewhere` are tasks that would not run here, since another combination of the sweep runs
    them, and words for that.
    """
    graph = scenario.graph(target)
    with ExitStack() as stack:
        store = None
        if Store.exists(app.state_dir):
            store = Store(app.state_dir, read_only=True)
            stack.callback(store.close)
        found = find_instance(store, scenario, name, created) if store and not new else None
        instance = found or imagined_instance(scenario, name, created)
        nodes = instance_nodes(app, scenario, instance)
        written = dict.fromkeys(given, "is given by --set")
        written |= dict.fromkeys(due_values(nodes, swept or {}), "is given by --sweep")
        former = None
        if store and found and not (written or force or fresh):
            former = carried_on(app, interrupted_submissions(store, found.id), target)
        outlook = _Outlook(app, nodes, scenario, store, instance, former, force, written)
        jobs = tuple(_moved(outlook.of(spec.id), elsewhere or {}) for spec in graph.tasks)
    workers = capabilities(app.job.mode).slots(app.job.workers)
    return Forecast(
        jobs=jobs,
        workers=workers,
        least_duration=_least_duration(app, scenario, graph, jobs, workers),
        carries_on=former.id if former else None,
        carries_on_short=former.short_id if former else None,
        unwritten=tuple(outlook.unwritten.values()),
    )


def _moved(job: JobForecast, elsewhere: Mapping[str, str]) -> JobForecast:
    if job.action != "run" or job.task not in elsewhere:
        return job
    return replace(job, action="skip", reason=elsewhere[job.task])


def _least_duration(
    app: AppConfig,
    scenario: ScenarioConfig,
    graph: JobGraph,
    jobs: Sequence[JobForecast],
    workers: int | None,
) -> float:
    """The least time, in seconds, if jobs start in the coordinator's order."""
    work = _work(app, scenario, graph, jobs, workers)
    return makespan(work, graph.predecessors, workers, app.job.pools)


def together(
    app: AppConfig,
    scenario: ScenarioConfig,
    target: str,
    forecasts: Sequence[Forecast],
    shared: Collection[str],
) -> Forecast:
    """The forecasts of a sweep's combinations as one: they run at the same time.

    The first combination that runs a task of `shared` does so for all; the others wait for it.
    """
    graph = scenario.graph(target)
    workers = forecasts[0].workers
    work: dict[str, Work] = {}
    before: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for place, found in enumerate(forecasts):
        for job in found.jobs:
            key = f"{place} {job.task}"
            before[key] = [f"{place} {earlier}" for earlier in graph.predecessors[job.task]]
            if job.task in shared and job.task in first:
                before[key].append(first[job.task])
            elif job.task in shared and job.action == "run":
                first[job.task] = key
        of_one = _work(app, scenario, graph, found.jobs, workers)
        work.update({f"{place} {task}": one for task, one in of_one.items()})
    return Forecast(
        jobs=tuple(job for found in forecasts for job in found.jobs),
        workers=workers,
        least_duration=makespan(work, before, workers, app.job.pools),
    )


def _work(
    app: AppConfig,
    scenario: ScenarioConfig,
    graph: JobGraph,
    jobs: Sequence[JobForecast],
    workers: int | None,
) -> dict[str, Work]:
    """The work of each task, without the tasks that wait for data."""
    options = {task.id: task.run_options for task in scenario.tasks}
    usual = {job.task: job.usual_duration for job in jobs if job.usual_duration is not None}
    urgency: Mapping[str, float] = {}
    if workers != 1 and app.job.schedule == "critical-path":
        urgency = remaining_seconds(graph, usual)
    return {
        job.task: Work(
            seconds=usual.get(job.task, 0.0) if job.action == "run" else 0.0,
            order=(-options[job.task].priority, -urgency.get(job.task, 0.0)),
            pool=options[job.task].pool if job.action == "run" else None,
        )
        for job in jobs
        if job.action != "wait"
    }


class _Outlook:
    """Goes through the tasks in topological order, and notes the effects on later tasks."""

    def __init__(
        self,
        app: AppConfig,
        nodes: Mapping[str, DataNodeRef],
        scenario: ScenarioConfig,
        store: Store | None,
        instance: Instance,
        former: SubmissionRecord | None,
        force: bool,
        written: Mapping[str, str],
    ) -> None:
        self._is_new = not instance.id
        self._force = former.force if former else force
        self._by_content = app.job.cache == "content"
        self._nodes = nodes
        self._freshness = make_freshness(store, app) if store else None
        if self._freshness:
            self._freshness.load(self._nodes.values())
        self._usual = (
            store.usual_durations(scenario.id, file_in(origin_properties(app))) if store else {}
        )
        self._tasks = {task.id: task for task in scenario.tasks}
        self._former: Mapping[str, JobRecord] = {}
        if former and store:
            self._former = {job.task: job for job in store.jobs(former.id)}
        self._locked = self._find_locked(store)
        self._valued = set(written)  # data nodes that get a value before anything runs
        self._renewed = dict(written)  # data node -> why it changes
        self.unwritten: dict[str, DataNodeRef] = {}
        self._missing: dict[str, str] = {}  # data node -> the task that waits and would write it
        for due in due_defaults(store, self._nodes.values()):
            name = due.node.config.id
            self._valued.add(name)
            if not self._is_new or due.node.changed_at() is not None:
                self._renewed.setdefault(name, "gets its default data")

    def _find_locked(self, store: Store | None) -> set[str]:
        locks = store.locks([n.id for n in self._nodes.values()], time.time()) if store else {}
        return {name for name, node in self._nodes.items() if node.id in locks}

    def of(self, id: str) -> JobForecast:
        """The forecast for the next task."""
        action, reason = self._action(self._tasks[id])
        outputs = self._tasks[id].output_ids
        if action == "wait":
            self._missing.update(dict.fromkeys(outputs, id))
        elif action == "run":
            self._renewed.update(dict.fromkeys(outputs, f"will be rewritten by task {id}"))
        return JobForecast(
            task=id,
            action=action,
            reason=reason,
            usual_duration=self._usual.get(id),
            may_be_skipped=reason.endswith(_MAY_STAY),
        )

    def _action(self, task: TaskConfig) -> tuple[str, str]:
        former = self._former.get(task.id)
        if former is not None and former.status.is_final:
            return "ended", f"{former.status.name} in the submission that will be resumed"
        waits = [why for name in task.input_ids if (why := self._why_wait(name)) is not None]
        if waits:
            return "wait", "; ".join(waits)
        why = self._why_run(task)
        return ("skip", "up to date") if why is None else ("run", why)

    def _why_wait(self, name: str) -> str | None:
        """Why a job that reads the data node cannot start, in words; None if it can."""
        if name in self._missing:
            return f"{name} comes from {self._missing[name]}"
        if name in self._valued or name in self._renewed:
            return None
        if name in self._locked:
            return f"{name} is being edited"
        node = self._nodes[name]
        if node.changed_at() is None:
            self.unwritten[name] = node
            return f"{name} was never written{_at(node)}"
        return None

    def _why_run(self, task: TaskConfig) -> str | None:
        """Why the task would run, in words; None if it would be skipped."""
        if self._force:
            return "forced"
        if not task.skippable:
            return "not skippable"
        for node in task.input_ids:
            if node in self._renewed:
                may_stay = _MAY_STAY if self._by_content else ""
                return f"{node} {self._renewed[node]}{may_stay}"
        inputs = [self._nodes[node] for node in task.input_ids]
        outputs = [self._nodes[node] for node in task.output_ids]
        if self._freshness is None:
            return "first run"
        if self._is_new:
            # An instance that does not exist yet has only the data that it shares with others.
            if any(node.changed_at() is None for node in outputs):
                return "first run"
            unwritten = [node.config.id for node in inputs if node.changed_at() is None]
            if unwritten:
                return f"{unwritten[0]} is new"
        return self._freshness.why_run(task, inputs, outputs, time.time())


def _at(node: DataNodeRef) -> str:
    """The path at which the user's own file is missing, in words."""
    return f": there is no {node.place}" if node.path and not node.is_generated else ""
