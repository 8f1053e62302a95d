"""Runs measurements: new processes in new folders, one after the other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
_TIMEOUT = 300.0
_READY_TIMEOUT = 60.0
_LEAVE_TIMEOUT = 10.0
_LOOK_SECONDS = 0.005

Measurement = Callable[[], dict[str, float]]


class Lab:
    """A temporary folder with a subfolder for each measurement. It is removed at exit."""

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
        """The seconds that a command takes, including its start."""
        begin = time.perf_counter()
        run_command(command, folder or self.folder)
        return {"seconds": time.perf_counter() - begin}


def run_command(
    command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
) -> str:
    """The output of a command. Raises RuntimeError with its stderr if it fails.

    The command has its own session. All processes that it leaves there are killed, because the
    processes of a pool would outlive an interrupted parent. `variables` are added to its
    environment.
    """
    os.sync()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=_TIMEOUT)
        finally:
            _end(process.pid, signal.SIGKILL)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{err}")
    return out


@contextmanager
def service(
    command: Sequence[str],
    folder: Path,
    ready: str,
    *,
    times: int = 1,
    variables: Mapping[str, str] | None = None,
) -> Iterator[float]:
    """Run a command in its own session during the block. Gives the seconds until it was ready.

    It is ready when it has written the text `ready` this many `times`.
    """
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".log") as log:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            while Path(log.name).read_text("utf-8", "replace").count(ready) < times:
                if process.poll() is not None or time.perf_counter() - begin > _READY_TIMEOUT:
                    written = Path(log.name).read_text("utf-8", "replace")
                    raise RuntimeError(f"{' '.join(command)} did not become ready:\n{written}")
                time.sleep(_LOOK_SECONDS)
            yield time.perf_counter() - begin
            process.terminate()
            process.wait(_LEAVE_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end(process.pid, signal.SIGKILL)
            process.wait()


def _environment(variables: Mapping[str, str] | None) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAIPY_", "PYTHON")) and name not in ("FORCE_COLOR",)
    }
    return {**kept, "PYTHONPATH": str(REPOSITORY), **(variables or {})}


def _end(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


def interleave(rounds: int, measurements: Sequence[Measurement]) -> list[list[dict[str, float]]]:
    """The results of each measurement, in the order A B C, B C A, ... Noise affects all of them.

    The order changes because the last one pays for the others: the kernel slows down a writer while
    earlier pages still wait for the disk.
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
    """The median, over the rounds, of taipy-exec against the baseline of the same round.

    The speed of the machine changes, so both sides of a ratio come from the same round.
    """
    return median(
        combine(mine["seconds"], least["seconds"]) for mine, least in zip(ours, limit, strict=True)
    )


def middle(results: Sequence[dict[str, float]], key: str = "seconds") -> float:
    """The median of one value of the results."""
    return median(result[key] for result in results)
