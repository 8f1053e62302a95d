"""What a task says of its jobs: timeouts, memory, environment, priority, pools, which retries."""

from __future__ import annotations

import re
import sys

import pytest
from cluster_support import SETTINGS, Cluster
from command_support import Application, Result, wait_until

from tools.private_broker import PrivateBroker

MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
ALL_MODES = pytest.mark.parametrize("mode", ["development", "standalone", "cluster"])


def one_task(app: Application, mode: str, body: str, options: str, job: str = "") -> None:
    """A task `limited` with these options, and one behind it."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    app.module("jobs", f"import signal, subprocess, sys, time\n\ndef limited():\n{lines}\n")
    app.config(
        f"""
[JOB]
mode = "{mode}"
grace = 20
{SETTINGS if mode == "cluster" else ""}
{job}
[DATA_NODE.a]
[DATA_NODE.b]
[TASK.limited]
function = "jobs.limited:function"
outputs = ["a"]
{options}
[TASK.after]
function = "flow.work:function"
inputs = ["a"]
outputs = ["b"]
[SCENARIO.s]
tasks = ["limited", "after"]
"""
    )


def submit(app: Application, mode: str, request: pytest.FixtureRequest, *more: str) -> Result:
    """Run it to its end, in cluster mode with a worker."""
    if mode != "cluster":
        return app.run("submit", ".", "--json", *more)
    cluster = Cluster(app, request.getfixturevalue("broker"), request.getfixturevalue("broker_url"))
    worker = cluster.worker()
    result = cluster.end(cluster.submit(*more))
    cluster.leave(worker)
    return result


# -- timeouts -------------------------------------------------------------------------------


@ALL_MODES
def test_a_job_that_takes_too_long_gets_an_exception(
    app: Application, mode: str, request: pytest.FixtureRequest
) -> None:
    one_task(app, mode, "time.sleep(60)", "timeout = 0.3")
    result = submit(app, mode, request)
    assert result.code == 1, result.err
    job = result.job("limited")
    assert (job["status"], job["reason"]) == ("FAILED", "timed_out")
    assert job["error"]["type"] == "JobTimeout"
    assert job["error"]["message"] == "it did not end within its timeout of 0.3 s"
    trace = job["error"]["traceback"].splitlines()
    assert "jobs.py" in trace[1]
    assert trace[-1].startswith("taipy_exec.JobTimeout: the job has run for longer than its")
    assert "limits.py" not in job["error"]["traceback"]
    assert result.job("after")["status"] == "ABANDONED"
    assert 0.2 < job["duration"] < 20


@MODES
def test_a_job_may_leave_things_in_order_when_its_time_is_over(app: Application, mode: str) -> None:
    body = (
        "from taipy_exec import JobTimeout\n"
        "try:\n    time.sleep(60)\nexcept JobTimeout as error:\n    note(str(error))\n    return 3"
    )
    # On a busy machine the import alone may take longer than a short timeout.
    one_task(app, mode, body, "timeout = 2")
    result = app.run("submit", ".", "--json")
    assert result.code == 0, result.err
    assert app.ledger() == ["the job has run for longer than its timeout of 2 s"]


@MODES
def test_what_a_job_raises_after_its_timeout_is_told_with_it(app: Application, mode: str) -> None:
    body = "try:\n    time.sleep(60)\nexcept TimeoutError:\n    raise KeyError('half done')"
    one_task(app, mode, body, "timeout = 0.3")
    error = app.run("submit", ".", "--json").job("limited")["error"]
    assert error["kind"] == "timed_out"
    assert error["type"] == "KeyError"
    assert error["message"] == (
        "it did not end within its timeout of 0.3 s, and then failed: 'half done'"
    )


@pytest.mark.one_variant
@pytest.mark.parametrize("mode", ["standalone", "cluster"])
def test_a_job_that_cannot_be_interrupted_is_killed_with_all_its_processes(
    app: Application, mode: str, request: pytest.FixtureRequest
) -> None:
    body = (
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen(['sleep', '60'])\ntime.sleep(60)"
    )
    one_task(app, mode, body, "timeout = 0.3\nhard_timeout = 2")
    result = submit(app, mode, request)
    assert result.code == 1, result.err
    job = result.job("limited")
    assert (job["reason"], job["attempt"]) == ("timed_out", 1)
    assert job["error"]["message"].startswith(
        "it did not end within 2 s, and its processes were killed (peak memory "
    )
    assert job["duration"] < 20
    app.nothing_runs()


def test_a_timed_out_job_does_not_trouble_the_next_one(app: Application) -> None:
    """The next one needs a module of which the first has cut the import."""
    app.module("part", "whole = None\n")
    app.module(
        "heavy",
        "import time\nimport part\nif part.whole is None:\n    part.whole = False\n"
        "    time.sleep(60)\n    part.whole = True\n",
    )
    app.module(
        "jobs",
        "import time\n\ndef slow():\n    import heavy\n\n"
        "def next_one():\n    time.sleep(0.6)\n    import part\n"
        "    return 1 / (part.whole is None)\n",
    )
    app.graph({"slow": ("jobs.slow", [], ["a"]), "next": ("jobs.next_one", [], ["b"])}, workers=1)
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[TASK.slow]", "[TASK.slow]\ntimeout = 0.3"))
    result = app.run("submit", ".", "--json")
    assert result.statuses() == {"slow": "FAILED", "next": "COMPLETED"}


@MODES
def test_a_timeout_is_an_attempt_that_can_be_retried(app: Application, mode: str) -> None:
    body = "note('run')\nif len(open('ledger').read().split()) < 2:\n    time.sleep(60)\nreturn 1"
    one_task(app, mode, body, "timeout = 0.3\nretries = 2\nretry_delay = 0.01")
    result = app.run("submit", ".", "--json")
    assert result.code == 0, result.err
    assert result.job("limited")["attempt"] == 2


# -- which failures are tried again ---------------------------------------------------------


@pytest.mark.one_variant
@pytest.mark.parametrize(
    ("body", "retry_on", "runs"),
    [
        ("raise ConnectionError('x')", '["OSError"]', 3),
        ("raise ConnectionError('x')", '["builtins.ConnectionError"]', 3),
        ("raise ConnectionError('x')", '"raised"', 3),
        ("raise ValueError('x')", '["OSError", "timed_out"]', 1),
        ("import os; os._exit(3)", '["OSError"]', 1),
        ("import os; os._exit(3)", '["process_died"]', 3),
    ],
)
def test_only_the_named_failures_are_tried_again(
    app: Application, body: str, retry_on: str, runs: int
) -> None:
    one_task(
        app,
        "standalone",
        f"note('run')\n{body}",
        f"retries = 2\nretry_delay = 0.01\nretry_on = {retry_on}",
    )
    result = app.run("submit", ".", "--json")
    assert result.code == 1
    assert app.ledger() == ["run"] * runs
    assert result.job("limited")["attempt"] == runs


def test_only_the_named_failures_are_tried_again_by_a_cluster(
    app: Application, request: pytest.FixtureRequest
) -> None:
    options = 'retries = 2\nretry_delay = 0.01\nretry_on = ["OSError"]'
    one_task(app, "cluster", "note('run')\nraise ValueError('x')", options)
    result = submit(app, "cluster", request)
    assert result.code == 1, result.err
    assert app.ledger() == ["run"]


# -- memory and environment -----------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
@pytest.mark.parametrize("mode", ["standalone", "cluster"])
def test_a_job_that_wants_more_memory_than_it_may_fails_alone(
    app: Application, mode: str, request: pytest.FixtureRequest
) -> None:
    one_task(app, mode, "big = bytearray(2_000_000_000)\nreturn len(big)", 'max_memory = "200 MB"')
    result = submit(app, mode, request)
    assert result.code == 1, result.err
    error = result.job("limited")["error"]
    assert (error["kind"], error["type"]) == ("raised", "MemoryError")
    assert error["message"] == "MemoryError (the task's max_memory is 200 MB)"


def test_the_next_job_has_the_memory_again(app: Application) -> None:
    app.module(
        "jobs",
        "def big():\n    return len(bytearray(600_000_000))\n\ndef small():\n    return 1\n",
    )
    app.graph(
        {
            "less": ("jobs.big", [], ["a"]),
            "few": ("jobs.small", [], ["b"]),
            "more": ("jobs.big", [], ["c"]),
        },
        workers=1,
    )
    text = (app.folder / "config.toml").read_text()
    for task in ("less", "few"):
        text = text.replace(f"[TASK.{task}]", f'[TASK.{task}]\nmax_memory = "300 MB"')
    app.config(text)
    result = app.run("submit", ".", "--json")
    assert result.statuses() == {"less": "FAILED", "few": "COMPLETED", "more": "COMPLETED"}
    assert result.job("few")["worker"] == result.job("more")["worker"]


@ALL_MODES
def test_variables_are_set_for_all_jobs_and_for_those_of_a_task(
    app: Application, mode: str, request: pytest.FixtureRequest
) -> None:
    one_task(
        app,
        mode,
        "import os\nnote(f\"{os.environ['FOR_ALL']} {os.environ['MINE']} {os.environ['SECRET']}\")",
        'environment = {MINE = "2", SECRET = "ENV[TOKEN]"}\n',
        '[JOB.environment]\nFOR_ALL = "1"\nMINE = "less"',
    )
    app.module("flow_more", "")
    text = (app.folder / "flow.py").read_text()
    app.module("flow", text.replace("return 1", "note(os.environ['MINE'])\n    return 1", 1))
    result = None
    if mode == "cluster":
        cluster = Cluster(
            app, request.getfixturevalue("broker"), request.getfixturevalue("broker_url")
        )
        env = {**cluster.environment(), "TOKEN": "s3cr3t"}
        worker = app.start("run-worker", "--application-path", ".", env=env)
        result = app.run("submit", ".", "--json", env=env)
        cluster.leave(worker)
    else:
        result = app.run("submit", ".", "--json", env={"TOKEN": "s3cr3t"})
    assert result.code == 0, result.err
    assert app.ledger() == ["1 2 s3cr3t", "less"]


# -- order of start -------------------------------------------------------------------------


def notes(app: Application, names: str, job: str, options: dict[str, str], workers: int) -> None:
    """Independent tasks that note `begin NAME` and `end NAME`."""
    app.module(
        "jobs",
        "import functools, time\n\ndef step(name, seconds):\n    note(f'begin {name}')\n"
        "    time.sleep(seconds)\n    note(f'end {name}')\n"
        + "".join(f"def {name}(*inputs):\n    step('{name}', 0.1)\n" for name in names),
    )
    tasks = {name: (f"jobs.{name}", [], [f"n_{name}"]) for name in names}
    app.graph(tasks, workers=workers, job=job)
    text = (app.folder / "config.toml").read_text()
    for name, option in options.items():
        text = text.replace(f"[TASK.{name}]", f"[TASK.{name}]\n{option}")
    app.config(text)


@MODES
def test_jobs_of_higher_priority_start_first(app: Application, mode: str) -> None:
    notes(app, "abcd", "", {"c": "priority = 1", "d": "priority = 10", "a": "priority = -1"}, 1)
    assert app.run("submit", ".", "--mode", mode).code == 0
    begun = [line.split()[1] for line in app.ledger() if line.startswith("begin")]
    assert begun == ["d", "c", "b", "a"]


def most_at_once(lines: list[str], names: str) -> int:
    now = most = 0
    for line in lines:
        word, name = line.split()
        if name in names:
            now += 1 if word == "begin" else -1
            most = max(most, now)
    return most


def test_no_more_jobs_of_a_pool_run_at_once_than_it_has_places(app: Application) -> None:
    pool = dict.fromkeys("abcd", 'pool = "gpu"')
    notes(app, "abcdxy", "[JOB.pools]\ngpu = 1", pool, 3)
    assert app.run("submit", ".").code == 0
    assert most_at_once(app.ledger(), "abcd") == 1
    assert most_at_once(app.ledger(), "abcdxy") > 1
    assert len(app.ledger()) == 12


def test_a_pool_counts_over_all_submissions_of_a_state_folder(app: Application) -> None:
    pool = dict.fromkeys("abcd", 'pool = "gpu"')
    notes(app, "abcd", "[JOB.pools]\ngpu = 2", pool, 4)
    submits = [app.start("submit", ".", "--name", name) for name in ("one", "two", "three")]
    assert [app.end(submit).code for submit in submits] == [0, 0, 0]
    assert len(app.ledger()) == 24
    assert most_at_once(app.ledger(), "abcd") <= 2


def test_the_places_of_a_killed_submit_are_free_again(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])}, job="[JOB.pools]\ngpu = 1")
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace("[TASK.t]", '[TASK.t]\npool = "gpu"'))
    first = app.start("submit", ".", "--name", "one")
    app.begun()
    second = app.start("submit", ".", "--name", "two", "--json")
    wait_until(lambda: len(app.run("status", "--json").json["submissions"]) == 2)
    assert len(app.begun()) == 1
    first.kill()
    app.begun(2)
    app.open_gate()
    assert app.end(second).code == 0


def test_pools_hold_in_a_cluster(app: Application, broker: PrivateBroker, broker_url: str) -> None:
    cluster = Cluster(app, broker, broker_url)
    pool = dict.fromkeys("abcd", 'pool = "gpu"')
    notes(app, "abcdxy", SETTINGS + "[JOB.pools]\ngpu = 1", pool, 2)
    text = (app.folder / "config.toml").read_text()
    app.config(text.replace('mode = "standalone"', 'mode = "cluster"'))
    worker = cluster.worker("--concurrency", "3")
    result = cluster.end(cluster.submit())
    assert result.code == 0, result.err
    assert most_at_once(app.ledger(), "abcd") == 1
    assert len(app.ledger()) == 12
    cluster.leave(worker)
    cluster.nothing_is_left()


def started(app: Application, *options: str) -> list[str]:
    """Submit; the tasks in the order in which their jobs started."""
    result = app.run("submit", ".", "--json", *options)
    assert result.code == 0, result.err
    return re.findall(r"^\S+ (\w+) RUNNING on", result.err, re.MULTILINE)


@pytest.mark.long
def test_the_longest_path_starts_first_once_durations_are_known(app: Application) -> None:
    app.module(
        "jobs",
        "import time\n\ndef quick(*inputs):\n    return 1\n\n"
        "def slow(*inputs):\n    time.sleep(0.3)\n    return 1\n",
    )
    quick = {f"q{n}": ("jobs.quick", [], [f"a{n}"]) for n in range(6)}
    app.graph({**quick, "slow": ("jobs.slow", [], ["z"])})
    in_order = [*quick, "slow"]
    assert started(app) == in_order
    assert started(app)[0] == "slow"
    assert started(app, "--workers", "1") == in_order
    assert started(app, "--mode", "development") == in_order
    app.config((app.folder / "config.toml").read_text().replace("[JOB]", '[JOB]\nschedule="fifo"'))
    assert started(app) == in_order
