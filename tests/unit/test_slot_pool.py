"""Which processes run the jobs that are started in a pool of slots."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.execution.capture import JobLog, appending
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.model.event import Begun, Starting
from taipy_exec.protocol.order import JobOrder, JobReport

ORDER = JobOrder(job="j", task="t", attempt=1, submission="s", instance="SCENARIO_s_1")


@pytest.fixture
def slots() -> int:
    return 1


@pytest.fixture
def pool(tmp_path: Path, slots: int) -> Iterator[SlotPool]:
    task = TaskConfig(id="t", function_ref=FunctionRef("builtins.dict"))
    app = AppConfig(root=tmp_path, state_dir=tmp_path / "state", tasks={"t": task})
    found = SlotPool(app, tmp_path, slots)
    yield found
    found.close()


def reserved(pool: SlotPool) -> str:
    worker = pool.reserve()
    assert worker is not None
    return worker


def start(pool: SlotPool, worker: str, folder: Path) -> None:
    pool.start(ORDER, worker, JobLog(lambda: appending(folder / "log"), 1000))


def end(pool: SlotPool) -> JobReport:
    while not (reports := pool.poll(30)):
        pass
    return reports[0]


def test_the_next_job_runs_in_the_process_of_the_last_one(pool: SlotPool, tmp_path: Path) -> None:
    worker = reserved(pool)
    start(pool, worker, tmp_path)
    assert end(pool).failure is None
    assert reserved(pool) == worker


def test_after_renew_a_free_process_runs_nothing_more(pool: SlotPool) -> None:
    worker = reserved(pool)
    pool.release(worker)
    pool.renew()
    assert pool.free() == 1
    assert reserved(pool) != worker


def test_after_renew_a_reserved_process_runs_its_job_and_no_other(
    pool: SlotPool, tmp_path: Path
) -> None:
    worker = reserved(pool)
    pool.renew()
    start(pool, worker, tmp_path)
    assert end(pool).failure is None
    other = reserved(pool)
    assert other != worker
    pool.renew()
    pool.release(other)
    assert pool.free() == 1
    assert reserved(pool) not in (worker, other)


def test_a_job_waits_for_a_new_process_and_not_for_one_that_is_there(
    pool: SlotPool, tmp_path: Path
) -> None:
    worker = reserved(pool)
    start(pool, worker, tmp_path)
    end(pool)
    starting, begun = pool.take_starts()
    assert isinstance(starting, Starting)
    assert isinstance(begun, Begun)
    assert starting[:2] == begun[:2] == ("j", 1)
    assert starting.at <= begun.at
    start(pool, reserved(pool), tmp_path)
    end(pool)
    assert pool.take_starts() == []


@pytest.mark.parametrize("slots", [2])
def test_a_process_that_ends_before_another_starts_is_still_reaped_by_its_slot(
    pool: SlotPool, tmp_path: Path
) -> None:
    worker = reserved(pool)
    pid = int(worker.rpartition(":")[2])
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    start(pool, worker, tmp_path)
    assert reserved(pool) != worker
    failure = end(pool).failure
    assert failure is not None
    assert "was killed by SIGKILL (peak memory " in failure.message
