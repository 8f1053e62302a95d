"""A task of a Taipy program, in the form that a job's process needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from taipy_exec.execution import by_value
from taipy_exec.taipy_plugin import internals
from taipy_exec.taipy_plugin.entity import EntityNode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTask:
    """The function, and the data nodes by their ids: their values are read where the job runs."""

    function: Callable[..., Any]
    inputs: tuple[EntityNode, ...]
    outputs: tuple[EntityNode, ...]

    @classmethod
    def of(cls, task: Any) -> ProgramTask:
        """Make one from Taipy's task."""
        return cls(
            function=internals.function_of(task),
            inputs=tuple(EntityNode.of(node) for node in task.input.values()),
            outputs=tuple(EntityNode.of(node) for node in task.output.values()),
        )


def packed(task: Any) -> bytes:
    """A task that is not stored, for `unpacked` in another process of this machine."""
    try:
        return by_value.dump(ProgramTask.of(task))
    except Exception as error:
        # The job exists already, and fails with this message.
        what = f"task {task.config_id!r} is not stored, and cannot be sent to another process"
        return by_value.dump(f"{what}: {error}")


def unpacked(beside: bytes) -> ProgramTask | str:
    """The packed task, or why packing failed. Raises what loading its function raises."""
    found: ProgramTask | str = by_value.load(beside)
    return found
