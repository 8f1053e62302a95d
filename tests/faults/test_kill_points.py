"""F11 and F12: SIGKILL at every named point of a submitter and of a worker."""

from __future__ import annotations

import random
import signal
import sys
from pathlib import Path

import pytest
from cluster_support import Cluster, assert_completed
from command_support import Result
from invariants import data_agree, ran
from modes import InMode
from sabotage import LOCAL_POINTS, SUBMITTER_POINTS, WORKER_POINTS

# Points that a submission of these five jobs comes to only once.
_ONCE = (
    "submission-stored",
    "reports-queue-declared",
    "before-dismissal",
    "after-dismissal",
    "last-words",
)
# Points that it may come to twice only, with two slots.
_TWICE = ("slot-made",)
# Development mode has no slots, and jobs of standalone mode run in other processes.
_LOCAL = [
    (mode, point)
    for mode, other in (("development", "slot-"), ("standalone", "-job"))
    for point in LOCAL_POINTS
    if other not in point
]
EDGES: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["b"], "d": [], "e": ["a", "d"]}


@pytest.mark.representative
@pytest.mark.parametrize("point", WORKER_POINTS)
def test_f12_a_worker_killed_at(shared: Cluster, point: str, chance: random.Random) -> None:
    shared.steps(EDGES, job="max_attempts = 3\n")
    first = shared.sabotaged(f"kill|{point}|{chance.randint(1, 4)}", "run-worker")
    submit = shared.submit()
    first.wait(60)
    assert first.returncode == -signal.SIGKILL
    second = shared.worker()
    result = shared.end(submit)
    assert_completed(result)
    attempts, came_back = shared.attempts(result), shared.came_back(result)
    for task, begun in shared.assert_in_order(EDGES).items():
        assert attempts[task] <= 2
        assert 1 <= begun <= attempts[task] + came_back[task], (task, begun, attempts, came_back)
    shared.leave(second)
    shared.nothing_is_left()


@pytest.mark.representative
@pytest.mark.parametrize("point", SUBMITTER_POINTS)
def test_f11_a_submitter_killed_at(shared: Cluster, point: str, chance: random.Random) -> None:
    shared.steps(EDGES)
    worker = shared.worker()
    number = 1 if point in _ONCE else chance.randint(1, 4)
    submit = shared.sabotaged(f"kill|{point}|{number}", "submit")
    killed = shared.end(submit)
    assert killed.code == -signal.SIGKILL, killed.err
    result = carry_on(shared, chance.choice(["resume", "submit"]))
    assert_completed(result)
    assert set(shared.attempts(result).values()) == {1}
    assert set(shared.assert_in_order(EDGES).values()) == {1}
    # What the dead one could not remove any more, the next one does.
    assert_completed(shared.run("submit", ".", "--new", "--json"))
    shared.leave(worker)
    shared.nothing_is_left()


@pytest.mark.representative
@pytest.mark.parametrize(("place", "point"), _LOCAL, indirect=["place"])
def test_f11_a_local_submitter_killed_at(place: InMode, point: str, chance: random.Random) -> None:
    tasks = {
        name: ("time.sleep(0.05)\nreturn 1", [f"of_{other}" for other in before], [f"of_{name}"])
        for name, before in EDGES.items()
    }
    place.graph(tasks)
    number = 1 if point in _ONCE else chance.randint(1, 2 if point in _TWICE else 4)
    sabotage = str(Path(__file__).with_name("sabotage.py"))
    command = [sys.executable, sabotage, "kill", point, str(number), "--"]
    killed = place.end(place.start("submit", ".", "--json", command=command))
    assert killed.code == -signal.SIGKILL, killed.err
    place.app.nothing_runs()
    found = place.run("status", "--json").json["submissions"]
    assert len(found) <= 1
    if found and found[0]["status"] == "COMPLETED":
        result = place.run("status", found[0]["id"], "--json")
    elif found:
        words = chance.choice([["resume", found[0]["id"]], ["submit", "."]])
        result = place.run(*words, "--json")
        assert result.json["submission"]["id"] == found[0]["id"]
    else:
        result = place.submit()
    assert_completed(result)
    times = ran(place.app)
    for job in result.json["jobs"]:
        assert job["attempt"] <= 2
        # It may have been killed when it was stored that the job runs, and it did not yet.
        assert 1 <= times[job["task"]] <= job["attempt"], (job, times)
    data_agree(place.app, result)


def carry_on(cluster: Cluster, command: str) -> Result:
    """The submission's end, by a command where it has not come yet."""
    found = cluster.run("status", "--json").json["submissions"]
    if not found:
        return cluster.run("submit", ".", "--json")
    (one,) = found
    if one["status"] == "COMPLETED":
        return cluster.run("status", one["id"], "--json")
    result = cluster.run(command, *([one["id"]] if command == "resume" else ["."]), "--json")
    assert result.json["submission"]["id"] == one["id"]
    return result
