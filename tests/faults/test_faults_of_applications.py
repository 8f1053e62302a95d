"""An application whose import fails, takes long or prints: F9."""

from __future__ import annotations

import signal
import time

import pytest
from command_support import wait_until
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

TASKS = {"t": ("return 1", [], ["a"]), "u": ("return 1", ["a"], ["b"])}
BROKEN = {
    "raises": ("raise RuntimeError('out of order')", "RuntimeError"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
    "is no Python": ("def broken(:", "SyntaxError"),
    "lacks a package": ("import there_is_no_such_package", "which is not installed"),
}
IN_SLOT = "import os\nif 'TAIPY_EXEC_SLOT' in os.environ:\n    "


@in_modes(*ALL)
@pytest.mark.parametrize("how", BROKEN)
def test_f9_an_import_that_fails_is_told_before_anything_runs(place: InMode, how: str) -> None:
    start, word = BROKEN[how]
    place.graph(TASKS, start=start)
    for command in (["submit", ".", "--json"], ["check"]):
        result = place.run(*command)
        assert result.code == 3, result.err
        assert word in result.out + result.err
        assert "jobs" in result.out + result.err
        assert "a bug in" not in result.err
    assert not place.app.exists(".taipy-exec/state.db")


@in_modes("cluster")
def test_f9_a_worker_whose_application_fails_says_so_and_leaves(place: InMode) -> None:
    place.graph(TASKS, start="raise RuntimeError('out of order')")
    result = place.run("run-worker", "--application-path", ".")
    assert result.code == 3, result.err
    assert "out of order" in result.err
    assert "a bug in" not in result.err


@in_modes(*APART)
def test_f9_an_import_that_fails_in_the_process_of_a_job_has_its_traceback(place: InMode) -> None:
    place.graph(TASKS, start=f"{IN_SLOT}raise RuntimeError('only at home')")
    result = place.submit()
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "u": "ABANDONED"}
    error = result.job("t")["error"]
    assert result.job("t")["reason"] == "not_loaded"
    assert "only at home" in error["message"]
    assert "jobs.py" in error["traceback"]
    assert "taipy_exec/" not in error["traceback"]
    assert place.app.ledger() == []


@pytest.mark.representative
@in_modes(*APART)
def test_f9_an_import_that_kills_the_process_of_a_job_fails_it(place: InMode) -> None:
    place.graph(TASKS, start=f"{IN_SLOT}os._exit(3)", job="max_attempts = 1\n")
    result = place.submit()
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "u": "ABANDONED"}
    assert "exit code 3" in result.job("t")["error"]["message"]


SLOW = """\
import time, os
file = os.open("imports", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(file, b"x")
os.close(file)
end = time.monotonic() + 60
while not os.path.exists("gate") and time.monotonic() < end:
    time.sleep(0.01)
"""


@in_modes("development", "standalone")
def test_f9_an_import_that_takes_a_minute_can_be_interrupted(place: InMode) -> None:
    place.graph(TASKS, start=SLOW)
    submit = place.submitting()
    wait_until(lambda: place.app.exists("imports"), 20)
    submit.send_signal(signal.SIGINT)
    result = place.end(submit, 15)
    assert result.code == 130
    assert "Traceback" not in result.err
    place.app.open_gate()
    assert place.submit().code == 0


@in_modes(*APART)
def test_f9_an_import_that_takes_long_in_the_process_of_a_job_loses_nothing(
    place: InMode,
) -> None:
    """Longer than the lease and two heartbeats of cluster mode."""
    slow = "\n    ".join(SLOW.splitlines())
    place.graph(TASKS, start=f"{IN_SLOT}{slow}")
    submit = place.submitting()
    wait_until(lambda: place.app.exists("imports"), 20)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 12, 15)
    assert place.run("status", "--json").code == 0
    place.app.open_gate()
    result = place.end(submit)
    assert result.code == 0, result.err
    assert {job["attempt"] for job in result.json["jobs"]} == {1}
    place.has_run(result)


@in_modes(*ALL)
def test_f9_what_an_import_prints_gets_into_no_data(place: InMode) -> None:
    start = "import os, sys\nprint('hello')\nos.write(1, b'hello\\xff')\nos.system('echo hello')"
    place.graph(TASKS, start=start)
    result = place.submit()
    assert result.code == 0
    assert "hello" not in result.out
    assert "hello" not in place.run("check", "--json").out
    assert "hello" not in place.run("plan", "--json").out
    place.has_run(result)
