"""F11 and F12: SIGKILL at every named point of a submitter and of a worker."""

from __future__ import annotations

import random
import signal

import pytest
from cluster_support import Cluster, assert_completed
from command_support import Result
from sabotage import SUBMITTER_POINTS, WORKER_POINTS

# Points that a submission of these five jobs comes to only once.
_ONCE = ("submission-stored", "reports-queue-declared", "before-dismissal", "after-dismissal")
EDGES: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["b"], "d": [], "e": ["a", "d"]}


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
