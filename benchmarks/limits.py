"""The baselines: the least work to run the same functions on the same data.

Each function takes a graph and an empty folder. It returns the seconds from the first job's start
to the last job's end.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import sqlite3
import time
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.workloads import Graph, TaskSpec, function, spin, touch

WORKERS = 2


def plain_loop(graph: Graph, folder: Path) -> float:
    """Baseline A: a loop that reads pickles, calls, writes atomically and commits once per job."""
    _write_values(graph, folder)
    connection = sqlite3.connect(folder / "state.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, status TEXT, at REAL)")
    begin = time.perf_counter()
    for task in graph.tasks:
        run_task(str(folder), task.function, task.inputs, task.output)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO jobs VALUES (?, 'COMPLETED', ?)", (task.name, time.time()))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - begin
    connection.close()
    return seconds


def process_pool(graph: Graph, folder: Path) -> float:
    """Baseline B: `ProcessPoolExecutor`, one future per job, submitted when its inputs exist."""
    _write_values(graph, folder)
    waits = {task.name: _open_inputs(graph, task) for task in graph.tasks}
    readers: dict[str, list[TaskSpec]] = {}
    for task in graph.tasks:
        for name in set(task.inputs):
            readers.setdefault(name, []).append(task)
    ended: queue.SimpleQueue[tuple[TaskSpec, Future[None]]] = queue.SimpleQueue()
    with _warm_pool() as pool:

        def submit(task: TaskSpec) -> None:
            future = pool.submit(run_task, str(folder), task.function, task.inputs, task.output)
            future.add_done_callback(lambda done: ended.put((task, done)))

        begin = time.perf_counter()
        for task in graph.tasks:
            if not waits[task.name]:
                submit(task)
        for _ in graph.tasks:
            task, future = ended.get()
            future.result()
            for reader in readers.get(task.output, ()):
                waits[reader.name] -= 1
                if not waits[reader.name]:
                    submit(reader)
        return time.perf_counter() - begin


def array_by_hand(graph: Graph, folder: Path) -> float:
    """The array chain with raw files: mapped, read, written to a new file and renamed."""
    import numpy

    first = graph.tasks[0].inputs[0]
    dtype = graph.values[first].dtype
    graph.values[first].tofile(folder / first)
    begin = time.perf_counter()
    for task in graph.tasks:
        array = numpy.memmap(folder / task.inputs[0], dtype=dtype, mode="r")
        result = touch(array)
        beside = folder / f".{task.output}.part"
        result.tofile(beside)
        os.replace(beside, folder / task.output)
    return time.perf_counter() - begin


def seconds_of_one(loops: int, repeats: int) -> float:
    """The mean seconds of `spin(loops)` while all workers do the same."""
    with _warm_pool() as pool:
        futures = [pool.submit(_spin_seconds, loops, repeats) for _ in range(WORKERS)]
        return sum(future.result() for future in futures) / WORKERS


def loops_for(seconds: float) -> int:
    """The approximate number of loops of `spin` that take this long, with all workers busy."""
    trial = 1_000_000
    return int(trial * seconds / seconds_of_one(trial, 5))


def run_task(folder: str, name: str, inputs: Iterable[str], output: str) -> None:
    """Read the inputs, call the function, write the output to a new file and rename it."""
    values = []
    for node in inputs:
        with open(f"{folder}/{node}", "rb") as file:  # noqa: PTH123 - the least there is
            values.append(pickle.load(file))
    _write(folder, output, function(name)(*values))


def _write(folder: str, node: str, value: Any) -> None:
    beside = f"{folder}/.{node}.part"
    with open(beside, "wb") as file:  # noqa: PTH123 - the least there is
        pickle.dump(value, file, protocol=5)
    os.replace(beside, f"{folder}/{node}")


def _write_values(graph: Graph, folder: Path) -> None:
    for node, value in graph.values.items():
        _write(str(folder), node, value)


def _open_inputs(graph: Graph, task: TaskSpec) -> int:
    return sum(name not in graph.values for name in set(task.inputs))


def _spin_seconds(loops: int, repeats: int) -> float:
    begin = time.perf_counter()
    for _ in range(repeats):
        spin(loops)
    return (time.perf_counter() - begin) / repeats


def _warm_pool() -> ProcessPoolExecutor:
    """A pool whose processes have all started and done their imports."""
    pool = ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn"))
    for future in [pool.submit(time.sleep, 0.3) for _ in range(WORKERS)]:
        future.result()
    for future in [pool.submit(_spin_seconds, 1000, 1) for _ in range(4 * WORKERS)]:
        future.result()
    return pool
