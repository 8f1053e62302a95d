"""Where a timeout is raised and where not, and what is left of the alarm of others."""

from __future__ import annotations

import multiprocessing
import pdb
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_support import wait_until

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.execution.capture import JobLog, Tee, appending
from taipy_exec.execution.fence import UNTIL, Fence
from taipy_exec.execution.limits import JobStopped
from taipy_exec.execution.run_job import JobRunner
from taipy_exec.execution.slot import Slot
from taipy_exec.execution.slot_pool import SlotPool
from taipy_exec.protocol.order import JobOrder, JobReport

ORDER = JobOrder(job="j", task="t", attempt=1, submission="s", instance="SCENARIO_s_1")
LONG = 10.0


def application(folder: Path, function: Callable[[], Any], timeout: float) -> AppConfig:
    node = DataNodeConfig(id="n")
    task = TaskConfig(
        id="t",
        function_ref=FunctionRef("m.f", function),
        outputs=(node,),
        properties={"timeout": timeout},
    )
    return AppConfig(
        root=folder, state_dir=folder / "state", data_nodes={"n": node}, tasks={"t": task}
    )


def run(folder: Path, function: Callable[[], Any], timeout: float, **options: Any) -> JobReport:
    return JobRunner(application(folder, function, timeout), **options).run(ORDER)


def busy(seconds: float = LONG) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    return "done"


@pytest.fixture
def rung() -> Iterator[list[int]]:
    """An alarm of the program's own: each ring of it."""
    rings: list[int] = []
    former = signal.signal(signal.SIGALRM, lambda number, frame: rings.append(number))
    yield rings
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, former)


def test_an_alarm_that_was_set_before_rings_while_the_job_runs(
    tmp_path: Path, rung: list[int]
) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.1)

    report = run(tmp_path, lambda: busy(0.3) + str(len(rung)), 5.0)

    assert report.failure is None
    assert rung == [signal.SIGALRM]


def test_an_alarm_that_was_set_before_rings_after_the_job(tmp_path: Path, rung: list[int]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.3)

    report = run(tmp_path, busy, 0.05)

    assert report.failure is not None and report.failure.kind == "timed_out"
    assert rung == []
    wait_until(lambda: rung == [signal.SIGALRM])


def test_an_alarm_that_was_set_before_can_stop_the_job(tmp_path: Path, rung: list[int]) -> None:
    def stop(number: int, frame: object) -> None:
        raise JobStopped

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1)

    with pytest.raises(JobStopped):
        run(tmp_path, busy, 5.0)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is stop


def test_a_timer_that_rings_again_and_again_goes_on(tmp_path: Path, rung: list[int]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)

    run(tmp_path, lambda: busy(0.3), 5.0)

    assert len(rung) > 2
    assert signal.getitimer(signal.ITIMER_REAL)[1] == pytest.approx(0.05)


def test_a_signal_from_elsewhere_is_no_timeout(tmp_path: Path) -> None:
    def function() -> str:
        signal.raise_signal(signal.SIGALRM)
        return busy()

    report = run(tmp_path, function, 0.1)

    assert report.failure is not None and report.duration >= 0.1


def test_a_job_that_prints_all_the_time_is_timed_out_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timeout is an OSError, and what keeps the output takes one for a full disk."""
    log = JobLog(lambda: appending(tmp_path / "log"), 100_000)
    monkeypatch.setattr(sys, "stdout", Tee(log, None))

    def function() -> None:
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            print("line")

    for _ in range(5):
        report = run(tmp_path, function, 0.05)
        assert report.failure is not None and report.failure.kind == "timed_out"
    log.close()


def test_a_debugger_is_not_taken_from_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(prompt: str) -> str:
        busy(0.3)
        return "continue"

    def function() -> int:
        pdb.Pdb(nosigint=True, readrc=False).set_trace()
        return 1

    monkeypatch.setattr("builtins.input", say)
    traced = sys.gettrace()

    report = run(tmp_path, function, 0.2)

    sys.settrace(traced)
    assert report.failure is None


def test_the_question_whether_a_job_may_write_is_not_cut_by_a_timeout(tmp_path: Path) -> None:
    """Else the next job in the process would take the answer for its own, or for an order."""
    order_reader, orders = multiprocessing.Pipe(duplex=False)
    reports, report_writer = multiprocessing.Pipe(duplex=False)
    fence = Fence(order_reader, report_writer)

    def answer() -> None:
        reports.recv_bytes()
        time.sleep(0.3)
        orders.send_bytes(UNTIL.pack(time.monotonic() + 60))

    thread = threading.Thread(target=answer)
    thread.start()
    run(tmp_path, lambda: 1, 0.1, may_write=fence.may_write)
    thread.join()

    assert not order_reader.poll()


def test_a_process_that_is_being_ended_gets_no_other_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its job may have ended just before; the signal is under way."""
    app = application(tmp_path, int, 60.0)
    pool = SlotPool(app, tmp_path, 1)
    try:
        first = pool.reserve()
        assert first is not None
        pool.start(ORDER, first, JobLog(lambda: appending(tmp_path / "log"), 1000))
        slot = pool.running["j"]
        wait_until(lambda: select.select([slot.reports], [], [], 0)[0])
        monkeypatch.setattr("taipy_exec.execution.slot.signal_group", lambda pid, number: None)
        pool.stop("j", 5.0)
        monkeypatch.undo()
        reports: list[JobReport] = []
        wait_until(lambda: bool(reports.extend(pool.poll(0.1)) or reports))
        assert reports[0].failure is None
        assert pool.reserve() != first
    finally:
        pool.close()


def test_a_process_that_died_by_itself_was_not_timed_out(tmp_path: Path) -> None:
    """Nobody may have looked for a while."""
    slot = Slot.__new__(Slot)
    slot._limit, slot._expired, slot._stopping = 1.0, False, False
    slot._is_misused = False

    assert slot._death(-9, None).kind == "process_died"
    slot._expired = True
    assert slot._death(-9, None).kind == "timed_out"
