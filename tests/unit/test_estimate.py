"""How long a graph takes: with one worker, with several, with as many as are wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taipy_exec.engine.estimate import Work, makespan

DIAMOND = {"a": Work(1.0), "b": Work(4.0), "c": Work(2.0), "d": Work(3.0)}
EDGES = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}


@pytest.mark.parametrize(("workers", "seconds"), [(1, 10.0), (2, 8.0), (3, 8.0), (None, 8.0)])
def test_a_diamond_takes_its_longest_path_or_all_its_work(
    workers: int | None, seconds: float
) -> None:
    assert makespan(DIAMOND, EDGES, workers) == seconds


def test_nothing_takes_no_time() -> None:
    assert makespan({}, {}, 2) == 0.0


def test_a_job_starts_as_soon_as_a_worker_is_free() -> None:
    assert makespan({"a": Work(3.0), "b": Work(1.0), "c": Work(1.0)}, {}, 2) == 3.0
    assert makespan({"a": Work(3.0), "b": Work(2.0), "c": Work(2.0)}, {}, 2) == 4.0


def test_the_order_of_start_counts() -> None:
    jobs = {"a": Work(1.0), "b": Work(1.0), "long": Work(2.0)}
    assert makespan(jobs, {}, 2) == 3.0
    assert makespan({**jobs, "long": Work(2.0, (-1.0,))}, {}, 2) == 2.0


def test_a_pool_that_is_full_holds_its_own_jobs_only() -> None:
    jobs = {name: Work(1.0, pool="gpu") for name in "abc"}
    assert makespan(jobs, {}, 3, {"gpu": 1}) == 3.0
    assert makespan(jobs, {}, None, {"gpu": 2}) == 2.0
    assert makespan(jobs, {}, 3, {"other": 1}) == 1.0
    assert makespan({**jobs, "d": Work(3.0)}, {}, 2, {"gpu": 1}) == 3.0


def test_a_predecessor_that_is_not_among_the_jobs_is_not_waited_for() -> None:
    assert makespan({"b": Work(1.0)}, {"b": ["a"]}, 1) == 1.0


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.integers(1, 5), st.randoms())
def test_the_estimate_lies_between_the_bounds(
    lengths: list[float], workers: int, random: object
) -> None:
    jobs = {str(number): Work(length) for number, length in enumerate(lengths)}
    edges = {
        later: [earlier for earlier in list(jobs)[: int(later)] if random.random() < 0.3]  # type: ignore[attr-defined]
        for later in jobs
    }
    took = makespan(jobs, edges, workers)
    longest = makespan(jobs, edges)
    work = sum(lengths)
    assert max(longest, work / workers) <= took + 1e-6
    assert took <= work + 1e-6
