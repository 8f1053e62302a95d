"""The jobs of a task with `map`: count the elements, take one, collect the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.mapped import (
    MOST_ELEMENTS,
    PartConfig,
    element_of,
    elements_node,
    mapped_input,
)
from taipy_exec.data.node import DataNodeRef, Owner, located
from taipy_exec.execution.failed_attempt import AttemptFailed
from taipy_exec.execution.stable_digest import stable_digest
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason

Read = Callable[[DataNodeRef], Any]


def counted(task: PartConfig, value: Any) -> dict[str, Any]:
    """The value that the split stores: the number of the elements, and a digest of each."""
    elements = elements_in(task.inputs[0], value)
    if len(elements) > MOST_ELEMENTS:
        raise _not_mapped(
            task.inputs[0], f"it has {len(elements)} elements, but the limit is {MOST_ELEMENTS}"
        )
    return {"elements": len(elements), "digests": [stable_digest(element) for element in elements]}


def with_element(task: PartConfig, arguments: Sequence[Any]) -> list[Any]:
    """The arguments of the call for one element: the element replaces the whole list."""
    node = mapped_input(task.whole)
    assert node is not None and task.element is not None
    found = list(arguments)
    for place, config in enumerate(task.inputs):
        if config.id == node.id:
            elements = elements_in(node, found[place])
            if task.element >= len(elements):
                raise _not_mapped(
                    node, f"element {task.element} is gone: the list changed since the split"
                )
            found[place] = elements[task.element]
    return found


def collected(app: AppConfig, task: TaskConfig, owner: Owner, read: Read) -> list[list[Any]]:
    """For each output of the task, the results of all elements in order."""
    number = int(read(located(app, elements_node(task), owner))["elements"])
    parts = [element_of(task, element).outputs for element in range(number)]
    return [
        [read(located(app, part[place], owner)) for part in parts]
        for place in range(len(task.outputs))
    ]


def elements_in(node: DataNodeConfig, value: Any) -> Sequence[Any]:
    """The elements of an ordered value. Raises AttemptFailed for a value without an order."""
    if isinstance(value, list | tuple | range):
        return value
    kind = type(value).__name__
    if isinstance(value, Mapping):
        raise _not_mapped(node, f"it holds a {kind}: store list(value.items())")
    if hasattr(value, "columns"):
        raise _not_mapped(node, f'it holds a {kind}: store value.to_dict("records")')
    is_ordered = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    if isinstance(value, str | bytes | bytearray) or not is_ordered:
        raise _not_mapped(node, f"it holds a {kind}, not a list")
    return list(value)


def _not_mapped(node: DataNodeConfig, why: str) -> AttemptFailed:
    what = f"map needs a list in data node {node.id!r}: {why}"
    return AttemptFailed(Failure(kind=Reason.READ_INPUT, type="TypeError", message=what))
