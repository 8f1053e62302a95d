"""The jobs of a task with `map`: count the elements, and collect their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.mapped import (
    MOST_ELEMENTS,
    PartConfig,
    element_of,
    elements_node,
)
from taipy_exec.data.node import DataNodeRef, Owner, located
from taipy_exec.execution.elements import elements_in, not_mapped
from taipy_exec.execution.stable_digest import stable_digest

Read = Callable[[DataNodeRef], Any]


def counted(task: PartConfig, value: Any, stamp: str = "") -> dict[str, Any]:
    """The value that the split stores: the number of the elements, and a digest of each.

    `stamp` is that of the list before `value` was read.
    """
    elements = elements_in(task.inputs[0], value)
    if len(elements) > MOST_ELEMENTS:
        raise not_mapped(
            task.inputs[0], f"it has {len(elements)} elements, but the limit is {MOST_ELEMENTS}"
        )
    digests = [stable_digest(element) for element in elements]
    return {"elements": len(elements), "digests": digests, "stamp": stamp}


def collected(app: AppConfig, task: TaskConfig, owner: Owner, read: Read) -> list[list[Any]]:
    """For each output of the task, the results of all elements in order."""
    number = int(read(located(app, elements_node(task), owner))["elements"])
    parts = [element_of(task, element).outputs for element in range(number)]
    return [
        [read(located(app, part[place], owner)) for part in parts]
        for place in range(len(task.outputs))
    ]
