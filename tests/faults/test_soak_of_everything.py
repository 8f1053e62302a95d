"""Short jobs all the while, and every 10 s something is killed: `make soak`.

Two workers and two coordinators: one of each lives to the end, so that its memory can be told, the
others may be killed. SIGKILL comes to a worker, to the process of a job, to a submitter or to the
broker, in an order drawn from the seed. SOAK_SECONDS tells how long.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cluster_support import SETTINGS, Cluster, kill_tree
from command_support import graph_toml, kill, wait_until
from invariants import Observed
from modes import JOBS
from test_soak import resources

from tools.private_broker import PrivateBroker

pytestmark = pytest.mark.once

SECONDS = float(os.environ.get("SOAK_SECONDS", "45"))
EVERY = 10.0
KINDS = ("worker", "job", "submitter", "broker")
STEADY = Path(__file__).with_name("steady.py")
EDGES = {f"t{n}": [f"t{n - 1}"] if n % 3 else [] for n in range(9)}
# As long as something is about to happen, jobs last.
BODY = "time.sleep(0.05)\n    while os.path.exists('hold'):\n        time.sleep(0.05)"
# Of a process that lives for most of the time, the last third against the first one.
MORE_MEMORY = 1.15
MORE_MEMORY_KB = 8 * 1024
MORE_DESCRIPTORS = 4
MORE_THREADS = 2


def write_application(app: Observed) -> None:
    """The same graph for each of the two coordinators, with names of its own."""
    module, parts = JOBS, []
    for owner in "sm":
        for name in EDGES:
            module += f"@noted\ndef {owner}_{name}(*inputs):\n    {BODY}\n    return 1\n\n"
        tasks = {
            f"{owner}_{name}": (
                f"jobs.{owner}_{name}",
                [f"{owner}_of_{other}" for other in before],
                [f"{owner}_of_{name}"],
            )
            for name, before in EDGES.items()
        }
        # On a busy machine a broker takes long to start again.
        job = f"{SETTINGS}max_attempts = 8\nbroker_connect_timeout = 120\n"
        text = graph_toml(tasks, mode="cluster", job=job, scenario=owner)
        parts.append(text if not parts else text[text.index("[DATA_NODE") :])
    app.module("jobs", module)
    # Beside the modules of the application, as a user's script is.
    shutil.copy(STEADY, app.folder)
    app.config("\n".join(parts))


class Samples:
    """What long-lived processes hold, sampled; and whether it grows."""

    def __init__(self) -> None:
        self._of: dict[str, list[tuple[float, dict[str, int]]]] = defaultdict(list)
        self._next = 0.0

    def take(self, processes: dict[str, int]) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + 1.0
        for name, pid in processes.items():
            try:
                self._of[f"{name} {pid}"].append((now, resources(pid)))
            except OSError:
                continue  # it was killed just now

    def are_flat(self, least: float) -> Iterator[str]:
        """A line for each process that lived so long. AssertionError if it holds more and more."""
        for name, samples in self._of.items():
            begin, end = samples[0][0], samples[-1][0]
            if end - begin < least:
                continue
            third = len(samples) // 3
            first, last = samples[third // 5 : third], samples[-third:]
            line = name
            for what, number, bound in (
                ("memory", statistics.median, lambda n: n * MORE_MEMORY + MORE_MEMORY_KB),
                ("descriptors", max, lambda n: n + MORE_DESCRIPTORS),
                ("threads", max, lambda n: n + MORE_THREADS),
            ):
                one, other = (number(s[what] for _, s in part) for part in (first, last))
                line += f", {what} {one:.0f} -> {other:.0f}"
                assert other <= bound(one), line  # type: ignore[no-untyped-call]
            yield line


class Soak:
    """What runs, and what is done to it."""

    def __init__(self, app: Observed, broker: PrivateBroker, chance: random.Random) -> None:
        self.app = app
        self.cluster = Cluster(app, broker)
        self.chance = chance
        self.kills: Counter[str] = Counter()
        self.samples = Samples()
        self.workers = [self.worker() for _ in range(2)]
        self.steady = app.start(
            str(SECONDS), env=self.cluster.environment(), command=[sys.executable, "steady.py"]
        )
        self.submit: subprocess.Popen[str] | None = None
        self.runs = 0
        self._kinds: list[str] = []

    def worker(self) -> subprocess.Popen[str]:
        """A quiet one: nobody reads what it says, and a full pipe would stop it."""
        return self.cluster.worker("--concurrency", "2", "--quiet")

    def look(self) -> None:
        """Take a sample, and have a submission run."""
        self.samples.take({"worker": self.workers[0].pid, "coordinator": self.steady.pid})
        for process in (self.steady, self.workers[0]):
            if process.poll() not in (None, 0):
                raise AssertionError(self.app.end(process).err)
        if self.submit is None:
            words = ("submit", ".", "--scenario", "m", "--new", "--json")
            self.submit = self.app.start(*words, env=self.cluster.environment())
        elif self.submit.poll() is not None:
            self.submission_ended()

    def submission_ended(self) -> None:
        assert self.submit is not None
        process, self.submit = self.submit, None
        result = self.cluster.end(process, timeout=120)
        if result.code == -signal.SIGKILL:
            self.carry_on()
        else:
            assert result.code == 0, result.out + result.err
        self.runs += 1

    def carry_on(self) -> None:
        """Resume what the killed submitter has left, if it had stored anything."""
        found = self.cluster.run("status", "--json").json["submissions"]
        left = [one for one in found if one["scenario"] == "m" and not one["finished_at"]]
        for one in left:
            result = self.cluster.run("resume", one["id"], "--json", timeout=120)
            assert result.code == 0, result.out + result.err

    def kill_something(self) -> None:
        if not self._kinds:
            self._kinds = self.chance.sample(KINDS, len(KINDS))
        kind = self._kinds.pop()
        print(f"{time.strftime('%H:%M:%S')} kill -9 of a {kind}, {self.runs} runs", flush=True)
        getattr(self, f"kill_{kind}")()
        self.kills[kind] += 1

    def kill_worker(self) -> None:
        kill_tree(self.workers[1])
        self.app.end(self.workers[1])
        self.workers[1] = self.worker()

    def kill_job(self) -> None:
        """Any that has begun and not ended."""
        try:
            pid = wait_until(lambda: (self.look(), self._running_job())[1], 60, "a job to run")
        except AssertionError:
            print(self.unfinished(), flush=True)
            raise
        kill(pid, signal.SIGKILL)

    def unfinished(self) -> str:
        """What has not ended, job by job: for whoever reads why the soak stopped."""
        told = []
        for one in self.cluster.run("status", "--json").json["submissions"]:
            if not one["finished_at"]:
                told.append(self.cluster.run("status", one["id"]).out)
        told += [self.cluster.run(*words).out for words in (("queue",), ("workers",))]
        return "\n".join(told)

    def _running_job(self) -> int:
        last: dict[int, str] = {}
        for line in self.app.ledger()[-40:]:
            last[int(line.split()[1])] = line.split()[0]
        alive = set(self.app.processes())
        return next((pid for pid, word in last.items() if word == "begin" and pid in alive), 0)

    def kill_submitter(self) -> None:
        wait_until(lambda: (self.look(), self.submit is not None)[1], 60, "a submit to run")
        assert self.submit is not None
        self.pause(self.chance.uniform(0.1, 1.5))
        kill_tree(self.submit)

    def kill_broker(self) -> None:
        """While jobs run, wait and are about to report; they take their time then.

        A submit may just be making its queue, which then comes back without a leader.
        """
        hold = self.app.folder / "hold"
        hold.touch()
        self.pause(1.0)
        self.cluster.broker.kill()
        hold.unlink()
        self.cluster.broker.start()

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        wait_until(lambda: time.monotonic() > end, seconds + 5)


def test_f42_whatever_dies_everything_completes_and_nothing_grows(
    app: Observed, own_broker: Callable[..., PrivateBroker], chance: random.Random, seed: str
) -> None:
    print(f"\nFAULT_SEED={seed} SOAK_SECONDS={SECONDS:.0f}", flush=True)
    write_application(app)
    soak = Soak(app, own_broker(), chance)
    begin = time.monotonic()
    end, next_kill = begin + SECONDS, begin + EVERY
    while time.monotonic() < end:
        soak.look()
        if time.monotonic() > next_kill:
            soak.kill_something()
            next_kill += EVERY
        soak.pause(0.05)
    if soak.submit is not None:
        soak.submit.wait(120)
        soak.submission_ended()
    told = soak.cluster.end(soak.steady, timeout=150)
    assert told.code == 0, told.err
    lines = (app.folder / "steady.jsonl").read_text().splitlines()
    steady = len(lines)
    assert all(line.endswith('["COMPLETED"]}') for line in lines)
    # What a killed submitter could not remove any more, the next one does.
    assert soak.cluster.run("submit", ".", "--scenario", "m", "--json").code == 0
    soak.cluster.leave(*soak.workers)
    soak.cluster.nothing_is_left(outdated=True)
    rows = stored(app)
    again = ran_as_stored(app, rows)
    print(
        f"{soak.runs} + {steady} submissions, {len(rows)} jobs, {again} attempts more, "
        f"kills: {dict(soak.kills)}"
    )
    for line in soak.samples.are_flat(SECONDS * 2 / 3):
        print(line)
    assert soak.runs >= 3
    assert steady >= 3


def stored(app: Observed) -> list[dict[str, Any]]:
    """All jobs; each is COMPLETED, and began after those before it had ended (I1, I5)."""
    with closing(sqlite3.connect(app.folder / ".taipy-exec" / "state.db")) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM jobs")]
    assert {row["status"] for row in rows} == {"COMPLETED"}
    by_task = {(row["submission"], row["task"]): row for row in rows}
    for row in rows:
        owner, _, name = row["task"].partition("_")
        for other in EDGES[name]:
            before = by_task[row["submission"], f"{owner}_{other}"]
            assert before["finished_at"] <= row["started_at"] + 0.001, (before, row)
    return rows


def ran_as_stored(app: Observed, rows: list[dict[str, Any]]) -> int:
    """Each job ran, and again only after a recorded fault (I3); how many attempts there were more.

    An order that came back from a worker that died before it told of a start counts as no attempt;
    the job's log says so.
    """
    begun = Counter(line.split()[2] for line in app.ledger() if line.startswith("begin"))
    least, most = Counter[str](), Counter[str]()
    for row in rows:
        log = app.folder / ".taipy-exec" / "logs" / row["submission"] / f"{row['id']}.log"
        returned = log.read_text().count("its order came back") if log.exists() else 0
        least[row["task"]] += 1
        most[row["task"]] += row["attempt"] + returned
    for task, times in begun.items():
        assert least[task] <= times <= most[task], f"I3: {task}: {times}, {least[task]}"
    return sum(row["attempt"] - 1 for row in rows)
