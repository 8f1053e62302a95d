"""Which of the jobs that could start is the next one: priority, critical path, pools, pauses."""

import os
from pathlib import Path

from taipy_exec.engine.critical_path import remaining_seconds
from taipy_exec.engine.pools import Pools
from taipy_exec.engine.ready_queue import ReadyQueue
from taipy_exec.model.graph import TaskSpec, build_graph


def taken(ready: ReadyQueue) -> list[str]:
    return [found.job for found in iter(ready.take, None)]


def test_the_first_in_is_the_first_out(tmp_path: Path):
    ready = ReadyQueue(Pools(tmp_path, {}))
    for name in "cab":
        ready.add(name, "S")

    assert taken(ready) == ["c", "a", "b"]


def test_priority_comes_before_urgency_and_urgency_before_age(tmp_path: Path):
    ready = ReadyQueue(Pools(tmp_path, {}))
    ready.add("old", "S")
    ready.add("urgent", "S", urgency=2.5)
    ready.add("low", "S", priority=-1, urgency=100)
    ready.add("high", "S", priority=1)

    assert taken(ready) == ["high", "urgent", "old", "low"]


def test_one_put_back_is_first_again(tmp_path: Path):
    ready = ReadyQueue(Pools(tmp_path, {}))
    ready.add("a", "S")
    ready.add("b", "S")
    first = ready.take()
    assert first is not None

    ready.put_back(first)

    assert taken(ready) == ["a", "b"]


def test_a_full_pool_does_not_hold_up_jobs_outside_it(tmp_path: Path):
    pools = Pools(tmp_path / "pools", {"gpu": 1})
    ready = ReadyQueue(pools)
    for name in ("g1", "g2"):
        ready.add(name, "S", pool="gpu", priority=5)
    ready.add("plain", "S")

    assert taken(ready) == ["g1", "plain"]
    pools.leave("g1")
    assert taken(ready) == ["g2"]


def test_a_pool_is_shared_by_all_that_use_its_folder(tmp_path: Path):
    mine, other = (Pools(tmp_path / "pools", {"a b/c": 2}) for _ in range(2))

    assert [mine.enter("a b/c", "j1"), other.enter("a b/c", "j2")] == [True, True]
    assert not mine.enter("a b/c", "j3")
    other.close()
    assert other.enter("a b/c", "j4")


def test_a_job_that_is_in_the_pool_stays_in_its_place(tmp_path: Path):
    pools = Pools(tmp_path / "pools", {"gpu": 1})

    assert pools.enter("gpu", "j1")
    assert pools.enter("gpu", "j1")
    pools.leave("j1")
    pools.leave("j1")
    assert pools.enter("gpu", "j2")


def test_jobs_of_a_paused_submission_wait_and_go_on_in_their_order(tmp_path: Path):
    ready = ReadyQueue(Pools(tmp_path, {}))
    ready.add("a", "paused")
    ready.add("x", "other")
    ready.pause("paused")
    ready.add("b", "paused", priority=1)

    assert taken(ready) == ["x"]
    ready.go_on("paused")
    assert taken(ready) == ["b", "a"]


def test_the_remaining_path_counts_the_task_and_the_longest_way_behind_it():
    graph = build_graph(
        [
            TaskSpec(id="start", outputs=("n1",)),
            TaskSpec(id="short", inputs=("n1",), outputs=("n2",)),
            TaskSpec(id="long", inputs=("n1",), outputs=("n3",)),
            TaskSpec(id="end", inputs=("n2", "n3")),
        ]
    )

    left = remaining_seconds(graph, {"start": 1, "short": 2, "long": 10, "end": 0.5})

    assert left == {"start": 11.5, "short": 2.5, "long": 10.5, "end": 0.5}


def test_a_task_that_never_ran_counts_like_the_mean_of_the_others():
    graph = build_graph([TaskSpec(id="a", outputs=("n",)), TaskSpec(id="b", inputs=("n",))])

    assert remaining_seconds(graph, {"a": 3.0}) == {"a": 6.0, "b": 3.0}
    assert remaining_seconds(graph, {}) == {"a": 2.0, "b": 1.0}


def test_a_process_that_was_forked_meanwhile_holds_no_place(tmp_path: Path):
    mine, other = (Pools(tmp_path / "pools", {"gpu": 1}) for _ in range(2))
    assert mine.enter("gpu", "j1")
    # What a fork of this process would have.
    theirs = os.dup(mine._places["j1"][1])

    mine.leave("j1")

    assert other.enter("gpu", "j2")
    os.close(theirs)
