"""`on_event` and `webhook_url`: in every mode, from Python, and when they are in trouble."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cluster_support import Cluster
from command_support import Application, wait_until
from receiver_support import Receiver

from tools.private_broker import PrivateBroker

TELL = """
import json

def tell(event):
    with open("told.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")

def refuse(event):
    raise KeyError("it is broken")

def fail(x):
    raise ValueError("no such luck")
"""
TASKS = {
    "t": ("flow.work", [], ["a"]),
    "bad": ("tells.fail", ["a"], ["b"]),
    "after": ("flow.work", ["b"], ["c"]),
}
ON_EVENT = 'on_event = "tells.tell:function"\n'
HOOK = 'webhook_url = "ENV[HOOK]"\n'


def lines(app: Application, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (app.folder / name).read_text().splitlines()]


def _finished(app: Application) -> bool:
    submissions = app.run("status", "--json").json["submissions"]
    return bool(submissions and submissions[0]["finished_at"])


@pytest.fixture
def telling(app: Application) -> Application:
    app.module("tells", TELL)
    return app


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_the_function_and_the_webhook_get_what_events_tells(
    telling: Application, receiver: Callable[..., Receiver], mode: str
) -> None:
    server = receiver()
    telling.graph(TASKS, mode=mode, job=ON_EVENT + HOOK)
    env = {"HOOK": f"{server.url}/hook?token=s3cret"}
    result = telling.run("submit", "--json", "--events", "e.jsonl", env=env)
    assert result.code == 1
    assert lines(telling, "told.jsonl") == lines(telling, "e.jsonl")
    assert [post.json["event"] for post in server.posts] == ["start", "failure", "end"]
    _, failure, end = (post.json for post in server.posts)
    wanted = dict(result.job("bad"))
    assert failure["job"] == wanted
    submission = dict(result.json["submission"])
    assert submission.pop("provenance")["command"]
    assert end["submission"] == submission
    assert end["counts"] == {"COMPLETED": 1, "FAILED": 1, "ABANDONED": 1}
    assert "s3cret" not in result.out + result.err


def test_the_coordinator_of_a_cluster_tells_and_the_worker_does_not(
    telling: Application,
    receiver: Callable[..., Receiver],
    broker: PrivateBroker,
    broker_url: str,
) -> None:
    server = receiver()
    cluster = Cluster(telling, broker, broker_url)
    cluster.graph(TASKS, job=ON_EVENT + HOOK)
    env = {**cluster.environment(), "HOOK": server.url}
    # A worker need not have the secrets of coordinators.
    worker = telling.start("run-worker", "--max-jobs", "2", env={**env, "HOOK": None})
    result = telling.run("submit", "--json", "--events", "e.jsonl", env=env)
    assert result.code == 1
    telling.end(worker)
    assert lines(telling, "told.jsonl") == lines(telling, "e.jsonl")
    assert [post.json["event"] for post in server.posts] == ["start", "failure", "end"]


@pytest.mark.long
def test_the_address_of_a_webhook_is_a_secret(
    telling: Application, receiver: Callable[..., Receiver]
) -> None:
    url = f"{receiver(500).url}/s3cret-path"
    telling.module("tells", "import os\ndef fail(x):\n    print('it is', os.environ['HOOK'])\n")
    telling.graph({**TASKS, "bad": ("tells.fail", ["a"], TASKS["bad"][2])}, job=HOOK)
    env = {"HOOK": url}
    told = [telling.run("submit", env=env)]
    assert told[0].err.count("warning") == 1
    submission = telling.only_submission()
    told += [telling.run(*words, env=env) for words in (
        ("check", "-v"), ("check", "--json"), ("plan",), ("doctor",), ("status", submission),
        ("report", submission, "-o", "-"), ("report", submission, "-f", "json", "-o", "-"),
    )]  # fmt: skip
    for result in told:
        assert "s3cret" not in result.out + result.err
    for name in ("state.db", "state.db-wal"):
        path = telling.folder / ".taipy-exec" / name
        assert not path.exists() or b"s3cret" not in path.read_bytes()


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_function_that_raises_and_a_webhook_that_is_down_harm_no_run(
    telling: Application, mode: str
) -> None:
    job = 'on_event = "tells.refuse:function"\nwebhook_url = "http://127.0.0.1:1/s3cret"\n'
    telling.graph({"t": ("flow.work", [], ["a"])}, mode=mode, job=job)
    result = telling.run("submit", "--json", timeout=30)
    assert result.code == 0
    warnings = [line for line in result.err.splitlines() if line.startswith("warning")]
    assert len(warnings) == 2, result.err
    assert any("refuse raised KeyError" in line for line in warnings)
    assert any("http://127.0.0.1:1/***" in line for line in warnings)
    assert "Traceback" not in result.err


def test_ctrl_c_while_the_last_is_told_ends_the_waiting_and_not_the_result(
    telling: Application, receiver: Callable[..., Receiver]
) -> None:
    server = receiver(hold=True)
    telling.graph({"t": ("flow.work", ["x"], ["a"])}, data={"x": 1}, job=HOOK)
    process = telling.start("submit", "--json", env={"HOOK": server.url})
    wait_until(lambda: telling.exists(".taipy-exec/state.db"))
    wait_until(lambda: _finished(telling))
    process.send_signal(signal.SIGINT)
    result = telling.end(process, 10)
    assert (result.code, result.statuses()) == (0, {"t": "COMPLETED"})


def test_a_submission_that_only_waits_for_data_ends_without_a_time(telling: Application) -> None:
    telling.graph({"t": ("flow.work", ["never"], ["a"])}, job=ON_EVENT)
    assert telling.run("submit").code == 3
    begin, blocked, end = lines(telling, "told.jsonl")
    assert (begin["event"], blocked["status"]) == ("submission", "BLOCKED")
    assert (end["event"], end["status"], end["at"]) == ("end", "BLOCKED", None)


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("job", "key", "words"),
    [
        ('on_event = "tells.tell"', "on_event", 'write "tells.tell:function"'),
        ("on_event = 3", "on_event", "must be a function"),
        ('on_event = "tells.nobody:function"', "on_event", "no 'nobody' in module 'tells'"),
        ('on_event = "nowhere.tell:function"', "on_event", "no module 'nowhere'"),
        ('webhook_url = "ftp://h/s3cret"', "webhook_url", "https://HOST/PATH"),
        ('webhook_url = "https://h/ENV[S3CRET]"', "webhook_url", "whole address"),
        ('webhook_url = ["https://h/s3cret"]', "webhook_url", "must be a text"),
        ('webhook_url = "ENV[NOT_SET]"', "webhook_url", "NOT_SET is not set"),
        ('traces = "yes"', "traces", "true or false"),
    ],
)
def test_check_and_submit_refuse_what_cannot_be_used(
    telling: Application, job: str, key: str, words: str
) -> None:
    telling.graph({"t": ("flow.work", ["x"], ["a"])}, data={"x": 1}, job=job + "\n")
    result = telling.run("check", "--json")
    assert result.code == 3
    (issue,) = (i for i in result.json["issues"] if i["level"] == "ERROR")
    assert (issue["section"], issue["field"], issue["line"]) == ("JOB", key, 4)
    assert words in issue["message"]
    assert "s3cret" not in result.out + result.err
    assert telling.run("submit").code == 3
    assert not telling.exists(".taipy-exec")


@pytest.mark.parametrize(
    ("url", "warnings"),
    [
        ("https://hooks.example/s3cret", 1),
        ("http://ann:s3cret@intranet/", 1),
        ("http://127.0.0.1:8080/hook", 0),
        ("ENV[HOOK]", 0),
    ],
)
def test_check_warns_of_an_address_in_the_file_that_is_likely_a_secret(
    telling: Application, url: str, warnings: int
) -> None:
    telling.graph({"t": ("flow.work", ["x"], ["a"])}, data={"x": 1}, job=f'webhook_url = "{url}"\n')
    result = telling.run("check", env={"HOOK": "https://hooks.example/s3cret"})
    assert (result.code, result.err.count("warning")) == (0, warnings)
    assert "s3cret" not in result.out + result.err


def test_known_keys_are_no_misspelt_ones(telling: Application) -> None:
    telling.graph(
        {"t": ("flow.work", ["x"], ["a"])}, data={"x": 1}, job=ON_EVENT + "traces = false\n"
    )
    assert telling.run("check").err == ""


SCRIPT = """
import sys, threading
import taipy_exec as tp
from taipy_exec import Config

lock = threading.Lock()  # cannot be sent to another process, and need not
told = open("told.txt", "a")

def tell(event):
    with lock:
        print(event["event"], event["status"], file=told, flush=True)

def work():
    return 1

mode, url = sys.argv[1:]
Config.configure_job_executions(mode=mode, on_event=tell, webhook_url=url)
task = Config.configure_task("t", work, [], Config.configure_data_node("a"))
plan = Config.configure_scenario("s", [task])
tp.Orchestrator().run()
tp.create_scenario(plan).submit()
"""


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_from_python_all_is_told_before_the_program_ends(
    telling: Application, receiver: Callable[..., Receiver], mode: str
) -> None:
    server = receiver()
    (telling.folder / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py", mode, f"{server.url}/hook"],
        cwd=telling.folder,
        env=telling.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    told = (telling.folder / "told.txt").read_text().splitlines()
    assert told[0] == "submission SUBMITTED"
    assert told[-1] == "end COMPLETED"
    assert [post.json["event"] for post in server.posts] == ["start", "end"]
