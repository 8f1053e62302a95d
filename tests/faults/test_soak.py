"""F42: short jobs for a while, with kills and cuts at random; FAULT_SOAK_SECONDS tells how long."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cluster_support import Cluster, assert_completed, kill_tree
from command_support import Result, wait_until

from tools.fault_proxy import FaultProxy

SECONDS = float(os.environ.get("FAULT_SOAK_SECONDS", "45"))
EDGES: dict[str, list[str]] = {f"t{n}": [f"t{n - 1}"] if n % 3 else [] for n in range(9)}


def resources(pid: int) -> dict[str, int]:
    """What a process that lives for long must not have more and more of."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {
        "memory": int(fields["VmRSS"].split()[0]),
        "threads": int(fields["Threads"]),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
    }


@pytest.mark.parametrize("who", ["worker", "submitter", "network"])
def test_f42_jobs_come_to_their_end_whatever_dies(
    shared: Cluster, who: str, chance: random.Random
) -> None:
    shared.steps(EDGES, job="max_attempts = 6\n")
    with FaultProxy("127.0.0.1", shared.broker.port) as proxy:
        through = proxy.url(shared.url)
        steady, mortal = shared.worker(url=through), shared.worker(url=through)
        first: dict[str, int] = {}
        end = time.monotonic() + SECONDS
        runs, former = 0, ""
        while time.monotonic() < end:
            before = len(shared.app.ledger())
            submit = shared.submit("--new", url=through)
            moment = time.monotonic() + chance.uniform(0.2, 1.5)
            wait_until(lambda at=moment: time.monotonic() > at, 5)  # type: ignore[misc]
            if who == "worker":
                kill_tree(mortal)
                mortal = shared.worker(url=through)
            elif who == "network":
                proxy.reset()
            elif submit.poll() is None:
                kill_tree(submit)
            result = shared.end(submit)
            if result.code == -9:
                result = _carried_on(shared, former)
            assert_completed(result)
            former = result.json["submission"]["id"]
            returned = shared.came_back(result) if who == "worker" else Counter()
            _check(result.json, shared.app.ledger()[before:], returned, lost=who == "worker")
            runs += 1
            if runs == 2:
                first = resources(steady.pid)
        last = resources(steady.pid)
        assert runs >= 3
        assert last["threads"] == first["threads"]
        assert last["descriptors"] <= first["descriptors"] + 2
        assert last["memory"] <= first["memory"] * 1.3
        # What the last one could not remove any more, the next one does.
        assert_completed(shared.end(shared.submit("--new")))
        shared.leave(steady)
        kill_tree(mortal)
    shared.nothing_is_left(outdated=who == "network")


def _carried_on(cluster: Cluster, former: str) -> Result:
    """The end of the newest submission; of one more, where its submitter died before it stored."""
    found = cluster.run("status", "--json").json["submissions"]
    if not found or found[0]["id"] == former:
        return cluster.run("submit", ".", "--new", "--json")
    newest = found[0]
    if newest["status"] == "COMPLETED":
        return cluster.run("status", newest["id"], "--json")
    return cluster.run("resume", newest["id"], "--json")


def _check(shape: Any, lines: list[str], returned: Counter[str], *, lost: bool) -> None:
    """Each job ran, after those before it, and again only after a recorded fault."""
    begun = Counter(line.split()[1] for line in lines if line.startswith("begin"))
    attempts = {job["task"]: job["attempt"] for job in shape["jobs"]}
    for task, before in EDGES.items():
        assert 1 <= begun[task] <= attempts[task] + returned[task], (task, lines)
        assert lost or attempts[task] == 1, (task, lines)
        for other in before:
            assert f"end {other}" in lines[: lines.index(f"begin {task}")], (task, lines)
