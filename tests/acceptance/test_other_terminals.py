"""What a second terminal does while a submission runs: another submit, status, wait, cancel."""

from __future__ import annotations

import signal
import subprocess

import pytest
from command_support import COMMAND, Application, wait_until

TWO_STEPS = {"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])}
MODES = pytest.mark.parametrize("mode", ["development", "standalone"])


def await_line(process: subprocess.Popen[str], word: str) -> None:
    assert process.stderr is not None
    stream = process.stderr
    wait_until(lambda: word in stream.readline(), what=word)


@MODES
def test_a_second_submit_of_the_same_instance_waits_and_says_so(
    app: Application, mode: str
) -> None:
    app.graph(TWO_STEPS, mode=mode)
    first = app.start("submit", "--json")
    app.begun()
    second = app.start("submit", "--json")
    await_line(second, "waiting: SUBMISSION_")
    app.open_gate()
    one, two = app.end(first), app.end(second)
    assert (one.code, two.code) == (0, 0)
    assert one.json["submission"]["finished_at"] <= two.json["jobs"][0]["started_at"]
    lines = [line.split()[0] for line in app.ledger()]
    assert lines == ["begin", "end", "begin", "end"]


def test_a_submit_that_waits_can_be_interrupted_and_stores_nothing(app: Application) -> None:
    app.graph(TWO_STEPS)
    first = app.start("submit", "--json")
    app.begun()
    second = app.start("submit")
    await_line(second, "waiting: SUBMISSION_")
    second.send_signal(signal.SIGINT)
    result = app.end(second)
    assert result.code == 130
    assert "Traceback" not in result.err
    third = app.start("submit", "--timeout", "0.3", "--json")
    result = app.end(third)
    assert result.code == 5, result.err
    app.only_submission()
    app.open_gate()
    assert app.end(first).code == 0


def test_submits_of_two_instances_run_at_the_same_time(app: Application) -> None:
    app.graph(TWO_STEPS)
    first = app.start("submit", "--name", "one", "--json")
    second = app.start("submit", "--name", "two", "--json")
    app.begun(2)
    app.open_gate()
    assert (app.end(first).code, app.end(second).code) == (0, 0)


def test_several_submits_started_together_all_end_well(app: Application) -> None:
    app.module("jobs", "def step(*inputs):\n    note('x')\n    return len(inputs)\n")
    app.graph({"t": ("jobs.step", [], ["a"]), "u": ("jobs.step", ["a"], ["b"])})
    processes = [app.start("submit", "--json") for _ in range(4)]
    results = [app.end(process, timeout=60) for process in processes]
    assert [result.code for result in results] == [0] * 4
    for result in results:
        assert set(result.statuses().values()) == {"COMPLETED"}
    assert len(app.ledger()) == 8


@pytest.mark.long
def test_50_status_commands_at_once_during_a_run_meet_no_lock(app: Application) -> None:
    app.module("jobs", "def step(*inputs):\n    return 1\n")
    tasks = {f"t{n}": ("jobs.step", [], [f"d{n}"]) for n in range(200)}
    app.graph(tasks | {"last": ("flow.gated", ["d0"], ["e"])})
    process = app.start("submit", "--json")
    app.begun()
    found = app.shell("for n in $(seq 50); do $T status --json > out$n 2> err$n & done; wait")
    assert found.code == 0
    for n in range(1, 51):
        assert (app.folder / f"err{n}").read_text() == ""
        assert '"status": "RUNNING"' in (app.folder / f"out{n}").read_text()
    app.open_gate()
    assert app.end(process).code == 0


@pytest.mark.long
def test_status_shows_the_worker_of_each_running_job(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit", "--json")
    (job,) = app.begun()
    found = app.run("status", "--json").json
    assert found["queue"] is None
    (worker,) = found["workers"]
    assert worker["worker"].endswith(f":{job}")
    assert worker["task"] == "t"
    app.open_gate()
    assert app.end(process).code == 0
    assert app.run("status", "--json").json["workers"] == []


@MODES
def test_a_detached_submission_runs_on_and_wait_tells_its_result(
    app: Application, mode: str
) -> None:
    app.graph(TWO_STEPS, mode=mode)
    result = app.run("submit", "--detach")
    assert result.code == 0
    submission = result.out.strip()
    assert submission == app.only_submission()
    waiting = app.start("wait", submission, "--json")
    app.begun()
    app.open_gate()
    waited = app.end(waiting)
    assert waited.code == 0
    assert waited.statuses() == {"t": "COMPLETED", "u": "COMPLETED"}
    assert {job["attempt"] for job in waited.json["jobs"]} == {1}
    app.nothing_runs()


def test_detach_under_json_prints_the_submission(app: Application) -> None:
    app.graph(TWO_STEPS)
    app.open_gate()
    result = app.run("submit", "--detach", "--json")
    assert result.json["submission"]["finished_at"] is None
    assert app.run("wait", result.json["submission"]["id"]).code == 0
    app.nothing_runs()


def test_a_detached_failure_gives_wait_exit_code_1(app: Application) -> None:
    app.one("raise ValueError('no such luck')")
    result = app.run("wait", app.run("submit", "--detach").out.strip())
    assert result.code == 1
    assert "no such luck" in result.err


def test_a_detached_submission_survives_the_end_of_its_terminal(app: Application) -> None:
    from command_support import Terminal

    app.graph(TWO_STEPS)
    terminal = Terminal(app, "submit", "--detach")
    assert terminal.finish() == 0
    app.begun()
    app.open_gate()
    assert app.run("wait", app.only_submission(), "--timeout", "30").code == 0


@MODES
def test_logs_follow_shows_lines_as_they_are_printed_and_ends_with_the_job(
    app: Application, mode: str
) -> None:
    app.module(
        "jobs", "def talk():\n    print('before', flush=True)\n    gated()\n    print('after')\n"
    )
    app.graph({"t": ("jobs.talk", [], ["a"])}, mode=mode)
    process = app.start("submit", "--json")
    app.begun()
    follower = app.start("logs", app.only_submission(), "--follow")
    assert follower.stdout is not None
    assert follower.stdout.readline() == "before\n"
    app.open_gate()
    assert app.end(process).code == 0
    assert app.end(follower).out == "after\n"


def test_logs_of_a_submission_name_the_task_of_each_line(app: Application) -> None:
    app.one("print('one')\nprint('two')\nraise ValueError('no such luck')")
    submission = app.run("submit", "--json").json["submission"]["id"]
    lines = app.run("logs", submission).out.splitlines()
    assert lines[:2] == ["bad | one", "bad | two"]
    assert lines[-1] == "bad | ValueError: no such luck"
    assert app.run("logs", submission, "--tail", "1").out.splitlines()[0] == "bad | two"


def test_cancel_of_one_job_stops_it_and_leaves_the_others(app: Application) -> None:
    app.graph({**TWO_STEPS, "v": ("flow.gated", [], ["c"])})
    process = app.start("submit", "--json")
    app.begun(2)
    jobs = app.status(app.only_submission())
    assert app.run("cancel", jobs.job("t")["id"]).code == 0
    wait_until(lambda: app.status(app.only_submission()).statuses()["t"] == "CANCELED")
    app.open_gate()
    result = app.end(process)
    assert result.code == 4
    assert result.statuses() == {"t": "CANCELED", "u": "ABANDONED", "v": "COMPLETED"}


def test_cancel_of_a_waiting_job_keeps_it_from_running(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit", "--json")
    app.begun()
    waiting = app.status(app.only_submission()).job("u")["id"]
    assert app.run("cancel", waiting).code == 0
    wait_until(lambda: app.status(app.only_submission()).statuses()["u"] == "CANCELED")
    app.open_gate()
    result = app.end(process)
    assert (result.code, result.statuses()) == (4, {"t": "COMPLETED", "u": "CANCELED"})


def test_cancel_of_an_interrupted_submission_ends_it(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit")
    app.begun()
    process.kill()
    app.end(process)
    submission = app.only_submission()
    assert app.run("cancel", submission).code == 0
    assert set(app.status(submission).statuses().values()) <= {"CANCELED", "ABANDONED"}
    assert app.run("wait", submission).code == 4


def test_cancel_of_one_job_of_an_interrupted_submission_is_not_lost(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit")
    app.begun()
    process.kill()
    app.end(process)
    job = app.status(app.only_submission()).job("u")["id"]
    assert app.run("cancel", job).code == 0
    app.open_gate()
    result = app.run("resume", "--json")
    assert result.statuses() == {"t": "COMPLETED", "u": "CANCELED"}
    assert result.code == 4


def test_cancel_of_what_has_ended_says_so(app: Application) -> None:
    app.one("return 1")
    found = app.run("submit", "--json")
    for wanted in (found.json["submission"]["id"], found.job("bad")["id"]):
        result = app.run("cancel", wanted)
        assert result.code == 2
        assert "has ended (COMPLETED)" in result.err


def test_resume_of_a_running_submission_is_refused(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit", "--json")
    app.begun()
    result = app.run("resume", app.only_submission())
    assert result.code == 2
    assert "is running" in result.err
    app.open_gate()
    assert app.end(process).code == 0


def test_the_beginning_of_an_id_is_enough(app: Application) -> None:
    app.one("return 1")
    found = app.run("submit", "--json")
    submission = found.json["submission"]["id"]
    assert app.status(submission[:19]).json == found.json
    assert app.status(submission.removeprefix("SUBMISSION_")[:8]).json == found.json
    assert app.run("status", "SUBMISSION_*").code == 8


def test_status_watch_ends_with_the_submission(app: Application) -> None:
    app.graph(TWO_STEPS)
    process = app.start("submit", "--json")
    app.begun()
    watcher = app.start("status", app.only_submission(), "--watch")
    app.open_gate()
    assert app.end(process).code == 0
    result = app.end(watcher)
    assert result.code == 0
    assert "COMPLETED: 2 jobs" in result.out.splitlines()[-5] or "COMPLETED: 2 jobs" in result.out
    assert COMMAND
