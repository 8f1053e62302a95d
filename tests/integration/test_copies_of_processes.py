"""What a job forks is the job's own business: a copy never reports, writes or coordinates."""

from __future__ import annotations

import pytest
from command_support import Application

MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
FORKS = {
    "child_first": ("    if os.fork():\n        time.sleep(0.3)\n    return 'x'\n", "x"),
    "parent_first": ("    if not os.fork():\n        time.sleep(0.3)\n    return 'x'\n", "x"),
    "both_at_once": ("    os.fork()\n    return 'x'\n", "x"),
    "many": ("    os.fork()\n    os.fork()\n    return 'x'\n", "x"),
    "raises": ("    if not os.fork():\n        raise ValueError('child')\n    return 'x'\n", "x"),
    "exits": (
        "    pid = os.fork()\n    if not pid:\n        sys.exit(3)\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n",
        3,
    ),
    "says_why": (
        "    pid = os.fork()\n    if not pid:\n        sys.exit('no more')\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n",
        1,
    ),
    "interrupted": (
        "    pid = os.fork()\n    if not pid:\n        raise KeyboardInterrupt\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n",
        1,
    ),
    "is_ended": (
        "    pid = os.fork()\n    if not pid:\n        time.sleep(60)\n        os._exit(0)\n"
        "    os.kill(pid, signal.SIGTERM)\n"
        "    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])\n",
        -15,
    ),
    "process": (
        "    ready = multiprocessing.get_context('fork').Event()\n"
        "    child = multiprocessing.get_context('fork').Process(target=watch, args=(ready,))\n"
        "    child.start()\n    ready.wait()\n    child.terminate()\n    child.join()\n"
        "    return child.exitcode\n",
        -15,
    ),
    "pool": (
        "    with multiprocessing.get_context('fork').Pool(3) as pool:\n"
        "        return sum(pool.map(abs, range(-9, 0)))\n",
        45,
    ),
}
HEAD = """\
import multiprocessing
import os
import signal
import sys
import time


def watch(ready):
    ready.set()
    time.sleep(60)


def after(x):
    return x


"""


@MODES
def test_a_job_that_forks_gives_what_the_script_would_give(app: Application, mode: str) -> None:
    jobs = "".join(f"def {name}():\n{body}\n\n" for name, (body, _) in FORKS.items())
    (app.folder / "jobs.py").write_text(HEAD + jobs)
    tasks = {name: (f"jobs.{name}", [], [f"of_{name}"]) for name in FORKS}
    tasks |= {f"after_{name}": ("jobs.after", [f"of_{name}"], [f"end_{name}"]) for name in FORKS}
    app.graph(tasks, mode=mode)
    result = app.run("submit", "--json")
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert {job["attempt"] for job in result.json["jobs"]} == {1}
    for name, (_, value) in FORKS.items():
        assert app.run("data", "show", ".", f"end_{name}", "--json").json["value"] == value, name
    assert app.run("status", "--json").json["submissions"][0]["status"] == "COMPLETED"
    app.nothing_runs()


JUNK = """\
import json
import os
import time


def pipes():
    for number in range(3, 64):
        try:
            if "pipe:" in os.readlink(f"/proc/self/fd/{number}"):
                yield number
        except OSError:
            pass


def write(data):
    for number in pipes():
        try:
            os.write(number, data)
        except OSError:
            pass
    time.sleep(60)


def junk():
    write(b"\\xff" * 100)


def part():
    write(b"\\0\\0\\1\\0{")
    return 1


def nested():
    write(b"\\0\\1\\0\\0" + b"[" * 65536)


def of_another():
    report = json.dumps({"version": 1, "job": "JOB_x", "attempt": 1, "finished_at": 1.0,
                         "duration": 0.1, "failure": None}).encode()
    write(len(report).to_bytes(4, "big") + report)


def patched():
    json.dumps = json.loads = lambda *_, **__: "spoilt"
    return 1


def fine(*_):
    return 1
"""


@pytest.mark.parametrize("name", ["junk", "nested", "of_another"])
def test_what_is_no_report_of_the_job_ends_its_slot_and_says_why(
    app: Application, name: str
) -> None:
    (app.folder / "jobs.py").write_text(JUNK)
    tasks = {f"fine{n}": ("jobs.fine", [], [f"f{n}"]) for n in range(4)}
    app.graph({"bad": (f"jobs.{name}", [], ["b"]), **tasks}, workers=1)
    result = app.run("submit", "--json", timeout=50)
    assert result.code == 1
    assert result.job("bad")["reason"] == "process_died"
    assert "wrong data arrived on the pipe for this job" in result.job("bad")["error"]["message"]
    assert {job["status"] for job in result.json["jobs"] if job["task"] != "bad"} == {"COMPLETED"}
    app.nothing_runs()


def test_a_job_that_changes_json_is_reported_and_so_is_the_next(app: Application) -> None:
    (app.folder / "jobs.py").write_text(JUNK)
    app.graph({"a": ("jobs.patched", [], ["x"]), "b": ("jobs.fine", ["x"], ["y"])}, workers=1)
    result = app.run("submit", "--json")
    assert set(result.statuses().values()) == {"COMPLETED"}


def test_half_a_message_does_not_keep_others_from_being_heard(app: Application) -> None:
    (app.folder / "jobs.py").write_text(JUNK)
    app.graph({"bad": ("jobs.part", [], ["b"]), "good": ("jobs.fine", [], ["g"])}, workers=2)
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[TASK.bad]", "[TASK.bad]\nhard_timeout = 2"))
    result = app.run("submit", "--json")
    assert result.job("good")["status"] == "COMPLETED"
    assert result.job("bad")["status"] == "FAILED"
