"""The measurement of taipy-exec, by its Python API, in the current folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.limits import WORKERS
from benchmarks.workloads import Graph, TaskSpec, function


def run(graph: Graph, mode: str) -> dict[str, float]:
    """Submit the graph and wait. `seconds` are from `submit` to its return, `memory` is in bytes.

    In standalone mode a small submission starts the slots first. The baseline also starts its pool
    before its time is measured.
    """
    import taipy_exec as tp
    from taipy_exec import Config

    Config.configure_job_executions(mode=mode, max_nb_of_workers=WORKERS)
    scenario_config = configure(Config, "measured", graph)
    warming_config = configure(Config, "warming", warming())
    orchestrator = tp.Orchestrator()
    orchestrator.run()
    try:
        if mode != "development":
            tp.create_scenario(warming_config).submit(wait=True)
        scenario = tp.create_scenario(scenario_config)
        begin = time.perf_counter()
        submission = scenario.submit(wait=True)
        seconds = time.perf_counter() - begin
        memory = peak_memory()
        bad = [job for job in submission.jobs if not job.is_completed()]
        if bad:
            raise RuntimeError(story(bad))
    finally:
        orchestrator.stop()
    return {"seconds": seconds, "memory": memory}


def configure(config: Any, id: str, graph: Graph) -> Any:
    """The scenario for the graph, in a `Config` of taipy-exec or of Taipy."""
    nodes = {
        name: config.configure_data_node(f"{id}_{name}", default_data=value)
        for name, value in graph.values.items()
    }
    for task in graph.tasks:
        if task.output:
            nodes[task.output] = config.configure_data_node(f"{id}_{task.output}")
    tasks = [
        config.configure_task(
            f"{id}_{task.name}",
            function(task.function),
            [nodes[name] for name in task.inputs],
            nodes.get(task.output),
        )
        for task in graph.tasks
    ]
    return config.configure_scenario(id, tasks)


def peak_memory() -> float:
    """The highest resident size of this process so far, in bytes (Linux).

    `ru_maxrss` is not used, because it may show the memory of the parent before the exec.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM")


def warming() -> Graph:
    """Long jobs that need every slot at the same time, then some short jobs."""
    values = {"long": 2_000_000, "short": 1000}
    kinds = ["long"] * WORKERS + ["short"] * (4 * WORKERS)
    return Graph(
        tasks=tuple(
            TaskSpec(name=f"job_{n}", function="spin", inputs=(kind,), output=f"out_{n}")
            for n, kind in enumerate(kinds)
        ),
        values=values,
    )


def story(bad: list[Any]) -> str:
    """The errors of these jobs, in a few lines."""
    kinds = sorted({f"{job.status.name} {job.reason}: {''.join(job.stacktrace)}" for job in bad})
    return f"{len(bad)} jobs did not complete, such as\n" + "\n".join(kinds[:5])
