"""What jobs and signals do in cluster mode: F2 to F4, F10 and F15."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest
from cluster_support import Cluster, assert_completed, queues
from command_support import wait_until

BAD_JOBS = {
    "exits": ("os._exit(3)", "exit code 3"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "aborts": ("os.abort()", "SIGABRT"),
    "is-killed": ("os.kill(os.getpid(), 9)", "probably out of memory"),
}


def bad_beside_good(cluster: Cluster, body: str, *, job: str = "max_attempts = 2\n") -> None:
    cluster.app.module("jobs", f"def bad():\n    note(f'begin {{os.getpid()}}')\n    {body}\n")
    cluster.graph(
        {
            "bad": ("jobs.bad", [], ["a"]),
            "after": ("flow.work", ["a"], ["b"]),
            "good": ("flow.work", [], ["c"]),
            "last": ("flow.work", ["c"], ["d"]),
        },
        job=job,
    )


@pytest.mark.parametrize("how", BAD_JOBS)
def test_f2_a_job_whose_process_dies_harms_no_other(shared: Cluster, how: str) -> None:
    body, told = BAD_JOBS[how]
    bad_beside_good(shared, body)
    worker = shared.worker()
    result = shared.end(shared.submit())
    assert result.code == 1
    assert result.statuses() == {
        "bad": "FAILED",
        "after": "ABANDONED",
        "good": "COMPLETED",
        "last": "COMPLETED",
    }
    assert result.job("bad")["reason"] == "quarantined"
    assert result.job("bad")["error"]["message"].count(told) == 2
    assert len(shared.begun()) == 2
    shared.leave(worker)
    shared.nothing_is_left()


def test_f2_sys_exit_is_an_error_of_the_job_and_not_tried_again(shared: Cluster) -> None:
    bad_beside_good(shared, "raise SystemExit(2)")
    worker = shared.worker()
    result = shared.end(shared.submit())
    assert result.code == 1
    assert result.job("bad")["reason"] == "raised"
    assert result.job("bad")["attempt"] == 1
    assert result.statuses()["last"] == "COMPLETED"
    shared.leave(worker)


def test_f3_a_job_that_eats_all_memory_leaves_the_worker_alive(shared: Cluster) -> None:
    bad_beside_good(
        shared,
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29)); "
        "return len(b'x' * (1 << 31))",
    )
    worker = shared.worker()
    result = shared.end(shared.submit())
    assert result.code == 1
    assert result.job("bad")["error"]["type"] == "MemoryError"
    assert result.statuses()["last"] == "COMPLETED"
    shared.leave(worker)


def test_f4_a_job_that_ignores_sigterm_is_killed_with_all_its_children(shared: Cluster) -> None:
    shared.app.module(
        "jobs",
        "import signal, subprocess, sys\n"
        "def bad():\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time, signal; "
        "signal.signal(15, signal.SIG_IGN); time.sleep(600)'], start_new_session=True)\n"
        "    note(f'begin {os.getpid()}')\n"
        "    time.sleep(600)\n",
    )
    shared.graph({"bad": ("jobs.bad", [], ["a"])}, job="grace = 1\n")
    worker, submit = shared.worker(), shared.submit()
    (bad,) = shared.app.begun()
    assert shared.run("cancel", shared.app.only_submission()).code == 0
    result = shared.end(submit, timeout=20)
    assert result.code == 4
    assert result.statuses() == {"bad": "CANCELED"}
    wait_until(lambda: bad not in shared.app.processes(), 10)
    shared.leave(worker)
    shared.app.nothing_runs()


def test_f4_a_process_that_a_job_left_behind_is_reported_and_ended(shared: Cluster) -> None:
    shared.app.module(
        "jobs",
        "import subprocess, sys\n"
        "def leaving():\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    return 1\n",
    )
    shared.graph({"leaving": ("jobs.leaving", [], ["a"])})
    worker = shared.worker()
    result = shared.end(shared.submit())
    assert_completed(result)
    log = shared.run("logs", result.job("leaving")["id"])
    assert "stopped 1 processes that the job left running" in log.out
    shared.leave(worker)
    shared.app.nothing_runs()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_f10_ctrl_c_has_its_three_stages(shared_gated: Cluster, times: int) -> None:
    cluster = shared_gated
    worker, submit = cluster.worker(), cluster.submit()
    cluster.app.begun()
    assert submit.stderr is not None
    for told in ("again to stop them", "once more to exit now", "")[:times]:
        submit.send_signal(signal.SIGINT)
        while told and told not in submit.stderr.readline():
            pass
    if times == 1:
        cluster.app.open_gate()
    result = cluster.end(submit)
    assert result.code == 130
    if times == 3:
        # What was on its way when it left at once is for whoever comes next.
        cluster.app.open_gate()
        # It left within milliseconds of the second: the rest may be canceled by then, or not.
        assert cluster.run("submit", ".", "--json").code in (0, 130)
    else:
        assert result.statuses()["after"] == "CANCELED"
        assert result.statuses()["middle"] == ("COMPLETED" if times == 1 else "CANCELED")
    cluster.leave(worker)
    cluster.nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_f10_a_submitter_that_is_told_to_leave_can_be_carried_on(
    shared_gated: Cluster, number: int
) -> None:
    cluster = shared_gated
    worker, submit = cluster.worker(), cluster.submit()
    cluster.app.begun()
    submit.send_signal(number)
    assert cluster.end(submit).code == 143
    cluster.app.open_gate()
    result = cluster.run("resume", "--json")
    assert_completed(result)
    assert set(cluster.attempts(result).values()) == {1}
    assert len(cluster.begun()) == 1
    cluster.leave(worker)
    cluster.nothing_is_left()


def test_f10_a_submitter_that_is_stopped_for_a_while_loses_nothing(
    shared_gated: Cluster, chance: random.Random
) -> None:
    cluster = shared_gated
    worker, submit = cluster.worker(), cluster.submit()
    cluster.app.begun()
    os.kill(submit.pid, signal.SIGSTOP)
    cluster.app.open_gate()
    wait_until(lambda: any(line.startswith("end") for line in cluster.app.ledger()), 20)
    # Longer than the lease and than two heartbeats: the broker has closed the connection.
    end = time.monotonic() + chance.uniform(11, 13)
    wait_until(lambda: time.monotonic() > end, 20)
    os.kill(submit.pid, signal.SIGCONT)
    result = cluster.end(submit)
    assert_completed(result)
    assert set(cluster.attempts(result).values()) == {1}
    assert len(cluster.begun()) == 1
    cluster.leave(worker)


@pytest.mark.representative
@pytest.mark.parametrize("seconds", [3600, -3600])
@pytest.mark.parametrize("whose", ["worker", "submitter"])
def test_f15_a_clock_that_jumps_an_hour_costs_nothing(
    shared: Cluster, whose: str, seconds: int, chance: random.Random
) -> None:
    edges = {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]}
    shared.steps(edges)
    what = f"clock|{seconds}|{chance.choice([0.0, 0.6, 0.8, 1.0])}"
    worker = shared.sabotaged(what, "run-worker") if whose == "worker" else shared.worker()
    wait_until(lambda: queues(shared.broker, shared.url), 20)
    submit = shared.sabotaged(what, "submit") if whose == "submitter" else shared.submit()
    result = shared.end(submit)
    assert_completed(result)
    assert set(shared.attempts(result).values()) == {1}
    assert set(shared.assert_in_order(edges).values()) == {1}
    assert all(0 <= job["duration"] < 10 for job in result.json["jobs"])
    assert 0 <= result.json["submission"]["duration"] < 60
    shared.leave(worker)
