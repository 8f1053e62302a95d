"""Sweeps: the combinations of values, their names, and what all of them have in common."""

from __future__ import annotations

import hashlib
import itertools
import json
import pickle
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taipy_exec.config.application import AppConfig, ScenarioConfig
from taipy_exec.config.mapped import is_element, whole_name
from taipy_exec.config.problem import nearest
from taipy_exec.config.secrets import MASK, says_secret
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import SWEEP, SubmissionRecord
from taipy_exec.model.status import Status

# Each combination has an instance, files and a row of its own.
MOST_COMBINATIONS = 1000
_PREFIX = "SWEEP_"
_LONGEST_VALUE = 32
_LONGEST_NAME = 200
_DIGEST = 8
_NOT_BEGUN = (Status.SUBMITTED, Status.BLOCKED)
_PLAIN = re.compile(r"[\w.+:/@-][\w.+:/@ -]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One value for each swept data node, and the name of the scenario instance for it."""

    name: str
    values: Mapping[str, Any]


def new_group() -> str:
    """A fresh id for a sweep."""
    return f"{_PREFIX}{uuid.uuid4()}"


def is_group(wanted: str) -> bool:
    """Whether a text looks like the id of a sweep, or how it begins."""
    return wanted.startswith(_PREFIX)


def with_sweep(group: str, place: int, values: Mapping[str, Any]) -> dict[str, object]:
    """The properties of the submission for the combination at `place`, from 0, of a sweep."""
    return {SWEEP: {"group": group, "place": place, "values": dict(values)}}


def same_sweep(record: SubmissionRecord) -> dict[str, object]:
    """The properties with which a retry of a submission takes its place in the same sweep."""
    return {SWEEP: record.properties[SWEEP]} if record.group is not None else {}


# -- combinations -------------------------------------------------------------------------


def combinations(
    swept: Mapping[str, Sequence[Any]], prefix: str | None = None
) -> list[Combination]:
    """Every combination of the values, the last data node's changing fastest.

    The names begin with `prefix`, if any. Raises UsageError for no values, for a value that is
    there twice, and for more than `MOST_COMBINATIONS`.
    """
    if not swept:
        raise UsageError("a sweep needs at least one data node with values")
    count = 1
    for node, choices in swept.items():
        _check_values(node, choices)
        count *= len(choices)
    if count > MOST_COMBINATIONS:
        product = " x ".join(str(len(choices)) for choices in swept.values())
        raise UsageError(
            f"the sweep has {count:,} combinations ({product}), and at most "
            f"{MOST_COMBINATIONS:,} are allowed",
            "sweep over fewer values, or split the sweep",
        )
    found = []
    for chosen in itertools.product(*swept.values()):
        values = dict(zip(swept, chosen, strict=True))
        found.append(Combination(name=_name(values, prefix), values=values))
    return found


def _check_values(node: str, values: Sequence[Any]) -> None:
    if not values:
        raise UsageError(f"the sweep gives data node {node} no values", f"{node}=7,14 gives two")
    seen = set()
    for value in values:
        key = _key(value)
        if key in seen:
            raise UsageError(
                f"the sweep gives data node {node} the value {shown_value(node, value)} twice",
                "give each value once",
            )
        seen.add(key)


def _key(value: Any) -> str:
    """Equal for equal values: as JSON. If it has no JSON, by its pickle."""
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return hashlib.sha256(pickle.dumps(value)).hexdigest()


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are the same one, also in their type; False if that is unknown."""
    try:
        return _key(one) == _key(other)
    except Exception:  # of the user's own classes
        return False


def _name(values: Mapping[str, Any], prefix: str | None) -> str:
    name = ",".join(f"{node}={_named_value(node, value)}" for node, value in values.items())
    if prefix:
        name = f"{prefix} {name}"
    if len(name) > _LONGEST_NAME:
        digest = _digest(name + "".join(_key(value) for value in values.values()))
        name = f"{name[: _LONGEST_NAME - _DIGEST - 1]}~{digest}"
    return name


def _named_value(node: str, value: Any) -> str:
    """A value within a name; of a secret, only its digest."""
    return f"secret~{_digest(_key(value))}" if says_secret(node) else value_text(value)


def shown_value(node: str, value: Any) -> str:
    """The value of a data node for people; `***` if its name is that of a secret."""
    return MASK if says_secret(node) else value_text(value)


def without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """Data node -> value, with `***` for each one whose name is that of a secret."""
    return {node: MASK if says_secret(node) else value for node, value in values.items()}


def value_text(value: Any) -> str:
    """A value within a name: short, on one line, and different for different values.

    A plain text is as it is; one that reads as a number or has other characters is in quotes.
    """
    key = _key(value)
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _is_json(value):
        text = value
    else:
        try:
            text = json.dumps(value, ensure_ascii=not _is_printable(value), separators=(",", ":"))
        except (TypeError, ValueError):
            return f"{type(value).__name__}~{_digest(key)}"
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[: _LONGEST_VALUE - _DIGEST - 1]}~{_digest(key)}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_printable(value: Any) -> bool:
    return json.dumps(value, ensure_ascii=False).isprintable()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]


# -- which data nodes can be swept ----------------------------------------------------------


def check_swept(
    app: AppConfig, scenario: ScenarioConfig, target: str, swept: Iterable[str]
) -> None:
    """Raises NotFoundError for an unknown data node, and UsageError for one of no use.

    Of use is an input of the tasks in `target` of which every instance has a value of its own.
    """
    graph = scenario.graph(target)
    nodes = {node.id: node for node in scenario.data_nodes}
    inputs = ", ".join(own for own in graph.inputs if own not in shared_nodes(app, scenario))
    hint = f"what can be swept: {inputs}" if inputs else None
    for name in swept:
        if name not in nodes:
            raise NotFoundError(
                f"scenario {scenario.id} has no data node {name!r}{nearest(name, nodes)}", hint
            )
        if name not in graph.inputs:
            writers = [task.id for task in graph.tasks if name in task.outputs]
            why = f"task {writers[0]} writes it" if writers else "no task reads it"
            raise UsageError(
                f"data node {name} is not an input of scenario {scenario.id}: {why}", hint
            )
        reason = _why_shared(app, scenario, name)
        if reason is not None:
            why, what_to_do = reason
            raise UsageError(
                f"data node {name} cannot be swept: all combinations would share one value, as "
                f"{why}",
                what_to_do,
            )


def _why_shared(app: AppConfig, scenario: ScenarioConfig, name: str) -> tuple[str, str] | None:
    """Why all instances have one value of a data node, and what to do; None if they do not."""
    if name not in shared_nodes(app, scenario):
        return None
    node = next(node for node in scenario.data_nodes if node.id == name)
    if node.scope is not Scope.SCENARIO:
        return (
            f"its scope is {node.scope.name}",
            f'write scope = "SCENARIO:SCOPE" in [DATA_NODE.{name}]',
        )
    if node.path:
        return f"its path is {node.path}", f"leave out the path of [DATA_NODE.{name}]"
    return f"it is in one place ({node.storage_type})", "sweep a data node of type pickle or json"


def shared_nodes(app: AppConfig, scenario: ScenarioConfig) -> dict[str, DataNodeRef]:
    """The data nodes that are the same place for every instance (of one cycle)."""
    cycle = "CYCLE"
    found = {}
    for config in scenario.data_nodes:
        one, other = (locate(app, config, Owner(instance=who, cycle=cycle)) for who in "ab")
        if one.key == other.key:
            found[config.id] = one
    return found


def overwritten_nodes(
    app: AppConfig, scenario: ScenarioConfig, target: str
) -> list[tuple[str, str]]:
    """Data nodes, with their places, that each combination would overwrite with its own value."""
    graph = scenario.graph(target)
    shared = shared_nodes(app, scenario)
    once = shared_tasks(graph, shared)
    names = [n for task in graph.tasks if task.id not in once for n in task.outputs if n in shared]
    return [(name, shared[name].place) for name in dict.fromkeys(names)]


# -- what the combinations have in common ---------------------------------------------------


def shared_tasks(graph: JobGraph, shared: Iterable[str]) -> frozenset[str]:
    """The tasks that do the same in every combination, given the data nodes that all share.

    They read and write nothing else, and neither does a task that writes what they read or write.
    """
    shared = frozenset(shared)
    same = {
        task.id
        for task in graph.tasks
        if task.outputs and shared.issuperset((*task.inputs, *task.outputs))
    }
    writers: dict[str, set[str]] = {}
    for task in graph.tasks:
        for node in task.outputs:
            writers.setdefault(node, set()).add(task.id)
    tasks = {task.id: task for task in graph.tasks}
    while True:
        lost = {
            id
            for id in same
            if any(
                not writers.get(node, set()) <= same
                for node in (*tasks[id].inputs, *tasks[id].outputs)
            )
        }
        if not lost:
            return frozenset(same)
        same -= lost


def with_copies(app: AppConfig, plans: Sequence[SubmissionPlan]) -> list[SubmissionPlan]:
    """The plans of a sweep's submissions; only one of them runs what all have in common.

    In a resumed sweep that is the one that has begun with it.
    """
    if not plans:
        return []
    # Retries of a sweep differ in the jobs that are left.
    is_same = len({plan.record.target for plan in plans}) == 1
    graph = plans[0].graph if is_same else plans[0].scenario.graph("scenario")
    shared = shared_tasks(graph, shared_nodes(app, plans[0].scenario))
    waiting: list[dict[str, str]] = []
    begun: dict[str, str] = {}
    for plan in plans:
        elements = {whole_name(job.task) for job in plan.jobs if is_element(job.task)}
        waiting.append({})
        for job in plan.jobs:
            task = whole_name(job.task)
            if task not in shared or job.status.is_final or is_element(job.task):
                continue
            if job.status not in _NOT_BEGUN or (task == job.task and task in elements):
                begun.setdefault(job.task, job.id)
            else:
                waiting[-1][job.task] = job.id
    found = []
    for plan, jobs in zip(plans, waiting, strict=True):
        originals = {task: begun.setdefault(task, id) for task, id in jobs.items()}
        copies = {id: originals[task] for task, id in jobs.items() if originals[task] != id}
        found.append(replace(plan, copies=copies))
    return found


def in_order_of_work(plans: Sequence[SubmissionPlan]) -> list[SubmissionPlan]:
    """The plans of a sweep, those first that run what is a copy in others."""
    return sorted(plans, key=lambda plan: len(plan.copies))
