"""The same application in each mode, so that a fault is tried wherever it can happen."""

from __future__ import annotations

import pickle
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from cluster_support import SETTINGS, Cluster
from command_support import Result, Terminal, graph_toml, indent
from invariants import Observed, ZombieWatch, data_agree, ran

ALL = ("development", "standalone", "cluster")
# Modes in which a job has a process of its own.
APART = ("standalone", "cluster")

# Each job notes its begin and its end with one write each, in a file that is never truncated.
JOBS = """\
import functools, os, signal, sys, threading, time

LEDGER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger")


def note(word, name):
    line = f"{word} {os.getpid()} {name} {time.monotonic()}\\n"
    file = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, line.encode())
    os.close(file)


def noted(function):
    @functools.wraps(function)
    def run(*inputs):
        note("begin", function.__name__)
        result = function(*inputs)
        note("end", function.__name__)
        return result
    return run


def gate():
    wait_for(os.path.join(os.path.dirname(LEDGER), "gate"))


def count(name):
    with open(LEDGER) as file:
        return sum(line.split()[::2][:2] == ["begin", name] for line in file)

"""
Tasks = Mapping[str, tuple[str, Sequence[str], Sequence[str]]]


def in_modes(*modes: str) -> pytest.MarkDecorator:
    """Run a test that takes `place` in these modes."""
    return pytest.mark.parametrize("place", modes, indirect=True)


class InMode:
    """An application in one mode: what is submitted runs, whatever it takes to run it."""

    def __init__(self, mode: str, app: Observed, cluster: Cluster | None) -> None:
        self.mode = mode
        self.app = app
        self.cluster = cluster
        self.workers: list[subprocess.Popen[str]] = []
        self.zombies = ZombieWatch(app)

    def graph(
        self,
        tasks: Tasks,
        *,
        start: str = "",
        job: str = "",
        extra: Mapping[str, str] | None = None,
        settings: str = SETTINGS,
        **options: Any,
    ) -> None:
        """Write a configuration of tasks given as name -> (body of the function, inputs, outputs).

        `start` stands at the top of their module; `extra` are more lines of a task's section.
        """
        module = f"{start}\n{JOBS}"
        for name, (body, _, _) in tasks.items():
            module += f"@noted\ndef {name}(*inputs):\n{indent(body)}\n\n"
        self.app.module("jobs", module)
        sections = {name: (f"jobs.{name}", ins, outs) for name, (_, ins, outs) in tasks.items()}
        job = settings + job if self.mode == "cluster" else job
        text = graph_toml(sections, mode=self.mode, job=job, **options)
        for name, lines in (extra or {}).items():
            text = text.replace(f"[TASK.{name}]\n", f"[TASK.{name}]\n{lines}\n")
        self.app.config(text)

    def environment(self, extra: Mapping[str, str | None] | None = None) -> dict[str, str | None]:
        own = self.cluster.environment() if self.cluster else {}
        return {**own, **(extra or {})}

    def worker(self, concurrency: int = 2, **options: Any) -> None:
        """Start a worker, where one is needed.

        A quiet one: nobody reads what it says, and a full pipe would stop it.
        """
        if self.cluster:
            words = ("--concurrency", str(concurrency), "--quiet")
            self.workers.append(self.cluster.worker(*words, **options))

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command."""
        env = self.environment(options.pop("env", None))
        return self.app.start(*arguments, env=env, **options)

    def run(self, *arguments: str, **options: Any) -> Result:
        """Run a command to its end."""
        env = self.environment(options.pop("env", None))
        return self.app.run(*arguments, env=env, **options)

    def shell(self, line: str, **options: Any) -> Result:
        """Run a line of bash."""
        env = self.environment(options.pop("env", None))
        return self.app.shell(line, env=env, **options)

    def terminal(self, *arguments: str, **options: Any) -> Terminal:
        """Run a command on a terminal."""
        env = self.environment(options.pop("env", None))
        return Terminal(self.app, *arguments, env=env, **options)

    def submit(self, *arguments: str, **options: Any) -> Result:
        """`submit --json`, with a worker where one is needed and none was started."""
        if not self.workers:
            self.worker()
        return self.run("submit", ".", "--json", *arguments, **options)

    def submitting(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """The same, started only."""
        if not self.workers:
            self.worker()
        return self.start("submit", ".", "--json", *arguments, **options)

    def end(self, process: subprocess.Popen[str], timeout: float = 60) -> Result:
        """Wait for a started command."""
        return self.app.end(process, timeout)

    def value(self, node: str) -> Any:
        """The value of a pickle data node that has one file, read from there."""
        (path,) = (self.app.folder / "user_data" / "pickles").glob(f"DATANODE_{node}_*-*")
        with path.open("rb") as file:
            return pickle.load(file)

    def logs(self, result: Result) -> dict[str, str]:
        """Task -> its log."""
        found = self.run("logs", result.json["submission"]["id"], "--json").json["logs"]
        return {one["task"]: one["log"] for one in found}

    def has_run(self, result: Result, again: Mapping[str, int] | None = None) -> None:
        """Each job that was done ran as often as its attempts say, and its data are there.

        `again`: how often a job ran beyond its attempts, or less often.
        """
        times = ran(self.app)
        for job in result.json["jobs"]:
            task, more = job["task"], (again or {}).get(job["task"], 0)
            if job["status"] in ("COMPLETED", "FAILED"):
                assert times[task] == job["attempt"] + more, f"I3: {job}: {times[task]} runs"
            elif job["status"] in ("ABANDONED", "SKIPPED"):
                assert times[task] == more, f"I5: {job} has run"
        data_agree(self.app, result, env=self.environment())

    def finish(self) -> None:
        """Tell the workers to leave; nothing is left of them or on the broker."""
        if self.cluster is None:
            return
        alive = [worker for worker in self.workers if worker.poll() is None]
        if alive:
            self.zombies.no_zombie()
        self.cluster.leave(*alive)
        self.cluster.nothing_is_left()
