"""`logs --follow` of a whole submission, looked at from outside."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest
from cluster_support import Cluster
from command_support import COLOR, Application, Terminal, wait_until

from taipy_exec.model.job import short_id
from tools.private_broker import PrivateBroker

TALK = """
def talk(*inputs):
    print("before", flush=True)
    gated()
    print("after", flush=True)
    return 1

def later(*inputs):
    print("later one", end="", flush=True)
    print(" and the rest")
    return 1
"""
PAIR = {
    "left": ("jobs.talk", [], ["a"]),
    "right": ("jobs.talk", [], ["b"]),
    "last one": ("jobs.later", ["a", "b"], ["c"]),
}


def talking(app: Application) -> subprocess.Popen[str]:
    app.module("jobs", TALK)
    app.graph({name.replace(" ", "_"): task for name, task in PAIR.items()})
    process = app.start("submit", "--json")
    app.begun(2)
    return process


def test_lines_of_all_jobs_come_as_they_are_printed_until_the_submission_ends(
    app: Application,
) -> None:
    process = talking(app)
    follower = app.start("logs", app.only_submission(), "--follow")
    assert follower.stdout is not None
    first = {follower.stdout.readline() for _ in range(2)}
    assert first == {"left | before\n", "right | before\n"}
    app.open_gate()
    assert app.end(process).code == 0
    result = app.end(follower)
    assert (result.code, result.err) == (0, "")
    assert sorted(result.out.splitlines()) == [
        "last_one | later one and the rest",
        "left | after",
        "right | after",
    ]


def test_a_submission_that_has_ended_is_followed_to_its_end_at_once(app: Application) -> None:
    app.one("print('one')\nprint('two', end='')\nraise ValueError('no such luck')")
    submission = app.run("submit", "--json").json["submission"]["id"]
    followed = app.run("logs", submission, "--follow")
    assert (followed.code, followed.err) == (0, "")
    assert followed.out == app.run("logs", submission).out
    lines = followed.out.splitlines()
    assert lines[:2] == ["bad | one", "bad | two"]
    assert lines[-1] == "bad | ValueError: no such luck"
    tail = app.run("logs", submission, "-f", "--tail", "1").out.splitlines()
    assert tail[0] == "bad | two"


def test_a_submission_that_can_go_no_further_is_not_followed_for_ever(app: Application) -> None:
    app.graph({"t": ("flow.work", ["nothing"], ["a"]), "u": ("flow.work", [], ["b"])})
    result = app.run("submit", "--json")
    assert result.statuses() == {"t": "BLOCKED", "u": "COMPLETED"}
    submission = result.json["submission"]["id"]
    assert app.run("logs", submission, "--follow", timeout=60).code == 0
    assert app.run("logs", result.job("t")["id"], "--follow", timeout=60).code == 0


def test_a_reader_that_goes_away_ends_the_following_at_once(app: Application) -> None:
    process = talking(app)
    submission = app.only_submission()
    result = app.shell(f"$T logs {submission} --follow | head -1", timeout=60)
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith(" | before\n")
    # Also where nothing more is printed after the reader has gone.
    assert app.shell(f"$T logs {submission} -f --tail 0 | true", timeout=60).code == 0
    assert process.poll() is None
    app.open_gate()
    assert app.end(process).code == 0


@pytest.mark.long
def test_50_followers_disturb_nothing(app: Application) -> None:
    process = talking(app)
    submission = app.only_submission()
    follow = f"for n in $(seq 50); do $T logs {submission} -f >out$n 2>err$n & done; wait"
    app.shell(f"({follow}) >/dev/null 2>&1 & echo")
    wait_until(
        lambda: sum((app.folder / f"out{n}").exists() for n in range(1, 51)) == 50, 60, "50 files"
    )
    app.open_gate()
    assert app.end(process, 120).code == 0
    app.nothing_runs(120)
    for n in range(1, 51):
        assert (app.folder / f"err{n}").read_text() == ""
        assert len((app.folder / f"out{n}").read_text().splitlines()) == 5


@pytest.mark.long
def test_prefixes_are_coloured_on_a_terminal_only(app: Application) -> None:
    app.one("print('\\033[31mred', end='')")
    submission = app.run("submit", "--json").json["submission"]["id"]
    terminal = Terminal(app, "logs", submission, "--follow")
    assert terminal.finish() == 0
    assert re.search(r"\x1b\[0;\d+mbad \| \x1b\[0m", terminal.text)
    assert "bad | red" in COLOR.sub("", terminal.text)
    assert app.run("logs", submission).out == "bad | \x1b[31mred\n"
    plain = Terminal(app, "logs", submission, env={"NO_COLOR": "1"})
    plain.finish()
    assert "bad | \x1b[31mred" in plain.text


def test_who_follows_an_interrupted_submission_is_told_once_how_it_goes_on(
    app: Application,
) -> None:
    process = talking(app)
    submission = app.only_submission()
    follower = app.start("logs", submission, "--follow")
    assert follower.stderr is not None
    process.send_signal(signal.SIGKILL)
    line = follower.stderr.readline()
    id = short_id(submission)
    assert line == f"warning: no process works on {id}: taipy-exec resume {id}\n"
    app.open_gate()
    assert app.run("resume", submission).code == 0
    result = app.end(follower)
    assert (result.code, result.err) == (0, "")
    assert "last_one | later one and the rest" in result.out


def test_the_log_tells_of_every_attempt(app: Application) -> None:
    app.module(
        "jobs",
        "def flaky():\n    import os\n    print('try', os.path.exists('second'))\n"
        "    if not os.path.exists('second'):\n        open('second', 'w').close()\n"
        "        raise ValueError('no such luck')\n    return 1\n",
    )
    app.config(
        '[JOB]\nmode = "standalone"\n[DATA_NODE.a]\n[DATA_NODE.b]\n[TASK.flaky]\n'
        'function = "jobs.flaky:function"\noutputs = ["a"]\nretries = 1\nretry_delay = 0.01\n'
        '[TASK.good]\nfunction = "flow.work:function"\noutputs = ["b"]\n'
        '[SCENARIO.s]\ntasks = ["flaky", "good"]\n'
    )
    result = app.run("submit", "--json")
    assert (result.code, result.job("flaky")["attempt"]) == (0, 2)
    lines = app.run("logs", result.json["submission"]["id"], "--follow").out.splitlines()
    assert lines[0] == "flaky | try False"
    assert lines[1].startswith("flaky | taipy-exec: attempt 1 failed, the next one follows in ")
    assert "ValueError: no such luck" in lines[1]
    assert lines[-1] == "flaky | try True"


def test_follow_under_json_waits_and_prints_one_object(app: Application) -> None:
    process = talking(app)
    follower = app.start("logs", app.only_submission(), "--follow", "--json")
    app.open_gate()
    assert app.end(process).code == 0
    result = app.end(follower)
    assert {entry["status"] for entry in result.json["logs"]} == {"COMPLETED"}
    assert {entry["log"] for entry in result.json["logs"]} == {
        "before\nafter\n",
        "later one and the rest\n",
    }


def test_in_cluster_mode_the_lines_of_every_worker_come_too(
    app: Application, broker: PrivateBroker, broker_url: str
) -> None:
    app.module("jobs", TALK)
    cluster = Cluster(app, broker, broker_url)
    cluster.graph({name.replace(" ", "_"): task for name, task in PAIR.items()})
    workers = [cluster.worker(), cluster.worker()]
    process = cluster.submit()
    app.begun(2)
    follower = app.start("logs", app.only_submission(), "--follow")
    assert follower.stdout is not None
    first = {follower.stdout.readline() for _ in range(2)}
    assert first == {"left | before\n", "right | before\n"}
    app.open_gate()
    assert cluster.end(process).code == 0
    assert sorted(app.end(follower).out.splitlines()) == [
        "last_one | later one and the rest",
        "left | after",
        "right | after",
    ]
    cluster.leave(*workers)
