"""Ctrl-C in three stages, SIGTERM and SIGHUP: the exit codes, what ends, what can be resumed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from command_support import Application, wait_until

MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
TWO_STEPS = {"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}
STUBBORN = """
import signal
def deaf(*inputs):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return gated()
"""


def interrupted(app: Application, err: str, times: int = 1) -> bool:
    return err.count("interrupted") >= times


@pytest.mark.one_variant
@MODES
def test_ctrl_c_once_lets_the_running_job_end_and_cancels_the_rest(
    app: Application, mode: str
) -> None:
    app.graph(TWO_STEPS, mode=mode)
    process = app.start("submit", "--json")
    app.begun()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    wait_until(lambda: "interrupted" in process.stderr.readline(), what="a word about it")
    app.open_gate()
    result = app.end(process)
    assert result.code == 130
    assert result.statuses() == {"t": "COMPLETED", "u": "CANCELED"}
    assert result.job("u")["reason"] == "interrupted"
    app.nothing_runs()


@pytest.mark.one_variant
@MODES
def test_after_ctrl_c_the_next_submit_runs_everything_anew(app: Application, mode: str) -> None:
    app.graph(TWO_STEPS, mode=mode)
    process = app.start("submit")
    app.begun()
    process.send_signal(signal.SIGINT)
    app.open_gate()
    assert app.end(process).code == 130
    result = app.run("submit", "--json")
    assert (result.code, set(result.statuses().values())) == (0, {"COMPLETED"})


@pytest.mark.one_variant
@MODES
def test_ctrl_c_from_the_terminal_driver_reaches_the_whole_group_and_the_job_still_ends(
    app: Application, mode: str
) -> None:
    import os

    app.graph(TWO_STEPS, mode=mode)
    process = app.start("submit", "--json")
    app.begun()
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr is not None
    wait_until(lambda: "interrupted" in process.stderr.readline(), what="a word about it")
    app.open_gate()
    assert app.end(process).statuses()["t"] == "COMPLETED"


@pytest.mark.one_variant
@MODES
def test_ctrl_c_twice_stops_the_running_job(app: Application, mode: str) -> None:
    app.graph(TWO_STEPS, mode=mode)
    process = app.start("submit", "--json")
    app.begun()
    assert process.stderr is not None
    for word in ("interrupted:", "interrupted again"):
        process.send_signal(signal.SIGINT)
        wait_until(lambda word=word: word in process.stderr.readline(), what=word)
    result = app.end(process)
    assert result.code == 130
    assert result.job("t")["status"] == "CANCELED"
    assert result.job("t")["reason"] == "interrupted"
    assert result.job("u")["status"] in ("CANCELED", "ABANDONED")
    assert not any(line.startswith("end") for line in app.ledger())
    app.nothing_runs()


@pytest.mark.one_variant
@MODES
def test_ctrl_c_thrice_exits_at_once_and_leaves_nothing_running(
    app: Application, mode: str
) -> None:
    app.module("jobs", STUBBORN)
    app.graph({"t": ("jobs.deaf", [], ["a"])}, mode=mode, job="grace = 60.0\n")
    process = app.start("submit")
    app.begun()
    assert process.stderr is not None
    for word in ("interrupted:", "interrupted again")[: 2 if mode == "standalone" else 1]:
        process.send_signal(signal.SIGINT)
        wait_until(lambda word=word: word in process.stderr.readline(), what=word)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
    assert app.end(process).code == 130
    app.nothing_runs()
    app.open_gate()
    assert app.run("submit", "--json").statuses() == {"t": "COMPLETED"}


@pytest.mark.one_variant
@MODES
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_submission_is_resumed_without_counting_the_attempt(
    app: Application, mode: str, number: signal.Signals
) -> None:
    app.graph(TWO_STEPS, mode=mode)
    process = app.start("submit")
    app.begun()
    process.send_signal(number)
    result = app.end(process)
    assert result.code == 143
    assert "resume" in result.err
    app.nothing_runs()
    found = app.status(app.only_submission())
    assert found.statuses() == {"t": "PENDING", "u": "BLOCKED"}
    app.open_gate()
    resumed = app.run("resume", "--json")
    assert resumed.code == 0
    assert resumed.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert {job["attempt"] for job in resumed.json["jobs"]} == {1}


def test_a_terminated_submission_is_carried_on_by_the_next_submit(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit")
    app.begun()
    process.terminate()
    assert app.end(process).code == 143
    app.open_gate()
    result = app.run("submit", "--json")
    assert "resuming" in result.err
    assert result.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    app.only_submission()


def test_a_job_that_ignores_sigterm_is_killed_after_the_grace(app: Application) -> None:
    app.module("jobs", STUBBORN)
    app.graph({"t": ("jobs.deaf", [], ["a"])}, job="grace = 0.3\n")
    process = app.start("submit", "--json")
    app.begun()
    process.terminate()
    assert app.end(process).code == 143
    app.nothing_runs()


def test_sigterm_before_any_job_has_begun_ends_at_once(app: Application) -> None:
    app.module("slow", "wait_for('gate')\ndef job():\n    return 1\n")
    app.graph({"t": ("slow.job", [], ["a"])})
    process = app.start("submit")
    wait_until(lambda: len(app.processes()) >= 1)
    process.terminate()
    assert app.end(process).code in (143, -signal.SIGTERM)
    app.nothing_runs()


def test_a_stopped_and_continued_submission_goes_on(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit", "--json")
    (job,) = app.begun()
    process.send_signal(signal.SIGSTOP)
    app.open_gate()
    wait_until(lambda: any(line.startswith("end") for line in app.ledger()))
    assert Path(f"/proc/{job}").exists()
    process.send_signal(signal.SIGCONT)
    assert app.end(process).statuses() == {"t": "COMPLETED", "u": "COMPLETED"}


def test_sigterm_to_the_process_of_a_job_fails_that_job_only(app: Application) -> None:
    import os

    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", [], ["b"])})
    process = app.start("submit", "--json")
    (job,) = app.begun()
    os.kill(job, signal.SIGTERM)
    result = app.end(process)
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "u": "COMPLETED"}
    assert "SIGTERM" in result.job("t")["error"]["message"]


@pytest.mark.one_variant
@MODES
def test_interrupting_wait_and_logs_leaves_the_submission_alone(
    app: Application, mode: str
) -> None:
    app.graph(TWO_STEPS, mode=mode)
    process = app.start("submit", "--json")
    app.begun()
    submission = app.only_submission()
    watchers = [
        app.start("wait", submission, env={"PYTHONUNBUFFERED": "1"}),
        app.start("logs", submission, "--follow"),
        app.start("status", "--watch"),
    ]
    for watcher in watchers:
        pid = watcher.pid
        wait_until(lambda pid=pid: _opens_the_store(pid), what="the store to be open")
        watcher.send_signal(signal.SIGINT)
        result = app.end(watcher)
        assert result.code == 130
        assert "Traceback" not in result.err
    app.open_gate()
    assert app.end(process).code == 0


def _opens_the_store(pid: int) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "state.db" in str(link.readlink()):
                return True
        except FileNotFoundError:  # closed since the folder was listed
            continue
    return False


def test_ctrl_c_while_a_class_is_made_ends_with_the_exit_code_and_not_by_the_signal(
    app: Application,
) -> None:
    """Dataclasses are made by the exec of a text; CPython notes Ctrl-C there for its own end."""
    app.module(
        "interrupted",
        "import os, signal, time\n"
        "import taipy_exec.cli.main as command\n"
        "from taipy_exec.__main__ import main\n\n\n"
        "def interrupt(*_, **__):\n"
        "    exec('os.kill(os.getpid(), signal.SIGINT); time.sleep(10)')\n\n\n"
        "command._call = interrupt\nmain()\n",
    )
    result = app.end(app.start("status", command=[sys.executable, "-m", "interrupted"]))
    assert (result.code, result.out) == (130, "")
    assert "Traceback" not in result.err
