"""The measured graphs, as plain data, and the functions of their tasks.

Everything that runs a workload uses this module: taipy-exec, the baselines and Taipy. So it imports
none of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Reading every 512th element of a float64 array touches every memory page.
_PAGE = 512
_SEED = 20260101


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """A task: the name of a function of this module, and the data nodes it reads and writes.

    `output` is empty for a task that writes nothing.
    """

    name: str
    function: str
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Tasks in topological order, and the values of the data nodes that no task writes."""

    tasks: tuple[TaskSpec, ...]
    values: Mapping[str, Any] = field(default_factory=dict)


# -- functions of tasks -------------------------------------------------------------------


def first(*values: Any) -> Any:
    """Return the first input."""
    return values[0]


def nothing() -> None:
    """Do nothing."""


def touch(array: Any) -> Any:
    """Read each page of the array once, and return the array."""
    if not float(array[::_PAGE].sum()) >= 0.0:
        raise AssertionError("the array has changed on its way")
    return array


def spin(loops: int) -> int:
    """Keep one core busy."""
    total = 0
    for number in range(loops):
        total += number & 7
    return total


def function(name: str) -> Callable[..., Any]:
    """The task function of this name."""
    found: Callable[..., Any] = globals()[name]
    return found


# -- the graphs ---------------------------------------------------------------------------


def flat(jobs: int) -> Graph:
    """Independent jobs that do nothing. All of them read the same data node."""
    return Graph(
        tasks=tuple(_task(f"job_{n}", ("seed",), f"out_{n}") for n in range(jobs)),
        values={"seed": 1},
    )


def empty(jobs: int) -> Graph:
    """Jobs that do nothing and have no data. They only measure queueing and reporting."""
    return Graph(tasks=tuple(_task(f"job_{n}", (), "", "nothing") for n in range(jobs)))


def chain(jobs: int) -> Graph:
    """Each job reads the output of the job before it."""
    return Graph(
        tasks=tuple(_task(f"job_{n}", (f"out_{n}",), f"out_{n + 1}") for n in range(jobs)),
        values={"out_0": 1},
    )


def fan(width: int) -> Graph:
    """One job, then `width` jobs that read its output, then one job that reads all outputs."""
    middle = [_task(f"job_{n}", ("start",), f"out_{n}") for n in range(width)]
    return Graph(
        tasks=(
            _task("source", ("seed",), "start"),
            *middle,
            _task("sink", tuple(task.output for task in middle), "end"),
        ),
        values={"seed": 1},
    )


def layered(layers: int, width: int, parents: int) -> Graph:
    """Layers of jobs, each with `parents` random parents in the layer before (fixed seed)."""
    chance = random.Random(_SEED)
    before = [f"seed_{n}" for n in range(width)]
    values = {name: n for n, name in enumerate(before)}
    tasks = []
    for layer in range(layers):
        outputs = [f"out_{layer}_{n}" for n in range(width)]
        for n, output in enumerate(outputs):
            tasks.append(_task(f"job_{layer}_{n}", tuple(chance.sample(before, parents)), output))
        before = outputs
    return Graph(tasks=tuple(tasks), values=values)


def array_chain(jobs: int, megabytes: float) -> Graph:
    """A chain that passes a NumPy array from job to job."""
    import numpy

    size = int(megabytes * 1e6) // 8
    return Graph(
        tasks=tuple(_task(f"job_{n}", (f"out_{n}",), f"out_{n + 1}", "touch") for n in range(jobs)),
        values={"out_0": numpy.random.default_rng(_SEED).random(size)},
    )


def busy(jobs: int, loops: int) -> Graph:
    """Independent jobs that each keep a core busy."""
    return Graph(
        tasks=tuple(_task(f"job_{n}", ("loops",), f"out_{n}", "spin") for n in range(jobs)),
        values={"loops": loops},
    )


BUILDERS: Mapping[str, Callable[..., Graph]] = {
    "empty": empty,
    "flat": flat,
    "chain": chain,
    "fan": fan,
    "layered": layered,
    "array_chain": array_chain,
    "busy": busy,
}


def build(name: str, arguments: tuple[float, ...] | list[float]) -> Graph:
    """The graph `name` of these sizes."""
    return BUILDERS[name](*arguments)


def _task(name: str, inputs: tuple[str, ...], output: str, function: str = "first") -> TaskSpec:
    return TaskSpec(name=name, function=function, inputs=inputs, output=output)
