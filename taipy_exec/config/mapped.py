"""A task with `map`: one job for each element of an input, and one that collects the results.

Such a task `fit` has three kinds of jobs: `fit.split` counts the elements, `fit.0`, `fit.1`, ...
call the function with one element each, and `fit` writes the results as a list, in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from taipy_exec.config.application import DataNodeConfig, TaskConfig

# The property of a task that names the input.
MAP = "map"
# The room for jobs between the positions of two tasks of a submission.
MOST_ELEMENTS = 1_000_000
# A configuration's ids are identifiers, so no other task has such a name.
_PART = re.compile(r"([^.]+)\.(split|\d{1,7})")


def mapped_input(task: TaskConfig) -> DataNodeConfig | None:
    """The input whose elements get a job each; None for a task without `map`."""
    wanted = task.properties.get(MAP)
    return next((node for node in task.inputs if node.id == wanted), None)


def split_name(task: str) -> str:
    """The name of the job that counts the elements."""
    return f"{task}.split"


def element_name(task: str, element: int) -> str:
    """The name of the job of one element; elements count from 0."""
    return f"{task}.{element}"


def whole_name(name: str) -> str:
    """The task that a job of this name belongs to."""
    found = _PART.fullmatch(name)
    return found[1] if found else name


def is_element(name: str) -> bool:
    """Whether a job of this name calls the function with one element."""
    return name not in (whole := whole_name(name), split_name(whole))


@dataclass(frozen=True, kw_only=True, repr=False)
class PartConfig(TaskConfig):
    """One part of a mapped task, as its jobs need it; `element` is None for the split."""

    whole: TaskConfig
    element: int | None = None


def task_named(tasks: Mapping[str, TaskConfig], name: str) -> TaskConfig | None:
    """The task of a job's name, or a part of it; None if there is no such task."""
    if name in tasks:
        return tasks[name]
    found = _PART.fullmatch(name)
    task = tasks.get(found[1]) if found else None
    if found is None or task is None or mapped_input(task) is None:
        return None
    return split_of(task) if found[2] == "split" else element_of(task, int(found[2]))


def split_of(task: TaskConfig) -> PartConfig:
    """The part that counts the elements, and stores what `elements_node` holds."""
    node = mapped_input(task)
    assert node is not None
    return _part(task, split_name(task.id), (node,), (elements_node(task),), skippable=False)


def element_of(task: TaskConfig, element: int) -> PartConfig:
    """The part that calls the function with one element, and stores its results."""
    outputs = tuple(
        DataNodeConfig(id=f"{element_name(task.id, element)}.{node.id}", scope=node.scope)
        for node in task.outputs
    )
    name = element_name(task.id, element)
    return _part(task, name, task.inputs, outputs, skippable=task.skippable, element=element)


def elements_node(task: TaskConfig) -> DataNodeConfig:
    """The generated data node of a mapped task with what the split has found.

    Its value: `{"elements": number, "digests": [text, ...], "stamp": text}`.
    """
    scopes = [node.scope for node in task.outputs]
    made = DataNodeConfig(id=split_name(task.id), storage_type="json")
    return replace(made, scope=scopes[0]) if scopes else made


def _part(
    task: TaskConfig,
    name: str,
    inputs: tuple[DataNodeConfig, ...],
    outputs: tuple[DataNodeConfig, ...],
    *,
    skippable: bool,
    element: int | None = None,
) -> PartConfig:
    return PartConfig(
        id=name,
        function_ref=task.function_ref,
        inputs=inputs,
        outputs=outputs,
        skippable=skippable,
        properties=task.properties,
        whole=task,
        element=element,
    )
