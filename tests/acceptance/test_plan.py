"""`plan` and `submit --dry-run`: what would run, why, how long that takes, and nothing written."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from command_support import Application

CHAIN = {
    "a": ("flow.work", ["seed"], ["x"]),
    "b": ("flow.work", ["x"], ["y"]),
    "c": ("flow.work", ["x"], ["z"]),
}
OWN_FILE = """
[DATA_NODE.raw]
storage_type = "csv"
default_path = "in/raw.csv"
[DATA_NODE.out]
[DATA_NODE.end]
[TASK.read]
function = "flow.work:function"
inputs = ["raw:SECTION"]
outputs = ["out:SECTION"]
skippable = true
[TASK.last]
function = "flow.work:function"
inputs = ["out:SECTION"]
outputs = ["end:SECTION"]
skippable = true
[SCENARIO.s]
tasks = ["read:SECTION", "last:SECTION"]
"""


@pytest.fixture
def chain(app: Application) -> Application:
    app.graph(CHAIN, skippable=True, data={"seed": 1})
    return app


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file of a folder and when it changed, and the folders too.

    But for SQLite's map of a log that is in use: all that read the log share it.
    """
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size, _content(path))
        for path in (folder, *folder.rglob("*"))
        if not path.name.endswith("-shm")
    }


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def told(app: Application, *arguments: str) -> dict[str, str]:
    jobs = app.run("plan", *arguments, "--json").json["jobs"]
    return {job["task"]: f"{job['action']}: {job['reason']}" for job in jobs}


# -- exit codes and times -------------------------------------------------------------------


@pytest.mark.parametrize("command", [("plan",), ("submit", "--dry-run")])
def test_with_check_the_exit_code_says_whether_there_is_work(
    chain: Application, command: tuple[str, ...]
) -> None:
    assert chain.run(*command).code == 0
    assert chain.run(*command, "--check").code == 10
    assert chain.run("submit").code == 0
    done = chain.run(*command, "--check")
    assert done.code == 0
    assert done.out.endswith("0 to run, 3 up to date\n")
    assert chain.run(*command, "--check", "--force", "--json").code == 10


def test_check_without_dry_run_is_wrong_use_and_runs_nothing(chain: Application) -> None:
    result = chain.run("submit", "--check")
    assert result.code == 2
    assert "--dry-run" in result.err
    assert not chain.exists(".taipy-exec")


def test_a_job_that_waits_for_data_is_work_too(app: Application) -> None:
    app.config(OWN_FILE)
    result = app.run("plan", "--check", env={"COLUMNS": "400"})
    assert result.code == 10
    assert f"raw was never written: there is no {app.folder}/in/raw.csv" in result.out
    assert "out comes from read" in result.out
    assert "0 to run, 0 up to date, 2 waiting for data" in result.out


def test_how_long_all_takes_follows_from_former_runs_and_the_workers(app: Application) -> None:
    app.module("jobs", "def nap(*inputs):\n    time.sleep(0.2)\n    return 1\n")
    app.graph({"a": ("jobs.nap", [], ["x"]), "b": ("jobs.nap", [], ["y"])})
    first = app.run("plan", "--json").json
    assert first["expected_duration"] is None
    assert first["least_duration"] == 0
    assert "duration unknown (no earlier run)" in app.run("plan").out
    assert app.run("submit", "--task", "a").code == 0
    half = app.run("plan")
    assert "with 2 workers: b never ran to the end" in half.out
    assert "unknown" in half.out
    assert app.run("submit").code == 0
    both = app.run("plan", "--json").json
    assert both["workers"] == 2
    assert 0.2 <= both["expected_duration"] < 0.4
    alone = app.run("plan", "--json", "--workers", "1").json
    assert alone["expected_duration"] >= 0.4
    in_order = app.run("plan", "--mode", "development", "--json").json
    assert (in_order["workers"], in_order["expected_duration"]) == (1, alone["expected_duration"])
    assert "with 1 worker\n" in app.run("submit", "--dry-run", "--workers", "1").out


def test_pools_count_for_how_long_all_takes(app: Application) -> None:
    app.module("jobs", "def nap(*inputs):\n    time.sleep(0.2)\n    return 1\n")
    tasks = {"a": ("jobs.nap", [], ["x"]), "b": ("jobs.nap", [], ["y"])}
    app.graph(tasks)
    assert app.run("submit").code == 0
    assert app.run("plan", "--json").json["expected_duration"] < 0.4
    text = (app.folder / "config.toml").read_text()
    for task in tasks:
        text = text.replace(f"[TASK.{task}]", f'[TASK.{task}]\npool = "one"')
    app.config(f"{text}[JOB.pools]\none = 1\n")
    assert app.run("plan", "--json").json["expected_duration"] >= 0.4


def test_of_cluster_mode_nobody_knows_the_workers(chain: Application) -> None:
    assert chain.run("submit").code == 0
    args = ("--mode", "cluster", "--force")
    broker = {"TAIPY_EXEC_BROKER_URL": "amqp://127.0.0.1:1/"}
    result = chain.run("plan", *args, env=broker)
    assert result.code == 0, result.err
    assert "with enough workers" in result.out
    assert chain.run("plan", *args, "--json", env=broker).json["workers"] is None


def test_a_scenario_without_tasks_has_nothing_to_do(app: Application) -> None:
    app.config("[SCENARIO.s]\n")
    result = app.run("plan", "--check")
    assert (result.code, result.out) == (0, "0 to run, 0 up to date\n")
    assert app.run("plan", "--json").json["jobs"] == []


# -- as submit would ------------------------------------------------------------------------


def test_set_counts_as_written(chain: Application) -> None:
    assert chain.run("submit").code == 0
    assert told(chain, "--set", "seed=2")["a"] == "run: seed is given by --set"
    assert told(chain, "--task", "a")["a"] == "skip: up to date"
    wrong = chain.run("plan", "--set", "nope=1")
    assert wrong.code == 8
    again = chain.run("submit", "--dry-run", "--json", env={"TAIPY_EXEC_SET": "seed=2"})
    assert [job["action"] for job in again.json["jobs"]] == ["run"] * 3


def test_default_data_that_changed_is_written_again(chain: Application) -> None:
    assert chain.run("submit").code == 0
    chain.graph(CHAIN, skippable=True, data={"seed": 2})
    assert told(chain)["a"] == "run: seed gets its default data"
    assert chain.run("submit", "--json").statuses() == dict.fromkeys("abc", "COMPLETED")
    assert set(told(chain).values()) == {"skip: up to date"}


def test_what_was_interrupted_is_carried_on(app: Application) -> None:
    app.graph({"a": ("flow.work", [], ["x"]), "b": ("flow.gated", ["x"], ["y"])})
    process = app.start("submit")
    app.begun()
    os.killpg(process.pid, signal.SIGKILL)
    app.end(process)
    app.nothing_runs()
    before = everything(app.folder)
    found = app.run("plan", "--json").json
    assert everything(app.folder) == before
    assert found["carries_on"] == app.only_submission()
    assert [job["action"] for job in found["jobs"]] == ["ended", "run"]
    assert re.search(r"submit resumes SUBMISSION_[\da-f]{8}, which", app.run("plan").err)
    assert app.run("plan", "--force", "--json").json["carries_on"] is None
    app.open_gate()
    resumed = app.run("submit", "--json")
    assert resumed.statuses() == {"a": "COMPLETED", "b": "COMPLETED"}


# -- nothing is written ---------------------------------------------------------------------


def test_plan_writes_nothing_at_all(chain: Application) -> None:
    before = everything(chain.folder)
    env = {"PYTHONDONTWRITEBYTECODE": None}
    assert chain.run("plan", "--set", "seed=3", env=env).code == 0
    assert chain.run("submit", "--dry-run", env=env).code == 0
    assert everything(chain.folder) == before
    assert chain.run("submit").code == 0
    before = everything(chain.folder)
    assert chain.run("plan", env=env).code == 0
    assert everything(chain.folder) == before


def test_a_damaged_store_is_told_in_one_sentence(chain: Application) -> None:
    assert chain.run("submit").code == 0
    (chain.folder / ".taipy-exec" / "state.db").write_bytes(b"no database" * 1000)
    result = chain.run("plan")
    assert result.code == 7
    assert "is damaged" in result.err
    assert "Traceback" not in result.err


def test_an_input_from_the_future_is_told_by_plan_and_submit(app: Application) -> None:
    app.config(
        '[DATA_NODE.x]\nstorage_type = "json"\ndefault_path = "my x.json"\n[DATA_NODE.y]\n'
        '[TASK.t]\nfunction = "flow.work:function"\ninputs = ["x"]\noutputs = ["y"]\n'
        'skippable = true\n[SCENARIO.s]\ntasks = ["t"]\n'
    )
    file = app.folder / "my x.json"
    file.write_text("1")
    later = time.time() + 86_400
    os.utime(file, (later, later))
    for _ in range(2):
        result = app.run("submit", "--json")
        assert result.statuses() == {"t": "COMPLETED"}
        assert "data node x" in result.err
        assert "last changed in the future, at " in result.err
    assert app.run("plan", "--json").json["jobs"][0]["reason"] == "x has a time in the future"
    advice = result.err.partition("every submit; ")[2].partition(" sets it")[0]
    assert app.shell(advice).code == 0
    app.run("submit")
    result = app.run("submit", "--json")
    assert result.statuses() == {"t": "SKIPPED"}
    assert "future" not in result.err
