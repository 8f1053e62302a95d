"""Why jobs wait for data, in words: the data nodes, and where their values should be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from taipy_exec.config.mapped import whole_name
from taipy_exec.model.status import Reason, Status

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig, ScenarioConfig, TaskConfig
    from taipy_exec.data.node import DataNodeRef
    from taipy_exec.engine.plan import SubmissionPlan
    from taipy_exec.model.job import JobRecord, SubmissionRecord
    from taipy_exec.operations.location import Location
    from taipy_exec.store.store import Store
    from taipy_exec.wiring import Engine

_NAMED = 5  # tasks in one sentence
WRITE_IT = "write it (taipy-exec data write, or --set NODE=VALUE) and submit again"
PUT_IT_THERE = "correct the path, or put the file there, and submit again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A data node without a value: its id, what is wrong in words, and what to do."""

    node: str
    what: str
    hint: str


def missing(app: AppConfig, nodes: Iterable[DataNodeRef]) -> list[Missing]:
    """A description of each data node that has no value."""
    return [
        Missing(node=node.config.id, what=f"but {_no_file(app, node)}", hint=PUT_IT_THERE)
        if _is_the_users(node)
        else Missing(node=node.config.id, what="which was never written", hint=WRITE_IT)
        for node in nodes
    ]


def _is_the_users(node: DataNodeRef) -> bool:
    return node.path is not None and node.has_file and not node.is_generated


def _no_file(app: AppConfig, node: DataNodeRef) -> str:
    """`there is no file in/raw.csv (default_path of [DATA_NODE.raw], config.toml:7)`."""
    key = "path" if node.config.properties.get("path") else "default_path"
    place = f"{key} of [DATA_NODE.{node.config.id}]"
    line = _line_of(app, node.config.id, key)
    return f"there is no file {node.config.path} ({place}{f', {line}' if line else ''})"


def _line_of(app: AppConfig, node: str, key: str) -> str | None:
    """`config.toml:7`, if the application's file has it."""
    from taipy_exec.config.toml_file import read_toml
    from taipy_exec.errors import ConfigurationError

    if app.source is None:
        return None
    try:
        file = read_toml(app.source)
    except ConfigurationError:
        return None
    number = file.lines.get(("DATA_NODE", node, key))
    return None if number is None else f"{_shown(app.source)}:{number}"


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def sentence(found: Sequence[Missing], readers: Mapping[str, Sequence[str]]) -> str:
    """The tasks that need these data nodes, and what is wrong with each node."""
    parts = []
    for one in found:
        tasks = readers.get(one.node, ())
        parts.append(f"{_need(tasks)} data node {one.node}, {one.what}")
    return "; ".join(parts)


def readers(tasks: Iterable[TaskConfig], waiting: Collection[str]) -> dict[str, list[str]]:
    """Data node -> those of the waiting tasks that read it."""
    names = {whole_name(name) for name in waiting}
    found: dict[str, dict[str, None]] = {}
    for task in tasks:
        if whole_name(task.id) in names:
            for node in task.input_ids:
                found.setdefault(node, {})[whole_name(task.id)] = None
    return {node: list(by) for node, by in found.items()}


def _need(tasks: Sequence[str]) -> str:
    if not tasks:
        return "a task needs"
    if len(tasks) == 1:
        return f"task {tasks[0]} needs"
    more = len(tasks) - _NAMED
    return f"tasks {', '.join(tasks[:_NAMED])}{f' and {more} more' if more > 0 else ''} need"


def waits_for_data(job: JobRecord) -> bool:
    """Whether the job is BLOCKED since an input has no value."""
    return job.status is Status.BLOCKED and job.reason == Reason.INPUT_NOT_WRITTEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The data nodes that jobs wait for: those without a value, and those that are being edited.

    `readers` are the tasks that wait for each, by data node.
    """

    unwritten: Sequence[Missing] = ()
    locked: Sequence[str] = ()
    readers: Mapping[str, Sequence[str]] = field(default_factory=dict)


NOTHING = Waits()


def waits_of(engine: Engine, plan: SubmissionPlan) -> Waits:
    """The data nodes that a submission waits for when the engine has no more work."""
    if not plan.record.unfinished:
        return NOTHING
    waited_for = engine.coordinator.freshness.not_ready(plan.input_nodes())
    waiting = [job.task for job in plan.jobs if waits_for_data(job)]
    return Waits(
        unwritten=missing(engine.app, [n for n in waited_for if n.changed_at() is None]),
        locked=[node.config.id for node in waited_for if node.changed_at() is not None],
        readers=readers(plan.tasks.values(), waiting),
    )


class WaitReasons:
    """Names the data nodes without a value that jobs wait for, as the data is at that moment.

    The application is read once, when a job waits. A Python file is not read, since it would have
    to be imported.
    """

    def __init__(self, location: Location) -> None:
        self._location = location

    @cached_property
    def _app(self) -> AppConfig | None:
        from taipy_exec.errors import TaipyExecError
        from taipy_exec.operations.application import read_application

        try:
            if self._location.found.toml is None:
                return None
            return read_application(self._location).config
        except TaipyExecError:
            return None

    def of(
        self, store: Store, record: SubmissionRecord, jobs: Iterable[JobRecord]
    ) -> dict[str, str]:
        """Job id -> `input raw not written`, for those of which that is known."""
        from taipy_exec.errors import TaipyExecError

        waiting = [job for job in jobs if waits_for_data(job)]
        scenario = None
        if waiting and self._app is not None:
            scenario = self._app.real_scenarios.get(record.scenario)
        if scenario is None or self._app is None:
            return {}
        try:
            return _reasons(self._app, scenario, store, record, waiting)
        except TaipyExecError:
            return {}  # the configuration has changed


def _reasons(
    app: AppConfig,
    scenario: ScenarioConfig,
    store: Store,
    record: SubmissionRecord,
    waiting: Iterable[JobRecord],
) -> dict[str, str]:
    from taipy_exec.engine.instances import instance_nodes

    nodes = instance_nodes(app, scenario, store.instance(record.instance))
    unwritten = {
        name for name in scenario.graph(record.target).inputs if nodes[name].changed_at() is None
    }
    inputs = {task.id: task.input_ids for task in scenario.tasks}
    found = {}
    for job in waiting:
        names = [name for name in inputs.get(whole_name(job.task), ()) if name in unwritten]
        if names:
            found[job.id] = not_written(names)
    return found


def not_written(names: Sequence[str]) -> str:
    """`input raw not written`."""
    return f"input{'s' if len(names) > 1 else ''} {', '.join(names)} not written"
