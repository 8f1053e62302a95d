"""Where measurements are made: fresh processes in fresh folders, one after the other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
_TIMEOUT = 300.0

Measurement = Callable[[], dict[str, float]]


class Lab:
    """A temporary folder with a subfolder for each measurement; gone with everything at exit."""

    def __init__(self, parent: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="taipy-exec-bench-", dir=parent))

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def measure(self, **spec: Any) -> dict[str, float]:
        """The result of `benchmarks.measure` for `spec`."""
        command = [sys.executable, "-m", "benchmarks.measure", json.dumps(spec)]
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            printed = run_command(command, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        found: dict[str, float] = json.loads(printed.splitlines()[-1])
        return found

    def wall_time(self, command: Sequence[str], folder: Path | None = None) -> dict[str, float]:
        """The seconds that a command takes, its start included."""
        begin = time.perf_counter()
        run_command(command, folder or self.folder)
        return {"seconds": time.perf_counter() - begin}


def run_command(command: Sequence[str], folder: Path) -> str:
    """What a command prints. Raises RuntimeError with its stderr where it fails.

    It gets a session of its own, and what is left of that is killed: the processes of a pool
    would outlive a parent that is interrupted.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAIPY_", "PYTHON")) and name not in ("FORCE_COLOR",)
    }
    environment["PYTHONPATH"] = str(REPOSITORY)
    os.sync()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=_TIMEOUT)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{err}")
    return out


def interleave(rounds: int, measurements: Sequence[Measurement]) -> list[list[dict[str, float]]]:
    """A B C, B C A, ...: for each measurement its results, so that noise meets all of them alike.

    The order turns because the one that is always last would pay for what the others left: the
    kernel slows down who writes while earlier pages still wait for the disk.
    """
    results: list[list[dict[str, float]]] = [[] for _ in measurements]
    pairs = list(zip(results, measurements, strict=True))
    for number in range(rounds):
        turn = number % len(pairs)
        for found, measurement in pairs[turn:] + pairs[:turn]:
            found.append(measurement())
    return results


def ratio(
    ours: Sequence[dict[str, float]],
    limit: Sequence[dict[str, float]],
    combine: Callable[[float, float], float] = truediv,
) -> float:
    """The median over the rounds of ours against the limit of the same round.

    The machine's speed changes from round to round, so both sides of a ratio are from one.
    """
    return median(
        combine(mine["seconds"], least["seconds"]) for mine, least in zip(ours, limit, strict=True)
    )


def middle(results: Sequence[dict[str, float]], key: str = "seconds") -> float:
    """The median of one value of the results."""
    return median(result[key] for result in results)
